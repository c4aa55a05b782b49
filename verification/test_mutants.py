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
from verification.mutants.benches import ALSO, PARTS, ROOT, benches_of, reached_from
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
    """The bench of a hidden layer makes none that learns, and so no window."""
    source = (ROOT / "rtl/hidden_layer.py").read_text()
    fault = source.replace("(total >= low) & (total <= high)", "total >= low")
    assert fault != source
    # A bench that was imported before holds the sound block, and is not to be tried again.
    assert test_hidden_trainer.__name__ in sys.modules
    outcome = try_source("hidden_layer", fault, benches_of("hidden_layer")[1:], 120)
    assert outcome.state == "failed"
    assert outcome.detail.startswith("test_hidden_trainer.py")


def test_arguments_are_of_mutants_that_exist() -> None:
    assert set(arguments_of_equivalence()) <= {mutant.id for mutant in all_mutants()}


@pytest.mark.parametrize(
    ("outcome", "argued", "state"),
    [
        (Outcome("failed"), {}, "killed"),
        (Outcome("timeout"), {}, "killed"),
        (Outcome("broken"), {}, "stillborn"),
        (Outcome("passed", designs="a"), {}, "same"),
        (Outcome("passed", designs="b"), {}, "survived"),
        (Outcome("passed", designs="b"), {MUTANT.id: "no input is b"}, "equivalent"),
    ],
)
def test_what_is_said_of_an_outcome(outcome: Outcome, argued: dict[str, str], state: str) -> None:
    result = judged(MUTANT, outcome, argued, lambda: "a")
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


def test_a_result_holds_until_what_the_bench_stands_on_changes() -> None:
    reached = reached_from([ROOT / "rtl/lfsr.py", *benches_of("lfsr")])
    names = {path.relative_to(ROOT).as_posix() for path in reached}
    assert {"rtl/lfsr.py", "golden/lfsr.py", "verification/rtl/engine.py"} <= names
    assert not names & {"rtl/chip.py", "golden/trainer.py", "verification/rtl/test_chip.py"}
