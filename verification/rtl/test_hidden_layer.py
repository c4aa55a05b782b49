# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.params import TrainerParams
from rtl.beat import beat_layout
from rtl.hidden_layer import HiddenLayer, hidden_row_layout
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.strobes import Counted

Bits = NDArray[np.integer]


def params(features: int, hidden: int, lanes: int) -> TrainerParams:
    return TrainerParams(
        features=features, classes=5, hidden=hidden, lanes=lanes, binary_width=1, backward_width=8
    )


#: Neurons fill whole beats, share one with the exemplar, or are less than one; the last beat of the
#: exemplar spills over into another, or does not.
CORNERS = {
    "whole_beats": params(10, 8, 4),
    "shared_beat": params(11, 7, 5),
    "spilled_over": params(8, 7, 4),
    "less_than_a_beat": params(9, 1, 8),
    "one_lane": params(2, 3, 1),
    "one_of_all": params(1, 1, 1),
    "one_beat": params(3, 2, 8),
}
SMALL = CORNERS["shared_beat"]


def beats_of(bits: Bits, lanes: int) -> list[int]:
    """Return a vector in beats of L lanes; those past its end are 0."""
    rows = np.zeros(-(-len(bits) // lanes) * lanes, np.int64)
    rows[: len(bits)] = bits
    return [sum(int(b) << lane for lane, b in enumerate(row)) for row in rows.reshape(-1, lanes)]


class Bench:
    """Steps of a bench. What a block must not look at is random."""

    def __init__(self, params: TrainerParams, seed: int = 0) -> None:
        self.params, self.rng = params, np.random.default_rng(seed)
        self.random = random.Random(seed)
        self.weights = self.rng.integers(0, 2, (params.hidden, params.features))

    def write(self) -> Step:
        """Return the step that writes new rows, in any order."""
        p, first = self.params, self.params.without_hidden
        self.weights = self.rng.integers(0, 2, self.weights.shape)
        rows = []
        for neuron, weights in enumerate(self.weights):
            more = self.rng.integers(0, 2, first.beats * p.lanes - p.features)
            for beat, bits in enumerate(beats_of(np.concatenate([weights, more]), p.lanes)):
                row = {"row": neuron * first.beats + beat, "bits": bits}
                rows.append(payload(hidden_row_layout(p), row))
        self.random.shuffle(rows)
        return Step(inputs={"writes": rows})

    def show(self, exemplars: Bits) -> Step:
        """Return the step of exemplars, with their inputs of the classifier (section 12)."""
        p, first = self.params, self.params.without_hidden
        layout, taken, given = beat_layout(p.lanes, p.classes), [], []
        met = dict.fromkeys(("sum of 0", "every input agrees", "no input agrees"), 0)
        for x in exemplars:
            label = self.random.randrange(p.classes)
            more = self.rng.integers(0, 2, first.beats * p.lanes - p.features)
            for beat, bits in enumerate(beats_of(np.concatenate([x, more]), p.lanes)):
                named = self.random.randrange(p.classes) if beat else label
                word = {"bits": bits, "label": named, "last": self.random.randrange(2)}
                taken.append(payload(layout, word))
            sums = (2 * self.weights - 1) @ (2 * x - 1)
            for name, total in zip(met, (0, p.features, -p.features), strict=True):
                met[name] += int((sums == total).sum())
            z = beats_of(np.concatenate([sums >= 0, x]), p.lanes)
            for place, bits in enumerate(z):
                word = {"bits": bits, "label": label, "last": place == len(z) - 1}
                given.append(payload(layout, word))
        return Step(
            inputs={"i": taken},
            outputs={"o": given},
            meets={f"hidden_layer: {name}": hits for name, hits in met.items()},
        )

    def exemplars(self, count: int) -> Bits:
        return self.rng.integers(0, 2, (count, self.params.features))

    def steps(self, rounds: int = 2) -> list[Step]:
        made = []
        for _ in range(rounds):
            written = self.write()
            likes = np.concatenate([self.weights[:1], 1 - self.weights[-1:]])  # all or none agree
            made += [written, self.show(np.concatenate([self.exemplars(3), likes]))]
        return made


@settings(max_examples=10)
@given(
    st.integers(1, 20), st.integers(1, 12), st.integers(1, 9), st.integers(0, 2**32),
    st.sampled_from(sorted(PAUSES)),
)  # fmt: skip
def test_inputs_equal_their_equation(features, hidden, lanes, seed, pauses) -> None:
    drawn = params(features, hidden, lanes)
    run_pysim(HiddenLayer(drawn), Bench(drawn, seed).steps(), PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    run_pysim(HiddenLayer(SMALL), Bench(SMALL).steps(), pauses)


@pytest.mark.parametrize("name", CORNERS)
def test_corners(name) -> None:
    run_pysim(HiddenLayer(CORNERS[name]), Bench(CORNERS[name]).steps(), PAUSES["idle_stalled"])


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_in_verilog(simulator) -> None:
    steps = Bench(SMALL).steps(6)
    run_cocotb(HiddenLayer(SMALL), steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("name", CORNERS)
def test_it_takes_as_long_as_it_says(name) -> None:
    drawn, dut = CORNERS[name], HiddenLayer(CORNERS[name])
    bench, b = Bench(drawn), drawn.without_hidden.beats
    trace = run_pysim(dut, [bench.write(), bench.show(bench.exemplars(3))])
    taken, given = trace.transfers["i"], trace.offered["o"]
    assert np.diff(taken[::b]).tolist() == [dut.interval] * 2
    assert given[0] - taken[b - 1] == dut.latency
    assert np.diff(given[: drawn.beats]).tolist() == [1] * (drawn.beats - 1)


@pytest.mark.parametrize("cycles", [1, 3, 9, 20, 31, 33])
def test_reset_drops_the_exemplar_and_leaves_the_rows(cycles) -> None:
    bench = Bench(SMALL)
    written, begun = bench.write(), bench.show(bench.exemplars(2))
    cut = Step(begun.inputs, begun.outputs, cycles=cycles, abandon=True)
    after = replace(bench.show(bench.exemplars(2)), reset=True)
    trace = run_pysim(HiddenLayer(SMALL), [written, cut, after])
    assert trace.left[0] > 0


@pytest.mark.parametrize("cycles", range(2, 9))
def test_reset_drops_the_rows_on_their_way(cycles) -> None:
    """One row an exemplar: the next one is summed while a row of the last could still come."""
    drawn = params(3, 1, 16)
    bench = Bench(drawn)
    written, last = bench.write(), bench.show(bench.weights)
    cut = Step(last.inputs, cycles=cycles, abandon=True)
    after = replace(bench.show(1 - bench.weights), reset=True)
    run_pysim(HiddenLayer(drawn), [written, cut, after])


@pytest.mark.parametrize("pauses", ["flowing", "stalled", "patient"])
def test_rows_wait_from_the_last_beat_until_the_inputs_have_left(pauses) -> None:
    bench = Bench(SMALL)
    written, shown = bench.write(), bench.show(bench.exemplars(1))
    late = bench.write()
    after = bench.show(bench.exemplars(2))
    steps = [written, Step(inputs=shown.inputs), Step(late.inputs, shown.outputs), after]
    transfers = run_pysim(HiddenLayer(SMALL), steps, PAUSES[pauses]).transfers
    rows = SMALL.hidden * SMALL.without_hidden.beats
    assert transfers["writes"][rows] > transfers["o"][SMALL.beats - 1]


@pytest.mark.parametrize("come", [0, 1, 2])
def test_rows_are_taken_until_the_last_beat_comes(come) -> None:
    bench, dut = Bench(SMALL), HiddenLayer(SMALL)
    begun, late = bench.write(), bench.write()
    shown = bench.show(bench.exemplars(1))
    beats = shown.inputs["i"]
    steps = [
        begun,
        Step(inputs={"i": beats[:come]}),
        replace(late, reads={"busy": int(come > 0)}),
        Step({"i": beats[come:]}, shown.outputs),
        bench.show(bench.exemplars(1)),
    ]
    run_pysim(dut, steps)


@pytest.mark.parametrize("name", CORNERS)
def test_a_beat_is_read_once_a_neuron_and_once_to_be_sent(name) -> None:
    drawn, dut = CORNERS[name], Counted(HiddenLayer(CORNERS[name]))
    bench, beats = Bench(drawn), drawn.without_hidden.beats
    reads = {"reads_exemplar": 3 * (drawn.hidden + 1) * beats}
    run_pysim(dut, [bench.write(), bench.show(bench.exemplars(3)), Step(cycles=5, reads=reads)])


@pytest.mark.parametrize("name", CORNERS)
def test_it_is_busy_in_every_cycle_but_that_of_the_first_beat(name) -> None:
    bench, dut = Bench(CORNERS[name]), HiddenLayer(CORNERS[name])
    steps = [bench.write(), bench.show(bench.exemplars(3)), Step(cycles=4)]
    assert run_pysim(dut, steps, counted=("busy",)).counts["busy"] == 3 * (dut.interval - 1)


def test_a_row_that_is_not_there_is_refused_and_writes_nothing() -> None:
    bench = Bench(SMALL)
    there, rows = bench.write(), SMALL.hidden * SMALL.without_hidden.beats
    steps = [replace(there, reads={"refused": 0, "busy": 0})]
    for row in (rows, 2 ** (rows - 1).bit_length() - 1):
        word = payload(hidden_row_layout(SMALL), {"row": row, "bits": 21})
        steps += [Step(inputs={"writes": [word]}, cycles=3, reads={"refused": 1})]
        steps.append(bench.show(bench.exemplars(2)))
        steps.append(replace(bench.write(), reads={"refused": 1}))  # a good row clears nothing
        steps.append(replace(bench.show(bench.exemplars(1)), reset=True, reads={"refused": 0}))
    run_pysim(HiddenLayer(SMALL), steps)


def test_it_is_busy_from_the_first_beat_to_the_last() -> None:
    bench, dut = Bench(SMALL), HiddenLayer(SMALL)
    written, shown = bench.write(), bench.show(bench.exemplars(1))
    first, *others = shown.inputs["i"]
    steps = [
        written,
        Step(inputs={"i": [first]}, reads={"busy": 1}),
        Step(inputs={"i": others}, reads={"busy": 1}),
        replace(shown, inputs={}, reads={"busy": 0}),
    ]
    run_pysim(dut, steps)


def test_a_bench_with_a_wrong_weight_fails() -> None:
    bench = Bench(SMALL)
    written = bench.write()
    bench.weights = 1 - bench.weights
    with pytest.raises(BenchError, match=r"o\[0\]: .* came, and .* was expected"):
        run_pysim(HiddenLayer(SMALL), [written, bench.show(bench.exemplars(1))])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": 0}, r"H >= 1 and integer widths in hardware, not 0 and 8"),
        (
            dict.fromkeys(("forward_width", "backward_width", "binary_width"), "float"),
            r"H >= 1 and integer widths in hardware, not 7 and float",
        ),
    ],
)
def test_what_hardware_cannot_be(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        HiddenLayer(replace(SMALL, **changes))
