# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A hidden layer that learns touches only what is there; neither sums nor latent weights wrap."""

from dataclasses import replace

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Signal, Value
from amaranth.lib.data import View

from golden.params import TrainerParams
from rtl.hidden_layer import hidden_row_layout
from rtl.hidden_trainer import HiddenTrainer
from verification.proofs.prover import (
    ProofError,
    before,
    cut,
    free_inputs,
    in_state,
    inner_signal,
    kept,
    opened,
    prove,
)

FLAGS = ("valid", "first", "last", "end", "final")  # of a row on its way, lowest bits first
MOST = 2**7  # magnitude of an error of 8 bits
Facts = list[Value]


class Traced:
    """An opened layer that learns batches of 1..batch exemplars and 1..C classes.

    Its binary layer may do anything that its contract allows. Of the exemplars that left between
    `empty` and the next one, fewer than a batch are kept while one passes that may be; `more`
    plants a fault in that.
    """

    def __init__(self, m: Module, block: HiddenTrainer, more: int = 0) -> None:
        self.m, self.block, self.p, self.now = m, block, block.params, block._walk
        m.submodules.block = self.inner = opened(block)
        self.layer = layer = self.inner.submodules.layer
        self.free_layer = layer.writes.ready
        self.free = [*free_inputs(block), *cut(m, layer)]
        names = ["asked", *(f"stage_{number}" for number in range(1, 6))]
        self.rows = [inner_signal(self.inner, name) for name in names]
        self.valid = self.flag("valid")
        self.walks = ~in_state(self.inner, "idle")
        sizes = Cat(block.count, block.classes)
        self.slots, o = Signal(range(block.batch + 1)), layer.o
        whole = self.p.hidden // self.p.lanes
        m.d.sync += self.slots.eq(Mux(block.empty, 0, self.slots + block.keep))
        self.place = inner_signal(self.inner, "leaving")
        self.nth, sent = self.place - whole, o.valid & o.ready  # beat of x beside one of z
        passing = sent & (self.nth >= 0) & (self.nth < self.now.beats)
        m.d.comb += [
            # It takes rows and beats alike, and goes on to z for beats alone.
            Assume(layer.i.ready == layer.writes.ready),
            Assume(~before(m, layer.writes.ready & ~layer.i.valid) | layer.writes.ready),
            Assume(o.payload.last == (self.place == self.p.beats - 1)),
            Assume(layer.passes == passing),
            Assume(~block.keep | (self.slots < block.batch)),
            Assume(~block.notes | (self.slots < block.batch + more)),
            Assume((block.count != 0) & (block.count <= block.batch)),
            Assume((block.classes != 0) & (block.classes <= self.p.classes)),
            Assume(kept(m, self.walks | block.learn, sizes)),
        ]
        for given in (block.writes, block.i):
            offer = Cat(given.valid, Value.cast(given.payload))
            m.d.comb += Assume(kept(m, given.valid & ~given.ready, offer))

    def flag(self, name: str) -> list[Value]:
        return [Value.cast(row)[FLAGS.index(name)] for row in self.rows]

    def followed(self, number: Signal) -> list[Signal]:
        """Return a number as it is beside each stage."""
        numbers = [number]
        for place in range(1, 6):
            numbers.append(Signal.like(number, name=f"{number.name}_at_{place}"))
            self.m.d.sync += numbers[-1].eq(numbers[-2])
        return numbers

    def facts(self) -> Facts:
        """Return what is known of places, and of rows on their way."""
        p, now, batch, block = self.p, self.now, self.block.batch, self.block
        sums, moves = in_state(self.inner, "sum"), in_state(self.inner, "move")
        waits = in_state(self.inner, "turn", "settle")
        final = self.flag("final")
        count, groups, beats = block.count, now.groups, now.beats
        moved = View(hidden_row_layout(p), inner_signal(self.inner, "moved"))
        row_moves = inner_signal(self.inner, "row_moves")
        places = Cat(now.row, now.nth, now.group, now.current, now.weights_at, now.error_base)
        found: Facts = [
            self.valid[0] == (sums | moves),
            now.moving == in_state(self.inner, "move", "settle"),
            self.walks | ~Cat(self.valid).any(),
            ~in_state(self.inner, "wait") | ~Cat(places, now.error_at, self.valid).any(),
            ~(sums | moves) | ((now.nth < count) & (now.group < groups)),
            ~sums | (now.current < block.classes),
            ~sums | (now.row == now.nth * groups + now.group),
            ~sums | (now.weights_at == now.current * p.beats + now.group),
            ~sums | (now.error_base == now.nth * p.classes),
            ~sums | (now.error_at == now.error_base + now.current),
            ~moves | ((now.beat < beats) & (now.lane < p.lanes) & (now.row < now.rows)),
            ~moves | (now.row == (now.group * p.lanes + now.lane) * beats + now.beat),
            ~moves | (now.features_at == now.nth * beats + now.beat),
            ~moves | (now.gradient_at == now.nth * groups + now.group),
            ~row_moves | now.moving,
            ~row_moves | (moved.row < now.rows),
            ~block.asks | ((block.row < p.rows) & (block.place < batch * p.classes)),
            ~in_state(self.inner, "sum", "turn", "move", "settle") | self.free_layer,
            ~block.rows.valid | (in_state(self.inner, "idle", "wait") & self.free_layer),
            ~block.rows.valid | ~(self.layer.read | self.layer.i.valid | row_moves),
            ~self.layer.read | (self.layer.row < now.rows),
            self.slots <= batch,
            inner_signal(self.inner, "base") == self.slots * beats,
            inner_signal(self.inner, "mark_base") == self.slots * groups,
            self.place < p.beats,
            (self.nth >= beats)
            | (inner_signal(self.inner, "passed") == Mux(self.nth > 0, self.nth, 0)),
        ]
        for k, row in enumerate(self.rows):
            number = Value.cast(row)[len(FLAGS) :]
            limit = Mux(now.moving, now.rows, batch * groups)
            found.append(~self.valid[k] | (number < limit))
            ending = ~Cat(self.valid[:k]).any() & (waits | (k == 0))
            found.append(~(self.valid[k] & final[k]) | ending)
        depths = {
            "rests": now.rows, "exemplars": batch * beats, "near": batch * groups,
            "gradients": batch * groups,
        }  # fmt: skip
        for name, depth in depths.items():
            memory = getattr(self.inner.submodules, name)
            ports = (*memory.read_ports, *memory.write_ports)
            found += [~port.en | (port.addr < depth) for port in ports]
        return found

    def sums(self, less: int = 0) -> Facts:
        """Return bounds of a sum over the classes, and of one over the exemplars."""
        now, valid, first, found = self.now, self.valid, self.flag("first"), []
        counted = (
            (~now.moving, self.followed(now.current), 4, "total", MOST * MOST - less),
            (now.moving, self.followed(now.nth), 3, "gradient", MOST - less),
        )
        for here, numbers, stage, name, most in counted:
            for k in range(6):
                found.append(~(here & valid[k]) | (first[k] == (numbers[k] == 0)))
                if k < 5:
                    follows = valid[k + 1] & (numbers[k + 1] + 1 == numbers[k])
                    found.append(~(here & valid[k] & ~first[k]) | follows)
            limit = (numbers[stage] + 1) * most
            for lane in range(self.p.lanes):
                total = inner_signal(self.inner, f"{name}_{lane}")
                held = (total <= limit) & (-total <= limit)
                found.append(~(here & valid[stage]) | held)
        for lane in range(self.p.lanes):
            product = inner_signal(self.inner, f"product_{lane}")
            found.append((product <= MOST * MOST) & (-product <= MOST * MOST))
        return found


