# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import AcceleratorParams, ConvParams, MapShape, MvuParams
from rtl.descriptor import tag_layout
from rtl.gather import Gather
from rtl.mvu import step_layout
from rtl.packing import gather_cycles, gathered_words
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared


class Layer(NamedTuple):
    """What a layer tells the block."""

    channels: int
    taps: int
    outputs: int
    weight: int = 0
    tile: int = 0
    tile_step: int = 1


def machine(pe: int, simd: int, words: int = 12, units: int = 1) -> AcceleratorParams:
    mvu = MvuParams(pe=pe, simd=simd, weight_depth=500, tile_depth=60)
    return AcceleratorParams(mvu=mvu, units=units, channels=40, classes=9, gather_words=words)


def bench(params: AcceleratorParams, layer: Layer, pixels: int, seed: int) -> list[Step]:
    """Send the windows of some pixels; fields of no account are noise."""
    rng, pe, simd = random.Random(seed), params.units * params.mvu.pe, params.mvu.simd
    layout = step_layout(params.mvu, tag_layout(params))
    words = -(-layer.taps * layer.channels // simd)
    offered, expected, meets = [], [], Counter[str]()
    for pixel in range(pixels):
        window = 0
        for tap in range(layer.taps):
            word = rng.getrandbits(layer.channels)
            window |= word << tap * layer.channels
            noise = {
                "mask": rng.getrandbits(simd), "weight": rng.randrange(500),
                "tile": rng.randrange(60),
            }  # fmt: skip
            last = tap == layer.taps - 1
            tag = {
                "place": rng.randrange(8), "lanes": 0, "last": last,
                "end": last and pixel == pixels - 1,
            }  # fmt: skip
            offered.append(payload(layout, {"x": word, "last": last, "tag": tag, **noise}))
        first = (layer.taps - 1) * layer.channels % simd
        meets["gather: last word has a rest"] += first + layer.channels > simd
        meets["gather: last word ends a gathered one"] += first + layer.channels == simd
        meets["gather: gathered word not full"] += layer.taps * layer.channels % simd > 0
        for n, done in enumerate(range(0, layer.outputs, pe)):
            final = done + pe >= layer.outputs
            meets["gather: tile not full"] += layer.outputs - done < pe
            for k in range(words):
                tag = {
                    "place": n * params.units * layer.tile_step,
                    "lanes": min(pe, layer.outputs - done),
                    "last": final, "end": final and pixel == pixels - 1,
                }  # fmt: skip
                step = {
                    "x": window >> k * simd & (1 << simd) - 1, "mask": (1 << simd) - 1,
                    "weight": layer.weight + n * words + k, "tile": layer.tile + n,
                    "last": k == words - 1, "tag": tag,
                }  # fmt: skip
                expected.append(payload(layout, step))
    pins = {
        "channels": layer.channels, "words": words, "outputs": layer.outputs,
        "weight": layer.weight, "tile": layer.tile, "tile_step": layer.tile_step,
    }  # fmt: skip
    begin = Step(pins={"start": 1, **pins}, cycles=1)
    streams = {"inputs": {"i": offered}, "outputs": {"o": expected}}
    return [begin, Step(pins={"start": 0}, **streams, meets=dict(meets))]


@given(st.data())
@settings(max_examples=40)
def test_words_are_those_of_the_window(data: st.DataObject) -> None:
    pe, simd = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 11))
    steps = []
    params = machine(pe, simd, units=data.draw(st.integers(1, 2)))
    for seed in range(data.draw(st.integers(1, 2))):
        channels = data.draw(st.integers(1, simd))
        taps = data.draw(st.integers(1, min(16, 12 * simd // channels)))
        layer = Layer(
            channels, taps, data.draw(st.integers(1, 14)), data.draw(st.integers(0, 300)),
            data.draw(st.integers(0, 40)), data.draw(st.integers(0, 2)),
        )  # fmt: skip
        steps += bench(params, layer, data.draw(st.integers(1, 5)), seed)
    run_pysim(Gather(params), steps, PAUSES[data.draw(st.sampled_from(sorted(PAUSES)))])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("units", [1, 2])
def test_corners_in_verilog(units: int, pauses: Pauses, simulator: str) -> None:
    params = machine(16 // units, 64, units=units)
    layers = [
        Layer(48, 9, 40),
        Layer(60, 9, 20, weight=7, tile=3),  # 480 + 60 lanes: the last word has a rest
        Layer(64, 12, 3),
        Layer(1, 9, 40),
        Layer(16, 16, 16),
    ]
    steps = [step for n, layer in enumerate(layers) for step in bench(params, layer, 3, n)]
    run_cocotb(shared(Gather, params), steps, pauses, simulator=simulator)


@pytest.mark.parametrize(
    "layer", [Layer(48, 9, 32), Layer(60, 9, 16 * 3), Layer(16, 9, 48)], ids=["even", "rest", "one"]
)
def test_only_the_first_window_is_waited_for(layer: Layer) -> None:
    params, pixels = machine(16, 64), 5
    dut = Gather(params)
    trace = run_pysim(dut, bench(params, layer, pixels, 0))
    taken, steps = trace.transfers["i"], trace.transfers["o"]
    cycles = gather_cycles(layer.taps, layer.channels, 64)
    rest = cycles - layer.taps
    assert rest == (layer.channels == 60)
    assert steps[0] == taken[layer.taps - 1] + rest + dut.latency
    assert steps[0] == taken[0] + cycles - 1 + dut.latency
    per_pixel = len(steps) // pixels
    if per_pixel >= cycles:
        assert steps == list(range(steps[0], steps[0] + len(steps)))
    else:  # then it is the windows that set the pace
        starts = steps[::per_pixel]
        assert [b - a for a, b in pairwise(starts[2:])] == [cycles] * (pixels - 3)


def test_windows_are_gathered_where_no_step_waits() -> None:
    def words(channels: int, outputs: int, groups: int = 1, **given: int) -> int:
        shape = MapShape(height=8, width=8, channels=channels)
        layer = ConvParams(input=shape, outputs=outputs, groups=groups, kernel=3)
        reuse = given.pop("weight_reuse", 1)
        pe = 16 // given.get("units", 1)
        mvu = MvuParams(pe=pe, simd=64, weight_reuse=reuse)
        return gathered_words(layer, AcceleratorParams(mvu=mvu, **given))

    assert words(48, 64) == 7
    assert words(48, 17) == 7  # two tiles of 7 steps
    assert words(48, 16) == 0  # one tile of 7 steps, but the next window takes 9 cycles
    assert words(60, 64) == 0  # 540 channels need 9 words, as many as there are taps
    assert words(56, 64) == 8
    assert words(96, 64) == 0  # a pixel has two words
    assert words(48, 64, groups=2) == 0
    assert words(48, 64, gather_words=6) == 0
    assert words(48, 64, gather_words=0) == 0
    assert words(48, 64, weight_reuse=2) == 0
    assert words(48, 17, units=2) == 7  # two turns of two units of 8 neurons
    assert words(48, 16, units=2) == 0


@given(st.integers(1, 80))
@settings(max_examples=30)
def test_reset_drops_both_windows(cycles: int) -> None:
    """In any cycle of windows whose last word has a rest: three tiles of 7 words, 4 pixels."""
    params = machine(4, 7)
    begin, first = bench(params, Layer(5, 9, 12), 4, 0)
    held = Step(
        inputs=first.inputs, outputs=first.outputs, pins=first.pins, cycles=cycles, abandon=True
    )
    begin_again, again = bench(params, Layer(3, 9, 9), 3, 1)
    reset = Step(reset=True, pins=begin_again.pins, cycles=1)
    trace = run_pysim(Gather(params), [begin, held, reset, again])
    assert trace.left[0] > 0


def test_a_machine_that_gathers_nothing_has_no_such_block() -> None:
    with pytest.raises(ValueError, match="Gather needs gather_words above 0 and a weight reuse of"):
        Gather(machine(4, 8, words=0))
