# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from amaranth.utils import bits_for
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack, unpack
from golden.online_mixture import MixtureSlots
from golden.params import ClassCounterParams, OnlineMixtureParams, PrototypesParams
from rtl.beat import beat_layout
from rtl.class_counter import ClassCounter
from rtl.class_slots import Operation, command_layout
from rtl.online_mixture import OnlineMixture
from rtl.prototypes import header_layout
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.test_class_counter import Bench as CounterBench
from verification.rtl.test_class_counter import Event, opened

Params = tuple[OnlineMixtureParams, ClassCounterParams]
FLAGS = ("overflow", "empty", "closed")


def params(components: int = 3, slots: int = 2, shift: int = 1, **changes: int) -> Params:
    sizes = {"features": 10, "code_width": 3, "lanes": 4, **changes}
    memory = PrototypesParams(**{"class_components": components, **sizes})
    mixture = OnlineMixtureParams(
        features=memory.features,
        components=components,
        code_width=memory.code_width,
        handicap_shift=shift,
    )
    return mixture, ClassCounterParams(prototypes=memory, slots=slots)


SMALL = params()
CORNERS = {
    "64_lanes": params(4, 1, shift=4, features=70, code_width=8, lanes=64, class_components=5),
    "one_of_all": params(1, 1, shift=0, features=1, code_width=1, lanes=1),
    "16_bits": params(2, 3, shift=31, features=3, code_width=16, lanes=2),
}
#: With comparisons that take longer than rows are read, and shorter.
TIMED = {
    "small": SMALL,
    "long": params(3, 1, features=60, lanes=5, code_width=4),
    "one_of_all": CORNERS["one_of_all"],
    "16_bits": CORNERS["16_bits"],
}


