# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from math import isqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.root import Root
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim

#: Squares, their neighbours, and the ends.
WIDE = sorted({
    max(0, min(2**48 - 1, root**2 + by))
    for root in (0, 1, 2, 3, 255, 256, 2**12 - 1, 2**23, 11863283, 2**24 - 1, 2**24)
    for by in (-1, 0, 1)
})  # fmt: skip


def step(numbers: list[int]) -> Step:
    """Return the step of some numbers, with their roots."""
    roots = [isqrt(number) for number in numbers]
    squares = sum(root**2 == number for root, number in zip(roots, numbers, strict=True))
    below = sum((root + 1) ** 2 == number + 1 for root, number in zip(roots, numbers, strict=True))
    meets = {"root: square": squares, "root: one below a square": below}
    return Step(inputs={"i": numbers}, outputs={"o": roots}, meets=meets)


@pytest.mark.parametrize("digits", [1, 2, 5])
def test_all_small_numbers(digits: int) -> None:
    run_pysim(Root(digits), [step(list(range(4**digits)))])


@settings(max_examples=15)
@given(
    st.integers(1, 32).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, 4**n - 1), min_size=1, max_size=12))
    ),
    st.sampled_from(sorted(PAUSES)),
)
def test_roots_of_any_width(drawn: tuple[int, list[int]], pauses: str) -> None:
    digits, numbers = drawn
    run_pysim(Root(digits), [step(numbers)], PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    run_pysim(Root(24), [step(WIDE)], pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_roots_in_verilog(simulator: str) -> None:
    numbers = [*WIDE, *range(300)]
    run_cocotb(Root(24), [step(numbers)], PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("digits", [1, 24])
def test_a_root_takes_as_long_as_it_says(digits: int) -> None:
    dut = Root(digits)
    trace = run_pysim(dut, [step([3, 2, 1, 0])])
    assert trace.gaps("i") == trace.gaps("o") == {dut.interval}
    for taken, offered in zip(trace.transfers["i"], trace.offered["o"], strict=True):
        assert offered - taken == dut.latency


@pytest.mark.parametrize("cycles", range(1, 7))
def test_reset_in_the_middle_drops_the_number(cycles: int) -> None:
    cut = step([900])
    begun = Step(cut.inputs, cut.outputs, cycles=cycles, abandon=True)
    trace = run_pysim(Root(5), [begun, Step(reset=True), step(list(range(40)))])
    assert trace.left[0] > 0


def test_a_bench_with_a_wrong_root_fails() -> None:
    right = step([900])
    with pytest.raises(BenchError, match=r"o\[0\]: .* came, and .* was expected"):
        run_pysim(Root(5), [Step(right.inputs, {"o": [31]})])
