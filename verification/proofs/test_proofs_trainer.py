# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The trainer writes only rows that are there, and neither its sums nor its gradients wrap."""

from functools import reduce
from operator import or_

import pytest
from amaranth.hdl import Assert, Assume, Const, Module, Mux, Signal, Value, signed

from golden.params import AffineParams, TrainerParams
from rtl.adder_tree import levels_of
from rtl.affine import rounded, saturated
from rtl.divider import Divider
from rtl.trainer import Trainer
from verification.proofs.prover import (
    ProofError,
    before,
    cut,
    free_inputs,
    in_state,
    inner_signal,
    keep_stream_rules,
    kept,
    opened,
    prove,
)

FLAGS = ("valid", "first", "last", "end", "final")  # of a row on its way, lowest bits first


def params(features: int, lanes: int, classes: int) -> TrainerParams:
    return TrainerParams(
        features=features, classes=classes, lanes=lanes, backward_width=8, rounding="stochastic"
    )


def some(values: list[Value]) -> Value:
    return reduce(or_, values, Const(0))


class Traced:
    """An opened trainer whose softmax may do anything that its contract allows.

    Parameters
    ----------
    m : Module
    block : Trainer
    """

    def __init__(self, m: Module, block: Trainer) -> None:
        self.block, self.p = block, block.params
        m.submodules.block = self.inner = opened(block)
        softmax = self.inner.submodules.softmax
        self.free = [*free_inputs(block), *cut(m, softmax)]
        names = ["asked", *(f"stage_{n}" for n in range(1, block.latency))]
        self.rows = [inner_signal(self.inner, name) for name in names]
        self.valid = self.flag("valid")
        on_way = some(self.valid[1:])
        self.nths, self.beats = [self.get("nth")], [self.get("beat")]
        for number in range(1, block.latency):
            for mirrored in (self.nths, self.beats):
                mirrored.append(Signal.like(mirrored[-1], name=f"{mirrored[-1].name}_{number}"))
                m.d.sync += mirrored[-1].eq(mirrored[-2])
        last = self.get("noted") + 1 == self.get("classes")
        m.d.comb += [
            Assume(softmax.i.ready),
            Assume(
                ~softmax.o.valid | (self.state("wait") & self.get("learning") & ~on_way),
            ),
            Assume(softmax.o.payload.last == last),
        ]
        self.on_way = on_way

    def get(self, name: str) -> Signal:
        return inner_signal(self.inner, name)

    def state(self, *names: str) -> Value:
        return in_state(self.inner, *names)

    def flag(self, name: str) -> list[Value]:
        return [Value.cast(row)[FLAGS.index(name)] for row in self.rows]

    def facts(self) -> list[Value]:
        """Return what is known of places and of rows on their way."""
        p, batch, get, state = self.p, self.block.batch, self.get, self.state
        row, beat, current, classes = (get(n) for n in ("row", "beat", "current", "classes"))
        slot, left, nth = get("slot"), get("left"), get("nth")
        command = state("take", "sum", "wait", "answer")
        update = state("begin", "update", "settle")
        running = command | update
        final = self.flag("final")
        found: list[Value] = [
            self.valid[0] == state("sum", "update"),
            get("updating") == state("update", "settle"),
            ~state("clear", "idle", "show", "take", "answer", "begin") | ~self.on_way,
            ~state("clear") | (row < p.rows),
            ~running | ((classes != 0) & (classes <= p.classes)),
            ~command | ((left != 0) & (slot + left <= batch)),
            ~update | ((slot != 0) & (slot <= batch)),
            ~running | (get("base") == slot * p.beats),
            ~running | (get("error_base") == slot * p.classes),
            ~state("sum", "update") | (row == current * p.beats + beat),
            ~state("sum", "update") | (current < classes),
            ~state("take", "sum", "update") | (beat < p.beats),
            ~state("begin") | ((row == 0) & (beat == 0) & (current == 0) & (nth == 0)),
            ~state("begin") | ((get("at") == 0) & (get("error_at") == 0)),
            ~state("take") | ((row == 0) & (current == 0) & (nth == 0)),
            ~state("take") | ((get("at") == 0) & (get("error_at") == 0)),
            ~state("update") | (nth < slot),
            ~state("update") | (get("at") == nth * p.beats + beat),
            ~state("update") | (get("error_at") == nth * p.classes + current),
            get("noted") < Mux(state("wait") & get("learning"), classes, 1),
        ]
        for k in range(len(self.rows)):
            found.append(~(self.valid[k] & final[k]) | ~some(self.valid[:k]))
            number = Value.cast(self.rows[k])[len(FLAGS) :]
            found.append(~self.valid[k] | (number < p.rows))
        return found


@pytest.mark.parametrize(("features", "lanes", "classes"), [(1, 1, 1), (3, 1, 2), (3, 2, 3)])
def test_no_row_is_written_that_is_not_there_and_answers_stay(features, lanes, classes) -> None:
    m, block = Module(), Trainer(params(features, lanes, classes), batch=3)
    traced = Traced(m, block)
    assert keep_stream_rules(m, block) == 2
    facts = traced.facts()
    for name, depth in (
        ("weights", block.params.rows),
        ("exemplars", 3 * block.params.beats),
        ("errors", 3 * classes),
    ):
        (write,) = getattr(traced.inner.submodules, name).write_ports
        facts.append(~write.en | (write.addr < depth))
    # It waits for an exemplar until one comes, or until it hears that none will come.
    waits = block.i.ready & ~block.i.valid & ~block.cut
    facts.append(kept(m, waits, block.i.ready))
    m.d.comb += [Assert(fact) for fact in facts]
    prove(m, traced.free)