def params(features: int, hidden: int, lanes: int, classes: int) -> TrainerParams:
    return TrainerParams(
        features=features, hidden=hidden, classes=classes, lanes=lanes, backward_width=8,
        binary_width=4, rounding="stochastic",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("features", "hidden", "lanes", "classes"), [(1, 1, 1, 1), (3, 3, 2, 3), (3, 2, 1, 2)]
)
def test_no_row_is_touched_that_is_not_there(features, hidden, lanes, classes) -> None:
    m = Module()
    traced = Traced(m, HiddenTrainer(params(features, hidden, lanes, classes), 3))
    m.d.comb += [Assert(fact) for fact in traced.facts()]
    prove(m, traced.free)


def test_an_exemplar_more_than_a_batch_is_refuted() -> None:
    m = Module()
    traced = Traced(m, HiddenTrainer(params(1, 1, 1, 1), 3), more=1)
    m.d.comb += [Assert(fact) for fact in traced.facts()]
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(m, traced.free, depth=9)


def prove_sums(drawn: TrainerParams, less: int = 0, depth: int = 2) -> None:
    """Prove that a sum is at most what it adds up to; `less` plants a fault in what is said."""
    m = Module()
    traced = Traced(m, HiddenTrainer(drawn, 3))
    m.d.comb += [Assert(fact) for fact in [*traced.facts(), *traced.sums(less)]]
    prove(m, traced.free, depth=depth)


@pytest.mark.parametrize(("features", "hidden", "lanes"), [(1, 1, 1), (2, 2, 1), (3, 1, 2)])
def test_neither_gradients_nor_steps_wrap(features, hidden, lanes) -> None:
    prove_sums(params(features, hidden, lanes, 3))


def test_a_lower_highest_sum_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_sums(params(1, 1, 1, 1), less=1, depth=24)


@pytest.mark.parametrize("width", [4, 8, 16])
def test_a_row_of_latent_weights_that_moves_stays_between_its_ends(width) -> None:
    """Section 12, step 3: of two lanes in the last beat of three features, one counts."""
    drawn = replace(params(3, 1, 2, 1), binary_width=width)
    m = Module()
    traced = Traced(m, HiddenTrainer(drawn, 3))
    moved = View(hidden_row_layout(drawn), inner_signal(traced.inner, "moved"))
    held, low, high = inner_signal(traced.inner, "held"), -(2 ** (width - 1)), 2 ** (width - 1) - 1
    last = before(m, traced.flag("end")[3])
    m.d.comb += [Assert(fact) for fact in traced.facts()]
    for lane, part in ((lane, slice(width * lane, width * (lane + 1))) for lane in range(2)):
        step = inner_signal(traced.inner, f"step_{lane}")
        code, new = held[part].as_signed(), moved.bits[part].as_signed()
        exact = code - step
        expected = Mux(exact < low, low, Mux(exact > high, high, exact))
        m.d.comb += Assert(new == before(m, expected).as_signed())
        if lane:
            m.d.comb += Assert(~before(m, last) | (new == before(m, code).as_signed()))
    prove(m, traced.free)
