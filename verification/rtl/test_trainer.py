# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from dataclasses import replace

import numpy as np
import pytest
from amaranth.utils import bits_for
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.bits import pack
from golden.params import TrainerParams
from golden.params.sampling import Stream
from golden.trainer import Trainer as GoldenTrainer
from rtl.beat import beat_layout
from rtl.hidden_layer import HiddenLayer, hidden_row_layout
from rtl.lfsr import seed_layout
from rtl.trainer import Trainer, class_layout, row_layout
from rtl.trainer_control import Operation, command_layout
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

Bits = NDArray[np.integer]


def params(**changes: int | str) -> TrainerParams:
    sizes = {
        "features": 10, "classes": 5, "backward_width": 8, "rounding": "stochastic", "lanes": 4,
        "rate": 7, **changes,
    }  # fmt: skip
    return TrainerParams(**sizes)  # pyright: ignore[reportArgumentType]


SMALL = params()
CORNERS = {
    "64_lanes": (params(features=130, lanes=64, rate=9), 6),
    "one_of_all": (params(features=1, lanes=1, classes=1), 1),
    "16_bits": (params(features=30, lanes=8, classes=12, backward_width=16, rate=11), 9),
    "32_bits_to_nearest": (params(backward_width=32, rounding="nearest_even"), 3),
}

#: With a hidden layer whose beats are whole, that shares a beat, and that is less than a beat.
FROZEN = {
    "whole_beats": (params(hidden=8, binary_width=1), 4),
    "shared_beat": (params(hidden=7, binary_width=1, features=11, lanes=5), 3),
    "less_than_a_beat": (params(hidden=1, binary_width=1, features=9, lanes=8), 3),
    "one_lane": (params(hidden=3, binary_width=1, features=2, lanes=1), 2),
    "slower_layer": (params(hidden=30, binary_width=1, features=6, lanes=2, classes=2), 2),
}

IN_VERILOG = ("16_bits",)
#: Their models take long to compile.
LONG = [pytest.param(name, marks=pytest.mark.slow) for name in CORNERS if name not in IN_VERILOG]


def codes_of(bits: Bits, lanes: int, width: int) -> list[int]:
    """Return rows of L codes, one code after another, as the bits of their ports."""
    mask = 2**width - 1
    return [
        sum((int(code) & mask) << lane * width for lane, code in enumerate(row))
        for row in bits.reshape(-1, lanes)
    ]