class Bench:
    """Steps of a bench, with what golden says of them.

    Whatever a block must not look at is random: bits of lanes past D, labels and end marks of later
    beats, the slot of a command that does nothing, the class of one that does not open a slot.
    """

    def __init__(self, params: Params, seed: int = 0) -> None:
        self.mixture, self.counter = params
        self.params = self.counter
        self.golden = MixtureSlots(*params)
        self.slots = 2 ** bits_for(self.counter.slots - 1)
        self.random = random.Random(seed)
        self.met = Counter[str]()

    def learn(self, events: list[Event]) -> list[int]:
        """Return the beats of exemplars, counted by golden."""
        p, beats = self.counter.prototypes, []
        for slot, _, bits in events:
            assert bits is not None
            exemplar = pack([[bits >> j & 1 for j in range(p.features)]])
            self.note_exemplar(slot, exemplar)
            self.golden.learn(exemplar, [slot])
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
        layout = beat_layout(p.lanes, self.counter.slots)
        return [payload(layout, beat) for beat in beats]

    def note_exemplar(self, slot: int, exemplar: np.ndarray) -> None:
        """Note which situation an exemplar meets."""
        golden = self.golden
        if slot >= self.counter.slots or not golden.open_slots[slot]:
            self.met["exemplar of a slot that is not open"] += 1
            return
        mixture = golden.mixtures[slot]
        if not mixture.seen.all():
            self.met["component begun"] += 1
            return
        (bits,) = unpack(exemplar, mixture.params.features)
        majority = 2 * mixture.counts >= mixture.seen[:, np.newaxis]
        agreeing = (majority == bits.astype(bool)).sum(axis=1)
        lead = mixture.params.components * mixture.seen - mixture.seen.sum()
        handicap = lead >> mixture.params.handicap_shift
        scores = agreeing - handicap
        self.met["tie of components"] += int((scores == scores.max()).sum() > 1)
        self.met["handicap changes the winner"] += int(scores.argmax() != agreeing.argmax())
        self.met["handicap below 0 that is rounded"] += int(
            (lead[lead < 0] % 2**mixture.params.handicap_shift > 0).any()
        )
        self.met["majority on a tie"] += int(
            (2 * mixture.counts == mixture.seen[:, np.newaxis]).any()
        )
        self.met["later component wins"] += int(scores.argmax() > 0)

    def command(self, events: list[Event]) -> Step:
        """Return the step of commands, with the classes that golden closes."""
        appended, rows, commands = [], [], []
        for slot, what, _ in events:
            label = self.random.randrange(self.counter.prototypes.classes)
            commands.append(self.said(what, slot, label))
            if what == Operation.CLOSE:
                self.note_close(slot)
                closed = self.golden.close(slot)
                if closed is not None:
                    appended.append(self.header(slot, *closed))
                    rows += [row for codes in closed[0] for row in self.rows_of(codes)]
            elif what == Operation.OPEN:
                self.golden.open(slot, label)
            elif what == Operation.REOPEN:
                self.golden.reopen(slot)
        return Step(inputs={"commands": commands}, outputs={"append": appended, "rows": rows})

    def said(self, what: Operation, slot: int, label: int = 0) -> int:
        """Return a command as it is said to the block."""
        fields = {"operation": what, "slot": slot, "label": label}
        return payload(command_layout(self.counter), fields)

    def header(self, slot: int, codes: np.ndarray, thresholds: np.ndarray) -> int:
        """Return the header of a class; thresholds that it does not have are 0."""
        layout = header_layout(self.counter.prototypes, editable=True)
        room = max(1, self.counter.prototypes.class_components - 1)
        fields = {
            "count": len(codes),
            "thresholds": [*thresholds.tolist(), *[0] * room][:room],
            "label": int(self.golden.labels[slot]),
        }
        return payload(layout, fields)

    def rows_of(self, codes: np.ndarray) -> list[int]:
        """Return the rows of a component, lanes past D with code 0."""
        p = self.counter.prototypes
        rows = np.zeros((p.beats, p.lanes), object)
        rows.reshape(-1)[: p.features] = codes.tolist()
        return [sum(code << lane * p.code_width for lane, code in enumerate(row)) for row in rows]

    def note_close(self, slot: int) -> None:
        """Note which situation a close meets."""
        golden = self.golden
        is_open = slot < self.counter.slots and bool(golden.open_slots[slot])
        seen = golden.mixtures[slot].seen if is_open else np.zeros(1, np.int64)
        n, k = int(seen.sum()), self.mixture.components
        self.met["slot that is not open closed"] += not is_open
        self.met["class without exemplars closed"] += is_open and not n
        self.met["class of fewer components closed"] += 0 < n < k
        self.met["class of all components closed"] += n >= k > 1
        ends = np.cumsum(seen)[:-1]
        self.met["threshold on a tie"] += n > 0 and bool((2 * 65536 * ends % (2 * n) == n).any())

    def steps(self, events: list[Event]) -> list[Step]:
        """Return a step for each run of exemplars or of commands, and one to read the pins."""
        steps = []
        for learning, run in groupby(events, lambda event: event.bits is not None):
            group, self.met = list(run), Counter()
            steps.append(Step(inputs={"i": self.learn(group)}) if learning else self.command(group))
            meets = {f"online_mixture: {name}": hits for name, hits in self.met.items()}
            steps.append(Step(cycles=self.settling, reads=self.pins(), meets=meets))
        return steps

    @property
    def settling(self) -> int:
        """Cycles after which the last exemplar is counted."""
        return OnlineMixture(self.mixture, self.counter).interval

    def pins(self) -> dict[str, int]:
        return {name: int(getattr(self.golden, name)) for name in FLAGS}

    def events(self, count: int, learning: float = 0.8) -> list[Event]:
        """Return random events around two centres, for slots that are not there among them."""
        draw, features = self.random, self.counter.prototypes.features
        centres = [draw.getrandbits(features) for _ in range(2)]
        return [
            Event(
                draw.randrange(self.slots),
                bits=draw.choice(centres)
                ^ (draw.getrandbits(features) & draw.getrandbits(features)),
            )
            if draw.random() < learning
            else Event(draw.randrange(self.slots), draw.choice(list(Operation)))
            for _ in range(count)
        ]


def opening(bench: Bench) -> list[Event]:
    """Return commands that open all slots."""
    return [Event(slot, Operation.OPEN) for slot in range(bench.counter.slots)]


