# SPDX-License-Identifier: MIT
"""Mutants: what each rule makes, and what is said of a fault."""

import sys
from pathlib import Path

import pytest

from verification.mutants.__main__ import (
    all_mutants,
    argued_now,
    arguments_of_equivalence,
    judged,
)
from verification.mutants.benches import ALSO, PARTS, benches_of
from verification.mutants.order import Order
from verification.mutants.reach import ROOT, built_on, reached_from
from verification.mutants.report import Result, page
from verification.mutants.rules import RULES, Mutant, mutants_of
from verification.mutants.trial import Outcome, try_source
from verification.rtl import test_hidden_trainer

SOURCE = """
def elaborate(m, a, b):
    held = Signal(4, init=2)
    with m.If(a < b):
        m.d.sync += held.eq(Cat(a, b) + 1)
"""
MADE = {
    ("compare", "a <= b"), ("condition", "m.If((a < b) == 0)"), ("condition", "m.If(1)"),
    ("reset", "Signal(4, init=2 ^ 1)"), ("reset", "Signal(4, init=2, reset_less=True)"),
    ("width", "Signal(4 - 1, init=2)"), ("order", "Cat(b, a)"), ("constant", "Cat(a, b) + 2"),
}  # fmt: skip
MUTANT = Mutant("x", 4, "compare", 0, "a < b", "a <= b", "")


def test_every_rule_makes_its_mutants() -> None:
    mutants = mutants_of("x", SOURCE)
    assert {(mutant.rule, mutant.after) for mutant in mutants} == MADE
    assert {mutant.rule for mutant in mutants} == set(RULES)
    assert all(mutant.after in mutant.source for mutant in mutants)


def test_a_first_value_is_changed_only_where_it_is_one() -> None:
    source = """
def elaborate(m, a):
    wire, held, free = Signal(), Signal(), Signal(2, reset_less=True)
    m.d.comb += wire.eq(a)
    m.d.sync += [held[0].eq(wire), free.word_select(a, 1).eq(held)]
"""
    resets = [m.after for m in mutants_of("x", source) if m.rule == "reset"]
    assert resets == ["Signal(init=1)", "Signal(reset_less=True)"]  # those of `held`


def test_expressions_without_a_module_are_hardware_and_conditions_of_python_are_not() -> None:
    source = """
def rounded(value, shift):
    if shift == 0:
        return value
    return Mux(value < 2, 0, value >> 1)

def steps(count):
    return count + 1
"""
    made = {(mutant.rule, mutant.line) for mutant in mutants_of("x", source)}
    assert made == {(rule, 5) for rule in ("compare", "condition", "order", "constant")}


def test_no_hardware_is_without_a_bench() -> None:
    paths = {path.stem: path for path in (ROOT / "rtl").glob("*.py")}
    bare = [name for name in paths if not benches_of(name)]
    assert "lead" in bare
    assert not [name for name in bare if mutants_of(name, paths[name].read_text())]


def test_ids_are_unique_and_hold_500_and_more() -> None:
    mutants = all_mutants()
    assert len({mutant.id for mutant in mutants}) == len(mutants) >= 500
    for mutant in mutants:
        compile(mutant.source, mutant.id, "exec")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_tried_by_a_bench_that_reaches_it(part: str) -> None:
    path = ROOT / "rtl" / f"{part}.py"
    assert not (ROOT / "verification" / "rtl" / f"test_{part}.py").exists()
    assert path in reached_from(benches_of(part)[:1])
    assert mutants_of(part, path.read_text())


@pytest.mark.parametrize("module", ALSO)
def test_a_block_within_another_is_tried_by_the_benches_of_both(module: str) -> None:
    own, other = benches_of(module)
    assert own.stem == f"test_{PARTS.get(module, module)}"
    assert other.stem == f"test_{ALSO[module]}"
    assert ROOT / "rtl" / f"{module}.py" in reached_from([other])


def test_a_fault_in_what_only_another_block_builds_fails_its_bench() -> None:
    """The bench of a hidden layer makes none that learns, and so none whose rows are read."""
    source = (ROOT / "rtl/hidden_layer.py").read_text()
    fault = source.replace("Mux(summing, row, self.row)", "row")
    assert fault != source
    # A bench that was imported before holds the sound block, and is not to be tried again.
    assert test_hidden_trainer.__name__ in sys.modules
    first = "test_a_row_a_cycle_is_written_and_a_row_in_two_is_read"
    first = f"{test_hidden_trainer.__name__.rpartition('.')[2]}.py::{first}"
    outcome = try_source("hidden_layer", fault, benches_of("hidden_layer")[1:], 120, first=[first])
    assert (outcome.state, outcome.detail) == ("failed", first)


