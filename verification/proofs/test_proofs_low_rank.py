# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The low-rank discriminant: what it writes is there, an answer stays, and none has rows behind."""

from functools import reduce
from operator import or_
from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Const, Module, Value
from amaranth.lib.data import View

from golden.params import LowRankParams, PrototypesParams
from rtl.low_rank import LowRank
from rtl.low_rank_sums import Task, mark_layout, stages_of
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    in_state,
    inner_signal,
    keep_stream_rules,
    kept,
    opened,
    prove,
)

#: The chip does not have this block, so that its proofs are for the slow tests.
pytestmark = pytest.mark.slow


def params(features: int, lanes: int, rank: int) -> LowRankParams:
    memory = PrototypesParams(
        features=features, code_width=2, lanes=lanes, components=5, classes=3, class_components=2
    )
    return LowRankParams(prototypes=memory, rank=rank, basis_width=2, factor_width=3)


def some(values: list[Value]) -> Value:
    return reduce(or_, values, Const(0))


def prove_reader(drawn: LowRankParams, *, fault: int = 0, depth: int = 2) -> None:
    """Prove it for any memory that keeps its contract, whatever comes in.

    Rows that are on their way belong to the picture or the class in work, and the last of them
    tells so: when an answer is offered, or another picture is taken, nothing is on its way.
    `fault` says that there is a component less.
    """
    m, block = Module(), LowRank(drawn)
    m.submodules.block = inner = opened(block)
    assert keep_stream_rules(m, block) == 1
    p, rank, steps = drawn.prototypes, drawn.rank, max(drawn.prototypes.beats, drawn.rank)
    layout = mark_layout(drawn)
    rows: list[Any] = [View(layout, inner_signal(inner, name)) for name in names_of(drawn)]
    beat, step, direction, plane, nth = (
        inner_signal(inner, name) for name in ("beat_now", "step", "direction", "plane", "nth")
    )
    entry, left = block.entry, inner_signal(inner, "left")
    moves, reads = in_state(inner, "scan", "project"), in_state(inner, "measure")
    waits = in_state(inner, "measured", "add", "projected")
    begins = in_state(inner, "measure", "measured", "look_up")
    still = in_state(inner, "take", "look_up", "answer", "find")
    fits = (entry.count >= 1) & (entry.first + entry.count <= p.components)
    marks = [row.adds | row.weighs | row.last | row.final for row in rows]
    m.d.comb += [
        Assume(kept(m, ~block.label_en, Value.cast(entry))),
        Assume(~entry.there | fits),
        Assert(beat < p.beats),
        Assert(step < steps),
        Assert((direction <= rank) & (plane <= p.code_width)),
        Assert(~(moves & entry.there) | (nth < entry.count)),
        Assert(~(in_state(inner, "scan") | begins) | (left >= 1)),
        Assert(~begins | ((nth == 0) & (step == 0))),
        Assert(~still | ~some(marks[1:])),
        Assert(~(moves | reads) | ~some([Value.cast(row.final) for row in rows[1:]])),
        Assert(~waits | some([Value.cast(row.final) for row in rows[1:]])),
    ]
    # Nothing is behind a row that is the last of all.
    for number in range(1, len(rows)):
        m.d.comb += Assert(~rows[number].final | ~some(marks[:number]))
    there = p.components - fault
    for row in rows:
        m.d.comb += [
            Assert(~row.adds | (row.task == Task.PICTURE) | (row.component < there)),
            Assert(~row.weighs | (row.component < there)),
            Assert(~(row.adds | row.weighs) | (row.direction <= rank)),
            Assert(~row.weighs | ((row.task == Task.COST) & (row.direction < rank))),
        ]
    for name, depth_of in (("measured", rank), ("projections", rank * p.components)):
        (write,) = getattr(inner.submodules, name).write_ports
        m.d.comb += Assert(~write.en | (write.addr < depth_of))
    prove(m, free_inputs(block), depth=depth)


def names_of(params: LowRankParams) -> list[str]:
    """Return the names of the marks of all stages."""
    return ["asked", *(f"stage_{n}" for n in range(1, stages_of(params) + 1))]


@pytest.mark.parametrize(("features", "lanes", "rank"), [(5, 2, 2), (3, 4, 3), (7, 3, 1)])
def test_what_is_written_is_there_and_an_answer_stays(features, lanes, rank) -> None:
    prove_reader(params(features, lanes, rank))


def test_a_component_less_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_reader(params(1, 1, 1), fault=1, depth=16)