@st.composite
def mixtures(draw: st.DrawFn) -> Params:
    lanes = draw(st.integers(1, 12))
    components = draw(st.integers(1, 5))
    return params(
        components,
        draw(st.integers(1, 3)),
        draw(st.integers(0, 6)),
        features=draw(st.integers(1, 3 * lanes)),
        lanes=lanes,
        code_width=draw(st.integers(1, 16)),
        class_components=draw(st.integers(components, components + 2)),
    )


@settings(max_examples=10)
@given(mixtures(), st.integers(0, 2**32), st.sampled_from(list(PAUSES.values())))
def test_what_is_counted_and_appended_equals_golden(drawn, seed, pauses) -> None:
    bench = Bench(drawn, seed)
    run_pysim(OnlineMixture(*drawn), bench.steps(opening(bench) + bench.events(25)), pauses)


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    bench = Bench(SMALL)
    run_pysim(OnlineMixture(*SMALL), bench.steps(opening(bench) + bench.events(120)), pauses)


@pytest.mark.parametrize("components", [1, 2, 3, 4])
def test_many_exemplars_in_a_row_find_their_components(components) -> None:
    drawn = params(components, 1, shift=2, features=7, lanes=3)
    bench = Bench(drawn, 3)
    events = bench.events(60, learning=1)
    steps = bench.steps([*opening(bench), *(Event(0, bits=e.bits) for e in events)])
    steps += bench.steps([Event(0, Operation.CLOSE)])
    assert (bench.golden.mixtures[0].seen > 5).all()
    run_pysim(OnlineMixture(*drawn), steps)


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("drawn", CORNERS.values(), ids=CORNERS)
def test_corners_in_verilog(drawn, simulator) -> None:
    bench = Bench(drawn)
    steps = bench.steps(opening(bench) + bench.events(100, learning=0.9))
    run_cocotb(OnlineMixture(*drawn), steps, PAUSES["idle_stalled"], simulator=simulator)


def test_one_component_appends_what_the_class_counter_appends() -> None:
    drawn = params(1, 2)
    counter = CounterBench(drawn[1], 7)
    close, reopen = (Event(0, what) for what in (Operation.CLOSE, Operation.REOPEN))
    exemplars = [event for event in counter.events(24, learning=1) if event.slot == 0]
    events = [*opened(counter), *exemplars[:5], close, reopen, *exemplars[5:], close]
    # Steps of the class counter, which give the other block time to compare before pins are read.
    steps = [
        Step(s.inputs, s.outputs, reads=s.reads, cycles=60)
        for s in counter.steps([*events, *counter.events(30)])
    ]
    assert sum(len(step.outputs.get("rows", ())) for step in steps) >= 9
    run_pysim(ClassCounter(drawn[1]), steps)
    run_pysim(OnlineMixture(*drawn), steps)


@pytest.mark.parametrize("most", [3, 7])
def test_the_exemplar_whose_winner_is_full_is_dropped_and_flagged(most, monkeypatch) -> None:
    # With few bits for the counts the end is near; both twins take it from the same place.
    monkeypatch.setattr("golden.online_mixture.MAX_COUNT", most)
    monkeypatch.setattr("rtl.online_mixture_control.MAX_COUNT", most)
    bench = Bench(params(2, 1, shift=5))
    first, second = 2**10 - 1, 0
    full = [Event(0, bits=first), Event(0, bits=second), *[Event(0, bits=first)] * (most - 1)]
    steps = bench.steps([*opening(bench), *full])
    assert bench.pins() == dict.fromkeys(FLAGS, 0)
    assert bench.golden.mixtures[0].seen.tolist() == [most, 1]
    steps += bench.steps([Event(0, bits=first)])
    assert bench.pins() == {"overflow": 1, "empty": 0, "closed": 0}
    # The other component learns on, and nothing of the exemplar that was dropped is left.
    steps += bench.steps([Event(0, bits=6), Event(0, Operation.CLOSE)])
    assert bench.golden.mixtures[0].seen.tolist() == [most, 2]
    steps.append(Step(meets={"online_mixture: exemplar whose winner is full": 1}))
    run_pysim(OnlineMixture(bench.mixture, bench.counter), steps, PAUSES["idle"])


