# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack
from golden.params import XnorParams
from golden.xnor import Xnor as GoldenXnor
from rtl.xnor import Xnor
from verification.rtl.engine import Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim

Vectors = list[tuple[int, int, int, bool]]


def agreements(n: int, x: int, w: int, mask: int) -> int:
    """Count over the selected lanes alone, as a neuron of so many inputs."""
    lanes = [lane for lane in range(n) if mask >> lane & 1]
    if not lanes:
        return 0
    bits = [np.array([[v >> lane & 1 for lane in lanes]], np.uint8) for v in (x, w)]
    return int(GoldenXnor(XnorParams(inputs=len(lanes))).agree(pack(bits[0]), pack(bits[1]))[0, 0])


def situations(n: int, x: int, w: int, mask: int, en: bool) -> dict[str, int]:
    ones = 2**n - 1
    return {
        "xnor: all lanes agree": en and mask == ones and x == w,
        "xnor: no lane agrees": en and mask == ones and x ^ w == ones,
        "xnor: no lane counts": en and mask == 0,
        "xnor: one lane counts": en and mask.bit_count() == 1,
        "xnor: held": not en,
    }


def bench(dut: Xnor, vectors: Vectors) -> list[Step]:
    """Give a vector a cycle, and read the count of the one `latency` enabled cycles before."""
    inside: list[int | None] = [None] * dut.latency
    steps = [Step(pins={"en": 0, "x": 0, "w": 0, "mask": 0})]
    flush = [(0, 0, 0, True)] * (dut.latency + 1)
    for number, (x, w, mask, en) in enumerate([*vectors, *flush]):
        count = inside[0]
        pins = {"en": int(en), "x": x, "w": w, "mask": mask}
        reads = {} if count is None else {"agree": count}
        meets = situations(dut.params.inputs, x, w, mask, en) if number < len(vectors) else {}
        steps.append(Step(pins=pins, reads=reads, meets=meets, cycles=dut.interval))
        if en:
            inside = [*inside[1:], agreements(dut.params.inputs, x, w, mask)]
    return steps


def random_vectors(n: int, count: int) -> Vectors:
    """Return corners, then vectors that agree in few, half or most of the lanes."""
    rng, ones = random.Random(n), 2**n - 1
    vectors = [(0, 0, ones, True), (ones, 0, ones, True), (ones, ones, ones, True)]
    vectors += [(ones, ones, 1 << lane, True) for lane in (0, n - 1)]
    for _ in range(count):
        x, few = rng.getrandbits(n), rng.getrandbits(n) & rng.getrandbits(n) & rng.getrandbits(n)
        w = rng.choice([x ^ few, ~x & ones ^ few, rng.getrandbits(n)])
        mask = rng.choice([ones, ones, rng.getrandbits(n)])
        vectors.append((x, w, mask, rng.random() < 0.7))
    return vectors


@settings(max_examples=40)
@given(st.data())
def test_count_equals_golden(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 80))
    lanes = st.integers(0, 2**n - 1)
    vectors = data.draw(st.lists(st.tuples(lanes, lanes, lanes, st.booleans()), max_size=12))
    dut = Xnor(XnorParams(inputs=n))
    run_pysim(dut, bench(dut, vectors))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_all_small_vectors(n: int) -> None:
    dut = Xnor(XnorParams(inputs=n))
    values = range(2**n)
    run_pysim(dut, bench(dut, [(x, 2**n - 2, mask, True) for x in values for mask in values]))


def test_counts_stay_while_it_is_held() -> None:
    dut = Xnor(XnorParams(inputs=20))
    run_pysim(dut, bench(dut, random_vectors(20, 30)))


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("n", [1, 64])
def test_corners_in_verilog(n: int, simulator: str) -> None:
    dut = Xnor(XnorParams(inputs=n))
    steps = bench(dut, random_vectors(n, 300))
    run_cocotb(Xnor(dut.params), steps, simulator=simulator)


def test_latency_of_usual_sizes() -> None:
    latencies = {n: Xnor(XnorParams(inputs=n)).latency for n in (1, 2, 16, 64)}
    assert latencies == {1: 1, 2: 2, 16: 7, 64: 11}
