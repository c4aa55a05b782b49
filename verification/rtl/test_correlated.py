# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.correlated import CorrelatedSampler as GoldenSampler
from golden.lfsr import Lfsr as GoldenLfsr
from golden.params import CorrelatedSamplerParams, PrototypesParams, SamplerParams, Stream
from golden.params.sampling import CHIP_STREAMS
from golden.sampler import Sampler as IndependentSampler
from rtl.basis import Basis
from rtl.correlated import CorrelatedSampler
from verification.rtl import test_sampler
from verification.rtl.coverage import cover
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.test_sampler import SelfServed, Shared, edit, fill, replaced_after

STROBES = ("row_read", "plane_read", "select_used", "factor_used")
STREAMS = range(CHIP_STREAMS)

Loaded = tuple[NDArray[np.integer], int]


def params(
    *, rank: int = 5, width: int = 4, n_f: int = 1, m: int = 1, selection="round_robin", **memory
):
    sizes = {"features": 10, "code_width": 3, "lanes": 4, "components": 12, "classes": 5, **memory}
    return CorrelatedSamplerParams(
        prototypes=PrototypesParams(**sizes),
        draws_per_read=m,
        selection=selection,
        seed=2026,
        rank=rank,
        loading_width=width,
        factor_width=n_f,
    )


@dataclass
class Plan(test_sampler.Plan):
    """Steps of a bench, written as the golden twin does the same."""

    params: CorrelatedSamplerParams  # pyright: ignore[reportIncompatibleVariableOverride]
    block = "correlated"

    def __post_init__(self) -> None:
        self.golden = GoldenSampler(self.params)
        self.early = 0
        self.dut = CorrelatedSampler(self.params)
        self.steps: list[Step] = []

    def basis(self, rng: np.random.Generator, e: int) -> Loaded:
        """Return any loadings, with an exponent that leaves their sums within the bound."""
        p = self.params
        shape = (p.prototypes.features, p.rank)
        loadings = rng.integers(-p.highest_loading, p.highest_loading + 1, shape)
        most = p.rank * p.factor_width * p.highest_loading
        return loadings, min(e, 30 - most.bit_length())

    def rows(self, loadings: NDArray[np.integer]) -> list[int]:
        """Return the rows of a basis; lanes past D hold what must not be stored."""
        p, width = self.params.prototypes, self.params.loading_width
        lanes = np.full((p.beats * p.lanes, self.params.rank), -(2 ** (width - 1)))
        lanes[: p.features] = loadings
        rows = lanes.reshape(p.beats, p.lanes, -1).transpose(0, 2, 1).reshape(-1, p.lanes)
        return [
            sum(int(value) % 2**width << lane * width for lane, value in enumerate(row))
            for row in rows
        ]

    def load(self, basis: Loaded, labels: tuple[int, ...] = ()) -> None:
        """Load a basis, and draw from classes that are asked for at the same time."""
        loadings, e = basis
        taken = self.golden.load_basis(loadings, e)
        lowest = bool(loadings.min() < -self.params.highest_loading)
        meets = {
            "correlated: basis loaded": int(taken),
            "correlated: highest scale": int((self.golden.scales == 255).sum()),
            "correlated: basis refused for a loading": int(lowest),
            "correlated: basis refused for a sum": int(not (taken or lowest)),
        }
        inputs = {"basis": [e], "loadings": self.rows(loadings), "i": list(labels)}
        outputs = {"o": self.beats(list(labels))}
        self.steps.append(Step(inputs=inputs, outputs=outputs, meets=meets))

    def settle(self) -> None:
        """Wait until the last row is added up, and read the flags."""
        p = self.params
        cycles = p.prototypes.lanes * (Basis.scale_cycles + 20)
        self.steps.append(Step(cycles=cycles, reads={"refused": int(self.golden.refused)}))

    @property
    def lfsrs(self) -> dict[int, GoldenLfsr]:
        return super().lfsrs | {Stream.FACTOR: self.golden.factor_lfsr}

    def strobes(self) -> dict[str, int]:
        return super().strobes() | {"factor_used": self.golden.factor_lfsr.ticks}


