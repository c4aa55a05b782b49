# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from collections import Counter
from itertools import groupby
from typing import NamedTuple

import pytest
from amaranth.utils import bits_for
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack
from golden.latent_buffer import LatentBuffer as GoldenLatentBuffer
from golden.params import LatentBufferParams, Stream, stream_seed
from golden.params.sampling import CHIP_STREAMS
from rtl.beat import beat_layout
from rtl.latent_buffer import LatentBuffer
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.seeds import seeds_of
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

SMALL = LatentBufferParams(features=10, lanes=4, classes=3, exemplars=2, seed=7)
CORNERS = {
    "64_lanes": LatentBufferParams(features=130, lanes=64, classes=5, exemplars=4),
    "one_of_all": LatentBufferParams(features=1, lanes=1, classes=1, exemplars=1, seed=0),
}


class Event(NamedTuple):
    """An exemplar to learn, or a request where there are no bits."""

    label: int
    bits: int | None = None


class Bench:
    """Steps of a bench, with what golden says of them.

    Whatever a block must not look at is random: bits of lanes past D, labels and end marks of later
    beats.
    """

    def __init__(self, params: LatentBufferParams, seed: int = 0) -> None:
        self.params, self.golden = params, GoldenLatentBuffer(params)
        self.layout = beat_layout(params.lanes, params.classes)
        self.labels = 2 ** bits_for(params.classes - 1)
        self.random = random.Random(seed)
        self.met = Counter[str]()

    def learn(self, events: list[Event]) -> list[int]:
        """Return the beats of exemplars, learned by golden."""
        p, beats = self.params, []
        for label, bits in events:
            assert bits is not None
            held = self.golden.n_exemplars
            slot = self.golden.learn(pack([[bits >> j & 1 for j in range(p.features)]]), [label])
            stayed = "slot filled" if self.golden.n_exemplars > held else "exemplar replaced"
            if label < p.classes:
                what = stayed if slot >= 0 else "exemplar dropped"
                self.met[f"latent_buffer: {what}"] += 1
            for beat in range(p.beats):
                lanes = bits >> beat * p.lanes
                if beat == p.beats - 1:
                    used = p.features - beat * p.lanes
                    lanes = lanes % 2**used | self.random.getrandbits(p.lanes) >> used << used
                beats.append({
                    "bits": lanes % 2**p.lanes,
                    "label": self.random.randrange(self.labels) if beat else label,
                    "last": self.random.randrange(2),
                })  # fmt: skip
        return [payload(self.layout, beat) for beat in beats]

    def answer(self, labels: list[int]) -> list[int]:
        """Return the beats with which golden answers requests."""
        refused = sum(
            label >= len(self.golden.seen) or not self.golden.seen[label] for label in labels
        )
        self.met["latent_buffer: request refused"] += refused
        beats = [beat for label in labels for beat in self.golden.beats(label)]
        return [
            payload(self.layout, {"bits": b.bits, "label": b.label, "last": b.last}) for b in beats
        ]

    def steps(self, events: list[Event]) -> list[Step]:
        """Return a step for each run of exemplars or of requests, and one to read the pins."""
        steps = []
        for learning, run in groupby(events, lambda event: event.bits is not None):
            group, self.met = list(run), Counter()
            if learning:
                steps.append(Step(inputs={"i": self.learn(group)}))
            else:
                labels = [event.label for event in group]
                steps.append(Step(inputs={"requests": labels}, outputs={"o": self.answer(labels)}))
            steps.append(Step(cycles=5, reads=self.pins(), meets=dict(self.met)))
        return steps

    def pins(self) -> dict[str, int]:
        golden = self.golden
        return {
            "n_classes": golden.n_classes,
            "n_exemplars": golden.n_exemplars,
            "unknown": int(golden.unknown),
        }

    def events(self, count: int, requests: float = 0.5) -> list[Event]:
        """Return random events, unknown classes among them if their label can be said."""
        draw = self.random
        return [
            Event(
                draw.randrange(self.labels),
                None if draw.random() < requests else draw.getrandbits(self.params.features),
            )
            for _ in range(count)
        ]


@st.composite
def buffers(draw: st.DrawFn) -> LatentBufferParams:
    lanes = draw(st.integers(1, 64))
    return LatentBufferParams(
        features=draw(st.integers(1, 3 * lanes)),
        lanes=lanes,
        classes=draw(st.integers(1, 5)),
        exemplars=draw(st.integers(1, 5)),
        seed=draw(st.integers(0, 2**64 - 1)),
    )