class Bench:
    """Steps of a bench, with what golden says of them.

    Whatever a block must not look at is random: bits of lanes past D, weights of these lanes, end
    marks, labels of later beats and of exemplars to classify.
    """

    def __init__(self, params: TrainerParams, batch: int = 4, seed: int = 0) -> None:
        self.params, self.batch = params, batch
        self.random, self.rng = random.Random(seed), np.random.default_rng(seed)
        self.width = int(params.backward_width)
        lowest = -(2 ** (int(params.binary_width) - 1))
        shape = (params.hidden, params.features)
        latent = self.rng.integers(lowest, -lowest, shape, np.int32)
        self.golden = GoldenTrainer(params, latent)
        spare = params.without_hidden.beats * params.lanes - params.features
        self.beside = self.rng.integers(lowest, -lowest, (params.hidden, spare))
        self.padding = params.beats * params.lanes - params.concat
        self.past = np.zeros((params.classes, self.padding), np.int64)  # weights of lanes past D
        self.unknown = self.refused = self.hits = 0

    def command(self, operation: Operation, count: int = 0, classes: int = 0) -> int:
        layout = command_layout(self.params, self.batch)
        fields = {"operation": operation, "count": count, "classes": classes}
        return payload(layout, fields)

    def beats(self, exemplars: Bits, labels: Bits) -> list[int]:
        p = self.params.without_hidden
        layout, most = beat_layout(p.lanes, p.classes), 2 ** bits_for(p.classes - 1)
        lanes = self.rng.integers(0, 2, (len(exemplars), p.beats * p.lanes))
        lanes[:, : p.features] = exemplars
        rows = lanes.reshape(len(exemplars), p.beats, p.lanes)
        return [
            payload(layout, {
                "bits": sum(int(bit) << lane for lane, bit in enumerate(row)),
                "label": self.random.randrange(most) if beat else int(label),
                "last": self.random.randrange(2),
            })
            for label, beats in zip(labels, rows, strict=True)
            for beat, row in enumerate(beats)
        ]  # fmt: skip

    def learn(self, exemplars: Bits, labels: Bits, classes: int) -> Step:
        """Return the step of a batch; golden learns those of the classes 0..n-1."""
        known = labels < classes
        met = {"exemplar of an unknown class": int((~known).sum())}
        met["batch without an exemplar"] = int(not known.any())
        self.hits, of_layer = 0, {}
        if known.any():
            before = self.golden.lfsr.ticks
            kept = pack(exemplars[known].astype(np.uint8))
            sums = self.golden.sums(kept)[:, :classes]
            met["tie of the largest sum"] = int(
                (np.count_nonzero(sums == sums.max(axis=1, keepdims=True), axis=1) > 1).sum()
            )
            near = self.near(exemplars[known])
            self.hits = self.golden.step(kept, labels[known], np.arange(classes))
            met["words"] = self.golden.lfsr.ticks - before
            ends = 2 ** (self.width - 1)
            met["weight at its highest"] = int((self.golden.weights == ends - 1).sum())
            met["weight at its lowest"] = int((self.golden.weights == -ends).sum())
            of_layer = self.met_of_layer(near)
        self.unknown |= int(not known.all())
        command = self.command(Operation.LEARN, len(labels), classes)
        return Step(
            inputs={"commands": [command], "i": self.beats(exemplars, labels)},
            meets={
                **{f"trainer: {name}": hits for name, hits in met.items()},
                **of_layer,
            },
        )

    def met_of_layer(self, near: NDArray[np.bool_]) -> dict[str, int]:
        """Return what a batch met in a hidden layer that learns; `near` are sums in the window."""
        if not self.params.trains_hidden:
            return {}
        latent, ends = self.golden.latent, 2 ** (int(self.params.binary_width) - 1)
        met = {
            "latent weight at its highest": int((latent == ends - 1).sum()),
            "latent weight at its lowest": int((latent == -ends).sum()),
            "sum within the window": int(near.sum()),
            "sum beyond the window": int((~near).sum()),
        }
        return {f"hidden_trainer: {name}": hits for name, hits in met.items()}

    def classify(self, exemplars: Bits, classes: int) -> Step:
        """Return the step of exemplars to classify, with their answers."""
        sums = self.golden.sums(pack(exemplars.astype(np.uint8)))[:, :classes]
        answers = [
            payload(class_layout(self.params), {"label": int(one.argmax()), "sum": int(one.max())})
            for one in sums
        ]
        labels = self.rng.integers(0, self.params.classes, len(exemplars))
        command = self.command(Operation.CLASSIFY, len(exemplars), classes)
        ties = np.count_nonzero(sums == sums.max(axis=1, keepdims=True), axis=1) > 1
        return Step(
            inputs={"commands": [command], "i": self.beats(exemplars, labels)},
            outputs={"o": answers},
            meets={"trainer: tie won by the lower class": int(ties.sum())},
        )

    def write(self, weights: Bits) -> Step:
        """Return the step that writes all rows."""
        p = self.params
        self.golden.weights[:] = weights
        ends = 2 ** (self.width - 1)
        self.past = self.rng.integers(-ends, ends, self.past.shape)
        layout = row_layout(p)
        rows = [
            payload(layout, {"row": row, "weights": codes}) for row, codes in enumerate(self.rows())
        ]
        self.random.shuffle(rows)
        return Step(inputs={"writes": rows})

    def near(self, exemplars: Bits) -> NDArray[np.bool_]:
        """Return which hidden sums are within the window, whatever golden keeps of them."""
        sums = (2 * exemplars - 1) @ np.where(self.golden.latent >= 0, 1, -1).T
        return np.abs(sums) <= self.params.window

    def write_hidden(self) -> Step:
        """Return the step that writes all rows of the hidden layer; lanes past D are random."""
        layout = hidden_row_layout(self.params)
        rows = [
            payload(layout, {"row": row, "bits": one}) for row, one in enumerate(self.hidden_rows())
        ]
        self.random.shuffle(rows)
        return Step(inputs={"hidden_writes": rows})

    def read_hidden(self) -> Step:
        """Return the step that reads all rows of the hidden layer."""
        rows = self.hidden_rows()
        order = self.random.sample(range(len(rows)), len(rows))
        return Step(
            inputs={"hidden_reads": order}, outputs={"hidden_rows": [rows[row] for row in order]}
        )

    def hidden_rows(self) -> list[int]:
        """Return the rows of the hidden layer; a binary weight of q_v = 1 is 1 for v >= 0."""
        p, latent = self.params, self.golden.latent
        if not p.trains_hidden:
            latent = latent >= 0
        whole = np.concatenate([latent, self.beside], axis=1)
        return codes_of(whole, p.lanes, int(p.binary_width))

    def read(self) -> Step:
        """Return the step that reads all rows, and the pins at its end."""
        order = self.random.sample(range(self.params.rows), self.params.rows)
        rows = self.rows()
        return Step(
            inputs={"reads": order},
            outputs={"rows": [rows[row] for row in order]},
            reads={"hits": self.hits, "unknown": self.unknown, "refused": self.refused},
        )

    def clear(self) -> Step:
        self.golden.weights[:] = 0
        self.past[:] = 0
        return Step(inputs={"commands": [self.command(Operation.CLEAR)]})

    def seeds(self, seed: int) -> Step:
        """Return the step that loads a seed, beside one of another stream."""
        self.golden.lfsr.load(seed)
        streams = [(Stream.ROUNDING, seed), (Stream.CLASS, seed ^ 5)]
        loads = [payload(seed_layout(), {"stream": s, "seed": value}) for s, value in streams]
        return Step(inputs={"seeds": loads})

    def rows(self) -> list[int]:
        whole = np.concatenate([self.golden.weights, self.past], axis=1)
        return codes_of(whole, self.params.lanes, self.width)

    def exemplars(self, count: int) -> Bits:
        return self.rng.integers(0, 2, (count, self.params.features))

    def weights(self) -> Bits:
        ends = 2 ** (self.width - 1)
        return self.rng.integers(-ends, ends, self.golden.weights.shape)

    def steps(self, rounds: int) -> list[Step]:
        """Return steps of random events; all rows are read after each batch."""
        steps, p = [], self.params
        for _ in range(rounds):
            classes, count = self.random.randint(1, p.classes), self.random.randint(1, self.batch)
            most = p.classes if self.random.random() < 0.2 else classes
            labels = self.rng.integers(0, most, count)
            steps += [self.learn(self.exemplars(count), labels, classes), self.read()]
            if p.trains_hidden:
                steps.append(self.read_hidden())
            few = self.exemplars(min(2, self.batch))
            steps.append(self.classify(few, self.random.randint(1, p.classes)))
        return steps