def test_arguments_are_of_mutants_that_exist() -> None:
    assert set(arguments_of_equivalence()) <= {mutant.id for mutant in all_mutants()}


@pytest.mark.parametrize(
    ("outcome", "argued", "state"),
    [
        (Outcome("failed"), {}, "killed"),
        (Outcome("timeout"), {}, "killed"),
        (Outcome("broken"), {}, "stillborn"),
        (Outcome("passed", designs={"a"}), {}, "same"),
        (Outcome("passed", designs={"b"}), {}, "survived"),
        (Outcome("passed", designs={"b"}), {MUTANT.id: "no input is b"}, "equivalent"),
    ],
)
def test_what_is_said_of_an_outcome(outcome: Outcome, argued: dict[str, str], state: str) -> None:
    result = judged(MUTANT, outcome, argued, {"a"})
    assert result.state == state
    text = page([result], {"x": 2}, argued)
    assert "`x` (1 of 2)" in text
    assert ("`x:4:compare:0`: `a < b` became `a <= b`" in text) == (
        state in ("survived", "equivalent")
    )


@pytest.mark.parametrize("state", ["killed", "stillborn", "same", "survived", "equivalent"])
def test_an_argument_that_comes_later_counts(state: str) -> None:
    kept = Result(MUTANT.id, "a < b", "a <= b", state, "")
    open_ = state in ("survived", "equivalent")
    assert argued_now(kept, {MUTANT.id: "why"}).state == ("equivalent" if open_ else state)
    assert argued_now(kept, {}).state == ("survived" if open_ else state)


def test_the_tests_see_the_fault(tmp_path: Path) -> None:
    test = tmp_path / "test_it.py"
    test.write_text("from rtl.beat import FAULT\n\ndef test_it():\n    assert FAULT == 0\n")
    assert try_source("beat", "FAULT = 0", [test], 60).state == "passed"
    failed = try_source("beat", "FAULT = 1", [test], 60)
    assert (failed.state, failed.detail) == ("failed", "test_it.py::test_it")
    assert try_source("beat", "FAULT =", [test], 60).state == "broken"
    assert try_source("beat", "while True: pass", [test], 3).state == "timeout"
    assert try_source("beat", "import os; os._exit(1)", [test], 60).state == "lost"


def test_designs_tell_a_mutant_from_the_original(tmp_path: Path) -> None:
    test, source = tmp_path / "test_it.py", (ROOT / "rtl/skid.py").read_text()
    test.write_text(
        "from rtl.skid import Skid\n"
        "from verification.rtl.simulators import Step, run_pysim\n\n"
        "def test_8():\n    run_pysim(Skid(8), [Step()])\n\n"
        "def test_9():\n    run_pysim(Skid(9), [Step()])\n"
    )
    original = try_source("skid", source, [test], 60)
    assert (original.state, len(original.designs)) == ("passed", 2)
    assert list(original.tests) == ["test_it.py::test_8", "test_it.py::test_9"]
    comment = source.replace("return m", "return m  # the same")
    last = ["test_it.py::test_9"]
    same = try_source("skid", comment, [test], 60, first=last, known=original.designs)
    assert same.designs == original.designs
    assert list(same.tests) == ["test_it.py::test_9", "test_it.py::test_8"]
    fault = source.replace("m.If(~full)", "m.If(full)")
    other = try_source("skid", fault, [test], 60, known=original.designs)
    assert (other.state, len(other.designs - original.designs)) == ("passed", 1)


def test_short_tests_come_first_and_then_those_that_find_faults() -> None:
    order = Order({"long": 2.0, "short": 0.1, "other": 1.0})
    assert order.first() == ["short", "other", "long"]
    for _ in range(20):
        order.note("other")
    order.note("")  # a fault that ended no test
    assert order.first() == ["other", "short", "long"]


def test_a_fault_touches_what_is_built_on_its_module() -> None:
    bench = ROOT / "verification/rtl/test_skid.py"
    skid = ROOT / "rtl/skid.py"
    assert built_on({skid}, [bench]) == {skid, bench}
    engine = ROOT / "verification/rtl/engine.py"
    simulators = engine.with_name("simulators.py")
    assert built_on({engine}, [bench]) == {engine, simulators, bench}
    assert not built_on({ROOT / "rtl/lfsr.py"}, [bench])


def test_a_result_holds_until_what_the_bench_stands_on_changes() -> None:
    reached = reached_from([ROOT / "rtl/lfsr.py", *benches_of("lfsr")])
    names = {path.relative_to(ROOT).as_posix() for path in reached}
    assert {"rtl/lfsr.py", "golden/lfsr.py", "verification/rtl/engine.py"} <= names
    assert not names & {"rtl/chip.py", "golden/trainer.py", "verification/rtl/test_chip.py"}
