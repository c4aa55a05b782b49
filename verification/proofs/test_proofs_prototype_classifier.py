# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""No sum of costs wraps, no row is read that is not there, and an answer stays as it is."""

import pytest
from amaranth.hdl import Assert, Assume, Const, Module, Mux, Signal, Value

from golden.params import PrototypeClassifierParams, PrototypesParams
from rtl.prototype_classifier import PrototypeClassifier
from verification.proofs.prover import (
    ProofError,
    before,
    free_inputs,
    in_state,
    inner_signal,
    keep_stream_rules,
    kept,
    opened,
    prove,
)

MARKS = ("valid", "first", "last", "final")  # of a row on its way, lowest bits first


def params(
    features: int, lanes: int, components: int = 1, fold: int = 1
) -> PrototypeClassifierParams:
    memory = PrototypesParams(
        features=features,
        code_width=2,
        lanes=lanes,
        components=5,
        classes=3,
        class_components=components,
    )
    return PrototypeClassifierParams(prototypes=memory, table_width=3, fold=fold)


class Stages:
    """The parts of rows on their way through a block, from what is read to what was just added.

    Parameters
    ----------
    m : Module
    block : PrototypeClassifier
    inner : Module
        What is inside it.
    """

    def __init__(self, m: Module, block: PrototypeClassifier, inner: Module) -> None:
        p, memory = block.params, block.params.prototypes
        self.levels = (p.tables - 1).bit_length()
        names = ["scanned", *(f"stage_{n}" for n in range(5 + self.levels)), "summed"]
        self.rows = [inner_signal(inner, name) for name in names]
        # Each is known by its number within its component.
        turn = inner_signal(inner, "turn")
        self.numbers = [Signal(range(memory.beats * p.fold), name="number")]
        m.d.comb += self.numbers[0].eq(block.beat * p.fold + turn)
        self.whole = [(block.beat < memory.beats) & (turn < p.fold)]
        for place in range(len(names) - 1):
            self.numbers.append(Signal.like(self.numbers[0], name=f"number_{place}"))
            self.whole.append(Signal(name=f"whole_{place}"))
            m.d.sync += self.numbers[-1].eq(self.numbers[-2])
            m.d.sync += self.whole[-1].eq(self.whole[-2])

    def mark(self, name: str) -> list[Value]:
        """Return a mark of all parts."""
        return [Value.cast(row[MARKS.index(name)]) for row in self.rows]

    def turn(self, place: int, fold: int) -> tuple[Value, Value]:
        """Return the turn that a part on its way has, and whether it is of the last row."""
        bits = Value.cast(self.rows[place])
        width = len(Signal(range(fold)))
        return bits[len(bits) - 1 - width : len(bits) - 1], bits[-1]

    def facts(self, params: PrototypeClassifierParams, inner: Module, there: Value) -> list[Value]:
        """Return that a component's parts come in order and without gaps, and nothing behind all.

        The last mark comes with a part, or alone for a class that is not `there`.
        """
        beats, fold, found = params.prototypes.beats, params.fold, []
        valid, first, last, final = map(self.mark, MARKS)
        for k, number in enumerate(self.numbers):
            turn, ends = self.turn(k, fold)
            found += [
                ~valid[k] | self.whole[k],
                ~valid[k] | (first[k] == (number == 0)),
                ~valid[k] | (last[k] == (number == beats * fold - 1)),
                ~valid[k] | (number < beats * fold),
                ~valid[k] | (turn == number % fold),
                ~valid[k] | (ends == (number >= (beats - 1) * fold)),
                ~(valid[k] & final[k]) | last[k],
            ]
            if k + 1 < len(self.numbers):
                follows = valid[k + 1] & (self.numbers[k + 1] + 1 == number)
                found.append(~(valid[k] & ~first[k]) | follows)
            newer: Value = Const(0)
            for other in (*valid[:k], *final[:k]):
                newer = newer | other
            found.append(~final[k] | ~newer)
        on_way: Value = Const(0)
        finals: Value = Const(0)
        for v, f in zip(valid[1:], final[1:], strict=True):
            on_way, finals = on_way | v | f, finals | f
        found += [
            ~in_state(inner, "take", "look_up", "answer") | ~on_way,
            ~in_state(inner, "look_up", "add", "answer") | (self.numbers[0] == 0),
            self.whole[0],
            ~in_state(inner, "take") | (inner_signal(inner, "turn") == 0),
            valid[0] == (in_state(inner, "scan") & there),
            ~final[0] | in_state(inner, "scan"),
            ~(in_state(inner, "scan") & ~there) | (self.numbers[0] == 0),
            ~in_state(inner, "scan") | ~finals,
            ~in_state(inner, "add") | finals,
        ]
        return found


def live(params: PrototypeClassifierParams, number: Value, tables: range) -> Value:
    """Return how many lanes of some tables count in a part of a component."""
    p = params.prototypes
    counted: Value = Const(0)
    for part in range(p.beats * params.fold):
        row, turn = divmod(part, params.fold)
        lanes = (row * p.lanes + turn * params.tables + table for table in tables)
        features = [lane for lane in lanes if lane < p.features]
        counted = Mux(number == part, len(features), counted)
    return counted


