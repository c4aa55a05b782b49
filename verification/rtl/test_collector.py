# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import AcceleratorParams, MvuParams
from rtl.collector import Collector, neurons_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared


def machine(pe: int, simd: int, channels: int, reuse: int = 1, units: int = 1) -> AcceleratorParams:
    mvu = MvuParams(pe=pe, simd=simd, weight_reuse=reuse)
    return AcceleratorParams(mvu=mvu, units=units, channels=channels)


def bench(
    params: AcceleratorParams, groups: int, outputs: int, shuffle: bool, pixels: int, seed: int
) -> Step:
    """Send pixels of `groups` groups of `outputs` random bits; lanes past the outputs are noise.

    With weight reuse P, the tiles of P pixels come in turns; the last pixels are a shorter strip.
    Two units send two tiles of PE bits at a time, as one.
    """
    rng, pe, simd = random.Random(seed), params.mvu.pe, params.mvu.simd
    neurons = params.units * pe
    whole = not shuffle and (groups == 1 or outputs % pe == 0)
    reuse = params.mvu.weight_reuse
    sent, words, meets = [], [], Counter[str]()  # tiles of each pixel, words of all
    for n in range(pixels):
        tiles = []
        strip_end = n % reuse == reuse - 1 or n == pixels - 1
        channels = [0] * (-(-groups * outputs // simd) * simd)
        for group in range(groups):
            for first in range(0, outputs, neurons):
                bits, lanes = rng.getrandbits(neurons), min(neurons, outputs - first)
                channel = group * outputs + first
                place = group + first * groups if shuffle else channel
                stride = groups if shuffle else 1
                for lane in range(lanes):
                    channels[place + lane * stride] = bits >> lane & 1
                last = group == groups - 1 and first + neurons >= outputs
                tag = {"place": place // pe if whole else place, "lanes": lanes, "last": last}
                tag |= {"strip_end": strip_end} if reuse > 1 else {}
                tiles.append(payload(neurons_layout(params), {"bits": bits, "tag": tag}))
                end = place + (lanes - 1) * stride
                meets["collector: shuffle"] += stride > 1
                meets["collector: groups that share a tile"] += not shuffle and place % pe > 0
                meets["collector: tile across words"] += not shuffle and place // simd < end // simd
                meets["collector: tile not full"] += lanes < neurons
                meets["collector: nothing from unit 1"] += params.units == 2 and lanes <= pe
        for first in range(0, len(channels), simd):
            word = channels[first : first + simd]
            words.append(sum(bit << lane for lane, bit in enumerate(word)))
        sent.append(tiles)
        meets["collector: strip of several pixels"] += n % reuse > 0
        meets["collector: strip not full"] += n == pixels - 1 and pixels % reuse > 0
    in_turns = [
        tile
        for first in range(0, pixels, reuse)
        for tiles_of_strip in zip(*sent[first : first + reuse], strict=True)
        for tile in tiles_of_strip
    ]
    pins = {
        "whole": int(whole),
        "place_stride": groups if shuffle else 1,
        "pixel_words": len(words) // pixels,
        **({"tile_step": 1 if whole else pe * (groups if shuffle else 1)} if neurons > pe else {}),
    }
    return Step(pins=pins, inputs={"i": in_turns}, outputs={"o": words}, meets=dict(meets))


REUSE = st.sampled_from([1, 2, 4, 8])


@given(st.data())
@settings(max_examples=40)
def test_words_equal_the_pixel(data: st.DataObject) -> None:
    pe, simd = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 9))
    groups, outputs = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 14))
    channels, reuse = groups * outputs + data.draw(st.integers(0, 5)), data.draw(REUSE)
    units, pixels = data.draw(st.integers(1, 2)), 2 * reuse + data.draw(st.integers(1, 3))
    params = machine(pe, simd, channels, reuse, units)
    shuffle, seed = data.draw(st.booleans()), data.draw(st.integers(0))
    step = bench(params, groups, outputs, shuffle, pixels, seed)
    run_pysim(Collector(params), [step], PAUSES[data.draw(st.sampled_from(sorted(PAUSES)))])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize(("reuse", "units"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_corners_in_verilog(reuse: int, units: int, pauses: Pauses, simulator: str) -> None:
    params = machine(4, 8, 40, reuse, units)
    steps = [
        bench(params, 1, 40, False, 3, 0),  # full, then few channels: nothing may stay behind
        bench(params, 1, 3, False, 3, 1),
        bench(params, 4, 9, True, 3, 2),
        bench(params, 40, 1, False, 2, 3),
        bench(params, 5, 8, False, 3, 4),
        bench(params, 2, 7, False, 3, 5),
    ]
    run_cocotb(shared(Collector, params), steps, pauses, simulator=simulator)


@pytest.mark.parametrize("shuffle", [False, True], ids=["whole", "by_bit"])
def test_cycles_of_tiles_and_words(shuffle: bool) -> None:
    params = machine(4, 8, 9)
    dut = Collector(params)
    trace = run_pysim(dut, [bench(params, 1, 9, shuffle, 2, 0)])
    taken, words = trace.transfers["i"], trace.transfers["o"]
    cycles = [dut.cycles(not shuffle, lanes, out) for lanes, out in [(4, 0), (4, 0), (1, 2)] * 2]
    assert taken[0] == 1  # the first cycle after the reset
    assert [b - a for a, b in pairwise(taken)] == cycles[:-1]
    assert words[0] == taken[2] + dut.latency
    assert words[1] == words[0] + 1
    assert words[-1] == taken[-1] + cycles[-1]


def test_two_units_store_at_once_what_each_has() -> None:
    """A shuffled tile of both takes the cycles of one; the last one is of unit 0 alone."""
    params = machine(4, 8, 9, units=2)
    dut = Collector(params)
    trace = run_pysim(dut, [bench(params, 1, 9, True, 2, 0)])
    taken = trace.transfers["i"]
    assert dut.cycles(False, 4, 0) == 4
    assert [b - a for a, b in pairwise(taken)] == [4, dut.cycles(False, 1, 2), 4]


@pytest.mark.parametrize("shuffle", [False, True], ids=["whole", "by_bit"])
def test_cycles_of_strips(shuffle: bool) -> None:
    """The tiles of a strip are taken one a cycle, stored at once, and all their words leave."""
    params = machine(4, 8, 9, reuse=2)
    dut = Collector(params)
    trace = run_pysim(dut, [bench(params, 1, 9, shuffle, 3, 0)])
    taken, words = trace.transfers["i"], trace.transfers["o"]
    strip = [n for lanes, out in [(4, 0), (4, 0), (1, 4)]
             for n in (1, dut.cycles(not shuffle, lanes, out))]  # fmt: skip
    rest = [dut.cycles(not shuffle, lanes, out) for lanes, out in [(4, 0), (4, 0), (1, 2)]]
    assert [b - a for a, b in pairwise(taken)] == [*strip, *rest[:-1]]
    assert words[0] == taken[5] + dut.latency
    assert words[:4] == list(range(words[0], words[0] + 4))
    assert words[-1] == taken[-1] + rest[-1]


@pytest.mark.parametrize(("reuse", "units"), [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("shuffle", [False, True], ids=["whole", "by_bit"])
def test_after_a_reset_at_any_cycle_it_is_as_new(shuffle: bool, reuse: int, units: int) -> None:
    params = machine(4 // units, 8, 40, reuse, units)
    again = replace(bench(params, 1, 3, shuffle, 3, 1), reset=True)
    new = run_pysim(Collector(params), [again])
    for cycles in range(1, 40):
        broken = replace(bench(params, 1, 40, shuffle, 4, 0), cycles=cycles, abandon=True)
        trace = run_pysim(Collector(params), [broken, again])
        assert trace.left[0] > 0
        second = cycles + 1  # the cycle of the second reset; the first is cycle 0
        for name, taken in new.transfers.items():
            assert [at - second for at in trace.transfers[name] if at > second] == taken
