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


def params(features: int, lanes: int, components: int = 1) -> PrototypeClassifierParams:
    memory = PrototypesParams(
        features=features,
        code_width=2,
        lanes=lanes,
        components=5,
        classes=3,
        class_components=components,
    )
    return PrototypeClassifierParams(prototypes=memory, table_width=3)


class Stages:
    """The rows on their way through a block, from the one that is read to the one just added.

    Parameters
    ----------
    m : Module
    block : PrototypeClassifier
    inner : Module
        What is inside it.
    """

    def __init__(self, m: Module, block: PrototypeClassifier, inner: Module) -> None:
        lanes = block.params.prototypes.lanes
        self.levels = (lanes - 1).bit_length()
        names = ["scanned", *(f"stage_{n}" for n in range(3 + self.levels)), "summed"]
        self.rows = [inner_signal(inner, name) for name in names]
        self.beats = [block.beat]
        for number in range(len(names) - 1):
            self.beats.append(Signal.like(block.beat, name=f"beat_{number}"))
            m.d.sync += self.beats[-1].eq(self.beats[-2])

    def mark(self, name: str) -> list[Value]:
        """Return a mark of all rows."""
        return [Value.cast(row[MARKS.index(name)]) for row in self.rows]

    def facts(self, params: PrototypeClassifierParams, inner: Module, there: Value) -> list[Value]:
        """Return that a component's rows come in order and without gaps, and nothing behind all.

        The last mark comes with a row, or alone for a class that is not `there`.
        """
        beats, found = params.prototypes.beats, []
        valid, first, last, final = map(self.mark, MARKS)
        for k, beat in enumerate(self.beats):
            found += [
                ~valid[k] | (first[k] == (beat == 0)),
                ~valid[k] | ((last[k] == (beat == beats - 1)) & (beat < beats)),
                ~(valid[k] & final[k]) | last[k],
            ]
            if k + 1 < len(self.beats):
                follows = valid[k + 1] & (self.beats[k + 1] + 1 == beat)
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
            ~in_state(inner, "look_up", "add", "answer") | (self.beats[0] == 0),
            ~in_state(inner, "take") | (self.beats[0] < beats),
            valid[0] == (in_state(inner, "scan") & there),
            ~final[0] | in_state(inner, "scan"),
            ~(in_state(inner, "scan") & ~there) | (self.beats[0] == 0),
            ~in_state(inner, "scan") | ~finals,
            ~in_state(inner, "add") | finals,
        ]
        return found


def live(params: PrototypeClassifierParams, last: Value, lanes: range) -> Value:
    """Return how many of some lanes count, in the last row of a component or in another."""
    p = params.prototypes
    used = p.features - (p.beats - 1) * p.lanes
    return Mux(last, len([n for n in lanes if n < used]), len([n for n in lanes if n < p.lanes]))


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
    for lane in range(p.lanes):
        number = inner_signal(inner, f"cost_{lane}")
        counted = live(drawn, last[3], range(lane, lane + 1))
        facts.append(~valid[3] | (number <= counted * most))
    total: Value = inner_signal(inner, "cost_0")
    width = p.lanes
    for level in range(stages.levels):
        width, span = -(-width // 2), 2 << level
        for place in range(width):
            total = inner_signal(inner, f"sum_{level}_{place}")
            lanes = range(place * span, (place + 1) * span)
            counted = live(drawn, last[4 + level], lanes)
            facts.append(~valid[4 + level] | (total <= counted * most))
        total = inner_signal(inner, f"sum_{level}_0")
    cost, highest = inner_signal(inner, "cost"), p.features * most - less
    of_rows = Mux(last[-1], highest, (stages.beats[-1] + 1) * (p.lanes * most))
    added = Mux(first[-2], 0, cost) + total
    facts += [
        ~valid[-1] | (cost <= of_rows),
        # Hence a sum of D features, which is less than a cost of ones, too.
        ~valid[-2] | (added <= highest),
    ]
    assert highest < 2**drawn.cost_width - 1
    m.d.comb += [Assert(fact) for fact in facts]
    prove(m, free_inputs(block), depth=depth)


@pytest.mark.parametrize(("features", "lanes"), [(1, 1), (3, 1), (5, 2), (7, 3)])
def test_no_sum_exceeds_what_all_features_can_cost(features, lanes) -> None:
    prove_sums(params(features, lanes))


def test_a_lower_highest_cost_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_sums(params(2, 2), less=1, depth=14)


@pytest.mark.parametrize("components", [1, 3])
def test_only_components_of_classes_that_are_there_are_read(components) -> None:
    """While the classes only rise in number and an entry stays until the next one is asked for."""
    drawn = params(3, 2, components)
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
    scan = in_state(inner, "scan")
    m.d.comb += [
        Assume((n <= p.classes) & (~begun | (n >= before(m, n)))),
        Assume((count != 0) & (count <= p.class_components)),
        Assume(kept(m, ~block.label_en, Value.cast(block.entry))),
        Assert(~block.label_en | (block.label < n)),
        Assert(block.row_en == (scan & block.entry.there)),
        Assert(~(scan & ~block.entry.there) | (block.beat == 0)),
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
