# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.bernoulli import Bernoulli as GoldenBernoulli
from golden.params import BernoulliParams
from rtl.bernoulli import Bernoulli, SerialBernoulli
from verification.rtl.coverage import cover
from verification.rtl.engine import Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim

CORNERS = [
    BernoulliParams(code_width=1, lanes=1),
    BernoulliParams(code_width=16, lanes=3),
    BernoulliParams(code_width=8, lanes=64),
]


def joined(values: list[int], width: int) -> int:
    """Return values packed side by side, the first in the lowest bits."""
    return sum(int(value) << i * width for i, value in enumerate(values))


def numbers(params: BernoulliParams, words: list[int]) -> NDArray[np.int64]:
    """Return the random number of each lane, whose planes are `words`."""
    octets = np.array(words, "<u8").view(np.uint8).reshape(-1, 8)
    planes = np.unpackbits(octets, axis=1, bitorder="little")[:, : params.lanes]
    return 2 ** np.arange(params.code_width)[::-1] @ planes.astype(np.int64)


@st.composite
def lanes(draw: st.DrawFn) -> BernoulliParams:
    return BernoulliParams(code_width=draw(st.integers(1, 16)), lanes=draw(st.integers(1, 64)))


def parallel_bench(params: BernoulliParams, draws: list[tuple[list[int], list[int]]]) -> list[Step]:
    """Compare the codes of every draw with its words."""
    golden, steps = GoldenBernoulli(params), []
    for words, codes in draws:
        equal = np.array(codes)[numbers(params, words) == codes]
        upper = int((equal >= 2 ** (params.code_width - 1)).sum())
        steps.append(Step(
            pins={"words": joined(words, params.lanes), "codes": joined(codes, params.code_width)},
            reads={"bits": golden.draw(words, codes)},
            meets={
                "bernoulli: r == m below the middle": len(equal) - upper,
                "bernoulli: r == m from the middle on": upper,
            },
            cycles=Bernoulli.interval,
        ))  # fmt: skip
    return steps


def random_draws(
    params: BernoulliParams, count: int, seed: int
) -> list[tuple[list[int], list[int]]]:
    """Return words and codes; in half of the lanes the random number is near its code."""
    rng, draws = np.random.default_rng(seed), []
    q = params.code_width
    for _ in range(count):
        codes = rng.integers(0, 2**q, params.lanes)
        near = np.clip(codes + rng.integers(-1, 2, params.lanes), 0, 2**q - 1)
        draw = np.where(rng.random(params.lanes) < 0.5, near, rng.integers(0, 2**q, params.lanes))
        words = [joined((draw >> (q - 1 - plane) & 1).tolist(), 1) for plane in range(q)]
        draws.append((words, codes.tolist()))
    return draws


@given(lanes(), st.integers(0, 2**32))
@settings(max_examples=40)
def test_bits_equal_golden(params: BernoulliParams, seed: int) -> None:
    run_pysim(Bernoulli(params), parallel_bench(params, random_draws(params, 5, seed)))


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("params", CORNERS, ids=lambda p: f"q{p.code_width}_L{p.lanes}")
def test_corners_in_verilog(params: BernoulliParams, simulator: str) -> None:
    steps = parallel_bench(params, random_draws(params, 50, 1))
    run_cocotb(Bernoulli(params), steps, simulator=simulator)


def test_every_code_of_eight_bits_meets_every_random_number() -> None:
    params = BernoulliParams(code_width=8, lanes=64)
    words = [[-(r >> (7 - plane) & 1) % 2**64 for plane in range(8)] for r in range(256)]
    draws = [
        (words[r], list(range(first, first + 64)))
        for r in range(256)
        for first in range(0, 256, 64)
    ]
    run_pysim(Bernoulli(params), parallel_bench(params, draws))
    met = np.zeros((256, 256), bool)
    for planes, codes in draws:
        met[codes, numbers(params, planes)] = True
    cover("bernoulli: all codes of q = 8, each against all numbers", met.all())


def serial_bench(params: BernoulliParams, beats: int, seed: int) -> list[Step]:
    """Draw beats plane by plane, with cycles in between in which nothing is compared."""
    golden, rng = GoldenBernoulli(params), np.random.default_rng(seed)
    steps = []
    for words, codes in random_draws(params, beats, seed):
        live = int(rng.integers(1, params.lanes + 1))
        codes[live:] = [0] * (params.lanes - live)
        planes = iter(words)
        bits, read = golden.draw_serial(lambda planes=planes: next(planes), codes, live)
        equal = (numbers(params, words) == codes)[:live].any()
        meets = {
            "bernoulli: serial: decided by the first plane": read == 1 < params.code_width,
            "bernoulli: serial: equal to the last plane": int(equal),
            "bernoulli: serial: lanes that do not count": live < params.lanes,
        }
        held = {"codes": joined(codes, params.code_width), "live": 2**live - 1}
        for plane in range(read):
            if rng.random() < 0.3:
                steps.append(Step(pins={"en": 0, "word": 2**params.lanes - 1}, cycles=1))
            pins = {**held, "en": 1, "word": words[plane]}
            told = {"compares": 1, "done": int(plane == params.code_width - 1)}
            steps.append(Step(pins=pins, reads=told, cycles=SerialBernoulli.interval))
        if read < params.code_width:  # a cycle to see that all is decided; no word is used
            steps.append(Step(pins={"en": 0}, reads={"bits": bits}, cycles=1))
            pins = {**held, "en": 1, "word": int(rng.integers(0, 2)) * (2**params.lanes - 1)}
            steps.append(Step(pins=pins, reads={"compares": 0, "done": 1}, cycles=1))
        steps[-1] = replace(steps[-1], meets=meets)
        if rng.random() < 0.5:
            steps.append(Step(pins={"en": 0}, reads={"bits": bits}, cycles=2))
    return steps


@given(lanes(), st.integers(0, 2**32))
@settings(max_examples=40)
def test_serial_bits_and_planes_equal_golden(params: BernoulliParams, seed: int) -> None:
    run_pysim(SerialBernoulli(params), serial_bench(params, 6, seed))


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("params", CORNERS, ids=lambda p: f"q{p.code_width}_L{p.lanes}")
def test_serial_corners_in_verilog(params: BernoulliParams, simulator: str) -> None:
    run_cocotb(SerialBernoulli(params), serial_bench(params, 50, 1), simulator=simulator)


@pytest.mark.parametrize("planes", range(1, 8))
def test_reset_begins_a_new_beat(planes: int) -> None:
    params = BernoulliParams(code_width=8, lanes=64)
    begun = serial_bench(params, 1, 3)[:planes]
    for seed in range(4, 8):  # the bits of some of these beats are read
        fresh = serial_bench(params, 1, seed)
        run_pysim(SerialBernoulli(params), [*begun, Step(reset=True, pins={"en": 0}), *fresh])
