# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.cwr import Cwr as GoldenCwr
from golden.cwr import past_weight
from golden.params import CwrParams
from rtl.cwr import Cwr
from rtl.cwr_control import Operation, command_layout
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.test_trainer import codes_of

Weights = NDArray[np.integer]
MOST = 2**32 - 1


def params(**changes: Any) -> CwrParams:
    return CwrParams(**{"classes": 5, "inputs": 10, "width": 8, **changes})


SMALL = params()
CORNERS = {
    "64_lanes": (params(inputs=130, width=16), 64),
    "one_of_all": (params(classes=1, inputs=1), 1),
    "32_bits": (params(inputs=7, width=32, average="row"), 3),
    "row": (params(inputs=8, average="row"), 4),
}


class Bench:
    """Steps of a bench, with what golden says of them.

    Whatever the block must not look at is random: lanes past F, the class and the samples of a
    command to sum, and the consolidated rows of classes never seen.
    """

    def __init__(self, params: CwrParams, lanes: int, seed: int = 0) -> None:
        self.params, self.lanes = params, lanes
        self.golden = GoldenCwr(params)
        self.rng = np.random.default_rng(seed)
        self.beats = -(-params.inputs // lanes)
        self.top = 2 ** (int(params.width) - 1)
        self.refused = 0

    def command(self, operation: Operation, label: int, present: int) -> int:
        fields = {"operation": operation, "label": label, "present": present}
        return payload(command_layout(self.params), fields)

    def sum_command(self) -> int:
        label = int(self.rng.integers(self.params.classes))
        return self.command(Operation.SUM, label, int(self.rng.integers(2**32)))

    def rows(self, weights: Weights, fill: int | None = None) -> list[int]:
        """Return the rows of a class, with random weights or others in lanes past F."""
        spare = self.beats * self.lanes - self.params.inputs
        past = self.weights((spare,)) if fill is None else np.full(spare, fill)
        return codes_of(np.concatenate([weights, past]), self.lanes, int(self.params.width))

    def weights(self, shape: tuple[int, ...]) -> Weights:
        """Return random weights; some are at the ends."""
        drawn = self.rng.integers(-self.top, self.top, shape)
        ends = self.rng.choice([-self.top, self.top - 1], shape)
        return np.where(self.rng.random(shape) < 0.3, ends, drawn).astype(np.int32)

    def consolidate(self, trained: Weights, counts: list[int]) -> Step:
        """Return the step of one experience."""
        golden, labels = self.golden, [c for c, n in enumerate(counts) if n]
        before, past = golden.weights.copy(), golden.past.copy()
        golden.consolidate(trained, np.array(counts))
        kept = {c: before[c] if past[c] else self.weights(before[c].shape) for c in labels}
        sums = [[c] for c in labels] if self.params.average == "row" else [labels]
        commands, tw = [], []
        for group in sums:
            commands += [self.sum_command() for _ in group]
            commands += [self.command(Operation.MIX, c, counts[c]) for c in group]
            tw += [row for _ in range(2) for c in group for row in self.rows(trained[c])]
        met = self.met(trained, before, past, counts, labels)
        return Step(
            inputs={
                "commands": commands,
                "tw": tw,
                "cw": [row for c in labels for row in self.rows(kept[c])],
            },
            outputs={"o": [row for c in labels for row in self.rows(golden.weights[c], 0)]},
            reads={"refused": self.refused},
            meets={f"cwr: {name}": int(hits) for name, hits in met.items()},
        )

    def met(
        self, trained: Weights, kept: Weights, past: Weights, counts: list[int], labels: list[int]
    ) -> Counter[str]:
        """Return how often an experience meets which situations, in exact fractions."""
        met = Counter[str]()
        for c in labels:
            whole = trained[c] if self.params.average == "row" else trained[labels]
            mean = Fraction(int(whole.astype(np.int64).sum()), whole.size)
            t, centre = past_weight(int(past[c]), counts[c]), round(mean)
            met["mean on a tie"] += mean.denominator == 2
            met["mean below 0"] += mean < 0
            met["class never seen"] += past[c] == 0
            met["count at its largest"] += past[c] + counts[c] > MOST
            met["lanes past F"] += self.beats * self.lanes > self.params.inputs
            for tw, cw in zip(trained[c].tolist(), kept[c].tolist(), strict=True):
                exact = Fraction(cw * t + 256 * (tw - centre), t + 256)
                tie = exact.denominator == 2
                met["tie rounded down"] += tie and round(exact) < exact
                met["tie rounded up"] += tie and round(exact) > exact
                met["weight above the highest"] += round(exact) > self.top - 1
                met["weight below the lowest"] += round(exact) < -self.top
        return met

    def experience(self, most: int = 9) -> Step:
        """Return the step of a random experience."""
        classes = self.params.classes
        counts = (self.rng.integers(0, most, classes, endpoint=True)) * (
            self.rng.random(classes) < 0.7
        )
        counts[self.rng.integers(classes)] += 1
        return self.consolidate(
            self.weights(self.golden.weights.shape), np.minimum(counts, MOST).tolist()
        )

    def steps(self, number: int) -> list[Step]:
        return [self.experience(most) for _ in range(number) for most in (2, 900, MOST)]


@st.composite
def units(draw: st.DrawFn) -> tuple[CwrParams, int]:
    lanes = draw(st.integers(1, 9))
    drawn = params(
        classes=draw(st.integers(1, 6)),
        inputs=draw(st.integers(1, 3 * lanes)),
        width=draw(st.sampled_from([8, 16, 32])),
        average=draw(st.sampled_from(["scalar", "row"])),
    )
    return drawn, lanes


@settings(max_examples=12)
@given(units(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
def test_weights_equal_golden(drawn, seed, pauses) -> None:
    run_pysim(Cwr(*drawn), Bench(*drawn, seed).steps(1), PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("name", ["one_of_all", "32_bits"])
def test_pauses_change_no_bit(name, pauses) -> None:
    run_pysim(Cwr(*CORNERS[name]), Bench(*CORNERS[name]).steps(2), pauses)


@pytest.mark.parametrize("name", CORNERS)
def test_corners(name) -> None:
    run_pysim(Cwr(*CORNERS[name]), Bench(*CORNERS[name]).steps(1)[:2], PAUSES["idle_stalled"])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", ["small", "32_bits"])
def test_corners_in_verilog(name, simulator) -> None:
    drawn = {"small": (SMALL, 4), **CORNERS}[name]
    steps = Bench(*drawn).steps(5)
    run_cocotb(Cwr(*drawn), steps, PAUSES["idle_stalled"], simulator=simulator)


def every_pair(kept: list[int]) -> tuple[CwrParams, Weights, Weights]:
    """Return rows in which every trained weight of 8 bits meets every one of some kept weights."""
    trained, cw = np.meshgrid(np.arange(-128, 128), kept)
    size = params(classes=1, inputs=trained.size)
    return size, trained.reshape(1, -1), cw.reshape(1, -1)


#: Samples before and in a task: t is 0, 256, 128, 768, 64, 255, 2^24 - 1, and the least above 0.
SHARES = [(0, 1), (7, 7), (1, 4), (9, 1), (1, 16), (255, 256), (MOST, 1), (1, 65536)]


def paired(kept: list[int], share: tuple[int, int]) -> tuple[CwrParams, list[Step]]:
    """Return steps after which a class has kept weights, and meets all trained ones."""
    size, trained, cw = every_pair(kept)
    bench, (past, present) = Bench(size, 16), share
    steps = [bench.consolidate(cw, [past])] if past else []
    # What was kept is less its mean; the weights are put back, as another memory would.
    bench.golden.weights[:] = cw
    return size, [*steps, bench.consolidate(trained.astype(np.int32), [present])]


@pytest.mark.parametrize("share", SHARES, ids=str)
def test_all_trained_weights_meet_the_ends_and_the_middle(share) -> None:
    size, steps = paired([-128, -1, 127], share)
    run_pysim(Cwr(size, 16), steps)


@pytest.mark.slow
@pytest.mark.parametrize("share", SHARES, ids=str)
def test_all_pairs_of_weights(share) -> None:
    size, steps = paired(list(range(-128, 128)), share)
    run_cocotb(Cwr(size, 16), steps)


def test_ties_go_to_the_even_weight_and_both_ends_saturate() -> None:
    bench = Bench(params(inputs=4), 4)
    # t = 256: half of what is kept and half of what is trained, whose means are 0.
    steps = [
        bench.consolidate(np.tile([-3, 3, 1, -1], (5, 1)).astype(np.int32), [1, 1, 0, 0, 0]),
        bench.consolidate(np.tile([-2, 2, 2, -2], (5, 1)).astype(np.int32), [1, 1, 0, 0, 0]),
    ]
    assert bench.golden.weights[0].tolist() == [-2, 2, 2, -2]
    assert steps[1].meets["cwr: tie rounded up"] == steps[1].meets["cwr: tie rounded down"] == 4
    ends = np.array([[-128] * 4, [127] * 4, [-128, -128, -128, 127], [0] * 4, [0] * 4], np.int32)
    steps.append(bench.consolidate(ends, [0, 0, 1, 0, 0]))
    steps.append(bench.consolidate(-1 - ends, [0, 0, 0, 1, 0]))
    ends[3] = [-128, 127, 127, 127]
    steps.append(bench.consolidate(ends, [0, 0, 0, 1, 0]))
    assert steps[2].meets["cwr: weight above the highest"] == 1
    run_pysim(Cwr(bench.params, 4), steps)


def test_counts_stay_at_their_largest() -> None:
    bench = Bench(SMALL, 4)
    steps = [
        bench.consolidate(bench.weights((5, 10)), [0, most, 0, 0, 0]) for most in (MOST, MOST, 3, 1)
    ]
    assert sum(one.meets["cwr: count at its largest"] for one in steps) == 3
    run_pysim(Cwr(SMALL, 4), steps)


@pytest.mark.parametrize(
    ("operation", "label", "present", "summed"),
    [
        (Operation.MIX, 5, 3, 1), (Operation.MIX, 7, 3, 1), (Operation.MIX, 2, 0, 1),
        (Operation.MIX, 2, 3, 0), (Operation.SUM, 0, 0, 5),
    ],
)  # fmt: skip
def test_what_is_refused_is_flagged_and_changes_nothing(operation, label, present, summed) -> None:
    bench = Bench(SMALL, 4)
    first = bench.experience(900) if summed else Step(reads={"refused": 0})
    whole = bench.weights((5, 10))
    wrong = bench.command(operation, label, present)
    counts = [0, 2, 0, 0, 0] if summed == 1 else [2] * 5
    after = bench.consolidate(whole, counts)
    # The wrong command comes among those to sum and before those to mix.
    commands = after.inputs["commands"]
    place = sum(n > 0 for n in counts) if summed else 0
    inputs = {**after.inputs, "commands": [*commands[:place], wrong, *commands[place:]]}
    refused = replace(after, inputs=inputs, reads={"refused": 1})
    met = {"cwr: sum refused" if operation == Operation.SUM else "cwr: mix refused": 1}
    bench.refused = 1
    last = bench.experience()
    steps = [first, replace(refused, meets=met), last, Step(reset=True)]
    run_pysim(Cwr(SMALL, 4), [*steps, Step(reads={"refused": 0})])


@pytest.mark.parametrize("cycles", [1, 8, 30, 70, 90, 140, 200])
def test_reset_in_the_middle_forgets_everything(cycles) -> None:
    bench = Bench(SMALL, 4)
    begun = [bench.experience(900), bench.experience(900)]
    cut = replace(bench.experience(900), cycles=cycles, abandon=True, reads={})
    fresh = Bench(SMALL, 4, seed=cycles)
    trace = run_pysim(Cwr(SMALL, 4), [*begun, cut, Step(reset=True), *fresh.steps(1)])
    assert trace.left[0] > 0


@pytest.mark.parametrize("name", CORNERS)
def test_it_takes_as_long_as_it_says(name) -> None:
    drawn, lanes = CORNERS[name]
    bench, dut, b = Bench(drawn, lanes), Cwr(drawn, lanes), -(-drawn.inputs // lanes)
    counts = [3] * min(2, drawn.classes) + [0] * max(0, drawn.classes - 2)
    labels, scalar = sum(n > 0 for n in counts), drawn.average == "scalar"
    cleared = Step(cycles=drawn.classes + 2)
    trace = run_pysim(
        dut, [cleared, bench.consolidate(bench.weights((drawn.classes, drawn.inputs)), counts)]
    )
    commands, rows = trace.transfers["commands"], trace.transfers["tw"]
    place = time = 0
    kinds = [0] * labels + [1] * labels if scalar else [0, 1] * labels
    for number, mixes in enumerate(kinds):
        first = number == labels or not scalar
        wait = dut.weighing + dut.centring * first if mixes else 1
        each = dut.interval if mixes else dut.adding
        assert commands[number] == commands[0] + time
        assert rows[place] - commands[number] == wait
        assert set(np.diff(rows[place : place + b])) <= {each}
        place, time = place + b, time + wait + b * each
    for taken, offered in zip(trace.transfers["cw"], trace.offered["o"], strict=True):
        assert offered - taken == dut.latency


def test_a_bench_with_a_wrong_weight_fails() -> None:
    step = Bench(SMALL, 4).experience()
    wrong = replace(step, outputs={"o": [step.outputs["o"][0] ^ 1, *step.outputs["o"][1:]]})
    with pytest.raises(BenchError, match=r"o\[0\]: .* came, and .* was expected"):
        run_pysim(Cwr(SMALL, 4), [wrong])


@pytest.mark.parametrize(
    ("given", "lanes", "message"),
    [
        ({"width": "float"}, 4, "must have weights of 8, 16 or 32 bits in hardware, not float"),
        ({}, 0, "Lanes L must be an integer in 1..64, not 0"),
        ({}, 65, "Lanes L must be an integer in 1..64, not 65"),
    ],
)
def test_what_hardware_cannot_be(given, lanes, message) -> None:
    with pytest.raises(ValueError, match=message):
        Cwr(params(**given), lanes)
