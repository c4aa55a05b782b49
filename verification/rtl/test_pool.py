# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.params import MapShape, PoolParams
from golden.pool import Pool as GoldenPool
from rtl.pool import Pool, pooled_layout, window_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared

TAG = 5


def words(bits: NDArray[np.uint8]) -> list[int]:
    """Turn vectors of channels into integers, channel 0 the lowest bit."""
    return [int("".join(map(str, row[::-1])), 2) for row in bits.reshape(-1, bits.shape[-1])]


def bench(
    simd: int, size: int, rows: int, columns: int, seed: int, density: float | None = None
) -> Step:
    """Pool a random map of `simd` channels, sparse unless its density is given."""
    density = 0.3 / size if density is None else density
    shape = MapShape(height=rows * size, width=columns * size, channels=simd)
    x = (np.random.default_rng(seed).random(shape.array_shape) < density).astype(np.uint8)
    windows = x.reshape(rows, size, columns, size, simd).swapaxes(1, 2).reshape(-1, size**2, simd)
    offered = []
    for n, window in enumerate(windows):
        for k, word in enumerate(words(window)):
            last = k == size**2 - 1  # only the last tag counts
            tag = n % 2**TAG if last else (seed + k) % 2**TAG
            word_in = {"x": word, "last": last, "tag": tag}
            offered.append(payload(window_layout(simd, TAG), word_in))
    pooled = words(GoldenPool(PoolParams(input=shape, size=size)).forward(x))
    expected = [
        payload(pooled_layout(simd, TAG), {"x": word, "tag": n % 2**TAG})
        for n, word in enumerate(pooled)
    ]
    ones = windows.sum(axis=(1, 2))
    meets = {
        "pool: window of one word": len(windows) if size == 1 else 0,
        "pool: window of zeros": int((ones == 0).sum()),
        "pool: window with one bit": int((ones == 1).sum()) if size > 1 else 0,
        "pool: lane set in all words": int(windows.all(axis=1).sum()) if size > 1 else 0,
    }
    return Step(inputs={"i": offered}, outputs={"o": expected}, meets=meets)


@settings(max_examples=40)
@given(st.integers(1, 70), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0))
def test_windows_equal_golden(simd: int, size: int, rows: int, columns: int, seed: int) -> None:
    run_pysim(Pool(simd, TAG), [bench(simd, size, rows, columns, seed % 2**32)])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_any_pauses_in_verilog(pauses: Pauses, simulator: str) -> None:
    steps = [bench(64, size, 3, 4, seed=size) for size in (2, 1, 3)]
    # Nearly all bits of a window, and nearly none.
    steps += [bench(64, 2, 3, 4, seed=4, density=density) for density in (0.9, 0.005)]
    run_cocotb(shared(Pool, 64, TAG), steps, pauses, simulator=simulator)


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses: Pauses) -> None:
    run_pysim(Pool(8, TAG), [bench(8, 2, 3, 4, seed=2)], pauses)


@pytest.mark.parametrize("size", [1, 2])
def test_a_word_a_cycle_and_latency(size: int) -> None:
    trace = run_pysim(Pool(8, TAG), [bench(8, size, 4, 4, seed=3)])
    taken = trace.transfers["i"]
    assert trace.gaps("i") == {Pool.interval}
    assert trace.offered["o"] == [cycle + Pool.latency for cycle in taken[size**2 - 1 :: size**2]]


def test_reset_drops_the_window_under_way() -> None:
    started = {"x": 0xFF, "last": 0, "tag": 0}
    run_pysim(Pool(8, TAG), [
        Step(inputs={"i": [payload(window_layout(8, TAG), started)]}),
        Step(reset=True),
        bench(8, 2, 1, 1, seed=1),
    ])  # fmt: skip


def test_refusal() -> None:
    with pytest.raises(ValueError, match=r"^Pool tag bits must be an integer >= 1, not 0$"):
        Pool(8, 0)
    with pytest.raises(ValueError, match=r"^Pool lanes SIMD must be an integer >= 1, not 0$"):
        Pool(0, TAG)