def three_bases(drawn: CorrelatedSamplerParams, seed: int, requests: int = 4) -> Plan:
    """Draw from a class without a basis, then from two classes with one basis after another."""
    plan, rng = Plan(drawn), np.random.default_rng(seed)
    plan.append(rng, 1)
    plan.draw([0] * requests, reads={"unknown": 0, "refused": 0})
    plan.append(rng, drawn.prototypes.class_components)
    for e in rng.integers(0, 12, 2).tolist():
        plan.load(plan.basis(rng, e))
        plan.draw(rng.integers(0, 2, requests).tolist())
    return plan


@st.composite
def samplers(draw: st.DrawFn) -> CorrelatedSamplerParams:
    lanes = draw(st.integers(1, 9))
    return params(
        m=draw(st.integers(1, 3)),
        rank=draw(st.integers(1, 12)),
        width=draw(st.integers(2, 8)),
        n_f=draw(st.integers(1, 3) | st.just(16)),
        features=draw(st.integers(1, 2 * lanes)),
        code_width=draw(st.integers(1, 9)),
        lanes=lanes,
        class_components=draw(st.integers(1, 3)),
    )


@given(samplers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=10)
def test_exemplars_equal_golden(drawn: CorrelatedSamplerParams, seed: int, pauses: str) -> None:
    plan = three_bases(drawn, seed)
    trace = run_pysim(plan.dut, plan.steps, PAUSES[pauses], STROBES)
    assert trace.counts == plan.strobes()


CORNERS = {
    "groups": params(features=20, code_width=8, lanes=12, components=20, rank=5),
    "K4_M3": params(
        m=3, rank=4, features=11, code_width=9, lanes=7, class_components=4, width=8, n_f=16
    ),
    "q1_R1": params(features=5, code_width=1, lanes=8, m=2, rank=1, n_f=2),
    "L1_K3": params(rank=7, features=3, code_width=5, lanes=1, class_components=3, width=2),
    "R1_B1": params(rank=1, features=4, code_width=6, width=5, class_components=2),
}


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", ["K4_M3", pytest.param("groups", marks=pytest.mark.slow)])
def test_corners_in_verilog(name: str, simulator: str) -> None:
    plan = three_bases(CORNERS[name], 5)
    for pauses in ("flowing", "stalled"):
        trace = run_cocotb(plan.dut, plan.steps, PAUSES[pauses], STROBES, simulator)
        assert trace.counts == plan.strobes()


@pytest.mark.parametrize("name", ["q1_R1", "L1_K3", "R1_B1"])
@pytest.mark.parametrize("pauses", PAUSES)
def test_other_corners(name: str, pauses: str) -> None:
    plan = three_bases(CORNERS[name], 5)
    trace = run_pysim(plan.dut, plan.steps, PAUSES[pauses], STROBES)
    assert trace.counts == plan.strobes()


def test_codes_of_16_bits() -> None:
    plan = three_bases(params(code_width=16, features=7, rank=4, width=6), 5)
    run_pysim(plan.dut, plan.steps, PAUSES["idle_stalled"])


@pytest.mark.slow
def test_a_full_exemplar_takes_256_cycles() -> None:
    plan = Plan(params(features=512, code_width=8, lanes=64, rank=32))
    plan.append(np.random.default_rng(1), 1)
    plan.draw([0] * 3)
    trace = run_cocotb(plan.dut, plan.steps)
    assert trace.gaps("o") == {32}
    assert trace.offered["o"][8] - trace.offered["o"][0] == 256