@st.composite
def trainers(draw: st.DrawFn) -> tuple[TrainerParams, int]:
    lanes = draw(st.integers(1, 9))
    drawn = params(
        features=draw(st.integers(1, 3 * lanes)),
        classes=draw(st.integers(1, 7)),
        lanes=lanes,
        backward_width=draw(st.sampled_from([8, 16])),
        rounding=draw(st.sampled_from(["nearest_even", "stochastic"])),
        rate=draw(st.integers(0, 24)),
        weight_exponent=draw(st.integers(-8, 2)),
        seed=draw(st.integers(0, 2**64 - 1)),
    )
    return drawn, draw(st.integers(1, 6))


@settings(max_examples=8)
@given(trainers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
def test_weights_and_classes_equal_golden(drawn, seed, pauses) -> None:
    bench = Bench(*drawn, seed)
    steps = [*bench.steps(2), bench.write(bench.weights()), *bench.steps(2)]
    run_pysim(Trainer(*drawn), steps, PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    bench = Bench(SMALL)
    run_pysim(Trainer(SMALL, 4), bench.steps(4), pauses)


@pytest.mark.parametrize(("drawn", "batch"), CORNERS.values(), ids=CORNERS)
def test_corners(drawn, batch) -> None:
    bench = Bench(drawn, batch)
    steps = [*bench.steps(2), bench.write(bench.weights()), *bench.steps(1)]
    run_pysim(Trainer(drawn, batch), steps, PAUSES["idle_stalled"])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", [*IN_VERILOG, *LONG])
def test_corners_in_verilog(name, simulator) -> None:
    drawn, batch = CORNERS[name]
    bench = Bench(drawn, batch)
    steps = [*bench.steps(6), bench.write(bench.weights()), *bench.steps(6)]
    run_cocotb(Trainer(drawn, batch), steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize(
    ("name", "pauses"),
    [*((name, "idle_stalled") for name in FROZEN), ("shared_beat", "flowing"),
     ("whole_beats", "patient")],
)  # fmt: skip
def test_a_frozen_hidden_layer_equals_golden(name, pauses) -> None:
    drawn, batch = FROZEN[name]
    bench = Bench(drawn, batch)
    steps = [bench.write_hidden(), *bench.steps(2), bench.write(bench.weights()), *bench.steps(1)]
    run_pysim(Trainer(drawn, batch), steps, PAUSES[pauses])


def test_hidden_rows_come_before_a_command_and_stay_after_reset_and_clear() -> None:
    drawn, batch = FROZEN["whole_beats"]
    bench = Bench(drawn, batch)
    first, learned = bench.write_hidden(), bench.learn(bench.exemplars(2), np.array([0, 1]), 2)
    both = replace(learned, inputs={**first.inputs, **learned.inputs})
    steps = [both, bench.read(), bench.clear(), *bench.steps(1)]
    fresh = Bench(drawn, batch)  # the same rows of the hidden layer
    steps += [replace(fresh.read(), reset=True), *fresh.steps(2)]
    run_pysim(Trainer(drawn, batch), steps)


def test_a_hidden_row_that_is_not_there_is_refused() -> None:
    drawn, batch = FROZEN["shared_beat"]
    bench = Bench(drawn, batch)
    beats = drawn.without_hidden.beats
    row = payload(hidden_row_layout(drawn), {"row": drawn.hidden * beats, "bits": 5})
    refused = Step(inputs={"hidden_writes": [row]})
    steps = [bench.write_hidden(), bench.read(), refused]
    bench.refused = 1
    run_pysim(Trainer(drawn, batch), [*steps, bench.read(), *bench.steps(1)])


@pytest.mark.parametrize("given", [0, 1, 2])
def test_a_cut_waits_for_the_exemplar_in_the_hidden_layer(given) -> None:
    """Two of four exemplars do not come; the cut is there from the beginning."""
    drawn, batch = FROZEN["shared_beat"]
    bench = Bench(drawn, batch)
    before = [bench.write_hidden(), bench.write(bench.weights())]
    labels = np.arange(given)
    learned = bench.learn(bench.exemplars(given), labels, 4) if given else Step()
    command = [bench.command(Operation.LEARN, 3, 4)]
    beats = learned.inputs.get("i", [])
    # Each exemplar is offered as one run of beats, so that the cut sees no gap within one.
    steps = [
        *before,
        Step(inputs={"commands": command, "i": beats}),
        Step(pins={"cut": 1}, cycles=1),
        replace(bench.read(), pins={"cut": 1}),
    ]
    run_pysim(Trainer(drawn, batch), steps)


@pytest.mark.slow
def test_128_frozen_neurons_equal_golden() -> None:
    drawn = params(
        features=512, hidden=128, binary_width=1, classes=12, lanes=64, backward_width=16, rate=13
    )
    bench = Bench(drawn, 8)
    steps = [bench.write_hidden(), *bench.steps(2), bench.write(bench.weights()), *bench.steps(1)]
    run_pysim(Trainer(drawn, 8), steps)


def test_weights_saturate_at_both_ends() -> None:
    drawn = params(rate=0, weight_exponent=-8)
    bench = Bench(drawn)
    steps = bench.steps(6)
    assert {bench.golden.weights.min(), bench.golden.weights.max()} == {-128, 127}
    run_pysim(Trainer(drawn, 4), steps)


def test_equal_sums_name_the_lower_class() -> None:
    bench, drawn = Bench(SMALL), SMALL
    weights = bench.weights()
    weights[3] = weights[1] = 100
    steps = [bench.classify(bench.exemplars(3), drawn.classes), bench.write(weights)]
    ones = np.ones((3, drawn.features), np.int64)
    steps += [bench.classify(ones, drawn.classes), bench.learn(ones, np.array([1, 3, 4]), 5)]
    assert bench.hits == 1
    assert steps[2].meets["trainer: tie won by the lower class"] == 3
    run_pysim(Trainer(drawn, 4), [*steps, bench.read()])


def test_a_clear_forgets_the_weights_and_not_the_random_stream() -> None:
    bench = Bench(SMALL)
    steps = [*bench.steps(2), bench.clear(), bench.read(), *bench.steps(2)]
    run_pysim(Trainer(SMALL, 4), steps)


def test_words_follow_a_loaded_seed() -> None:
    bench = Bench(SMALL)
    steps = [*bench.steps(1), bench.seeds(2**64 - 99), *bench.steps(2)]
    steps += [bench.seeds(0), *bench.steps(2)]  # a state of zero recovers
    run_pysim(Trainer(SMALL, 4), steps)


@pytest.mark.parametrize(
    ("command", "fields"),
    [(Operation.LEARN, (0, 3)), (Operation.LEARN, (6, 3)), (Operation.CLASSIFY, (2, 0)),
     (Operation.CLASSIFY, (2, 6)), ("reads", 15), ("writes", 15)],
)  # fmt: skip
def test_what_is_refused_is_flagged_and_changes_nothing(command, fields) -> None:
    bench = Bench(SMALL, batch=5)
    before = [bench.write(bench.weights()), bench.read()]
    if command == "reads":
        refused = Step(inputs={"reads": [fields]})
    elif command == "writes":
        row = payload(row_layout(SMALL), {"row": fields, "weights": 77})
        refused = Step(inputs={"writes": [row]})
    else:
        refused = Step(inputs={"commands": [bench.command(command, *fields)]})
    bench.refused = 1
    run_pysim(Trainer(SMALL, 5), [*before, refused, bench.read(), *bench.steps(1)])


def test_a_command_that_does_nothing_is_taken() -> None:
    bench = Bench(SMALL)
    nothing = Step(inputs={"commands": [bench.command(Operation.NONE)] * 3})
    run_pysim(Trainer(SMALL, 4), [*bench.steps(1), nothing, bench.read(), *bench.steps(1)])


def test_exemplars_of_unknown_classes_are_left_out() -> None:
    bench = Bench(SMALL)
    steps = [
        bench.learn(bench.exemplars(4), np.array([4, 1, 3, 2]), 3),
        bench.read(),
        bench.learn(bench.exemplars(2), np.array([3, 4]), 3),
        bench.read(),
        *bench.steps(1),
    ]
    assert steps[2].meets["trainer: batch without an exemplar"] == 1
    run_pysim(Trainer(SMALL, 4), steps)


@pytest.mark.parametrize("cycles", [1, 7, 20, 45, 101, 190, 300])
def test_reset_in_the_middle_forgets_everything(cycles) -> None:
    bench = Bench(SMALL)
    begun = [bench.write(bench.weights()), bench.read()]
    labels = np.array([0, 1, 4, 2])
    batches = [bench.learn(bench.exemplars(4), labels, 5) for _ in range(2)]
    inputs = {
        name: [*batches[0].inputs[name], *batches[1].inputs[name]] for name in ("commands", "i")
    }
    cut = Step(inputs, cycles=cycles, abandon=True)
    fresh = Bench(SMALL, seed=cycles)
    after = [replace(fresh.read(), reset=True), *fresh.steps(2)]
    trace = run_pysim(Trainer(SMALL, 4), [*begun, cut, *after])
    assert trace.left[0] > 0


@pytest.mark.parametrize("name", ["64_lanes", "16_bits", "one_of_all"])
@pytest.mark.parametrize("classes", [1, 5])
def test_it_takes_as_long_as_it_says(name, classes) -> None:
    drawn, batch = CORNERS[name]
    classes = min(classes, drawn.classes)
    bench, dut = Bench(drawn, batch), Trainer(drawn, batch)
    m, b = batch, drawn.beats
    labels = np.zeros(m, np.int64)
    steps = [Step(cycles=drawn.rows + 3), bench.learn(bench.exemplars(m), labels, classes)]
    steps += [bench.classify(bench.exemplars(m), classes), bench.read()]
    trace = run_pysim(dut, steps)
    taken, (began, next_command) = trace.transfers["i"], trace.transfers["commands"]
    firsts = taken[::b]
    learned, classified = firsts[:m], firsts[m:]
    assert learned[0] == began + 1
    a_sample = classes * (b + 2) + dut.learning
    assert np.diff(learned).tolist() == [a_sample] * (m - 1)
    ended = learned[-1] + a_sample
    assert next_command - ended == m * classes * b + dut.updating
    assert np.diff(classified).tolist() == [classes * b + dut.interval] * (m - 1)
    for first, offered in zip(classified, trace.offered["o"], strict=True):
        assert offered - (first + b - 1) == classes * b + dut.latency


@pytest.mark.parametrize(("name", "classes"), [("slower_layer", 1), ("shared_beat", 5)])
def test_a_hidden_layer_takes_as_long_as_it_says(name, classes) -> None:
    drawn, m = FROZEN[name]
    bench, dut, layer = Bench(drawn, m), Trainer(drawn, m), HiddenLayer(drawn)
    b, first = drawn.beats, drawn.without_hidden.beats
    a_sample, a_name = classes * (b + 2) + dut.learning, classes * b + dut.interval
    paces = [max(a_sample, layer.interval), max(a_name, layer.interval)]
    assert (paces[0] == layer.interval) == (name == "slower_layer")
    steps = [bench.write_hidden(), bench.learn(bench.exemplars(m), np.zeros(m, np.int64), classes)]
    steps += [bench.classify(bench.exemplars(m), classes), bench.read()]
    trace = run_pysim(dut, steps)
    began, then = trace.transfers["commands"]
    begin = first - 1 + dut.hidden
    learned = began + 1 + begin + (m - 1) * paces[0] + a_sample
    assert then == learned + m * classes * b + dut.updating
    answered = then + 1 + begin + np.arange(m) * paces[1] + a_name - 1
    assert trace.offered["o"] == answered.tolist()


def test_a_bench_with_a_wrong_weight_fails() -> None:
    bench = Bench(SMALL)
    steps = [bench.learn(bench.exemplars(4), np.array([0, 1, 2, 3]), 5)]
    bench.golden.weights[2, 7] ^= 1
    with pytest.raises(BenchError, match=r"rows\[\d+\]: .* came, and .* was expected"):
        run_pysim(Trainer(SMALL, 4), [*steps, bench.read()])


@pytest.mark.parametrize(
    ("given", "batch", "message"),
    [
        ({"forward_width": 16}, 4, r"A trainer must have q_f = 8 in hardware, not 16"),
        ({}, 0, r"Batch must be an integer in 1..65535, not 0"),
    ],
)
def test_what_hardware_cannot_be(given, batch, message) -> None:
    with pytest.raises(ValueError, match=message):
        Trainer(params(**given), batch)
