# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.low_rank import COST_BITS
from golden.low_rank import LowRank as GoldenLowRank
from golden.params import LowRankParams, PrototypesParams
from rtl.low_rank import LowRank, answer_layout, basis_layout, factor_layout
from rtl.low_rank_sums import stages_of
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.test_prototype_classifier import Bench as ReaderBench
from verification.rtl.test_prototype_classifier import Codes, Reader
from verification.rtl.test_prototypes import class_inputs
from verification.rtl.test_trainer import codes_of


def params(rank: int = 3, basis_width: int = 4, factor_width: int = 5, **changes: int) -> Any:
    sizes = {
        "features": 10, "code_width": 3, "lanes": 4, "components": 9, "classes": 5,
        "class_components": 3, **changes,
    }  # fmt: skip
    return LowRankParams(
        prototypes=PrototypesParams(**sizes),
        rank=rank,
        basis_width=basis_width,
        factor_width=factor_width,
    )


SMALL = params()
CORNERS = {
    "64_lanes": params(5, 4, 8, features=130, code_width=8, lanes=64),
    "one_of_all": params(
        1, 1, 1, features=1, code_width=1, lanes=1, components=1, classes=1, class_components=1
    ),
    "more_rows_than_directions": params(2, 8, 16, features=20, code_width=5, lanes=2),
    "one_bit": params(6, 1, features=11, code_width=4, lanes=8),
    "a_component_a_cycle": params(1, 3, 4, features=4, lanes=4),
}


class LowRankReader(Reader):
    """A discriminant and the memory that it reads."""

    Block = LowRank
    ports = ("i", "project", "basis", "factors", "exponent", "o", "empty", "unknown")


class Bench(ReaderBench):
    """Steps of a bench, with what golden says of them. Each class is projected when it is there."""

    Golden = GoldenLowRank
    answers = staticmethod(answer_layout)
    name = "low_rank"

    def metric(self, exponent: int | None = None) -> Step:
        """Return the step that loads a random metric that leaves room."""
        p, memory = self.params, self.params.prototypes
        most = p.highest_entry
        basis = self.rng.integers(-most, most + 1, (p.rank, memory.features))
        if p.basis_width == 1:
            basis = np.where(basis < 0, -1, 1)
        factors = self.rng.integers(0, 2**p.factor_width, p.rank)
        # As many bits as the shortest lengths leave.
        gains = factors * np.abs(basis @ basis.T).sum(axis=1)
        room = 2**COST_BITS // (3 * 4**memory.code_width * memory.features)
        assert gains.max() < room
        if exponent is None:
            exponent = int(self.rng.integers((room - 1).bit_length()))
        self.golden.load(basis, factors, exponent)
        return self.loaded(basis, factors, exponent)

    def loaded(self, basis: Codes, factors: Codes, exponent: int) -> Step:
        """Return the step that loads a metric, with random bits in lanes past D."""
        p, memory = self.params, self.params.prototypes
        spare = memory.beats * memory.lanes - memory.features
        whole = np.hstack([basis, self.rng.integers(0, 2, (p.rank, spare))])
        if p.basis_width == 1:
            whole = whole > 0
        rows = [
            payload(basis_layout(p), {"row": row, "entries": entries})
            for row, entries in enumerate(codes_of(whole, memory.lanes, p.basis_width))
        ]
        self.random.shuffle(rows)
        weights = [
            payload(factor_layout(p), {"direction": k, "factor": int(f)})
            for k, f in enumerate(factors)
        ]
        inputs = {"basis": rows, "factors": weights[::-1]}
        return Step(inputs=inputs, pins={"exponent": exponent})

    def projected(self, labels: list[int], unknown: int = 0) -> Step:
        """Return the step that projects classes."""
        met = {"class projected that is not there": unknown}
        meets = {f"{self.name}: {name}": hits for name, hits in met.items()}
        return Step(inputs={"project": labels}, reads={"unknown": int(unknown > 0)}, meets=meets)

    def grow(self, components: int) -> list[Step]:
        """Return the steps that append a class and project it."""
        appended = self.append(self.codes(components))
        return [appended, self.projected([self.memory.n_classes - 1])]

    def grown(self, most: int = 4) -> list[Step]:
        p, steps = self.params.prototypes, [self.classify(self.pictures(2))]
        while self.memory.n_classes < p.classes and self.memory.n_components < p.components:
            room = min(most, p.class_components, p.components - self.memory.n_components)
            steps += [*self.grow(self.random.randint(1, room)), self.classify(self.pictures(3))]
        return steps

    def met_costs(self, costs: NDArray[np.int64], there: int) -> dict[str, int]:
        return {"cost below 0": int((costs < 0).sum())}