@settings(max_examples=12)
@given(buffers(), st.integers(0, 2**32), st.sampled_from(list(PAUSES.values())))
def test_what_is_learned_and_answered_equals_golden(params, seed, pauses) -> None:
    bench = Bench(params, seed)
    run_pysim(LatentBuffer(params), bench.steps(bench.events(30)), pauses)


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    bench = Bench(SMALL)
    run_pysim(LatentBuffer(SMALL), bench.steps(bench.events(60)), pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("params", CORNERS.values(), ids=CORNERS)
def test_corners_in_verilog(params, simulator) -> None:
    bench = Bench(params)
    steps = bench.steps(bench.events(180, requests=0.3) + bench.events(60, requests=0.9))
    run_cocotb(LatentBuffer(params), steps, PAUSES["idle_stalled"], simulator=simulator)


def reseeded(bench: Bench, seed: int, count: int = 60) -> list[Step]:
    """Return steps with new seeds in their midst."""
    begun = bench.steps(bench.events(count))
    bench.golden.reseed(seed)
    seeds = Step(inputs={"seeds": seeds_of(seed)})
    return [*begun, seeds, *bench.steps(bench.events(count))]


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_new_seeds_keep_and_answer_as_golden_does(pauses) -> None:
    bench, old = Bench(SMALL), Bench(SMALL)
    steps, kept = reseeded(bench, 99), old.steps(old.events(60)) + old.steps(old.events(60))
    answers = [[s.outputs["o"] for s in made if "o" in s.outputs] for made in (steps, kept)]
    assert answers[0] != answers[1]
    trace = run_pysim(LatentBuffer(SMALL), steps, pauses)
    assert trace.stalls["seeds"] == 0


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_new_seeds_in_verilog(simulator) -> None:
    steps = reseeded(Bench(SMALL), 5, 120)
    run_cocotb(LatentBuffer(SMALL), steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("number", range(CHIP_STREAMS))
def test_a_seed_of_one_stream_changes_that_stream_alone(number) -> None:
    bench = Bench(SMALL)
    owners = {
        Stream.RESERVOIR: bench.golden.reservoir_lfsr,
        Stream.EXEMPLAR: bench.golden.exemplar_lfsr,
    }
    if number in owners:
        owners[number].load(stream_seed(99, number))
    seeds = Step(inputs={"seeds": seeds_of(99, [number])})
    run_pysim(LatentBuffer(SMALL), [seeds, *bench.steps(bench.events(60))])


def test_reset_brings_the_built_in_seeds_back() -> None:
    seeded, again = reseeded(Bench(SMALL), 3), Bench(SMALL)
    after = again.steps(again.events(60))
    run_pysim(LatentBuffer(SMALL), [*seeded, Step(reset=True), *after])


@pytest.mark.parametrize("wait", range(1, 12))
def test_a_seed_comes_in_any_state_and_changes_no_draw_of_its_cycle(wait) -> None:
    bench = Bench(SMALL)
    steps = [Step(inputs={"i": bench.learn([Event(1, 3), Event(1, 5)])}), Step(cycles=5)]
    seeds = {"seeds": seeds_of(99, [Stream.EXEMPLAR])}
    # The word is used two cycles after the request was taken, whatever comes in that cycle.
    first = bench.answer([1]) if wait >= 2 else []
    bench.golden.exemplar_lfsr.load(stream_seed(99, Stream.EXEMPLAR))
    first = first or bench.answer([1])
    later = [1] * 9
    steps += [
        Step(inputs={"requests": [1]}, outputs={"o": first}, cycles=wait, abandon=True),
        Step(inputs=seeds, outputs={"o": first}),
        Step(inputs={"requests": later}, outputs={"o": bench.answer(later)}),
    ]
    trace = run_pysim(LatentBuffer(SMALL), steps)
    assert trace.transfers["seeds"] == [trace.transfers["requests"][0] + wait]


def test_a_count_stays_at_its_end_and_the_buffer_learns_on(monkeypatch) -> None:
    # With 4 bits for the count the end is near; both twins take it from the same place.
    monkeypatch.setattr("golden.latent_buffer.MAX_SEEN", 15)
    monkeypatch.setattr("rtl.latent_buffer.MAX_SEEN", 15)
    bench = Bench(SMALL)
    exemplars = [Event(1, bits) for bits in range(100, 160)]
    steps = bench.steps([*exemplars, *[Event(1)] * 10])
    assert bench.golden.seen.tolist() == [0, 15, 0]
    run_pysim(LatentBuffer(SMALL), steps)


@pytest.mark.parametrize("width", [2, 4, 8])
def test_draws_of_few_bits_round_down_whatever_was_drawn_before(width, monkeypatch) -> None:
    """A word of 32 bits all but hides what another draw left; both twins take the same width."""
    monkeypatch.setattr("golden.latent_buffer.WORD_WIDTH", width)
    monkeypatch.setattr("rtl.latent_buffer.WORD_WIDTH", width)
    params = LatentBufferParams(features=4, lanes=4, classes=3, exemplars=5)
    bench = Bench(params)
    run_pysim(LatentBuffer(params), bench.steps(bench.events(250, requests=0.3)))


@pytest.mark.parametrize("filled", [False, True])
def test_the_first_beat_waits_for_the_look_up_and_the_draw(filled) -> None:
    bench = Bench(SMALL)
    exemplars = [Event(1, bits) for bits in (0x155, 0x2AA, 0x0F0, 0x30C)]
    first = Step(inputs={"i": bench.learn(exemplars[:2])})
    then = Step(inputs={"i": bench.learn(exemplars[2:])})
    taken = run_pysim(LatentBuffer(SMALL), [first, then] if filled else [first]).transfers["i"]
    wait = 20 if filled else 4
    one, two = taken[-6:-3], taken[-3:]
    assert [beat - two[0] for beat in [*one, *two]] == [-wait - 3, -wait - 2, -wait - 1, 0, 1, 2]


def test_a_request_is_answered_as_soon_as_it_says_and_beats_flow() -> None:
    params = CORNERS["64_lanes"]
    bench, dut = Bench(params), LatentBuffer(params)
    learned = Step(inputs={"i": bench.learn([Event(2, 2**129 + 5), Event(4, 3)])})
    labels = [2, 4, 2, 4, 4]
    asked = Step(inputs={"requests": labels}, outputs={"o": bench.answer(labels)})
    trace = run_pysim(dut, [learned, asked])
    offered, beats = trace.offered["o"], params.beats
    for index, at in enumerate(trace.transfers["requests"]):
        first = offered[index * beats]
        assert first - at == dut.latency
        assert offered[index * beats : (index + 1) * beats] == list(range(first, first + beats))
    assert trace.gaps("requests") == {dut.interval}


def test_what_is_to_be_learned_goes_before_a_request() -> None:
    bench = Bench(SMALL)
    learned = bench.learn([Event(0, 1), Event(2, 2)])
    steps = [Step(inputs={"i": learned, "requests": [2]}, outputs={"o": bench.answer([2])})]
    trace = run_pysim(LatentBuffer(SMALL), steps)
    assert trace.transfers["requests"][0] > trace.transfers["i"][-1]


def test_a_request_waits_until_an_exemplar_under_way_is_whole() -> None:
    bench = Bench(SMALL)
    old, new = bench.learn([Event(0, 0x3FF)]), bench.learn([Event(0, 0x0AA)])
    begun = Step(inputs={"i": [*old, *new[:1]]})
    asked = Step(inputs={"requests": [0]}, cycles=60, abandon=True)
    trace = run_pysim(LatentBuffer(SMALL), [begun, asked])
    assert trace.transfers["requests"] == []
    assert trace.stalls["requests"] == 60


@pytest.mark.parametrize(
    "events",
    [[Event(3, 5)], [Event(3)], [Event(1)], [Event(1, 5), Event(0)], [Event(0, 9), Event(3, 7)]],
    ids=["learn", "ask", "ask_empty", "ask_another", "learn_another"],
)
def test_what_is_refused_is_taken_and_flagged_and_changes_nothing(events) -> None:
    bench = Bench(SMALL)
    steps = bench.steps(events)
    assert bench.golden.unknown
    later = [Event(c, 11 * c + 1) for c in (0, 1, 1, 2, 1, 1)] + [Event(c) for c in (0, 1, 2, 1)]
    run_pysim(LatentBuffer(SMALL), [*steps, *bench.steps(later)])


@pytest.mark.parametrize("cycles", [1, 2, 3, 4, 9, 20, 21, 22, 23])
@pytest.mark.parametrize("learning", [False, True])
def test_reset_in_the_middle_forgets_everything(learning, cycles) -> None:
    bench = Bench(SMALL)
    before = bench.steps([Event(1, 9), Event(1, 99), Event(1, 999), Event(2, 6), Event(3)])
    broken = {"i": bench.learn([Event(1, 77)])} if learning else {"requests": [1]}
    outputs = {} if learning else {"o": bench.answer([1])}
    cut = Step(inputs=broken, outputs=outputs, cycles=cycles, abandon=True)
    fresh = Bench(SMALL)
    empty = Step(reset=True, reads=fresh.pins())
    after = fresh.steps([Event(1), *fresh.events(30)])
    trace = run_pysim(LatentBuffer(SMALL), [*before, cut, empty, *after])
    assert learning or trace.left[0] > 0


def test_a_bench_with_a_wrong_bit_fails() -> None:
    bench = Bench(SMALL)
    learned = Step(inputs={"i": bench.learn([Event(1, 9)])})
    wrong = [beat ^ 1 for beat in bench.answer([1])]
    with pytest.raises(BenchError, match=r"step 1, o\[0\]: .* came, and .* was expected"):
        run_pysim(
            LatentBuffer(SMALL), [learned, Step(inputs={"requests": [1]}, outputs={"o": wrong})]
        )
