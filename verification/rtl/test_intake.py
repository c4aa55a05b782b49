# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.params import AcceleratorParams, MapShape, MvuParams
from golden.thermometer import Thermometer as GoldenThermometer
from rtl.fetch import fill_layout
from rtl.intake import Intake, thermometer_params
from rtl.strip import step_layout
from rtl.thermometer import pixel_cycles
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.networks import words_of
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared

BITS = 4


def machine(simd: int, colours: int, levels: int, reuse: int = 1) -> AcceleratorParams:
    mvu = MvuParams(pe=3, simd=simd, weight_depth=9, tile_depth=5, weight_reuse=reuse)
    return AcceleratorParams(
        mvu=mvu, map_depth=64, channels=9, classes=9, pixel_bits=BITS, colours=colours,
        levels=levels,
    )  # fmt: skip


def random_pixels(params: AcceleratorParams, count: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, 2**BITS, (1, count, params.colours))


def bench(
    params: AcceleratorParams, levels: int, pixels: NDArray[np.int64], lead: int = 1
) -> list[Step]:
    """Take a picture; expect its words in the map."""
    shape = MapShape(height=1, width=pixels.shape[1], channels=params.colours)
    golden = GoldenThermometer(replace(thermometer_params(params), levels=levels, input=shape))
    words = words_of(golden.encode(pixels), params.mvu.simd)
    layout = fill_layout(params)
    pins = {"levels": levels, "length": len(words)} | ({"lead": lead} if params.gathers else {})
    # Whatever the pins become afterwards, the picture is that of its beginning.
    others = {"levels": 1, "length": 1}
    return [
        Step(pins={"start": 1, **pins}, cycles=1),
        Step(
            pins={"start": 0, **others},
            inputs={"pixels": [int(value) for value in pixels.flat]},
            outputs={
                "write": [
                    payload(layout, {"address": n, "data": word}) for n, word in enumerate(words)
                ]
            },
        ),
    ]


@given(st.data())
@settings(max_examples=25)
def test_words_of_pictures_equal_golden(data: st.DataObject) -> None:
    params = machine(
        data.draw(st.integers(1, 20)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 9))
    )
    steps = []
    for seed in range(2):
        pixels = random_pixels(params, data.draw(st.integers(1, 3)), seed)
        levels = data.draw(st.integers(1, params.levels))
        steps += bench(params, levels, pixels)
    run_pysim(Intake(params), steps, PAUSES[data.draw(st.sampled_from(sorted(PAUSES)))])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_wide_words_in_verilog(pauses: Pauses, simulator: str) -> None:
    params = machine(32, 3, 14)
    steps = [step for n in range(2) for step in bench(params, 14, random_pixels(params, 9, n))]
    run_cocotb(shared(Intake, params), steps, pauses, simulator=simulator)


def test_a_step_passes_when_its_word_is_there() -> None:
    """Two words a pixel; five of six pixels are in, then the last one."""
    params = machine(4, 2, 3)
    layout = step_layout(params)
    begin, picture = bench(params, 3, random_pixels(params, 6, 0), lead=10)

    def gate(passes: bool, **step: object) -> Step:
        pins = {"step": payload(layout, {"inside": 1, **step})}
        return Step(pins=pins, cycles=2, reads={"may_pass": int(passes)})

    pixels, words = picture.inputs["pixels"], picture.outputs["write"]
    end = {"tag": {"end": 1}}
    run_pysim(Intake(params), [
        replace(begin, reads={"may_pass": 1}),  # no picture is inside yet
        Step(pins=picture.pins, inputs={"pixels": pixels[:8]}, outputs={"write": words[:8]}),
        gate(True, address=7),
        gate(False, address=8),
        Step(cycles=2, reads={"early": 0}),
        Step(inputs={"pixels": pixels[8:10]}, outputs={"write": words[8:10]}),
        Step(cycles=2, reads={"early": 1}),
        gate(True, address=9),
        gate(False, address=10),
        gate(True, address=10, inside=0),  # outside the map no word is read
        gate(False, address=0, **end),  # a third layer would write where the picture goes
        gate(False, address=10, inside=0, **end),
        Step(inputs={"pixels": pixels[10:]}, outputs={"write": words[10:]}),
        Step(cycles=2, reads={"early": 1}),
        gate(True, address=11),
        gate(True, address=0, **end),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("reuse", "lead"), [(1, 12), (1, 13), (1, 40), (2, 0)], ids=["all", "one more", "40", "held"]
)
def test_the_next_layer_begins_at_the_latest_when_all_words_are_there(
    reuse: int, lead: int
) -> None:
    """Of a lead beyond the map, and on a machine that has none for it gathers no windows."""
    params = machine(4, 2, 3, reuse)
    assert ("lead" in Intake(params).signature.members) == (reuse == 1)
    begin, picture = bench(params, 3, random_pixels(params, 6, 0), lead=lead)
    pixels, words = picture.inputs["pixels"], picture.outputs["write"]
    run_pysim(Intake(params), [
        begin,
        Step(pins=picture.pins, inputs={"pixels": pixels[:10]}, outputs={"write": words[:10]}),
        Step(cycles=2, reads={"early": 0}),
        Step(inputs={"pixels": pixels[10:]}, outputs={"write": words[10:]}),
        Step(cycles=2, reads={"early": 1}),
    ])  # fmt: skip


def test_pixels_of_the_next_picture_wait() -> None:
    params = machine(8, 3, 2)
    begin, picture = bench(params, 2, random_pixels(params, 4, 0))
    waiting = Step(inputs={"pixels": [3] * 5}, cycles=20, abandon=True)
    trace = run_pysim(Intake(params), [begin, picture, waiting])
    assert trace.left == [5]


def test_pixels_come_one_colour_a_cycle_from_the_beginning_on() -> None:
    params, count = machine(8, 3, 5), 6
    trace = run_pysim(Intake(params), bench(params, 5, random_pixels(params, count, 0)))
    taken, written = trace.transfers["pixels"], trace.transfers["write"]
    cycles = pixel_cycles(3, 5, 8)
    assert taken[::3] == list(range(taken[0], taken[0] + count * cycles, cycles))
    assert taken[0] == 2  # the reset, the beginning
    assert written[-1] == taken[0] + count * cycles - 1 + Intake.latency


def test_reset_drops_the_picture() -> None:
    params = machine(8, 3, 5)
    begin, first = bench(params, 5, random_pixels(params, 6, 0))
    cut = replace(first, cycles=9, abandon=True)
    reset = Step(reset=True, cycles=1, reads={"may_pass": 1})
    after = Step(first.inputs, cycles=9, abandon=True)  # nothing is taken until the next beginning
    begin_again, again = bench(params, 4, random_pixels(params, 5, 1))
    trace = run_pysim(Intake(params), [begin, cut, reset, after, begin_again, again])
    assert trace.left[0] > 0
    assert trace.left[1] == len(first.inputs["pixels"])
