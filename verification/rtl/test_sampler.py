# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.lfsr import Lfsr as GoldenLfsr
from golden.params import (
    CorrelatedSamplerParams,
    PrototypesParams,
    SamplerParams,
    Stream,
    stream_seed,
)
from golden.params.sampling import CHIP_STREAMS
from golden.sampler import Sampler as GoldenSampler
from golden.selector import cumulative_thresholds
from rtl.sampler import Sampler
from verification.rtl.coverage import cover
from verification.rtl.engine import PAUSES, BenchError, Pauses, Step
from verification.rtl.seeds import seeds_of
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared

STROBES = ("row_read", "plane_read", "select_used")


def params(mode: str = "parallel", *, m: int = 1, selection: str = "round_robin", **memory: int):
    sizes = {"features": 10, "code_width": 3, "lanes": 4, "components": 12, "classes": 5, **memory}
    return SamplerParams(
        prototypes=PrototypesParams(**sizes),
        mode=mode,
        draws_per_read=m,
        selection=selection,
        seed=2026,
    )


@dataclass
class Plan:
    """Steps of a bench, written as the golden twin does the same."""

    params: SamplerParams
    block: ClassVar[str] = "sampler"

    def __post_init__(self) -> None:
        self.golden = GoldenSampler(self.params)
        self.early = 0  # beats that were decided before their last plane
        self.dut: Sampler = shared(Sampler, self.params)
        self.steps: list[Step] = []

    def class_inputs(
        self, codes: NDArray[np.integer], thresholds: list[int]
    ) -> dict[str, list[int]]:
        """Return header and rows of a class; lanes past D hold what must not be stored."""
        p = self.params.prototypes
        rows = np.full((len(codes), p.beats * p.lanes), 2**p.code_width - 1, object)
        rows[:, : p.features] = codes
        held = max(1, p.class_components - 1)
        header = {
            "count": len(codes) % 256,
            "thresholds": (thresholds + [7] * held)[:held],
        }
        return {
            "append": [payload(self.dut.append.payload.shape(), header)],
            "rows": [
                sum(int(code) << lane * p.code_width for lane, code in enumerate(row))
                for row in rows.reshape(-1, p.lanes)
            ],
        }

    def append(self, rng: np.random.Generator, count: int) -> None:
        p = self.params.prototypes
        codes = rng.integers(0, 2**p.code_width, (count, p.features))
        thresholds = sorted(rng.integers(0, 65536, count - 1).tolist())
        self.golden.prototypes.append(codes, thresholds)
        self.steps.append(Step(inputs=self.class_inputs(codes, thresholds), reads=self.reads()))

    def reads(self) -> dict[str, int]:
        memory = self.golden.prototypes
        return {
            "n_classes": memory.n_classes,
            "n_components": memory.n_components,
            "overflow": int(memory.overflow),
        }

    def beats(self, labels: list[int]) -> list[int]:
        layout, found = self.dut.o.payload.shape(), []
        for label in labels:
            read = self.golden.planes_read
            for beat in self.golden.beats(label):
                word = {"bits": beat.bits, "label": beat.label, "last": int(beat.last)}
                found.append(payload(layout, word))
                read, before = self.golden.planes_read, read
                self.early += read - before < self.params.prototypes.code_width
        return found

    def draw(self, labels: list[int], **step: Any) -> None:
        """Request classes; those that are not in the table are dropped."""
        p, memory = self.params.prototypes, self.golden.prototypes
        known = [label for label in labels if label < memory.n_classes]
        meets = {
            f"{self.block}: request of an unknown class": len(labels) - len(known),
            f"{self.block}: lanes past D": len(known) if p.features % p.lanes else 0,
        }
        outputs = {"o": self.beats(known)}
        self.steps.append(Step(inputs={"i": labels}, outputs=outputs, meets=meets, **step))

    def seed(self, seed: int, streams: Iterable[int] = range(CHIP_STREAMS)) -> None:
        """Load the seeds of a user seed into some streams; one that is not here changes nothing."""
        for number in streams:
            if number in self.lfsrs:
                self.lfsrs[number].load(stream_seed(seed, number))
        self.steps.append(Step(inputs={"seeds": seeds_of(seed, streams)}))

    @property
    def lfsrs(self) -> dict[int, GoldenLfsr]:
        """The registers of golden by their streams."""
        selector = self.golden.selector
        return dict(zip(self.params.streams, self.golden.lfsrs, strict=True)) | {
            Stream.COMPONENT: selector.component_lfsr,
            Stream.CLASS: selector.class_lfsr,
        }

    def strobes(self) -> dict[str, int]:
        """Return how often each strobe is 1."""
        return {
            "row_read": self.golden.rows_read,
            "plane_read": self.golden.planes_read // len(self.params.streams),
            "select_used": self.golden.selector.component_lfsr.ticks,
        }