def prove_sums(drawn: TrainerParams, batch: int, less: int = 0, depth: int = 2) -> None:
    """Prove that a gradient is at most what its exemplars can add up to, and a sum its features.

    `less` plants a fault: the highest gradient is said to be lower by so much.
    """
    m, block = Module(), Trainer(drawn, batch)
    traced = Traced(m, block)
    keep_stream_rules(m, block)
    facts, most, valid = traced.facts(), 128, traced.valid
    updating, first = traced.get("updating"), traced.flag("first")
    for k in range(len(valid)):
        nth = traced.nths[k]
        facts.append(~(updating & valid[k]) | ((nth < batch) & (first[k] == (nth == 0))))
        facts.append(~valid[k] | updating | (first[k] == (traced.beats[k] == 0)))
        facts.append(~valid[k] | updating | (traced.beats[k] < drawn.beats))
        if k + 1 < len(valid):
            follows = valid[k + 1] & (traced.nths[k + 1] + 1 == nth)
            facts.append(~(updating & valid[k] & ~first[k]) | follows)
            follows = valid[k + 1] & (traced.beats[k + 1] + 1 == traced.beats[k])
            facts.append(~(valid[k] & ~first[k]) | updating | follows)
    limit = (traced.nths[3] + 1) * most - less
    for lane in range(drawn.lanes):
        gradient = traced.get(f"gradient_{lane}")
        held = (gradient <= limit) & (-gradient <= limit)
        facts.append(~(updating & valid[3]) | held)
        term = traced.get(f"term_{lane}")
        facts.append((term <= most) & (-term <= most))
    levels = levels_of(drawn.lanes)
    if levels:
        total, pair = traced.get("sum_0_0"), 2 * most
        facts.append((total <= pair) & (-total <= pair))
    summed, beats = traced.get("summed"), traced.beats[-1] + 1
    limit = beats * (drawn.lanes * most)
    facts.append(~valid[-1] | updating | ((summed <= limit) & (-summed <= limit)))
    m.d.comb += [Assert(fact) for fact in facts]
    prove(m, traced.free, depth=depth)


@pytest.mark.parametrize(("features", "lanes"), [(1, 1), (2, 1), (2, 2)])
def test_neither_sums_nor_gradients_wrap(features, lanes) -> None:
    prove_sums(params(features, lanes, 2), 3)


def test_a_lower_highest_gradient_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_sums(params(1, 1, 1), 1, less=1, depth=20)


@pytest.mark.parametrize("rounding", ["nearest_even", "stochastic"])
@pytest.mark.parametrize("shift", [-2, 0, 1, 3, 16, 17, 19])
@pytest.mark.parametrize("width", [3, 8])
def test_every_sum_becomes_its_code(width, shift, rounding) -> None:
    """Section 12, for all sums of 22 bits and all words."""
    value, word = Signal(signed(22)), Signal(16)
    m = Module()
    m.d.sync += Signal().eq(0)
    code = rounded(value, AffineParams(width=width, shift=shift, rounding=rounding), word)
    if shift <= 0:
        exact: Value = value << -shift
    elif rounding == "stochastic":
        exact = (value + (((2 * word + 1) << shift) >> 17)) >> shift
    else:
        floor = value >> shift
        rest = value - (floor << shift)
        up = (2 * rest > 2**shift) | ((2 * rest == 2**shift) & floor[0])
        exact = floor + up
    low, high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    m.d.comb += Assert(code == Mux(exact < low, low, Mux(exact > high, high, exact)))
    prove(m, [value, word], depth=1)


def test_a_weight_that_moves_stays_between_its_ends() -> None:
    code, step = Signal(signed(8)), Signal(signed(13))
    m = Module()
    m.d.sync += Signal().eq(0)
    moved, exact = saturated(code - step, 8), code - step
    m.d.comb += Assert(moved == Mux(exact < -128, -128, Mux(exact > 127, 127, exact)))
    prove(m, [code, step], depth=1)


@pytest.mark.parametrize(("width", "fraction"), [(1, 1), (3, 2), (4, 4)])
def test_every_share_is_the_nearest(width, fraction) -> None:
    """While shares are taken at once; that waiting changes nothing is a rule of streams."""
    m = Module()
    m.submodules.block = block = Divider(width, fraction)
    part, there = block.i.payload, block.i.valid
    for _ in range(block.latency):
        part, there = before(m, part), before(m, there)
    share, total = block.o.payload, block.total
    dividend = (part << fraction) + (total >> 1)
    m.d.comb += [
        Assume(block.o.ready & kept(m, Const(1), total) & (total != 0)),
        Assume(block.i.payload <= total),
        Assert(block.o.valid == there),
        Assert(~there | ((share * total <= dividend) & (dividend < (share + 1) * total))),
    ]
    prove(m, free_inputs(block), depth=block.latency + 2)
