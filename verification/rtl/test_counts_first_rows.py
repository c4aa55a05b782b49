# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the table of first rows is said to hold and to do, held to the hardware."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import TrainerParams
from rtl.catalogue import BLOCKS, SIZES
from rtl.first_rows import FirstRows
from sim.cost.counts import class_counter, first_rows
from sim.cost.counts.tally import Action
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import built, counters_of, shapes
from verification.rtl.test_first_rows import CORNERS, SMALL, drawn_codes, step, tables


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", CORNERS)
def test_strobes_are_those_counted_whatever_the_pauses(name: str, pauses: str) -> None:
    params, q = CORNERS[name]
    dut = Counted(FirstRows(params, q))
    rows = step(params, q, drawn_codes(params, q, 3), [0, params.classes - 1, 0])
    reads = counters_of(first_rows.begin(params, q, 3), dut.counters)
    assert all(reads.values())
    run_pysim(dut, [rows, Step(cycles=5, reads=reads)], PAUSES[pauses])


def test_rows_that_are_dropped_read_nothing() -> None:
    dut = Counted(FirstRows(SMALL, 3))
    rows = step(SMALL, 3, drawn_codes(SMALL, 3, 2), [7, 6])
    run_pysim(dut, [rows, Step(cycles=5, reads=dict.fromkeys(dut.counters, 0))])


@settings(max_examples=8)
@given(tables(), st.integers(1, 3))
def test_cycles_are_those_simulated(drawn: tuple[TrainerParams, int], classes: int) -> None:
    params, q = drawn
    rows = step(params, q, drawn_codes(params, q, classes), [0] * classes)
    passed = run_pysim(FirstRows(params, q), [rows]).transfers
    cycles = passed["o"][-1] - passed["i"][0] + 1
    assert cycles == first_rows.begin_cycles(params, classes)


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    drawn = BLOCKS["first_rows"].arguments(size)
    assert shapes(first_rows.memories(**drawn)) == built("first_rows", **drawn)


@settings(max_examples=8)
@given(tables())
def test_memories_of_any_table(drawn: tuple[TrainerParams, int]) -> None:
    params, q = drawn
    expected = built("first_rows", params=params, code_width=q)
    assert shapes(first_rows.memories(params, q)) == expected


def test_a_class_at_the_size_of_the_reports_begins_while_its_next_row_is_divided() -> None:
    params, q = BLOCKS["first_rows"].arguments("full").values()
    assert first_rows.begin(params, q, 1)[Action("table", "read", 8)] == 512
    assert first_rows.begin_cycles(params, 1) == 8 * 67
    counter = BLOCKS["class_counter"].arguments("full")["params"]
    assert class_counter.close_cycles(counter, 1) // 8 > 67