def two_classes(drawn: SamplerParams, seed: int, requests: int = 6, counts=(1, 2)) -> Plan:
    """Draw from one class, append another at run time and draw from both."""
    plan, rng = Plan(drawn), np.random.default_rng(seed)
    most = drawn.prototypes.class_components
    for n, count in enumerate(counts, 1):
        plan.append(rng, min(count, most))
        plan.draw(rng.integers(0, n, requests).tolist(), reads={"unknown": 0})
    return plan


@st.composite
def samplers(draw: st.DrawFn) -> SamplerParams:
    lanes = draw(st.integers(1, 9))
    return params(
        draw(st.sampled_from(["parallel", "serial"])),
        m=draw(st.integers(1, 3)),
        features=draw(st.integers(1, 3 * lanes)),
        code_width=draw(st.integers(1, 16)),
        lanes=lanes,
        class_components=draw(st.integers(1, 4)),
        components=draw(st.integers(8, 11)),
        classes=draw(st.integers(2, 6)),
    )


@given(samplers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=40)
def test_exemplars_equal_golden(drawn: SamplerParams, seed: int, pauses: str) -> None:
    plan = two_classes(drawn, seed, counts=(1 + seed % 4, 1 + seed // 4 % 4))
    trace = run_pysim(plan.dut, plan.steps, PAUSES[pauses], STROBES)
    assert trace.counts == plan.strobes()


CORNERS = {
    "parallel": params(features=512, code_width=8, lanes=64, components=20),
    "serial": params("serial", features=100, code_width=8, lanes=64, components=20),
    "q16_K4_M3": params(m=3, features=70, code_width=16, lanes=16, class_components=4),
    "q1": params(features=5, code_width=1, lanes=8, m=2),
    "L1_K3": params("serial", features=3, code_width=4, lanes=1, class_components=3),
}


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", CORNERS)
def test_corners_in_verilog(name: str, simulator: str) -> None:
    for pauses in PAUSES.values():
        plan = two_classes(CORNERS[name], 5, requests=10, counts=(1, 4))
        trace = run_cocotb(plan.dut, plan.steps, pauses, STROBES, simulator)
        assert trace.counts == plan.strobes()


@pytest.mark.parametrize("name", ["parallel", "serial"])
def test_a_thousand_exemplars_across_two_classes(name: str) -> None:
    plan = two_classes(CORNERS[name], 11, requests=600)
    run_cocotb(plan.dut, plan.steps, PAUSES["idle_stalled"])


class SelfServed(wiring.Component):
    """A sampler that serves `amount` requests of its own selector."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler
        names = ("append", "rows", "weights", "seeds", "o")
        members = {name: sampler.signature.members[name] for name in names}
        super().__init__({**members, "amount": In(stream.Signature(8))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.sampler = sampler = self.sampler
        for name in ("append", "rows", "weights", "seeds"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(sampler, name))
        wiring.connect(m, sampler.o, wiring.flipped(self.o))
        wiring.connect(m, sampler.requests, sampler.i)
        left = Signal(8)
        m.d.comb += [self.amount.ready.eq(left == 0), sampler.request_en.eq(left != 0)]
        with m.If(self.amount.valid & self.amount.ready):
            m.d.sync += left.eq(self.amount.payload)
        with m.Elif(sampler.requests.valid & sampler.requests.ready):
            m.d.sync += left.eq(left - 1)
        return m


@pytest.mark.parametrize("selection", ["round_robin", "uniform", "weighted"])
@pytest.mark.parametrize("pauses", PAUSES)
def test_selected_requests_equal_golden(selection: str, pauses: str) -> None:
    plan, rng = Plan(params(selection=selection, class_components=2)), np.random.default_rng(3)
    for n in range(1, 5):
        plan.append(rng, 1 + n % 2)
        plan.steps[-1] = replace(plan.steps[-1], reads={})
        if selection == "weighted":
            weights = rng.dirichlet(np.ones(n))
            plan.golden.selector.set_class_weights(weights)
            layout = plan.dut.weights.payload.shape()
            plan.steps.append(Step(inputs={"weights": [
                payload(layout, {"index": i, "threshold": int(c)})
                for i, c in enumerate(cumulative_thresholds(weights))
            ]}))  # fmt: skip
        labels = plan.golden.selector.request(n, 5).tolist()
        plan.steps.append(Step(inputs={"amount": [5]}, outputs={"o": plan.beats(labels)}))
    run_pysim(SelfServed(plan.dut), plan.steps, PAUSES[pauses])


def reseeded(drawn: SamplerParams, seed: int) -> Plan:
    """Draw from two classes, the second time with new seeds and other bits."""
    plan, rng = Plan(drawn), np.random.default_rng(seed)
    for count in (1, drawn.prototypes.class_components):
        plan.append(rng, count)
    plan.draw([1, 0] * 4)
    old = GoldenSampler(drawn)
    old.load_state(plan.golden.state_dict())
    plan.seed(seed)
    labels = [0, 1] * 4
    made = GoldenSampler(replace(drawn, seed=seed))
    made.prototypes.load_state(plan.golden.state_dict())
    ahead = GoldenSampler(drawn)
    ahead.load_state(plan.golden.state_dict())
    kept, drawn_anew = old.draw(labels)[0], ahead.draw(labels)[0]
    assert (made.draw(labels)[0] == drawn_anew).all()
    assert (kept != drawn_anew).any()
    plan.draw(labels)
    return plan


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", ["parallel", "serial", "q16_K4_M3"])
def test_new_seeds_draw_what_a_sampler_made_with_them_draws(name: str, pauses: str) -> None:
    plan = reseeded(CORNERS[name], 99)
    trace = run_pysim(plan.dut, plan.steps, PAUSES[pauses], STROBES)
    assert trace.counts == plan.strobes()
    assert trace.stalls["seeds"] == 0


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", ["serial", "q16_K4_M3"])
def test_new_seeds_in_verilog(name: str, simulator: str) -> None:
    plan = reseeded(CORNERS[name], 5)
    run_cocotb(plan.dut, plan.steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("mode", ["parallel", "serial"])
@pytest.mark.parametrize("number", range(CHIP_STREAMS))
def test_a_seed_of_one_stream_changes_that_stream_alone(number: int, mode: str) -> None:
    drawn = params(mode, selection="uniform", class_components=3, code_width=16)
    plan, rng = Plan(drawn), np.random.default_rng(7)
    for count in (1, 3):
        plan.append(rng, count)
        plan.steps[-1] = replace(plan.steps[-1], reads={})
    plan.seed(99, [number])
    labels = plan.golden.selector.request(2, 12).tolist()
    plan.steps.append(Step(inputs={"amount": [12]}, outputs={"o": plan.beats(labels)}))
    run_pysim(SelfServed(plan.dut), plan.steps)


@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_a_seed_of_zero_gives_a_word_of_zero_and_then_the_built_in_seed(mode: str) -> None:
    plan = Plan(params(mode))
    plan.append(np.random.default_rng(2), 1)
    plan.draw([0] * 3)
    layout = plan.dut.seeds.payload.shape()
    for number, lfsr in plan.lfsrs.items():
        lfsr.load(0)
        zero = payload(layout, {"stream": int(number), "seed": 0})
        plan.steps.append(Step(inputs={"seeds": [zero]}))
    plan.draw([0] * 9)
    run_pysim(plan.dut, plan.steps)


@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_reset_brings_the_built_in_seeds_back(mode: str) -> None:
    seeded, again = reseeded(params(mode), 3), two_classes(params(mode), 4)
    run_pysim(seeded.dut, [*seeded.steps, Step(reset=True), *again.steps])


def test_parallel_beats_never_pause_between_requests() -> None:
    for memory in ({"features": 4}, {}, {"class_components": 2}, {"m": 3}):
        plan = Plan(params(**memory))
        plan.append(np.random.default_rng(1), 1)
        plan.draw([0] * 9)
        trace = run_pysim(plan.dut, plan.steps)
        beats = trace.offered["o"]
        assert trace.gaps("o") == {plan.dut.interval}
        assert beats[0] - trace.transfers["i"][0] == plan.dut.latency


@pytest.mark.parametrize("selection", ["round_robin", "uniform", "weighted"])
def test_requests_of_the_selector_keep_the_beats_coming(selection: str) -> None:
    # Eight beats an exemplar leave time for the next label.
    plan = Plan(params(selection=selection, features=32))
    plan.append(np.random.default_rng(1), 1)
    plan.steps[-1] = replace(plan.steps[-1], reads={})
    plan.golden.selector.set_class_weights([1.0])
    labels = plan.golden.selector.request(1, 9).tolist()
    plan.steps.append(Step(inputs={"amount": [9]}, outputs={"o": plan.beats(labels)}))
    beats = run_pysim(SelfServed(plan.dut), plan.steps).offered["o"]
    assert beats == list(range(beats[0], beats[0] + 72))


@pytest.mark.parametrize(
    "memory", [{"features": 4}, {}, {"class_components": 2, "m": 2}, {"code_width": 2}]
)
def test_serial_beats_take_their_planes_and_a_cycle_if_early(memory: dict[str, int]) -> None:
    plan = Plan(params("serial", **{"code_width": 8, **memory}))
    plan.append(np.random.default_rng(1), 1)
    plan.draw([0] * 9)
    trace = run_pysim(plan.dut, plan.steps)
    cycles = trace.offered["o"][-1] - trace.transfers["i"][0]
    assert plan.early > 0
    assert "code_width" not in memory or plan.early < len(trace.offered["o"])
    taken = plan.golden.planes_read + plan.early
    assert cycles == plan.dut.latency - 1 + plan.dut.interval * taken


def test_an_unknown_class_is_dropped_and_reported() -> None:
    plan, rng = Plan(params()), np.random.default_rng(4)
    plan.draw([0], reads={"unknown": 1})
    plan.steps.append(Step(reset=True, reads={"unknown": 0}))
    plan.append(rng, 1)
    plan.draw([0], reads={"unknown": 0})
    plan.draw([0, 1, 4, 0, 2], reads={"unknown": 1})
    plan.append(rng, 1)
    plan.draw([1, 0], reads={"unknown": 1})
    trace = run_pysim(plan.dut, plan.steps, counted=STROBES)
    assert trace.counts == plan.strobes()


def test_appending_leaves_the_beats_of_other_classes_alone() -> None:
    plan, rng = Plan(params(class_components=3)), np.random.default_rng(8)
    plan.append(rng, 2)
    codes = rng.integers(0, 8, (3, 10))
    inputs = plan.class_inputs(codes, [20000, 40000])
    plan.steps.append(Step(inputs={**inputs, "i": [0] * 12}, outputs={"o": plan.beats([0] * 12)}))
    plan.golden.prototypes.append(codes, [20000, 40000])
    plan.draw([1, 0] * 9, reads=plan.reads())
    trace = run_pysim(plan.dut, plan.steps, PAUSES["idle_stalled"])
    beats = range(trace.transfers["o"][0], trace.transfers["o"][-1])
    cover("sampler: row appended between beats", sum(c in beats for c in trace.transfers["rows"]))


@pytest.mark.parametrize("mode", ["parallel", "serial"])
@pytest.mark.parametrize("cycles", range(0, 40, 3))
def test_reset_in_the_middle_restarts_everything(mode: str, cycles: int) -> None:
    drawn = params(mode, class_components=2, m=2)
    plan, rng = Plan(drawn), np.random.default_rng(6)
    plan.append(rng, 2)
    inputs = plan.class_inputs(rng.integers(0, 8, (2, 10)), [5])
    interrupted = Step(
        inputs={**inputs, "i": [0] * 8, "weights": []},
        outputs={"o": plan.beats([0] * 8)},
        cycles=cycles,
        abandon=True,
    )
    again = two_classes(drawn, cycles)
    empty = Step(reset=True, reads={"n_classes": 0, "n_components": 0, "overflow": 0, "unknown": 0})
    trace = run_pysim(plan.dut, [*plan.steps, interrupted, empty, *again.steps])
    assert trace.left[0] > 0  # it was in the middle


def test_a_sampler_with_factors_is_refused() -> None:
    memory = PrototypesParams(
        features=8, code_width=4, lanes=8, components=1, classes=1, class_components=1
    )
    with pytest.raises(
        ValueError, match="^Sampler of independent bits must have no factors, not 3"
    ):
        Sampler(CorrelatedSamplerParams(prototypes=memory, rank=3))
    Sampler(CorrelatedSamplerParams(prototypes=memory, rank=0))


class Shared(wiring.Component):
    """A shared sampler; a reader asks for the memory, reads a row of a class, and lets go."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler
        members = self.sampler.signature.members
        streams = ("append", "rows", "i", "o", "basis", "loadings")
        self._streams = tuple(name for name in streams if name in members)
        self._pins = ("n_classes", "unknown", "overflow")
        label = len(self.sampler.i.payload)
        super().__init__({
            **{name: members[name] for name in self._streams + self._pins},
            "look": In(stream.Signature(label)),
            "seen": Out(stream.Signature(len(Value.cast(self.sampler.codes)))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.sampler = sampler = self.sampler
        for name in self._streams:
            inner, outer = getattr(sampler, name), wiring.flipped(getattr(self, name))
            if self.signature.members[name].flow is In:
                wiring.connect(m, outer, inner)
            else:
                wiring.connect(m, inner, outer)
        for name in self._pins:
            inner, outer = getattr(sampler, name), getattr(self, name)
            m.d.comb += outer.eq(inner)
        m.d.comb += [
            sampler.reader_label.eq(self.look.payload),
            sampler.reader_component.eq(sampler.entry.first),
            self.seen.payload.eq(Value.cast(sampler.codes)),
        ]
        with m.FSM():
            with m.State("ask"), m.If(self.look.valid):
                m.d.comb += [sampler.reader_ask.eq(1), sampler.reader_label_en.eq(1)]
                with m.If(sampler.reader_go):
                    m.next = "row"
            with m.State("row"):
                m.d.comb += [sampler.reader_ask.eq(1), sampler.reader_row_en.eq(1)]
                m.next = "seen"
            with m.State("seen"):
                m.d.comb += [sampler.reader_ask.eq(1), self.seen.valid.eq(1)]
                m.d.comb += self.look.ready.eq(self.seen.ready)
                with m.If(self.seen.ready):
                    m.next = "ask"
        return m


class SharedPlan(Plan):
    """A plan for a shared sampler: its memory is edited, and read by another block."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.dut = Sampler(self.params, shared=True)

    def write(self, label: int, codes: NDArray[np.integer], thresholds: list[int]) -> Step:
        self.golden.prototypes.write(label, codes, thresholds)
        inputs = self.class_inputs(codes, thresholds)
        shape, p = self.dut.append.payload.shape(), self.params.prototypes
        held = (thresholds + [7] * p.class_components)[: max(1, p.class_components - 1)]
        header = {"count": len(codes), "thresholds": held, "label": label}
        return Step(inputs={**inputs, "append": [payload(shape, header)]})

    def remove(self, label: int) -> Step:
        self.golden.prototypes.remove(label)
        header = {"count": 0, "label": label}
        return Step(inputs={"append": [payload(self.dut.append.payload.shape(), header)]}, cycles=9)

    def row_of(self, label: int) -> int:
        p, memory = self.params.prototypes, self.golden.prototypes
        return memory.rows()[memory.first_component(label) * p.beats]


SHARED = {
    "parallel": params(class_components=2),
    "one component": params(class_components=1),
    "serial": params("serial", m=2, class_components=2),
}


def fill(plan: SharedPlan, rng: np.random.Generator) -> None:
    """Append four classes."""
    p = plan.params.prototypes
    for label in range(4):
        count = 1 + label % p.class_components
        codes = rng.integers(0, 2**p.code_width, (count, p.features))
        plan.steps.append(plan.write(label, codes, [30_000] * (count - 1)))


def edit(plan: SharedPlan, rng: np.random.Generator, labels: Iterable[int]) -> None:
    """Replace or remove one class after another; draw and read them all each time."""
    p, memory = plan.params.prototypes, plan.golden.prototypes
    for label in labels:
        removed = label in memory.removed or rng.random() < 0.4
        if removed and label not in memory.removed:
            plan.steps.append(plan.remove(label))
        else:
            count = 1 + label % p.class_components
            codes = rng.integers(0, 2**p.code_width, (count, p.features))
            plan.steps.append(plan.write(label, codes, [9] * (count - 1)))
        there = [c for c in range(4) if c not in memory.removed]
        asked = rng.choice(4, 6).tolist()
        unknown = [c for c in asked if c in memory.removed]
        beats = plan.beats([c for c in asked if c not in memory.removed])
        looked = {"look": there, "i": asked}
        seen = {"seen": [plan.row_of(c) for c in there], "o": beats}
        meets = {
            f"{plan.block}: request of a removed class": len(unknown),
            f"{plan.block}: another reader waits": 1,
        }
        plan.steps.append(Step(inputs=looked, outputs=seen, meets=meets))


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", SHARED)
def test_edits_and_a_reader_change_only_what_they_say(name: str, pauses: str) -> None:
    """Classes are replaced, removed, drawn and read by turns."""
    plan = SharedPlan(SHARED[name])
    fill(plan, np.random.default_rng(2))
    edit(plan, np.random.default_rng(3), (1, 3, 1, 2, 0))
    run_pysim(Shared(plan.dut), plan.steps, PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", SHARED)
def test_a_reader_and_a_removal_come_at_once(name: str, pauses: str) -> None:
    """Whoever is first, rows are those of the classes that were asked for."""
    plan, rng = SharedPlan(SHARED[name]), np.random.default_rng(4)
    fill(plan, rng)
    for removed, there in ((2, [0, 1, 3]), (0, [1, 3])):
        step, rows = plan.remove(removed), [plan.row_of(label) for label in there]
        inputs = {**step.inputs, "look": there, "i": [3, 1, 3]}
        outputs = {"seen": rows, "o": plan.beats([3, 1, 3])}
        plan.steps.append(replace(step, inputs=inputs, outputs=outputs))
    run_pysim(Shared(plan.dut), plan.steps, PAUSES[pauses])


def replaced_after(plans: Callable[[], SharedPlan], seed: int) -> list[int]:
    """Return after how many of 8 exemplars a class of zeros is replaced by one of ones.

    It is tried for any number whether golden then draws the same. So each exemplar is whole.
    """
    counts = []
    for old in range(9):
        plan = plans()
        codes = np.zeros((1, plan.params.prototypes.features), int)
        plan.steps.append(plan.write(0, codes, []))
        before = plan.beats([0] * old)
        ones = plan.write(0, codes + 2**plan.params.prototypes.code_width - 1, [])
        after = plan.beats([0] * (8 - old))
        both = Step(inputs={"i": [0] * 8, **ones.inputs}, outputs={"o": before + after})
        plan.steps.append(both)
        try:
            run_pysim(Shared(plan.dut), plan.steps, Pauses(idle=0.5, stall=0.3, seed=seed))
        except BenchError:
            continue
        counts.append(old)
        cover(f"{plan.block}: class replaced between requests", 0 < old < 8)
    return counts


@pytest.mark.parametrize("seed", range(6))
def test_a_class_is_replaced_between_two_exemplars(seed: int) -> None:
    """Zeros become ones: each exemplar is whole, whenever the class comes."""
    drawn = params(class_components=1, features=10)
    assert len(replaced_after(lambda: SharedPlan(drawn), seed)) == 1