def prove_sums(drawn: PrototypeClassifierParams, less: int = 0, depth: int = 2) -> None:
    """Prove that every number in tree and sum is at most what its features can cost together.

    `less` plants a fault: the highest cost is said to be lower by so much.
    """
    m, block = Module(), PrototypeClassifier(drawn)
    m.submodules.block = inner = opened(block)
    assert keep_stream_rules(m, block) == 1
    stages, p, most = Stages(m, block, inner), drawn.prototypes, 2 * drawn.highest_entry
    facts = stages.facts(drawn, inner, Value.cast(block.entry.there))
    m.d.comb += Assume(kept(m, ~block.label_en, Value.cast(block.entry)))
    valid, first, last = (stages.mark(name) for name in ("valid", "first", "last"))
    for table in range(drawn.tables):
        counted = live(drawn, stages.numbers[4], range(table, table + 1))
        for name in ("weight", "base"):
            entry = inner_signal(inner, f"{name}_{table}")
            facts.append(~valid[4] | (entry <= counted * drawn.highest_entry))
        counted = live(drawn, stages.numbers[5], range(table, table + 1))
        facts.append(~valid[5] | (inner_signal(inner, f"cost_{table}") <= counted * most))
    total: Value = inner_signal(inner, "cost_0")
    width = drawn.tables
    for level in range(stages.levels):
        width, span = -(-width // 2), 2 << level
        for place in range(width):
            total = inner_signal(inner, f"sum_{level}_{place}")
            counted = live(
                drawn,
                stages.numbers[6 + level],
                range(place * span, min((place + 1) * span, drawn.tables)),
            )
            facts.append(~valid[6 + level] | (total <= counted * most))
        total = inner_signal(inner, f"sum_{level}_0")
    cost, highest = inner_signal(inner, "cost"), p.features * most - less
    of_parts = Mux(last[-1], highest, (stages.numbers[-1] + 1) * (drawn.tables * most))
    added = Mux(first[-2], 0, cost) + total
    facts += [
        ~valid[-1] | (cost <= of_parts),
        # Hence a sum of D features, which is less than a cost of ones, too.
        ~valid[-2] | (added <= highest),
    ]
    assert highest < 2**drawn.cost_width - 1
    m.d.comb += [Assert(fact) for fact in facts]
    prove(m, free_inputs(block), depth=depth)


@pytest.mark.parametrize(
    ("features", "lanes", "fold"),
    [(1, 1, 1), (3, 1, 1), (5, 2, 1), (7, 3, 1), (3, 2, 2), (7, 4, 2)],
)
def test_no_sum_exceeds_what_all_features_can_cost(features, lanes, fold) -> None:
    prove_sums(params(features, lanes, fold=fold))


def test_a_lower_highest_cost_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_sums(params(2, 2), less=1, depth=14)


@pytest.mark.parametrize(("components", "fold"), [(1, 1), (3, 1), (3, 2)])
def test_only_components_of_classes_that_are_there_are_read(components, fold) -> None:
    """While the classes only rise in number and an entry stays until the next one is asked for."""
    drawn = params(3, 2, components, fold)
    p = drawn.prototypes
    m, block = Module(), PrototypeClassifier(drawn)
    m.submodules.block = inner = opened(block)
    n, count = block.n_classes, block.entry.count
    begun = before(m, Const(1))
    # The memory has a class that was asked for, and its entry in the next cycle.
    asked = Signal.like(block.label)
    with m.If(block.label_en):
        m.d.sync += asked.eq(block.label)
    label, left, component = (inner_signal(inner, name) for name in ("current", "left", "nth"))
    scan, turn = in_state(inner, "scan"), inner_signal(inner, "turn")
    m.d.comb += [
        Assume((n <= p.classes) & (~begun | (n >= before(m, n)))),
        Assume((count != 0) & (count <= p.class_components)),
        Assume(kept(m, ~block.label_en, Value.cast(block.entry))),
        Assert(~block.label_en | (block.label < n)),
        Assert(block.row_en == (scan & block.entry.there & (turn == 0))),
        Assert(~(scan & ~block.entry.there) | ((block.beat == 0) & (turn == 0))),
        Assert((turn < fold) & (scan | (turn == 0))),
        Assert(~in_state(inner, "look_up") | ((left != 0) & (label == 0) & (component == 0))),
        Assert(~scan | ((left != 0) & (asked == label))),
        Assert(~(scan | in_state(inner, "look_up")) | (label + left <= n)),
        # An entry may be another one from the first row of a class on, and then it stays.
        Assert(~scan | (component < count)),
        Assert(~scan | (block.beat < p.beats)),
        Assert(~in_state(inner, "look_up", "add", "answer") | (block.beat == 0)),
        Assert(~in_state(inner, "take") | (block.beat < p.beats)),
        Assert(
            ~scan | (block.component == (block.entry.first + component)[: len(block.component)])
        ),
    ]
    prove(m, free_inputs(block))
