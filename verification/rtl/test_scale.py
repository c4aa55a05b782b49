# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import pytest

from golden.params import CorrelatedSamplerParams, PrototypesParams
from rtl.scale import Scale
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim


def params(q: int, rank: int, width: int, n_f: int) -> CorrelatedSamplerParams:
    memory = PrototypesParams(features=4, code_width=q, lanes=4)
    return CorrelatedSamplerParams(
        prototypes=memory, rank=rank, loading_width=width, factor_width=n_f
    )


SETS = {
    "signs": params(8, 32, 4, 1),
    "least": params(1, 1, 2, 1),
    "widest": params(4, 256, 8, 16),
    "q16": params(16, 256, 8, 16),
    "odd": params(9, 3, 5, 3),
}

SHIFTS = (0, 1, 6, 9, 15)


def scale_of(square: int, e: int, p: CorrelatedSamplerParams) -> int:
    """Section 13: min(255, round(64 * sqrt(1 + V / S^2)) - 64), in exact numbers."""
    s = 2 ** max(p.prototypes.code_width, 8)
    ratio = 1 + Fraction(p.factor_width * 4**e * square, s**2)
    # round(y) is the largest k with k - 1/2 <= y, and y is the root of 64^2 * ratio.
    k = math.isqrt(math.floor(64**2 * ratio))
    k += (k + Fraction(1, 2)) ** 2 <= 64**2 * ratio
    return min(255, k - 64)


def steps(p: CorrelatedSamplerParams, shifts: Iterable[int] = SHIFTS) -> list[Step]:
    """Return a step for each exponent: few squares, and those around each that changes a scale."""
    most = p.rank * p.highest_loading**2
    s = 2 ** max(p.prototypes.code_width, 8)
    made = []
    for e in shifts:
        edges = (
            ((64 + g) ** 2 + 64 + g) * s**2 // (64**2 * p.factor_width * 4**e)
            for g in (0, 17, 253, 254)
        )
        near = {edge + n for edge in edges for n in (0, 1)} | {0, 1, most // 2, most}
        squares = sorted(square for square in near if 0 <= square <= most)
        scales = [scale_of(square, e, p) for square in squares]
        meets = {
            "scale: highest": sum(g == 255 for g in scales),
            "scale: between": sum(0 < g < 255 for g in scales),
        }
        made.append(
            Step(inputs={"i": squares}, outputs={"o": scales}, pins={"shift": e}, meets=meets)
        )
    return made


@pytest.mark.parametrize("name", SETS)
def test_scales_are_the_rounded_roots(name: str) -> None:
    run_pysim(Scale(SETS[name]), steps(SETS[name]))


@pytest.mark.parametrize("e", [0, 3])
def test_all_sums_of_a_small_lane(e: int) -> None:
    p = params(8, 2, 4, 2)
    squares = range(2 * 7**2 + 1)
    scales = [scale_of(square, e, p) for square in squares]
    run_pysim(Scale(p), [Step(inputs={"i": [*squares]}, outputs={"o": scales}, pins={"shift": e})])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_scale(pauses: Pauses) -> None:
    run_pysim(Scale(SETS["odd"]), steps(SETS["odd"], [7]), pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", ["signs", "q16"])
def test_scales_in_verilog(name: str, simulator: str) -> None:
    pauses = PAUSES["idle_stalled"]
    run_cocotb(Scale(SETS[name]), steps(SETS[name]), pauses, simulator=simulator)


@pytest.mark.parametrize("e", [0, 1, 15])
def test_a_scale_takes_as_long_as_it_says(e: int) -> None:
    dut = Scale(SETS["signs"])
    inputs = Step(inputs={"i": [5] * 4}, outputs={"o": [scale_of(5, e, dut.params)] * 4})
    trace = run_pysim(dut, [Step(pins={"shift": e}), inputs])
    assert trace.offered["o"][0] - trace.transfers["i"][0] == dut.latency + e
    assert trace.gaps("i") == {dut.interval + e}


@pytest.mark.parametrize("cycles", [1, 4, 9, 14, 18])
def test_reset_drops_the_sum(cycles: int) -> None:
    dut = Scale(SETS["signs"])
    made = {"inputs": {"i": [1500]}, "outputs": {"o": [scale_of(1500, 4, dut.params)]}}
    cut = Step(**made, pins={"shift": 4}, cycles=cycles, abandon=True)
    first, *others = steps(dut.params, [0, 3])
    run_pysim(dut, [cut, replace(first, reset=True), *others])
