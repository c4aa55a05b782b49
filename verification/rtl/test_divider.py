# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.divider import Divider
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim


def step(fraction: int, total: int, parts: list[int]) -> Step:
    """Return the step of some parts, with their shares by division."""
    shares = [((part << fraction) + total // 2) // total for part in parts]
    ties = sum(2 * (part << fraction) % (2 * total) == total for part in parts)
    met = {"tie": ties, "whole": parts.count(total), "nothing": parts.count(0)}
    return Step(
        inputs={"i": parts},
        outputs={"o": shares},
        pins={"total": total},
        meets={f"divider: {name}": hits for name, hits in met.items()},
    )


@pytest.mark.parametrize("fraction", [1, 4, 9])
def test_all_parts_of_all_small_totals(fraction: int) -> None:
    steps = [step(fraction, total, list(range(total + 1))) for total in range(1, 32)]
    run_pysim(Divider(5, fraction), steps)


@settings(max_examples=10)
@given(st.integers(1, 37), st.integers(1, 28), st.integers(0, 2**32), st.sampled_from(list(PAUSES)))
def test_shares_of_any_total(width: int, fraction: int, seed: int, pauses: str) -> None:
    draw = random.Random(seed)
    totals = [draw.randint(1, 2**width - 1) for _ in range(3)]
    steps = [step(fraction, t, [draw.randint(0, t) for _ in range(6)] + [t, 0]) for t in totals]
    run_pysim(Divider(width, fraction), steps, PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_shares_in_verilog(simulator: str) -> None:
    steps = [step(8, total, list(range(total + 1))) for total in (1, 2, 3, 255, 512, 700, 1023)]
    run_cocotb(Divider(10, 8), steps, PAUSES["idle_stalled"], simulator=simulator)


def test_a_part_takes_as_long_as_it_says() -> None:
    dut = Divider(12, 7)
    trace = run_pysim(dut, [step(7, 3000, list(range(0, 3000, 100)))])
    assert trace.gaps("i") == trace.gaps("o") == {dut.interval}
    for taken, offered in zip(trace.transfers["i"], trace.offered["o"], strict=True):
        assert offered - taken == dut.latency


@pytest.mark.parametrize("cycles", [1, 4, 8])
def test_reset_in_the_middle_drops_all_parts(cycles: int) -> None:
    whole = step(6, 9, list(range(10)))
    begun = Step(whole.inputs, whole.outputs, whole.pins, cycles=cycles, abandon=True)
    trace = run_pysim(Divider(12, 6), [begun, Step(reset=True), step(6, 70, list(range(70)))])
    assert trace.left[0] > 0


def test_a_bench_with_a_wrong_share_fails() -> None:
    right = step(6, 9, [4])
    wrong = Step(right.inputs, {"o": [right.outputs["o"][0] ^ 1]}, right.pins)
    with pytest.raises(BenchError, match=r"o\[0\]: .* came, and .* was expected"):
        run_pysim(Divider(12, 6), [wrong])