@pytest.mark.parametrize(
    "drawn",
    [params(), params(m=3), params(rank=1, class_components=2), params(rank=3, features=4)],
)
def test_beats_never_pause_between_requests(drawn: CorrelatedSamplerParams) -> None:
    plan = Plan(drawn)
    plan.append(np.random.default_rng(1), 1)
    plan.draw([0] * 9)
    trace = run_pysim(plan.dut, plan.steps)
    assert trace.gaps("o") == {plan.dut.interval} == {drawn.rank}
    assert trace.offered["o"][0] - trace.transfers["i"][0] == plan.dut.latency


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", ["R1_B1", "L1_K3"])
def test_a_basis_is_taken_between_two_requests(name: str, pauses: str) -> None:
    plan, rng = Plan(CORNERS[name]), np.random.default_rng(6)
    plan.append(rng, 1)
    plan.load(plan.basis(rng, 4))
    # Two requests are under way when the exponent comes. The next two have to wait for the basis.
    old = plan.beats([0, 0])
    plan.steps.append(Step(inputs={"i": [0, 0]}))
    plan.load(plan.basis(rng, 6), labels=(0, 0))
    last = plan.steps[-1]
    plan.steps[-1] = replace(last, outputs={"o": old + list(last.outputs["o"])})
    trace = run_pysim(plan.dut, plan.steps, PAUSES[pauses], STROBES)
    assert trace.counts == plan.strobes()
    if pauses == "flowing":
        begun, rows = trace.transfers["basis"][1], trace.transfers["loadings"][-1]
        drawn = trace.offered["o"]
        assert drawn[len(old) - 1] in (begun, begun + 1)
        assert trace.transfers["i"][-1] > rows
        cover("correlated: exponent waits for beats", trace.stalls["basis"])
        cover("correlated: request waits for a basis", trace.stalls["i"])


def test_without_a_basis_bits_are_those_of_the_sampler_of_independent_bits() -> None:
    drawn = params(m=2, class_components=3, features=30, lanes=7, code_width=6)
    plan, rng = Plan(drawn), np.random.default_rng(9)
    other = IndependentSampler(
        SamplerParams(prototypes=drawn.prototypes, draws_per_read=2, seed=drawn.seed)
    )
    for count in (1, 3):
        plan.append(rng, count)
        label = count // 2
        codes = plan.golden.prototypes.codes_of(label)
        other.prototypes.append(codes, plan.golden.prototypes.thresholds_of(label))
    labels = [0, 1, 1, 0, 1]
    layout = plan.dut.o.payload.shape()
    beats = [
        payload(layout, {"bits": beat.bits, "label": beat.label, "last": int(beat.last)})
        for label in labels
        for beat in other.beats(label)
    ]
    plan.steps.append(Step(inputs={"i": labels}, outputs={"o": beats}))
    run_pysim(plan.dut, plan.steps, PAUSES["idle_stalled"])


def bounded(plan: Plan, magnitude: int, feature: int) -> NDArray[np.integer]:
    """Return loadings of which one feature has a sum of magnitudes, and all others have none."""
    p = plan.params
    loadings = np.zeros((p.prototypes.features, p.rank), int)
    whole, rest = divmod(magnitude, p.highest_loading)
    loadings[feature, :whole] = -p.highest_loading
    loadings[feature, whole] = rest
    return loadings


@pytest.mark.parametrize("feature", [0, 5, 9])
def test_a_basis_out_of_bounds_is_refused_and_leaves_none(feature: int) -> None:
    plan, rng = Plan(params(width=8, n_f=16, rank=17)), np.random.default_rng(2)
    plan.append(rng, 1)
    lowest = plan.basis(rng, 1)[0]
    lowest[feature, 3] = -128
    above = bounded(plan, 2100, feature)  # 16 * 2^15 * 2100 is more than 2^30
    for basis in (plan.basis(rng, 3), (lowest, 1), plan.basis(rng, 2), (above, 15)):
        plan.load(basis)
        plan.settle()
        plan.draw([0] * 3)
    plan.steps.append(Step(reset=True, reads={"refused": 0}))
    run_pysim(plan.dut, plan.steps)