@st.composite
def readers(draw: st.DrawFn) -> LowRankParams:
    lanes = draw(st.integers(1, 9))
    features = draw(st.integers(1, 3 * lanes))
    return params(
        draw(st.integers(1, min(4, features))),
        draw(st.integers(1, 8)),
        draw(st.integers(1, 12)),
        features=features,
        lanes=lanes,
        code_width=draw(st.integers(1, 6)),
        components=draw(st.integers(1, 6)),
        classes=draw(st.integers(1, 4)),
        class_components=draw(st.integers(1, 3)),
    )


@settings(max_examples=15)
@given(readers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
def test_answers_equal_golden(drawn, seed, pauses) -> None:
    bench = Bench(drawn, seed)
    run_pysim(LowRankReader(drawn), [bench.metric(), *bench.grown()], PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    bench = Bench(SMALL)
    steps = [bench.metric(), *bench.grown()]
    # A tie of two classes, and one within a class.
    again, twice = Bench(SMALL, 3), bench.codes(1)
    steps += [Step(reset=True), again.metric(), again.append(twice), again.projected([0])]
    steps += [again.append(np.concatenate([twice, twice])), again.projected([1])]
    run_pysim(LowRankReader(SMALL), [*steps, again.classify(again.pictures(4))], PAUSES[pauses])


@pytest.mark.parametrize("name", CORNERS)
def test_corners(name) -> None:
    bench = Bench(CORNERS[name])
    steps = [bench.metric(), *bench.grown()]
    run_pysim(LowRankReader(CORNERS[name]), steps, PAUSES["idle_stalled"])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", ["64_lanes", "one_bit"])
def test_corners_in_verilog(name, simulator) -> None:
    bench = Bench(CORNERS[name])
    steps = [bench.metric(), *bench.grown(), bench.metric()]
    steps.append(bench.projected(list(range(bench.memory.n_classes))))
    steps.append(bench.classify(bench.pictures(9)))
    run_cocotb(LowRankReader(CORNERS[name]), steps, PAUSES["idle_stalled"], simulator=simulator)


def test_all_pictures_of_few_features() -> None:
    drawn = params(2, 3, 4, features=5, lanes=2, code_width=2)
    bench = Bench(drawn, 4)
    steps = [bench.metric(), *bench.grow(3), *bench.grow(2), *bench.grow(1)]
    every = (np.arange(32)[:, np.newaxis] >> np.arange(5)) & 1
    run_pysim(LowRankReader(drawn), [*steps, bench.classify(every)])


def test_costs_below_0_and_the_longest_shift() -> None:
    bench = Bench(SMALL)
    low = [bench.metric(exponent=0), *bench.grow(2), bench.classify(bench.pictures(6))]
    assert low[-1].meets["low_rank: cost below 0"] > 0
    longest = (2**COST_BITS // (3 * 4**3 * 10) - 1).bit_length() - 1
    high = [bench.metric(exponent=longest), bench.projected([0]), bench.classify(bench.pictures(6))]
    run_pysim(LowRankReader(SMALL), [*low, *high])


@pytest.mark.parametrize("features", [3, 10])
def test_classes_that_were_removed_are_passed_over(features: int) -> None:
    """All sets of removed classes of three, the last and all of them included."""
    drawn = params(features=features, classes=3)
    steps: list[Step] = []
    for gone in range(8):
        bench = Bench(drawn, gone)
        steps += [Step(reset=gone > 0), bench.metric()]
        for label in range(3):
            steps += bench.grow(1 + label)
        steps.append(bench.classify(bench.pictures(1)))  # all classes have been projected
        steps += [bench.remove(label) for label in range(3) if gone >> label & 1]
        # To project a class that was removed changes nothing.
        steps += [bench.projected([0, 1, 2]), bench.classify(bench.pictures(3))]
    run_pysim(LowRankReader(drawn), steps)


def test_a_class_is_projected_again_when_it_was_replaced() -> None:
    bench = Bench(SMALL)
    steps = [bench.metric(), *bench.grow(2), *bench.grow(1), bench.classify(bench.pictures(2))]
    codes = bench.codes(2)
    assert bench.memory.write(0, codes, [0])
    inputs = class_inputs(bench._memory, codes, [0], label=0)
    again = bench.projected([0])
    met = Step(again.inputs, reads=again.reads, meets={"low_rank: class projected again": 1})
    steps += [Step(inputs=inputs, cycles=4), met, bench.classify(bench.pictures(4))]
    run_pysim(LowRankReader(SMALL), steps)


def test_a_class_that_is_not_there_is_not_projected() -> None:
    bench = Bench(SMALL)
    steps = [bench.metric(), *bench.grow(2)]
    steps += [bench.projected([0]), bench.projected([1], unknown=1)]  # the next one that comes
    steps += [bench.projected([1, 7, 4], unknown=3)]
    steps += [bench.classify(bench.pictures(2)), Step(reset=True), Step(reads={"unknown": 0})]
    run_pysim(LowRankReader(SMALL), steps)


@pytest.mark.parametrize("pauses", ["flowing", "idle"])
def test_pictures_and_classes_to_project_come_at_once(pauses: str) -> None:
    """A picture that has begun goes on, and otherwise the class is first; none is lost."""
    bench = Bench(SMALL)
    steps = [bench.metric(), *bench.grow(1), *bench.grow(2), bench.classify(bench.pictures(1))]
    asked = bench.classify(bench.pictures(5))
    steps.append(Step({**asked.inputs, "project": [0, 1] * 3}, asked.outputs))
    run_pysim(LowRankReader(SMALL), steps, PAUSES[pauses])


@pytest.mark.parametrize("wait", [1, 5, 20])
@pytest.mark.parametrize("projects", [True, False])
def test_it_reads_when_it_may(wait: int, projects: bool) -> None:
    bench = Bench(SMALL)
    steps = [bench.metric(), *bench.grow(2)]
    asked = bench.classify(bench.pictures(1))
    first = {"project": [0]} if projects else asked.inputs
    held = Step(pins={"busy": 1}, inputs=first, cycles=40, reads={"o__valid": 0})
    freed = Step(pins={"busy": 0}, inputs=asked.inputs if projects else {}, outputs=asked.outputs)
    trace = run_pysim(LowRankReader(SMALL), [*steps, held, Step(cycles=wait), freed])
    assert trace.offered["o"][0] > trace.transfers["project"][-1] + 40 + wait * projects


def test_it_does_not_project_before_it_may_read() -> None:
    bench, p = Bench(SMALL), SMALL.prototypes
    held = Step(pins={"busy": 1}, inputs={"project": [0]}, cycles=300)
    freed = Step(pins={"busy": 0}, inputs={"project": [0]})  # taken when the first one is done
    grown = [bench.metric(), *bench.grow(2), Step(cycles=200)]  # all is done
    trace = run_pysim(LowRankReader(SMALL), [*grown, held, freed])
    first, second = trace.transfers["project"][-2:]
    rows = 2 * (SMALL.rank + 1) * p.beats * (p.code_width + 1)
    assert second - first > 300 + rows


@pytest.mark.parametrize("name", CORNERS)
def test_it_takes_as_long_as_it_says(name) -> None:
    drawn = CORNERS[name]
    bench, dut, p = Bench(drawn), LowRankReader(drawn), drawn.prototypes
    steps = [bench.metric()]
    most = min(2, p.class_components, p.components)
    steps += [bench.append(bench.codes(most)), bench.projected([0, 0])]
    steps.append(bench.classify(bench.pictures(3)))
    trace, block = run_pysim(dut, steps), dut.classifier
    (first, second), beats = trace.transfers["project"], trace.transfers["i"]
    rows = (drawn.rank + 1) * p.beats * (p.code_width + 1)
    assert second - first == most * rows + block.projecting
    scan = most * max(p.beats, drawn.rank)
    assert set(np.diff(beats[:: p.beats])) == {block.interval + scan}
    for taken, offered in zip(beats[p.beats - 1 :: p.beats], trace.offered["o"], strict=True):
        assert offered - taken == block.latency + scan


@pytest.mark.parametrize("cycles", [1, 4, 20, 40, 60])
def test_reset_in_the_middle_drops_the_picture_and_leaves_the_metric(cycles: int) -> None:
    bench = Bench(SMALL)
    # A picture is taken when all classes have been projected.
    steps = [bench.metric(), *bench.grow(2), *bench.grow(3), bench.classify(bench.pictures(1))]
    whole = bench.classify(bench.pictures(2))
    cut = Step(whole.inputs, whole.outputs, cycles=cycles, abandon=True)
    # The memory of prototypes is reset as well, and what was projected stays.
    codes = [bench.memory.codes_of(label) for label in range(2)]
    fresh = Bench(SMALL, seed=cycles)
    fresh.golden = bench.golden
    after = [Step(reset=True), *(fresh.append(one) for one in codes)]
    after.append(fresh.classify(fresh.pictures(3)))
    trace = run_pysim(LowRankReader(SMALL), [*steps, cut, *after])
    assert trace.left[0] > 0


def test_it_is_busy_from_the_first_beat_to_the_answer() -> None:
    """The block alone: without a class, and with one that it may not read."""
    asked, held = Bench(SMALL).classify(Bench(SMALL).pictures(1)), {"busy": 1, "o__valid": 0}
    first, rest = asked.inputs["i"][:1], asked.inputs["i"][1:]
    steps = [
        Step(cycles=3, reads={"busy": 0}),
        Step(inputs={"i": first}, reads=held),
        Step(inputs={"i": rest}, outputs=asked.outputs, reads={"busy": 0}),
        Step(pins={"n_classes": 1}, inputs={"i": first + rest}, cycles=60, reads=held),
    ]
    run_pysim(LowRank(SMALL), steps)


def test_reset_stops_the_costs_that_are_on_their_way() -> None:
    """A picture that comes right after has no class, whatever was still to be compared."""
    drawn = CORNERS["a_component_a_cycle"]
    dut, empty, steps = LowRankReader(drawn), Bench(drawn), list[Step]()
    latency, stages = dut.classifier.latency, stages_of(drawn)
    for cycles in range(latency - stages, latency + 3):
        bench = Bench(drawn, cycles)
        steps += [Step(reset=True), bench.metric(), *bench.grow(2), *bench.grow(1)]
        steps.append(bench.classify(bench.pictures(1)))  # all classes have been projected
        whole = bench.classify(bench.pictures(1))
        steps.append(Step(whole.inputs, whole.outputs, cycles=cycles, abandon=True))
        steps += [Step(reset=True), empty.classify(empty.pictures(1))]
    # A late cost changes the answer while it waits.
    trace = run_pysim(dut, steps, PAUSES["stalled"])
    assert trace.left.count(1) == stages + 3  # the answer was still to come


def test_a_bench_with_a_wrong_answer_fails() -> None:
    bench = Bench(SMALL)
    steps = [bench.metric(), *bench.grow(2), bench.classify(bench.pictures(1))]
    wrong = Step(steps[-1].inputs, {"o": [steps[-1].outputs["o"][0] ^ 8]})
    with pytest.raises(BenchError, match=r"o\[0\]: .* came, and .* was expected"):
        run_pysim(LowRankReader(SMALL), [*steps[:-1], wrong])


def test_hardware_has_a_direction() -> None:
    with pytest.raises(ValueError, match="Rank R of a discriminant in hardware must be 1 or more"):
        LowRank(params(rank=0))
