# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from collections import Counter
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Out
from amaranth.utils import bits_for
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bernoulli import encode_counts
from golden.bits import pack
from golden.class_counter import ClassCounter as GoldenClassCounter
from golden.params import ClassCounterParams, PrototypesParams
from golden.prototypes import Prototypes as GoldenPrototypes
from rtl.beat import beat_layout
from rtl.class_counter import ClassCounter
from rtl.class_slots import (
    COUNT_WIDTH,
    Operation,
    SlotUnderWay,
    command_layout,
    divide_rows,
)
from rtl.prototypes import Prototypes, header_layout
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.test_prototypes import read_back


def params(slots: int = 3, **changes: int) -> ClassCounterParams:
    sizes = {"features": 10, "code_width": 3, "lanes": 4, **changes}
    return ClassCounterParams(prototypes=PrototypesParams(**sizes), slots=slots)


SMALL = params()
CORNERS = {
    "64_lanes": params(features=130, code_width=8, lanes=64),
    "one_of_all": params(features=1, code_width=1, lanes=1, slots=1),
    "16_bits": params(features=3, code_width=16, lanes=2, slots=2),
}


class Event(NamedTuple):
    """A command for a slot, or an exemplar to count where there are bits."""

    slot: int
    what: Operation = Operation.NONE
    bits: int | None = None


class Bench:
    """Steps of a bench, with what golden says of them.

    Whatever a block must not look at is random: bits of lanes past D, labels and end marks of later
    beats, the slot of a command that does nothing, the class of one that does not open a slot.
    """

    def __init__(self, params: ClassCounterParams, seed: int = 0) -> None:
        self.params, self.golden = params, GoldenClassCounter(params)
        self.layout = beat_layout(params.prototypes.lanes, params.slots)
        self.slots = 2 ** bits_for(params.slots - 1)
        self.random = random.Random(seed)
        self.met = Counter[str]()

    def learn(self, events: list[Event]) -> list[int]:
        """Return the beats of exemplars, counted by golden."""
        p, beats = self.params.prototypes, []
        for slot, _, bits in events:
            assert bits is not None
            is_open = slot < self.params.slots and bool(self.golden.open_slots[slot])
            exemplar = pack([[bits >> j & 1 for j in range(p.features)]])
            counted = self.golden.learn(exemplar, [slot]).all()
            self.met["exemplar counted"] += int(counted)
            self.met["exemplar one too many"] += int(is_open and not counted)
            self.met["exemplar of a slot that is not open"] += not is_open
            for beat in range(p.beats):
                lanes = bits >> beat * p.lanes
                if beat == p.beats - 1:
                    used = p.features - beat * p.lanes
                    lanes = lanes % 2**used | self.random.getrandbits(p.lanes) >> used << used
                beats.append({
                    "bits": lanes % 2**p.lanes,
                    "label": self.random.randrange(self.slots) if beat else slot,
                    "last": self.random.randrange(2),
                })  # fmt: skip
        return [payload(self.layout, beat) for beat in beats]

    def command(self, events: list[Event]) -> Step:
        """Return the step of commands, with the classes that golden closes."""
        appended, rows, commands = [], [], []
        for slot, what, _ in events:
            self.note(slot, what)
            label = self.random.randrange(self.params.prototypes.classes)
            commands.append(self.said(what, slot, label))
            if what == Operation.CLOSE:
                codes = self.golden.close(slot)
                if codes is not None:
                    header = {"count": 1, "label": int(self.golden.labels[slot])}
                    layout = header_layout(self.params.prototypes, editable=True)
                    appended.append(payload(layout, header))
                    rows += self.rows_of(codes)
            elif what == Operation.OPEN:
                self.golden.open(slot, label)
            elif what == Operation.REOPEN:
                self.golden.reopen(slot)
        return Step(inputs={"commands": commands}, outputs={"append": appended, "rows": rows})

    def said(self, what: Operation, slot: int, label: int = 0) -> int:
        """Return a command as it is said to the block."""
        fields = {"operation": what, "slot": slot, "label": label}
        return payload(command_layout(self.params), fields)

    def rows_of(self, codes: np.ndarray) -> list[int]:
        """Return the rows of a component, lanes past D with code 0."""
        p = self.params.prototypes
        rows = np.zeros((p.beats, p.lanes), object)
        rows.reshape(-1)[: p.features] = codes.tolist()
        return [sum(code << lane * p.code_width for lane, code in enumerate(row)) for row in rows]

    def note(self, slot: int, what: Operation) -> None:
        """Note which situation a command meets."""
        golden, there = self.golden, slot < self.params.slots
        is_open = there and bool(golden.open_slots[slot])
        n = int(golden.seen[slot]) if there else 0
        if what == Operation.CLOSE:
            self.met["slot that is not open closed"] += not is_open
            self.met["class without exemplars closed"] += is_open and not n
            if is_open and n:
                q, counts = self.params.prototypes.code_width, golden.counts_of(slot)
                self.met["class closed"] += 1
                self.met["mean on a tie"] += int((2 ** (q + 1) * counts % (2 * n) == n).any())
                self.met["mean of one half"] += int((2 * counts == n).any())
                self.met["mean of 1"] += int((counts == n).any())
        elif what == Operation.REOPEN:
            self.met["slot reopened"] += there and not is_open and n > 0
            self.met["slot reopened that never was open"] += there and not is_open and not n
        elif what == Operation.OPEN:
            self.met["slot opened that is open"] += is_open

    def steps(self, events: list[Event]) -> list[Step]:
        """Return a step for each run of exemplars or of commands, and one to read the pins."""
        steps = []
        for learning, run in groupby(events, lambda event: event.bits is not None):
            group, self.met = list(run), Counter()
            steps.append(Step(inputs={"i": self.learn(group)}) if learning else self.command(group))
            meets = {f"class_counter: {name}": hits for name, hits in self.met.items()}
            steps.append(Step(cycles=5, reads=self.pins(), meets=meets))
        return steps

    def pins(self) -> dict[str, int]:
        return {name: int(getattr(self.golden, name)) for name in ("overflow", "empty", "closed")}

    def events(self, count: int, learning: float = 0.7) -> list[Event]:
        """Return random events, slots that are not there among them if their number can be said."""
        draw = self.random
        features = self.params.prototypes.features
        return [
            Event(draw.randrange(self.slots), bits=draw.getrandbits(features))
            if draw.random() < learning
            else Event(draw.randrange(self.slots), draw.choice(list(Operation)))
            for _ in range(count)
        ]