@pytest.mark.parametrize(("magnitude", "e"), [(2047, 15), (2048, 15), (4095, 14), (4096, 14)])
def test_the_bound_of_a_sum_is_exact(magnitude: int, e: int) -> None:
    memory = {"features": 3, "lanes": 2, "code_width": 2, "components": 1, "classes": 1}
    plan, rng = Plan(params(width=8, n_f=16, rank=33, **memory)), np.random.default_rng(2)
    plan.append(rng, 1)
    plan.load((bounded(plan, magnitude, 2), e))
    plan.settle()
    plan.draw([0] * 4)
    assert plan.golden.refused == (16 * magnitude << e >= 2**30)
    run_pysim(plan.dut, plan.steps)


@pytest.mark.parametrize("streams", [STREAMS, [Stream.FACTOR], range(Stream.FACTOR)])
@pytest.mark.parametrize("name", ["K4_M3", "L1_K3"])
def test_new_seeds_change_their_streams_alone(name: str, streams: Iterable[int]) -> None:
    plan, rng = Plan(CORNERS[name]), np.random.default_rng(8)
    for count in (1, plan.params.prototypes.class_components):
        plan.append(rng, count)
    plan.load(plan.basis(rng, 5))
    plan.draw([1, 0] * 2)
    plan.seed(99, streams)
    plan.draw([0, 1] * 2)
    trace = run_pysim(plan.dut, plan.steps, PAUSES["idle_stalled"], STROBES)
    assert trace.counts == plan.strobes()
    assert trace.stalls["seeds"] == 0


def test_requests_of_the_selector_are_served() -> None:
    plan = Plan(params(selection="uniform", rank=2))
    plan.append(np.random.default_rng(1), 1)
    plan.steps[-1] = replace(plan.steps[-1], reads={})
    labels = plan.golden.selector.request(1, 9).tolist()
    plan.steps.append(Step(inputs={"amount": [9]}, outputs={"o": plan.beats(labels)}))
    run_pysim(SelfServed(plan.dut), plan.steps)


def test_an_unknown_class_is_dropped_and_a_basis_still_comes() -> None:
    plan, rng = Plan(params()), np.random.default_rng(4)
    plan.draw([0], reads={"unknown": 1})
    plan.append(rng, 1)
    plan.draw([0, 1, 4, 0], reads={"unknown": 1})
    plan.load(plan.basis(rng, 4))
    plan.append(rng, 1)
    plan.draw([1, 3, 0])
    trace = run_pysim(plan.dut, plan.steps, counted=STROBES)
    assert trace.counts == plan.strobes()


def test_appending_leaves_the_beats_of_other_classes_alone() -> None:
    plan, rng = Plan(params(class_components=3)), np.random.default_rng(8)
    plan.append(rng, 2)
    plan.load(plan.basis(rng, 4))
    codes = rng.integers(0, 8, (3, 10))
    inputs = plan.class_inputs(codes, [20000, 40000])
    plan.steps.append(Step(inputs={**inputs, "i": [0] * 6}, outputs={"o": plan.beats([0] * 6)}))
    plan.golden.prototypes.append(codes, [20000, 40000])
    plan.draw([1, 0] * 3, reads=plan.reads())
    run_pysim(plan.dut, plan.steps, PAUSES["idle_stalled"])


@pytest.mark.parametrize("cycles", [3, 20, 41, 60, 85, 110])
def test_reset_in_the_middle_restarts_everything(cycles: int) -> None:
    drawn = params(class_components=2, m=2, rank=3)
    plan, rng = Plan(drawn), np.random.default_rng(6)
    plan.append(rng, 2)
    basis = plan.basis(rng, 4)
    plan.load(basis)
    plan.settle()
    inputs = {"basis": [4], "loadings": plan.rows(basis[0]), "i": [0] * 9}
    under_way = {"inputs": inputs, "outputs": {"o": plan.beats([0] * 9)}}
    interrupted = Step(**under_way, cycles=cycles, abandon=True)
    again = three_bases(drawn, cycles)
    empty = Step(reset=True, reads={"n_classes": 0, "n_components": 0, "refused": 0, "unknown": 0})
    trace = run_pysim(plan.dut, [*plan.steps, interrupted, empty, *again.steps])
    assert trace.left[0] > 0  # it was in the middle


