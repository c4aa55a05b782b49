# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What check bits of prototypes cost, held to the hardware and to gates that are counted."""

from itertools import product

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, Value
from amaranth.hdl._ast import Operator  # pyright: ignore[reportPrivateImportUsage]
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import PrototypesParams, SecdedParams, WatchParams
from rtl.prototype_rows import PrototypeRows
from rtl.prototypes import Prototypes
from rtl.secded import checks_of
from sim.cost.counts import prototype_rows, prototypes
from sim.cost.counts.prototype_rows import watched, watched_memories
from sim.cost.counts.tally import Action, Tally
from verification.proofs.prover import in_state, inner_signal, opened
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import counters_of, elaborated, shapes
from verification.rtl.test_prototypes import class_inputs, params
from verification.rtl.upset_rows import WATCH as SCRUBBED
from verification.rtl.upset_rows import P

WATCHES = [WatchParams(secded=u, self_test=t) for u, t in product((0, 1, 3), (False, True))]
WATCHES.append(WatchParams(secded=2, scrub=True))


@pytest.mark.parametrize("watch", WATCHES, ids=str)
def test_memories_are_those_of_the_hardware(watch: WatchParams) -> None:
    plain = [memory.within("prototypes") for memory in prototypes.memories(params())]
    found = watched_memories(plain, params(), watch)
    assert shapes(found) == elaborated(Prototypes(params(), watch=watch))


@pytest.mark.parametrize("watch", WATCHES, ids=str)
def test_accesses_are_those_of_the_hardware(watch: WatchParams) -> None:
    p, dut = params(), Prototypes(params(), watch=watch)
    counted = Counted(dut)
    codes = np.ones((3, p.features), int)
    rows = [
        Step(pins={"row_en": 1, "component": component, "beat": beat}, cycles=1)
        for component in range(3)
        for beat in range(p.beats)
    ]
    tally = prototypes.append(p, 3) + len(rows) * prototypes.read_row(p)
    tally = watched(tally.within("prototypes"), p, watch)
    inside = "prototypes."
    own = Tally({
        a._replace(component=a.component.removeprefix(inside)): n for a, n in tally.items()
    })  # fmt: skip
    reads = counters_of(own, [name for name in counted.counters if "march" not in name])
    steps = [Step(inputs=class_inputs(dut, codes, [1, 2])), *rows]
    run_pysim(counted, [*steps, Step(pins={"row_en": 0}, cycles=2), Step(reads=reads)])


def gates_of(value: Value) -> int:
    """Return the gates of two inputs of an expression of exclusive ors and parts."""
    if isinstance(value, Operator):
        assert value.operator == "^"
        left, right = value.operands
        constant = 0 if repr(left) == "(const 1'd0)" else 1
        return constant + gates_of(left) + gates_of(right)
    return sum(map(gates_of, getattr(value, "parts", ())))


@pytest.mark.parametrize("lanes", [1, 4, 16, 64])
def test_gates_that_make_check_bits_are_those_of_the_expression(lanes: int) -> None:
    p = PrototypesParams(features=lanes, code_width=2, lanes=lanes, components=2, classes=2)
    code = SecdedParams(width=lanes)
    made = gates_of(checks_of(code, Signal(lanes)))
    # Of one word; the exclusive or of the first bit with nothing is no gate.
    assert prototype_rows.encoding_gates(p, WatchParams(secded=1)) == made
    assert prototype_rows.encoding_gates(p, WatchParams(secded=2)) == 2 * made


def test_gates_that_put_a_row_right_by_hand() -> None:
    """Four lanes have four check bits: of columns 7, 11, 13 and 14, each check bit adds three."""
    p = params()
    watch = WatchParams(secded=2)
    assert prototype_rows.encoding_gates(p, watch) == 2 * 4 * 2
    # Of each plane: 4 more to compare with what was read, and 3 ands and an inversion a bit.
    assert prototype_rows.correcting_gates(p, watch) == 2 * (4 * 2 + 4 + 4 * (3 + 1))


def test_nothing_changes_without_a_watch() -> None:
    tally = Tally({Action("sampler.prototypes.memory", "read", 8): 3})
    assert watched(tally, params(), WatchParams()) == tally
    both = watched(tally, params(), WatchParams(secded=1))
    assert both.of("read") == 6
    assert both.of("logic") == 3 * (4 * 2 + 4 + 16)


