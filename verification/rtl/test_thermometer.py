# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.params import MapShape, ThermometerParams
from golden.thermometer import Thermometer as GoldenThermometer
from rtl.thermometer import Thermometer, pixel_cycles, word_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared


def params(bits: int, levels: int, colours: int, width: int = 1) -> ThermometerParams:
    shape = MapShape(height=1, width=width, channels=colours)
    return ThermometerParams(bits=bits, levels=levels, input=shape)


def bench(dut: Thermometer, levels: int, pixels: NDArray[np.int64]) -> Step:
    """Encode pixels of shape (n, colours) at `levels` levels."""
    n, colours = pixels.shape
    shape = MapShape(height=1, width=n, channels=colours)
    golden = GoldenThermometer(replace(dut.params, levels=levels, input=shape))
    expected = []
    for code in golden.encode(pixels[np.newaxis])[0]:
        channels = sum(int(bit) << c for c, bit in enumerate(code))
        count = -(-len(code) // dut.simd)
        for k in range(count):
            lanes = channels >> k * dut.simd & (2**dut.simd - 1)
            word = {"x": lanes, "last": k == count - 1}
            expected.append(payload(word_layout(dut.simd), word))
    starts = np.arange(colours) * levels % dut.simd
    meets = {
        "thermometer: code crosses words": n * int((starts + levels > dut.simd).sum()),
        "thermometer: darkest": int((pixels == 0).sum()),
        "thermometer: brightest": int((pixels == 2**dut.params.bits - 1).sum()),
    }
    values = [int(value) for value in pixels.flat]
    return Step(pins={"levels": levels}, inputs={"i": values}, outputs={"o": expected}, meets=meets)


def random_pixels(bits: int, colours: int, n: int, seed: int) -> NDArray[np.int64]:
    """Return random pixels among the darkest and the brightest."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 2**bits, (n, colours))
    pixels[0], pixels[-1] = 0, 2**bits - 1
    return pixels


def test_number_of_ones_is_a_rounded_product() -> None:
    for b in range(1, 9):
        v = np.arange(2**b)
        for levels in range(1, 2**b + 1):
            # Contract, 3: bit j is 1 iff v >= ceil((2j+1) * 2**b / (2T)).
            thresholds = [-(-((2 * j + 1) << b) // (2 * levels)) for j in range(levels)]
            ones = np.searchsorted(thresholds, v, side="right")
            assert np.array_equal(ones, (v * levels + 2 ** (b - 1)) >> b)


@settings(max_examples=60)
@given(st.data())
def test_words_equal_golden(data: st.DataObject) -> None:
    bits = data.draw(st.integers(1, 16))
    most = data.draw(st.integers(1, min(40, 2**bits)))
    colours, simd = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 70))
    dut = Thermometer(params(bits, most, colours), simd)
    steps = []
    for levels in data.draw(st.lists(st.integers(1, most), min_size=1, max_size=2)):
        seed = data.draw(st.integers(0, 1000))
        steps.append(bench(dut, levels, random_pixels(bits, colours, 4, seed)))
    run_pysim(dut, steps, PAUSES[data.draw(st.sampled_from(sorted(PAUSES)))])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_any_pauses_in_verilog(pauses: Pauses, simulator: str) -> None:
    dut = shared(Thermometer, params(7, 128, 3), 64)
    # Words that end with a colour, with a pixel, within both; many words a colour, many colours
    # a word.
    steps = [bench(dut, t, random_pixels(7, 3, 12, t)) for t in (85, 64, 128, 32, 21, 1, 127)]
    run_cocotb(dut, steps, pauses, simulator=simulator)


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_sixteen_bits_in_lanes_of_one_in_verilog(simulator: str) -> None:
    dut = Thermometer(params(16, 300, 1), 1)
    steps = [bench(dut, t, random_pixels(16, 1, 5, t)) for t in (300, 1, 299)]
    run_cocotb(dut, steps, simulator=simulator)


def test_latency_from_the_last_colour_to_the_only_word() -> None:
    dut = Thermometer(params(7, 10, 3), 64)
    trace = run_pysim(dut, [bench(dut, 10, random_pixels(7, 3, 5, 0))])
    assert trace.offered["o"] == [cycle + dut.latency for cycle in trace.transfers["i"][2::3]]


@pytest.mark.parametrize(("levels", "cycles"), [(1, 3), (21, 3), (64, 3), (85, 6), (128, 6)])
def test_cycles_of_a_pixel(levels: int, cycles: int) -> None:
    dut = Thermometer(params(7, 128, 3), 64)
    trace = run_pysim(dut, [bench(dut, levels, random_pixels(7, 3, 10, 0))])
    assert pixel_cycles(3, levels, 64) == cycles
    assert np.all(np.diff(trace.transfers["i"][::3]) == cycles * dut.interval)
    assert trace.transfers["o"][-1] - trace.transfers["i"][0] == 10 * cycles


@pytest.mark.parametrize("levels", [20, 128])
@pytest.mark.parametrize("cycles", range(1, 9))
def test_reset_drops_the_pixel_under_way(levels: int, cycles: int) -> None:
    dut = Thermometer(params(7, 128, 3), 64)
    whole = bench(dut, levels, random_pixels(7, 3, 3, 0))
    cut = replace(whole, cycles=cycles, abandon=True, meets={})
    run_pysim(dut, [cut, Step(reset=True), whole])


def test_refusal() -> None:
    with pytest.raises(
        ValueError, match=r"^Thermometer lanes SIMD must be an integer >= 1, not 0$"
    ):
        Thermometer(params(7, 20, 3), 0)
