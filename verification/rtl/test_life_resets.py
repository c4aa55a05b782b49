# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Resets in the life of a chip: whatever they cut short, the chip begins anew."""

from functools import partial
from typing import Any

import pytest

from rtl.class_slots import Operation
from verification.rtl.chip_coverage import COMPARISONS, cover_comparisons, cover_resets
from verification.rtl.chip_run import run_script
from verification.rtl.simulators import cocotb_simulators
from verification.rtl.test_life import ALL, PATIENCE, Life

#: Cycles after which a reset comes.
WAITS = {"close": (30, 60, 101, 240), "answer": (1, 3, 9)}
#: The same where exemplars are compared with components.
COMPARED = (30, 40, 60, 70)


@pytest.fixture(params=cocotb_simulators())
def run(request: pytest.FixtureRequest) -> Any:
    return partial(run_script, request.param)


def begin(life: Life, operation: str) -> None:
    """Begin something that a reset is to interrupt, and expect nothing of it."""
    host = life.host
    before, host.operations = host.operations, []
    host.command(Operation.OPEN, 0, 0)
    host.count(life.embeddings(0, 2), [0, 0])
    host.command(Operation.CLOSE, 0)
    if operation == "answer":
        for _ in range(2):
            host.append(2)
        host.command(Operation.REOPEN, 0)
        host.pictures(life.images(0, 3), ALL, [1, 2, 3], [0, 0, 0])
        host.poll("status_answering", 1)
    host.operations = [*before, *(op for op in host.operations if op[0] != "expect")]


def check_anew(life: Life) -> None:
    """Expect nothing of what was before a reset, and learn and name classes."""
    host, life.rows = life.host, 0
    for counter in ("n_classes", "counted", "count_reads", "answers", "answer_reads"):
        host.read(counter, 0)
    host.command(Operation.REOPEN, 0)  # no slot was ever opened
    host.settle()
    host.read("errors", 1 << 13)
    life.learn(0, slot=1)
    life.learn(1, slot=0)
    life.look()


@pytest.mark.parametrize("hard", [False, True], ids=["soft", "hard"])
@pytest.mark.parametrize(
    ("operation", "name"),
    [("close", "in turn"), ("answer", "in turn"), ("close", "competing")],
)
def test_a_life_begins_anew_after_a_reset_in_the_middle(
    operation: str, name: str, hard: bool, run: Any
) -> None:
    """Whatever is cut short, at several moments: what was counted and learned is gone."""
    life = Life(name, seed=3)
    host = life.host
    host.settle()
    for wait in WAITS[operation]:
        begin(life, operation)
        host.cut_short(wait, hard)
        check_anew(life)
    result = run(name, host, 0.2, patience=PATIENCE)
    cover_resets(operation, hard, result)


@pytest.mark.parametrize("hard", [False, True], ids=["soft", "hard"])
def test_a_life_begins_anew_after_a_reset_while_an_exemplar_is_compared(
    hard: bool, run: Any
) -> None:
    """The first two of four exemplars begin the components, and the others are compared."""
    life = Life("competing", seed=4)
    host = life.host
    for wait in COMPARED:
        host.settle()
        for counter in COMPARISONS:
            host.note(counter)
        host.command(Operation.OPEN, 0, 0)
        host.count(life.embeddings(0, 4), [0] * 4)
        host.cut_short(wait, hard, COMPARISONS)
        check_anew(life)
    result = run("competing", host, 0.2, patience=PATIENCE)
    cover_comparisons(host.chip, hard, result)
