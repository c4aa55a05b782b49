# SPDX-License-Identifier: MIT
"""Counts times values: sums by hand, missing values that are not zero, and sensitivities."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.cost.counts.tally import KINDS, Action, Memory, Tally
from sim.cost.pricing import EnergyLine, price, price_memories
from sim.cost.quantity import Range
from sim.cost.sensitivity import swings
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total, total
from verification.sim.cost.small_chip import TECHNOLOGY, small_technology

MEMORIES = (Memory("a.rows", 128, 8, copies=2),)
TALLY = Tally({
    Action("a.rows", "read", 8): 10,
    Action("a.rows", "write", 8): 3,
    Action("a.sum", "accumulate", 4): 100,
    Action("b.deep.inside", "xnor"): 1000,
})  # fmt: skip


@pytest.fixture
def technology(tmp_path: Path) -> Technology:
    return small_technology(tmp_path)


def values(total: Total) -> tuple[float, float, float, int]:
    return total.low, total.nominal, total.high, total.missing


def test_a_bill_by_hand(technology: Technology) -> None:
    bill = price(TALLY, price_memories(MEMORIES, technology), technology)
    # Reads 10 x 8 x 0.5..3 pJ, writes 3 x 8 x 2 pJ, 400 x 4..9 fJ, 1000 x 0.5..2 fJ.
    assert values(bill.memories) == pytest.approx((88e-12, 128e-12, 288e-12, 0))
    assert values(bill.logic) == pytest.approx((2.1e-12, 3e-12, 5.6e-12, 0))
    assert values(bill.total) == pytest.approx((90.1e-12, 131e-12, 293.6e-12, 0))
    assert [line.action.component for line in bill.lines] == [
        "a.rows", "a.rows", "a.sum", "b.deep.inside"
    ]  # fmt: skip
    assert bill.missing == ()


def test_components_are_told_apart_to_two_levels_and_add_up(technology: Technology) -> None:
    bill = price(TALLY, price_memories(MEMORIES, technology), technology)
    parts = bill.by_component()
    assert list(parts) == ["a.rows", "a.sum", "b.deep"]
    assert parts["a.sum"].nominal == pytest.approx(2e-12)
    assert values(total(parts.values())) == pytest.approx(values(bill.total))


def test_memories_come_in_copies(technology: Technology) -> None:
    (line,) = price_memories(MEMORIES, technology)
    assert line.physical_bits == 2048
    assert line.area.nominal == pytest.approx(2048e-12)
    assert line.leakage.nominal == pytest.approx(2048 * 10e-12)
    assert (line.macros, line.missing) == ("formula", ())


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("read", "write")])
def test_what_a_technology_does_not_say_is_missing_and_not_free(tmp_path: Path, kind: str) -> None:
    row = next(row for row in TECHNOLOGY.splitlines(keepends=True) if row.startswith(f"  {kind}:"))
    silent = small_technology(tmp_path, row, "")
    tally = Tally({Action("a", kind, 8): 3, Action("a.rows", "read", 8): 1})  # pyright: ignore[reportArgumentType]
    bill = price(tally, price_memories(MEMORIES, silent), silent)
    assert bill.total.missing == 1
    assert bill.total.nominal == pytest.approx(8e-12)
    assert bill.missing == (f"energy of {kind} (a)",)


def test_a_technology_without_memories_has_no_value_for_any(tmp_path: Path) -> None:
    bare = small_technology(tmp_path, TECHNOLOGY[TECHNOLOGY.index("memory:") :], "")
    (line,) = lines = price_memories(MEMORIES, bare)
    assert (line.plan, line.physical_bits, line.macros) == (None, None, "-")
    assert line.missing == ("memory a.rows",)
    assert line.area == line.leakage == Total(missing=1)
    bill = price(TALLY, lines, bare)
    assert bill.total.missing == 2
    assert bill.missing == ("energy of read (a.rows)", "energy of write (a.rows)")


def test_area_and_leakage_may_be_missing_each(tmp_path: Path) -> None:
    rows = TECHNOLOGY[TECHNOLOGY.index("  leakage:") :]
    (line,) = price_memories(MEMORIES, small_technology(tmp_path, rows, ""))
    assert line.missing == ("area of a.rows", "leakage of a.rows")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (Action("c.rows", "read", 8), r"^c\.rows must be a memory of the chip to be accessed$"),
        (Action("a.rows", "read", 9), r"^Rows of a\.rows must have 8 bits, not 9$"),
    ],
    ids=["component", "width"],
)
def test_an_access_must_be_to_a_memory(
    technology: Technology, action: Action, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        price(Tally({action: 1}), price_memories(MEMORIES, technology), technology)


@given(times=st.integers(0, 10**12))
def test_a_line_is_its_count_times_its_value(times: int) -> None:
    each = Range(low=1.0, nominal=2.0, high=4.0, source="me")
    line = EnergyLine(action=Action("a", "logic"), count=Tally({Action("a", "logic"): 1})[
        Action("a", "logic")
    ] * times, each=each)  # fmt: skip
    assert values(line.total) == (times, 2.0 * times, 4.0 * times, 0)


def test_totals_add_up_and_multiply() -> None:
    one, gap = Total(low=1, nominal=2, high=5), Total(missing=1)
    assert one + one == one * 2 == Total(low=2, nominal=4, high=10)
    assert one + gap == Total(low=1, nominal=2, high=5, missing=1)
    assert Total.of(None, 7) == gap
    assert total([]) == Total()


def test_a_swing_moves_one_value_and_leaves_the_others(technology: Technology) -> None:
    bill = price(TALLY, price_memories(MEMORIES, technology), technology)
    found = {swing.name: swing for swing in swings(bill)}
    # The widest first; those that cannot move come last.
    assert list(found) == ["a.rows read", "accumulate", "xnor", "a.rows write"]
    assert (found["accumulate"].low, found["accumulate"].high) == pytest.approx((-0.4e-12, 1.6e-12))
    assert found["a.rows write"].high == found["a.rows write"].low == 0
    assert sum(s.part for s in found.values()) == pytest.approx(bill.total.nominal)
    assert sum(s.high for s in found.values()) == pytest.approx(
        bill.total.high - bill.total.nominal
    )


def test_a_value_that_is_missing_has_no_swing(tmp_path: Path) -> None:
    row = next(r for r in TECHNOLOGY.splitlines(keepends=True) if r.startswith("  xnor:"))
    silent = small_technology(tmp_path, row, "")
    bill = price(TALLY, price_memories(MEMORIES, silent), silent)
    assert "xnor" not in {swing.name for swing in swings(bill)}