@pytest.mark.parametrize("pauses", ["flowing", "stalled"])
def test_reset_drops_the_exemplars_that_are_on_their_way(pauses: str) -> None:
    """Nothing of them comes later, and a basis is taken as if they had never been asked for."""
    drawn = params(rank=3, features=4, lanes=4)
    rng, steps = np.random.default_rng(7), list[Step]()
    for cycles in range(3, 30, 2):
        begun, again = Plan(drawn), Plan(drawn)
        begun.append(rng, 1)
        begun.draw([0] * 20)
        interrupted = replace(begun.steps.pop(), cycles=cycles, abandon=True, reads={})
        again.append(rng, 1)
        again.load(again.basis(rng, 4), labels=(0,))
        steps += [replace(begun.steps[0], reset=True), *begun.steps[1:], interrupted]
        steps += [replace(again.steps[0], reset=True), *again.steps[1:]]
    trace = run_pysim(CorrelatedSampler(drawn), steps, PAUSES[pauses])
    assert all(trace.left)  # it was in the middle


class SharedPlan(Plan, test_sampler.SharedPlan):
    """A plan for a shared sampler with factors."""

    params: CorrelatedSamplerParams  # pyright: ignore[reportIncompatibleVariableOverride]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.dut = CorrelatedSampler(self.params, shared=True)


SHARED = {
    "R5": params(class_components=2),
    "R1_M2": params(rank=1, m=2, features=4, lanes=4, class_components=1),
    "groups": params(rank=3, lanes=9, class_components=2),
}


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", SHARED)
def test_edits_and_a_reader_change_only_what_they_say(name: str, pauses: str) -> None:
    """Classes are replaced, removed, drawn and read by turns, with one basis and another."""
    plan, rng = SharedPlan(SHARED[name]), np.random.default_rng(3)
    fill(plan, rng)
    edit(plan, rng, (1, 3))
    for e, labels in ((4, (1, 2)), (6, (0, 3))):
        plan.load(plan.basis(rng, e))
        edit(plan, rng, labels)
    run_pysim(Shared(plan.dut), plan.steps, PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES)
def test_a_basis_a_reader_and_a_removal_come_at_once(pauses: str) -> None:
    """None of them waits for another for ever, and requests wait for all."""
    plan, rng = SharedPlan(SHARED["R5"]), np.random.default_rng(4)
    fill(plan, rng)
    for removed, there in ((2, [0, 1, 3]), (0, [1, 3])):
        step, rows = plan.remove(removed), [plan.row_of(label) for label in there]
        plan.load(plan.basis(rng, 5), labels=(1, 3, 1))
        loaded = plan.steps.pop()
        inputs = {**loaded.inputs, **step.inputs, "look": there}
        outputs = {**loaded.outputs, "seen": rows}
        plan.steps.append(replace(loaded, inputs=inputs, outputs=outputs))
    trace = run_pysim(Shared(plan.dut), plan.steps, PAUSES[pauses])
    begun, rows = trace.transfers["basis"][0], trace.transfers["loadings"]
    during = range(begun, rows[plan.params.rank * plan.params.prototypes.beats - 1])
    met = sum(cycle in during for cycle in trace.offered["seen"])
    cover("correlated: row read while a basis comes", met)


@pytest.mark.parametrize("seed", range(3))
def test_a_class_is_replaced_between_two_exemplars(seed: int) -> None:
    """Zeros become ones: each exemplar is whole, whenever the class comes."""
    drawn = params(rank=2)
    assert len(replaced_after(lambda: SharedPlan(drawn), seed)) == 1


def test_a_sampler_without_factors_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Factors R of a sampler .* must be 1 or more, not 0$"):
        CorrelatedSampler(params(rank=0))
