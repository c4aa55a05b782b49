# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.quotient import Quotient, dividend_layout, quotient_layout
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

#: Dividend, divisor and digits of the quotient.
Division = tuple[int, int, int]


def step(number_width: int, divisor_width: int, divisions: list[Division]) -> Step:
    """Return the step of some divisions, with their quotients."""
    given, quotients = [], []
    met = {"half": 0, "above one half": 0, "below one half": 0, "one digit": 0}
    for dividend, divisor, digits in divisions:
        rest, number = divmod(dividend, 2**digits)
        fields = {"rest": rest, "divisor": divisor, "digits": digits}
        fields["number"] = number << number_width - digits
        given.append(payload(dividend_layout(number_width, divisor_width), fields))
        quotient, left = divmod(dividend, divisor)
        above, half = 2 * left > divisor, 2 * left == divisor
        fields = {"quotient": quotient, "above": int(above), "half": int(half)}
        quotients.append(payload(quotient_layout(number_width), fields))
        met["half"] += half
        met["above one half"] += above
        met["below one half"] += not (half or above)
        met["one digit"] += digits == 1
    meets = {f"quotient: {name}": hits for name, hits in met.items()}
    return Step(inputs={"i": given}, outputs={"o": quotients}, meets=meets)


def all_divisions(divisor_width: int, digits: int) -> list[Division]:
    return [
        (dividend, divisor, digits)
        for divisor in range(1, 2**divisor_width)
        for dividend in range(divisor << digits)
    ]


def some_divisions(draw: random.Random, n: int, w: int, count: int) -> list[Division]:
    divisions = []
    for _ in range(count):
        digits, divisor = draw.randint(1, n), draw.randint(1, 2**w - 1)
        quotient = draw.randrange(2**digits)
        left = draw.choice([0, divisor // 2, (divisor - 1) // 2, divisor - 1])
        divisions.append((quotient * divisor + left, divisor, digits))
    return divisions


@pytest.mark.parametrize(("width", "digits"), [(1, 1), (2, 4), (3, 3), (4, 2)])
def test_all_small_divisions(width: int, digits: int) -> None:
    run_pysim(Quotient(5, width), [step(5, width, all_divisions(width, digits))])


@settings(max_examples=15)
@given(
    st.integers(1, 48), st.integers(1, 40), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES))
)
def test_divisions_of_any_width(n: int, w: int, seed: int, pauses: str) -> None:
    divisions = some_divisions(random.Random(seed), n, w, 12)
    run_pysim(Quotient(n, w), [step(n, w, divisions)], PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    divisions = some_divisions(random.Random(1), 48, 32, 12)
    run_pysim(Quotient(48, 32), [step(48, 32, divisions)], pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_divisions_in_verilog(simulator: str) -> None:
    divisions = some_divisions(random.Random(2), 48, 32, 200)
    divisions += [((2**32 - 1 << 48) - 1, 2**32 - 1, 48), (2**48 - 1, 1, 48), (0, 1, 1)]
    steps = [step(48, 32, divisions)]
    run_cocotb(Quotient(48, 32), steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("digits", [1, 9, 48])
def test_a_quotient_takes_as_long_as_it_says(digits: int) -> None:
    dut = Quotient(48, 32)
    trace = run_pysim(dut, [step(48, 32, [(2**digits - 1, 1, digits)] * 4)])
    assert trace.gaps("i") == trace.gaps("o") == {digits + dut.interval}
    for taken, offered in zip(trace.transfers["i"], trace.offered["o"], strict=True):
        assert offered - taken == digits + dut.latency


@pytest.mark.parametrize("cycles", range(1, 8))
def test_reset_in_the_middle_drops_the_dividend(cycles: int) -> None:
    cut = step(8, 4, [(40, 7, 6)])
    begun = Step(cut.inputs, cut.outputs, cycles=cycles, abandon=True)
    after = step(8, 4, all_divisions(2, 5))
    trace = run_pysim(Quotient(8, 4), [begun, Step(reset=True), after])
    assert trace.left[0] > 0


def test_a_bench_with_a_wrong_quotient_fails() -> None:
    right = step(8, 4, [(40, 7, 6)])
    wrong = Step(right.inputs, {"o": [right.outputs["o"][0] ^ 1]})
    with pytest.raises(BenchError, match=r"o\[0\]: .* came, and .* was expected"):
        run_pysim(Quotient(8, 4), [wrong])