class Read(wiring.Component):
    """Rows that are read while they are scrubbed, and the strobes of the registers of a row."""

    def __init__(self) -> None:
        super().__init__({
            "used": In(8), "scrub_interval": In(32), "i": In(stream.Signature(8)),
            "held": Out(1), "back": Out(1), "scrub_reads": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rows = rows = PrototypeRows(P, SCRUBBED)
        inner = opened(rows)
        m.d.comb += [
            rows.used.eq(self.used),
            rows.scrub_interval.eq(self.scrub_interval),
            rows.read.en.eq(self.i.valid),
            rows.read.addr.eq(self.i.payload),
            self.i.ready.eq(1),
            self.held.eq(inner_signal(inner, "fresh")),
            self.back.eq(in_state(opened(inner.submodules.scrubber), "judge")),
            self.scrub_reads.eq(rows.scrub_reads),
        ]
        return m


def test_registers_of_a_row_are_clocked_as_often_as_they_are_priced() -> None:
    """One is clocked at every read of others than the scrubber, the other at its own."""
    rng, names = np.random.default_rng(4), ("held", "back", "scrub_reads")
    reads = rng.integers(0, P.rows, 50).tolist()
    steps = [
        Step(pins={"used": P.rows, "scrub_interval": 3}, inputs={"i": reads}, cycles=100),
        Step(pins={"scrub_interval": 0}, cycles=6),
    ]
    counts = run_pysim(Read(), steps, PAUSES["idle"], counted=names).counts
    others = Tally({Action("prototypes.memory", "read", P.row_width): len(reads)})
    tally = watched(others, P, SCRUBBED)
    own = prototype_rows.scrub(P, SCRUBBED, counts["scrub_reads"], 0)
    assert counts["scrub_reads"] > 20
    assert tally[Action("prototypes.rows.held", "register", P.row_width)] == counts["held"] == 50
    assert own[Action("scrubber.back", "register", P.row_width)] == counts["back"]


def test_only_rows_with_a_scrubber_keep_what_they_gave() -> None:
    read = Tally({Action("prototypes.memory", "read", P.row_width): 7})
    written = Tally({Action("prototypes.memory", "write", P.row_width): 7})
    assert watched(read, P, SCRUBBED).of("register") == 7
    assert watched(written, P, SCRUBBED).of("register") == 0
    assert watched(read, P, WatchParams(secded=2, self_test=True)).of("register") == 0


class Idle(wiring.Component):
    """Rows that nobody but their scrubber reads or writes, one of which has a wrong cell."""

    def __init__(self) -> None:
        super().__init__({"used": In(8), "scrub_interval": In(32)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rows = rows = PrototypeRows(P, SCRUBBED)
        opened(rows).submodules.memory.init[1] = 1 << 2  # rows of zeros have check bits of zeros
        m.d.comb += [
            rows.read.en.eq(0),
            rows.used.eq(self.used),
            rows.scrub_interval.eq(self.scrub_interval),
        ]
        return m


def test_a_scrubber_reads_and_writes_what_it_is_priced_at() -> None:
    """Two passes over rows of zeros, one of which begins with a wrong cell: it is written once."""
    counted = Counted(Idle())
    tally = prototype_rows.scrub(P, SCRUBBED, 2 * P.rows, 1)
    steps = [
        Step(pins={"used": P.rows, "scrub_interval": 5}, cycles=5 * 2 * P.rows + 2),
        Step(pins={"scrub_interval": 0}, cycles=6),
        Step(reads=counters_of(tally.within("rows"), counted.counters)),
    ]
    run_pysim(counted, steps)


def test_a_scrubbed_row_by_hand() -> None:
    """A row read is put right; a row written has its check bits made again."""
    p = params()
    watch = WatchParams(secded=1, scrub=True)
    found = prototype_rows.scrub(p, watch, 10, 3)
    assert (found.of("read"), found.of("write")) == (20, 6)
    assert found.of("logic") == 10 * (4 * 2 + 4 + 16) + 3 * 4 * 2
    assert found.of("register") == 10
    with pytest.raises(ValueError, match="`scrub` must be true"):
        prototype_rows.scrub(p, WatchParams(secded=1), 1, 0)