def opened(bench: Bench) -> list[Event]:
    """Return commands that open all slots."""
    return [Event(slot, Operation.OPEN) for slot in range(bench.params.slots)]


@st.composite
def counters(draw: st.DrawFn) -> ClassCounterParams:
    lanes = draw(st.integers(1, 64))
    return params(
        features=draw(st.integers(1, 3 * lanes)),
        lanes=lanes,
        code_width=draw(st.integers(1, 16)),
        slots=draw(st.integers(1, 4)),
    )


@settings(max_examples=12)
@given(counters(), st.integers(0, 2**32), st.sampled_from(list(PAUSES.values())))
def test_what_is_counted_and_appended_equals_golden(drawn, seed, pauses) -> None:
    bench = Bench(drawn, seed)
    run_pysim(ClassCounter(drawn), bench.steps(opened(bench) + bench.events(25)), pauses)


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    bench = Bench(SMALL)
    run_pysim(ClassCounter(SMALL), bench.steps(bench.events(90)), pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("drawn", CORNERS.values(), ids=CORNERS)
def test_corners_in_verilog(drawn, simulator) -> None:
    bench = Bench(drawn)
    steps = bench.steps(opened(bench) + bench.events(200, learning=0.8))
    run_cocotb(ClassCounter(drawn), steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("q", [1, 2, 4])
def test_all_counts_of_all_small_numbers_become_their_codes(q) -> None:
    """Feature j is 1 in the first j exemplars, so that N exemplars bring all counts 0..N."""
    most = 2 ** (q + 1) + 1
    drawn = params(features=most + 1, code_width=q, lanes=most // 2 + 1, slots=1)
    bench = Bench(drawn)
    events = opened(bench)
    for n in range(1, most + 1):
        bits = sum(1 << j for j in range(n, most + 1))
        events += [Event(0, bits=bits), Event(0, Operation.CLOSE), Event(0, Operation.REOPEN)]
    run_pysim(ClassCounter(drawn), bench.steps(events))
    assert bench.golden.counts_of(0).tolist() == list(range(most + 1))


@pytest.mark.parametrize("most", [3, 15])
def test_the_exemplar_beyond_the_last_is_dropped_and_flagged(most, monkeypatch) -> None:
    # With few bits for the counts the end is near; both twins take it from the same place.
    monkeypatch.setattr("golden.class_counter.MAX_COUNT", most)
    monkeypatch.setattr("rtl.class_counter.MAX_COUNT", most)
    bench = Bench(params(slots=2))
    ones = [Event(1, bits=2**10 - 1 - (n == 0)) for n in range(most)]
    full = bench.steps([Event(1, Operation.OPEN), Event(0, Operation.OPEN), *ones])
    assert bench.pins() == {"overflow": 0, "empty": 0, "closed": 0}
    beyond = [Event(1, bits=1), Event(0, bits=5), Event(1, Operation.CLOSE), Event(1, bits=1)]
    steps = [*full, *bench.steps(beyond)]
    assert bench.pins() == {"overflow": 1, "empty": 0, "closed": 1}
    assert bench.golden.seen.tolist() == [1, most]
    run_pysim(ClassCounter(bench.params), steps, PAUSES["idle"])


@pytest.mark.parametrize(
    ("events", "flag"),
    [
        ([Event(0, Operation.CLOSE)], "empty"),
        ([Event(0, bits=5), Event(0, Operation.CLOSE), Event(0, Operation.CLOSE)], "closed"),
        ([Event(1, Operation.CLOSE)], "closed"),
        ([Event(1, Operation.REOPEN)], "closed"),
        ([Event(1, bits=5)], "closed"),
        ([Event(3, bits=5)], "closed"),
        *(([Event(3, what)], "closed") for what in Operation if what != Operation.NONE),
        ([Event(0, bits=5), Event(3, Operation.NONE), Event(1, Operation.NONE)], ""),
        ([Event(0, bits=5), Event(0, Operation.REOPEN), Event(0, Operation.CLOSE)], ""),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_refused_is_taken_and_flagged_and_changes_nothing(events, flag) -> None:
    bench = Bench(SMALL)
    steps = bench.steps([Event(0, Operation.OPEN), *events])
    assert bench.pins() == {name: name == flag for name in ("overflow", "empty", "closed")}
    later = [Event(0, Operation.REOPEN), *(Event(0, bits=b) for b in (9, 99)), *opened(bench)[1:]]
    later += [Event(s, bits=77) for s in (0, 1, 2)] + [Event(s, Operation.CLOSE) for s in (0, 1, 2)]
    run_pysim(ClassCounter(SMALL), [*steps, *bench.steps(later)])


@pytest.mark.parametrize("what", list(Operation))
@pytest.mark.parametrize("slot", [0, 1, 2, 3], ids=["full", "without", "never_open", "not_there"])
def test_a_close_shows_from_the_cycle_after_it_was_taken_and_nothing_else_does(what, slot) -> None:
    """Also one that is refused, in one cycle; a class shows until its last row has left."""
    bench, dut = Bench(SMALL), ClassCounter(SMALL)
    begun = [Event(0, Operation.OPEN), Event(1, Operation.OPEN), Event(0, bits=5)]
    before, step = bench.steps(begun), bench.command([Event(slot, what)])
    taken = Step(inputs=step.inputs, reads={"closing": what == Operation.CLOSE})
    left = Step(outputs=step.outputs, reads={"closing": 0}, cycles=3)
    trace = run_pysim(dut, [*before, taken, left], counted=("closing",))
    at, rows = trace.transfers["commands"][-1], trace.transfers["rows"]
    until = rows[-1] if rows else at + 1
    assert trace.counts["closing"] == (until - at if what == Operation.CLOSE else 0)


def test_exemplars_go_before_commands_and_take_as_long_as_it_says() -> None:
    bench, dut = Bench(SMALL), ClassCounter(SMALL)
    begun = bench.steps([Event(0, Operation.OPEN)])
    beats = bench.learn([Event(0, bits=b) for b in (3, 5, 1023)])
    closed = bench.command([Event(0, Operation.CLOSE)])
    both = Step(inputs={"i": beats, **closed.inputs}, outputs=closed.outputs)
    trace = run_pysim(dut, [*begun, both])
    taken, b = trace.transfers["i"], SMALL.prototypes.beats
    assert [beat - taken[0] for beat in taken] == [
        k * (b + 2) + beat for k in range(3) for beat in range(b)
    ]
    assert trace.transfers["commands"][-1] == taken[-1] + 1


def test_a_class_is_appended_as_soon_as_it_says_and_rows_flow() -> None:
    drawn = CORNERS["64_lanes"]
    bench, dut = Bench(drawn), ClassCounter(drawn)
    learned = [*opened(bench), *(Event(s, bits=2**129 + s) for s in (0, 1, 2))]
    steps = bench.steps(learned)
    steps.append(bench.command([Event(s, Operation.CLOSE) for s in (0, 1, 2)]))
    trace = run_pysim(dut, steps)
    closes, q, b = trace.transfers["commands"][3:], 8, drawn.prototypes.beats
    assert [later - before for before, later in zip(closes, closes[1:], strict=False)] == (
        [dut.interval] * 2
    )
    for index, at in enumerate(closes):
        header, rows = trace.offered["append"][index], trace.offered["rows"][index * b :][:b]
        assert header - at == dut.latency
        a_row = 1 + drawn.prototypes.lanes * (q + 3)
        assert rows == [header + 1 + row * a_row for row in range(1, b + 1)]


@pytest.mark.parametrize("cycles", [1, 2, 3, 4, 5, 8, 9, 12, 17, 29, 50, 77])
@pytest.mark.parametrize("what", ["exemplar", "close"])
def test_reset_in_the_middle_forgets_everything(what, cycles) -> None:
    bench = Bench(SMALL)
    exemplars = [Event(1, bits=9), Event(1, bits=99), Event(2, bits=6), Event(0, bits=1)]
    before = bench.steps([Event(1, Operation.OPEN), Event(2, Operation.CLOSE), *exemplars])
    if what == "exemplar":
        broken = Step(inputs={"i": bench.learn([Event(1, bits=b) for b in range(20)])})
    else:
        broken = bench.command([Event(1, Operation.CLOSE)])
    cut = Step(broken.inputs, broken.outputs, cycles=cycles, abandon=True)
    fresh = Bench(SMALL, seed=cycles)
    empty = Step(reset=True, reads=fresh.pins())
    events = [Event(1, Operation.CLOSE), Event(1, Operation.REOPEN), Event(1, bits=3)]
    after = fresh.steps([*events, *opened(fresh), *fresh.events(30)])
    trace = run_pysim(ClassCounter(SMALL), [*before, cut, empty, *after])
    assert trace.left[0] > 0


class Learner(wiring.Component):
    """A class counter and the memory to which it writes classes."""

    def __init__(self, params: ClassCounterParams) -> None:
        self.params = params.prototypes
        self.counter = ClassCounter(params)
        self.memory = Prototypes(params.prototypes, editable=True)
        self.editable = True
        counter, memory = self.counter.signature.members, self.memory.signature.members
        self._inner = {
            **dict.fromkeys(("i", "commands", "empty", "closed"), self.counter),
            **dict.fromkeys(set(memory) - {"append", "rows"}, self.memory),
        }
        members = dict(counter) | dict(memory)
        super().__init__({name: members[name] for name in self._inner})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.counter, m.submodules.memory = self.counter, self.memory
        wiring.connect(m, self.counter.append, self.memory.append)
        wiring.connect(m, self.counter.rows, self.memory.rows)
        for name, block in self._inner.items():
            inner, outer, member = getattr(block, name), getattr(self, name), self.signature.members
            if not member[name].is_port:
                wiring.connect(m, wiring.flipped(outer), inner)
            elif member[name].flow is wiring.Out:
                m.d.comb += outer.eq(inner)
            else:
                m.d.comb += inner.eq(outer)
        return m


@pytest.mark.parametrize("pauses", ["flowing", "idle"])
def test_closed_classes_are_prototypes_that_are_replaced_when_closed_again(pauses) -> None:
    """Three classes fill the memory; a fourth is refused; two learn on, and one number is wrong."""
    drawn = params(slots=2, components=3, classes=3)
    bench, memory, dut = Bench(drawn, 5), GoldenPrototypes(drawn.prototypes), Learner(drawn)
    steps = [Step(pins={"quiet": 1, "asked": 0})]
    plan = [(0, 0, True), (1, 1, True), (1, None, True), (0, 2, True), (0, None, True)]
    plan += [(1, 1, True), (0, 0, True), (1, 3, False)]
    for number, (slot, label, fits) in enumerate(plan):
        what = Operation.REOPEN if label is None else Operation.OPEN
        steps.append(Step(inputs={"commands": [bench.said(what, slot, label or 0)]}))
        done = bench.golden.reopen(slot) if label is None else bench.golden.open(slot, label)
        assert done
        learned = bench.learn([Event(slot, bits=7 * number + n) for n in range(4)])
        codes = bench.golden.close(slot)
        assert codes is not None
        assert memory.write(int(bench.golden.labels[slot]), [codes]) == fits
        reads = {"n_classes": memory.n_classes, "overflow": int(memory.overflow), "closed": 0}
        close = [bench.said(Operation.CLOSE, slot)]
        steps += [
            Step(inputs={"i": learned}),
            Step(inputs={"commands": close}, cycles=100, reads=reads),
        ]
    run_pysim(dut, steps + read_back(dut, memory), PAUSES[pauses])


def test_a_bench_with_a_wrong_code_fails() -> None:
    bench = Bench(SMALL)
    begun = bench.steps([Event(1, Operation.OPEN), Event(1, bits=9)])
    step = bench.command([Event(1, Operation.CLOSE)])
    wrong = [row ^ 1 for row in step.outputs["rows"]]
    with pytest.raises(BenchError, match=r"rows\[0\]: .* came, and .* was expected"):
        run_pysim(ClassCounter(SMALL), [*begun, Step(step.inputs, {**step.outputs, "rows": wrong})])


class Divided(wiring.Component):
    """Rows of counts, as if they had been counted, that are divided after a reset."""

    def __init__(self, params: ClassCounterParams, rows: tuple[int, ...], number: int) -> None:
        self.params, self.counts, self.number = params, rows, number
        super().__init__({"rows": Out(stream.Signature(params.prototypes.row_width))})

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.params
        now, row, final = SlotUnderWay(p), Signal(range(len(self.counts) + 1)), Signal()
        shape = unsigned(COUNT_WIDTH * p.prototypes.lanes)
        m.submodules.counters = counters = Memory(
            shape=shape, depth=len(self.counts), init=list(self.counts)
        )
        read = counters.read_port()
        m.d.comb += [read.en.eq(now.read), read.addr.eq(row)]
        with m.If(self.rows.ready):
            m.d.sync += self.rows.valid.eq(0)
        with m.FSM():
            with m.State("read"):
                m.d.comb += now.read.eq(1)
                m.d.sync += [row.eq(row + 1), final.eq(row == len(self.counts) - 1)]
                m.next = "divide"
            divide_rows(m, p, now, self.rows, read, Signal(COUNT_WIDTH, init=self.number), final)
            with m.State("idle"):
                pass
        return m


@pytest.mark.parametrize("number", [65535, 32769])
def test_counts_of_every_width_are_divided_in_every_lane(number: int) -> None:
    """To count so far would take an exemplar for each of them."""
    sizes = params(features=12, code_width=9, lanes=4)
    counts = np.random.default_rng(number).integers(0, number + 1, (3, 4))
    counts[0], counts[1, 1:] = number, [32768, 32767, 0]
    rows = tuple(sum(int(c) << 16 * lane for lane, c in enumerate(row)) for row in counts)
    codes = encode_counts(counts, number, 9)
    expected = [sum(int(m) << 9 * lane for lane, m in enumerate(row)) for row in codes]
    run_pysim(Divided(sizes, rows, number), [Step(outputs={"rows": expected})])