@pytest.mark.parametrize(
    ("events", "flag"),
    [
        ([Event(0, Operation.CLOSE)], "empty"),
        ([Event(0, bits=5), Event(0, Operation.CLOSE), Event(0, Operation.CLOSE)], "closed"),
        ([Event(1, Operation.CLOSE)], "closed"),
        ([Event(1, Operation.REOPEN)], "closed"),
        ([Event(1, Operation.REOPEN), Event(1, bits=5), Event(1, Operation.CLOSE)], "closed"),
        ([Event(1, bits=5)], "closed"),
        ([Event(3, bits=5)], "closed"),
        *(([Event(3, what)], "closed") for what in Operation if what != Operation.NONE),
        ([Event(0, bits=5), Event(3, Operation.NONE), Event(1, Operation.NONE)], ""),
        ([Event(0, bits=5), Event(0, Operation.REOPEN), Event(0, Operation.CLOSE)], ""),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_refused_is_taken_and_flagged_and_changes_nothing(events, flag) -> None:
    bench = Bench(params(2, 3))
    steps = bench.steps([Event(0, Operation.OPEN), *events])
    assert bench.pins() == {name: name == flag for name in FLAGS}
    later = [Event(0, Operation.REOPEN), *(Event(0, bits=b) for b in (9, 99, 11))]
    later += opening(bench)[1:]
    later += [Event(s, bits=b) for b in (77, 700, 78) for s in (0, 1, 2)]
    later += [Event(s, Operation.CLOSE) for s in (0, 1, 2)]
    run_pysim(OnlineMixture(*params(2, 3)), [*steps, *bench.steps(later)])


@pytest.mark.parametrize("what", list(Operation))
@pytest.mark.parametrize("slot", [0, 1, 2, 3], ids=["full", "without", "never_open", "not_there"])
def test_a_close_shows_from_the_cycle_after_it_was_taken_and_nothing_else_does(what, slot) -> None:
    """Also one that is refused, in one cycle; a class shows until its last row has left."""
    drawn = params(2, 3)
    bench, dut = Bench(drawn), OnlineMixture(*drawn)
    begun = [Event(0, Operation.OPEN), Event(1, Operation.OPEN)]
    before = bench.steps([*begun, *(Event(0, bits=b) for b in (5, 500, 6))])
    step = bench.command([Event(slot, what)])
    taken = Step(inputs=step.inputs, reads={"closing": what == Operation.CLOSE})
    left = Step(outputs=step.outputs, reads={"closing": 0}, cycles=3)
    trace = run_pysim(dut, [*before, taken, left], counted=("closing",))
    at, rows = trace.transfers["commands"][-1], trace.transfers["rows"]
    until = rows[-1] if rows else at + 1
    assert trace.counts["closing"] == (until - at if what == Operation.CLOSE else 0)


@pytest.mark.parametrize("drawn", TIMED.values(), ids=TIMED)
def test_exemplars_go_before_commands_and_take_as_long_as_it_says(drawn) -> None:
    bench, dut = Bench(drawn), OnlineMixture(*drawn)
    k, b = bench.mixture.components, bench.counter.prototypes.beats
    features = bench.counter.prototypes.features
    begun = bench.steps([Event(0, Operation.OPEN)])
    not_there = bench.slots - 1 if bench.slots > bench.counter.slots else None
    slots = [0] * (k + 2) + ([not_there] if not_there else []) + [0]
    drawn_bits = [bench.random.getrandbits(features) for _ in slots]
    pairs = zip(slots, drawn_bits, strict=True)
    beats = bench.learn([Event(slot, bits=bits) for slot, bits in pairs])
    closed = bench.command([Event(0, Operation.CLOSE)])
    both = Step(inputs={"i": beats, **closed.inputs}, outputs=closed.outputs)
    trace = run_pysim(dut, [*begun, both])
    firsts = trace.transfers["i"][::b]
    taken = [after - before for before, after in zip(firsts, firsts[1:], strict=False)]
    expected = [2 * b + 3] * k + [dut.interval] * 2 + ([b + 2] if not_there else [])
    assert taken == expected
    within = [trace.transfers["i"][n * b : (n + 1) * b] for n in range(len(slots))]
    assert all(beats[-1] - beats[0] == b - 1 for beats in within)
    # The first beat waits 2 cycles, and so the command was taken after all of the last exemplar.
    assert trace.transfers["commands"][-1] == firsts[-1] - 2 + dut.interval


@pytest.mark.parametrize("drawn", TIMED.values(), ids=TIMED)
def test_a_class_is_appended_as_soon_as_it_says_and_rows_flow(drawn) -> None:
    bench, dut = Bench(drawn), OnlineMixture(*drawn)
    p = bench.counter.prototypes
    for used in range(1, bench.mixture.components + 1):
        exemplars = [Event(0, bits=bench.random.getrandbits(p.features)) for _ in range(used)]
        if used == bench.mixture.components:
            exemplars *= 2
        steps = bench.steps([Event(0, Operation.OPEN), *exemplars])
        step = bench.command([Event(0, Operation.CLOSE)])
        after = bench.command([Event(0, Operation.NONE)])
        both = [*step.inputs["commands"], *after.inputs["commands"]]
        trace = run_pysim(dut, [*steps, Step({"commands": both}, step.outputs)])
        close, following = trace.transfers["commands"][-2:]
        (header,), rows = trace.offered["append"], trace.offered["rows"]
        a_row = 1 + p.lanes * (p.code_width + 3)
        assert header - close == dut.latency + 20 * (used - 1)
        assert rows == [header + 1 + row * a_row for row in range(1, used * p.beats + 1)]
        assert following == rows[-1]


@pytest.mark.parametrize("cycles", [1, 2, 3, 4, 5, 8, 9, 12, 17, 29, 50, 77, 120, 190])
@pytest.mark.parametrize("what", ["exemplar", "close"])
def test_reset_in_the_middle_forgets_everything(what, cycles) -> None:
    bench = Bench(SMALL)
    exemplars = [Event(1, bits=b) for b in (9, 99, 999, 10, 6)]
    before = bench.steps([Event(1, Operation.OPEN), Event(0, Operation.CLOSE), *exemplars])
    if what == "exemplar":
        broken = Step(inputs={"i": bench.learn([Event(1, bits=b) for b in range(20)])})
    else:
        broken = bench.command([Event(1, Operation.CLOSE)])
    cut = Step(broken.inputs, broken.outputs, cycles=cycles, abandon=True)
    fresh = Bench(SMALL, seed=cycles)
    empty = Step(reset=True, reads=fresh.pins())
    events = [Event(1, Operation.CLOSE), Event(1, Operation.REOPEN), Event(1, bits=3)]
    after = fresh.steps([*events, *opening(fresh), *fresh.events(30)])
    trace = run_pysim(OnlineMixture(*SMALL), [*before, cut, empty, *after])
    assert trace.left[0] > 0


def test_a_bench_with_a_wrong_threshold_or_code_fails() -> None:
    for name in ("append", "rows"):
        bench = Bench(SMALL)
        begun = bench.steps([Event(1, Operation.OPEN), *(Event(1, bits=b) for b in (9, 99, 6))])
        step = bench.command([Event(1, Operation.CLOSE)])
        first, *others = step.outputs[name]
        wrong = {**step.outputs, name: [first ^ 1 << 9, *others]}
        with pytest.raises(BenchError, match=rf"{name}\[0\]: .* came, and .* was expected"):
            run_pysim(OnlineMixture(*SMALL), [*begun, Step(step.inputs, wrong)])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"features": 9}, r"Features D and code width q must be those of the memory, \(9, 3\)"),
        ({"code_width": 4}, r"must be those of the memory, \(10, 4\), not \(10, 3\)"),
        ({"class_components": 2}, "Components K must be .*2, not 3"),
    ],
)
def test_a_memory_for_other_classes_is_refused(changes, told) -> None:
    with pytest.raises(ValueError, match=told):
        OnlineMixture(SMALL[0], params(**changes)[1])
