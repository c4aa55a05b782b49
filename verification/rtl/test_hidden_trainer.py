# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A hidden layer that learns, in the trainer that has the weights and the errors it asks for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import TrainerParams
from rtl.hidden_layer import HiddenLayer, hidden_row_layout
from rtl.hidden_trainer import HiddenTrainer
from rtl.trainer import Trainer
from rtl.trainer_control import Operation
from verification.rtl.engine import PAUSES, BenchError, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.test_hidden_layer import Bench as LayerBench
from verification.rtl.test_trainer import Bench, params


def layer(**changes: int | str) -> TrainerParams:
    """Return parameters whose latent weights move in few batches."""
    return params(
        **{"hidden": 7, "features": 11, "lanes": 5, "window": 5, "binary_rate": 2, **changes}
    )


#: L divides H and D, or only one of them; H is less than L, or 1; every width of a latent weight.
CORNERS = {
    "whole_beats": (layer(hidden=8, features=12, lanes=4), 4),
    "shared_beat": (layer(), 3),
    "less_than_a_beat": (layer(hidden=1, features=9, lanes=8, binary_width=8), 3),
    "one_lane": (layer(hidden=3, features=2, lanes=1, binary_width=16), 2),
    "one_of_all": (layer(hidden=1, features=1, lanes=1, classes=1), 1),
    "to_nearest": (layer(rounding="nearest_even", binary_width=8, binary_rate=0), 4),
    "no_window": (layer(window=0, features=12), 4),
    "16_bits": (layer(backward_width=16, binary_width=16, rate=11, binary_rate=4), 5),
    "32_bits": (layer(backward_width=32, binary_width=4, binary_rate=0), 2),
    "one_batch": (layer(hidden=5, lanes=5, features=5), 1),
}  # fmt: skip
SMALL = CORNERS["shared_beat"]


def taught(bench: Bench) -> list[Step]:
    """Return the steps of a whole batch of all classes, and of reading what it learned."""
    labels = np.arange(bench.batch) % bench.params.classes
    learned = bench.learn(bench.exemplars(bench.batch), labels, bench.params.classes)
    return [learned, bench.read(), bench.read_hidden()]


@st.composite
def learning_layers(draw: st.DrawFn) -> tuple[TrainerParams, int]:
    lanes = draw(st.integers(1, 7))
    features = draw(st.integers(1, 3 * lanes))
    drawn = params(
        features=features,
        hidden=draw(st.integers(1, 2 * lanes + 1)),
        classes=draw(st.integers(1, 6)),
        lanes=lanes,
        backward_width=draw(st.sampled_from([8, 16, 32])),
        binary_width=draw(st.sampled_from([4, 8, 16])),
        rounding=draw(st.sampled_from(["nearest_even", "stochastic"])),
        rate=draw(st.integers(0, 24)),
        binary_rate=draw(st.integers(0, 24)),
        weight_exponent=draw(st.integers(-8, 2)),
        window=draw(st.integers(0, features + 1)),
        seed=draw(st.integers(0, 2**64 - 1)),
    )
    return drawn, draw(st.integers(1, 5))


@settings(max_examples=8)
@given(learning_layers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
def test_latent_weights_equal_golden(drawn, seed, pauses) -> None:
    bench = Bench(*drawn, seed)
    begun = [bench.write_hidden(), bench.write(bench.weights())]
    run_pysim(Trainer(*drawn), [*begun, *bench.steps(3)], PAUSES[pauses])


@pytest.mark.parametrize("name", CORNERS)
def test_corners(name) -> None:
    drawn, batch = CORNERS[name]
    bench = Bench(drawn, batch)
    before = bench.golden.latent.copy()
    steps = [bench.write_hidden(), *bench.steps(1), bench.write(bench.weights())]
    steps += [*taught(bench), *bench.steps(2), *taught(bench)]
    assert (bench.golden.latent == before).all() == (drawn.classes == 1)  # then errors are 0
    run_pysim(Trainer(drawn, batch), steps, PAUSES["idle_stalled"])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    bench = Bench(*SMALL)
    steps = [bench.write_hidden(), *bench.steps(2), bench.write(bench.weights()), *bench.steps(2)]
    run_pysim(Trainer(*SMALL), steps, pauses)


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", ["shared_beat", "16_bits"])
def test_in_verilog(name, simulator) -> None:
    bench = Bench(*CORNERS[name])
    steps = [bench.write_hidden(), bench.write(bench.weights()), *bench.steps(8)]
    run_cocotb(Trainer(*CORNERS[name]), steps, PAUSES["idle_stalled"], simulator=simulator)


def test_latent_weights_saturate_at_both_ends_and_signs_change() -> None:
    drawn = layer(window=11, binary_rate=0, weight_exponent=2)
    bench = Bench(drawn, 4)
    before = bench.golden.latent >= 0
    steps = [bench.write_hidden(), bench.write(bench.weights())]
    steps += [*taught(bench), *taught(bench), *bench.steps(1)]
    assert {bench.golden.latent.min(), bench.golden.latent.max()} == {-8, 7}
    assert ((bench.golden.latent >= 0) != before).any()
    run_pysim(Trainer(drawn, 4), steps)


@pytest.mark.parametrize("window", [0, 1, 3, 11, 12])
@pytest.mark.parametrize("features", [10, 11])
def test_sums_at_the_window_pass_a_gradient(features, window) -> None:
    """Sums have the parity of D: with an odd D, a window of 0 lets nothing pass."""
    drawn = layer(features=features, window=window, binary_rate=0)
    bench = Bench(drawn, 4)
    before, steps = bench.golden.latent.copy(), [bench.write_hidden(), bench.write(bench.weights())]
    steps += [*taught(bench), *taught(bench)]
    assert (bench.golden.latent == before).all() == (window == 0 and features == 11)
    run_pysim(Trainer(drawn, 4), steps)


def test_neither_reset_nor_clear_changes_rows_and_they_come_before_a_command() -> None:
    drawn, batch = CORNERS["whole_beats"]
    bench = Bench(drawn, batch)
    first, shown = bench.write_hidden(), bench.read_hidden()
    learned = bench.learn(bench.exemplars(2), np.array([0, 1]), 2)
    both = Step(
        {**first.inputs, **shown.inputs, **learned.inputs}, shown.outputs, meets=first.meets
    )
    steps = [both, bench.read_hidden(), bench.clear(), bench.read_hidden(), *bench.steps(1)]
    fresh = Bench(drawn, batch)
    fresh.golden.latent, fresh.beside = bench.golden.latent.copy(), bench.beside
    steps += [replace(fresh.read_hidden(), reset=True), *fresh.steps(2)]
    run_pysim(Trainer(drawn, batch), steps, PAUSES["stalled"])


@pytest.mark.parametrize("port", ["hidden_writes", "hidden_reads"])
def test_a_row_that_is_not_there_is_refused_and_changes_nothing(port) -> None:
    drawn, batch = SMALL
    bench = Bench(drawn, batch)
    row = drawn.hidden * drawn.without_hidden.beats
    wrong = row if port == "hidden_reads" else payload(hidden_row_layout(drawn), {"row": row})
    steps = [bench.write_hidden(), bench.read(), Step(inputs={port: [wrong]}, cycles=5)]
    bench.refused = 1
    run_pysim(Trainer(drawn, batch), [*steps, bench.read(), bench.read_hidden(), *bench.steps(1)])


def test_exemplars_that_are_left_out_have_no_gradient() -> None:
    bench = Bench(*SMALL)
    steps = [bench.write_hidden(), bench.write(bench.weights())]
    for labels in ([4, 1, 2], [1, 4, 0], [3, 4, 3], [2, 0, 4]):
        steps.append(bench.learn(bench.exemplars(3), np.array(labels), 3))
        steps += [bench.read(), bench.read_hidden()]
    run_pysim(Trainer(*SMALL), steps)


def test_a_command_that_is_cut_learns_what_has_come() -> None:
    bench = Bench(*SMALL)
    begun = [bench.write_hidden(), bench.write(bench.weights())]
    learned = bench.learn(bench.exemplars(2), np.array([0, 2]), 4)
    command = [bench.command(Operation.LEARN, 3, 4)]
    steps = [
        *begun,
        Step(inputs={"commands": command, "i": learned.inputs["i"]}),
        Step(pins={"cut": 1}, cycles=1),
        replace(bench.read(), pins={"cut": 1}),
        bench.read_hidden(),
    ]
    run_pysim(Trainer(*SMALL), steps)


def ended(drawn: TrainerParams, batch: int, classes: int) -> int:
    """Return the cycles from a command to learn a whole batch to the end of its last exemplar."""
    dut, frozen = Trainer(drawn, batch), HiddenLayer(drawn)
    an_exemplar = classes * (drawn.beats + 2) + dut.learning
    begin = drawn.without_hidden.beats - 1 + dut.hidden
    return 1 + begin + (batch - 1) * max(an_exemplar, frozen.interval) + an_exemplar


def learning(drawn: TrainerParams, batch: int, classes: int, rows: int) -> int:
    """Return the cycles from there until some rows of latent weights have been written."""
    groups = -(-drawn.hidden // drawn.lanes)
    return batch * (groups * classes + rows) + HiddenTrainer.learning


@pytest.mark.parametrize("rows", [-9, 0, 1, 5, 20, 21])
def test_a_reset_leaves_each_row_as_it_was_or_as_it_becomes(rows) -> None:
    """Rows move in their order: some have when the reset comes, the others have not."""
    drawn, batch = SMALL
    bench = Bench(drawn, batch)
    begun = [bench.write_hidden(), bench.write(bench.weights()), bench.read()]
    before = bench.hidden_rows()
    learned = bench.learn(bench.exemplars(batch), np.array([0, 1, 4]), 5)
    after = bench.hidden_rows()
    assert len(after) == 21
    cycles = ended(drawn, batch, 5) + learning(drawn, batch, 5, rows) + 2
    cut = Step(learned.inputs, cycles=cycles, abandon=True)
    moved = max(rows, 0)
    kept = [*after[:moved], *before[moved:]]
    read = Step({"hidden_reads": list(range(21))}, {"hidden_rows": kept}, reset=True)
    run_pysim(Trainer(drawn, batch), [*begun, cut, read])
    assert sum(old != new for old, new in zip(before, after, strict=True)) > 10


@pytest.mark.parametrize("cycles", [1, 40, 100, 180])
def test_a_reset_in_the_middle_forgets_the_batch(cycles) -> None:
    drawn, batch = SMALL
    bench = Bench(drawn, batch)
    begun = [bench.write_hidden(), bench.write(bench.weights())]
    learned = bench.learn(bench.exemplars(batch), np.array([0, 1, 4]), 5)
    fresh = Bench(drawn, batch, seed=cycles)
    after = [replace(fresh.write_hidden(), reset=True), *fresh.steps(2)]
    cut = Step(learned.inputs, cycles=cycles, abandon=True)
    run_pysim(Trainer(drawn, batch), [*begun, cut, *after])


@pytest.mark.parametrize("name", ["whole_beats", "shared_beat", "16_bits", "one_of_all"])
@pytest.mark.parametrize("classes", [1, 5])
def test_it_takes_as_long_as_it_says(name, classes) -> None:
    drawn, batch = CORNERS[name]
    classes = min(classes, drawn.classes)
    bench, dut = Bench(drawn, batch), Trainer(drawn, batch)
    steps = [bench.write_hidden(), bench.write(bench.weights())]
    steps.append(bench.learn(bench.exemplars(batch), np.zeros(batch, np.int64), classes))
    steps.append(bench.classify(bench.exemplars(1), classes))
    began, then = run_pysim(dut, steps).transfers["commands"]
    rows = drawn.hidden * drawn.without_hidden.beats
    update = batch * classes * drawn.beats + dut.updating
    learned = learning(drawn, batch, classes, rows)
    assert dut.hidden_learning == HiddenTrainer.learning
    assert then - began == ended(drawn, batch, classes) + learned + update


def test_a_row_a_cycle_is_written_and_a_row_in_two_is_read() -> None:
    bench = Bench(*SMALL)
    trace = run_pysim(Trainer(*SMALL), [bench.write_hidden(), bench.read_hidden()])
    assert trace.gaps("hidden_writes") == {1}
    assert trace.gaps("hidden_reads") == {2}
    assert trace.offered["hidden_rows"][0] == trace.transfers["hidden_reads"][0] + 1


class Alone:
    """Steps of the block by itself. Errors are 0, so that its rows stay as they were written."""

    def __init__(self, drawn: TrainerParams, batch: int) -> None:
        self.bench, self.layer = Bench(drawn, batch), LayerBench(drawn)
        self.layer.weights = (self.bench.golden.latent >= 0).astype(np.int64)
        self.rows = self.bench.hidden_rows()

    def write(self) -> Step:
        return Step({"writes": self.bench.write_hidden().inputs["hidden_writes"]})

    def read(self) -> Step:
        """Return the step that reads every row three times, in any order."""
        order = self.bench.random.choices(range(len(self.rows)), k=3 * len(self.rows))
        return Step({"reads": order}, {"rows": [self.rows[row] for row in order]})

    def learn(self, batch: int) -> Step:
        """Return the step in whose only cycle a batch of all classes is to be learned."""
        pins = {"learn": 1, "count": batch, "classes": self.bench.params.classes}
        return Step(pins=pins, cycles=1, abandon=True)


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("name", ["shared_beat", "one_of_all", "one_batch"])
def test_by_itself_a_row_stays_as_it_was_read_while_exemplars_come(name, pauses) -> None:
    """Signs are read through the port that an exemplar reads them through."""
    alone = Alone(*CORNERS[name])
    shown = alone.layer.show(alone.bench.exemplars(4))
    both, read = Step(shown.inputs, shown.outputs), alone.read()
    both = Step({**both.inputs, **read.inputs}, {**both.outputs, **read.outputs})
    run_pysim(HiddenTrainer(*CORNERS[name]), [alone.write(), both, alone.read()], pauses)


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("name", ["shared_beat", "one_of_all"])
def test_by_itself_it_takes_nothing_while_it_learns(name, pauses) -> None:
    (drawn, batch), alone = CORNERS[name], Alone(*CORNERS[name])
    shown, read, written = alone.layer.show(alone.bench.exemplars(1)), alone.read(), alone.write()
    inputs = {**shown.inputs, **read.inputs, **written.inputs}
    after = Step(inputs, {**shown.outputs, **read.outputs}, pins={"learn": 0})
    steps = [written, alone.learn(batch), after, alone.read()]
    trace = run_pysim(HiddenTrainer(drawn, batch), steps, pauses, ("learned",))
    cycles = learning(drawn, batch, drawn.classes, len(alone.rows))
    begun = trace.transfers["writes"][len(alone.rows) - 1] + 1
    first = min(trace.transfers["i"][0], trace.transfers["reads"][0])
    assert min(first, trace.transfers["writes"][len(alone.rows)]) > begun + cycles
    assert trace.counts["learned"] == 1


@pytest.mark.parametrize("waiting", ["rows", "o"])
def test_by_itself_a_batch_waits_for_what_is_offered(waiting) -> None:
    """One cycle of `learn` is enough, and what is offered stays as it is until it is taken."""
    (drawn, batch), alone = SMALL, Alone(*SMALL)
    offered = Step({"reads": [2]}, {"rows": [alone.rows[2]]})
    if waiting == "o":
        offered = alone.layer.show(alone.bench.exemplars(1))
    both = {**offered.outputs, "rows": [*offered.outputs.get("rows", []), alone.rows[1]]}
    steps = [
        alone.write(),
        replace(offered, cycles=HiddenTrainer(drawn, batch).latency + 9, abandon=True),
        replace(alone.learn(batch), outputs=offered.outputs),
        Step({"reads": [1]}, both, pins={"learn": 0}),
    ]
    trace = run_pysim(HiddenTrainer(drawn, batch), steps, Pauses(stall=0.99))
    learned = learning(drawn, batch, drawn.classes, len(alone.rows))
    place = 0 if waiting == "rows" else drawn.beats - 1
    assert trace.left == [len(offered.outputs[waiting])] * 2
    assert trace.transfers[waiting][place] - trace.offered[waiting][0] > learned
    assert trace.transfers["reads"][-1] - trace.transfers[waiting][place] > learned


def test_a_bench_with_a_wrong_latent_weight_fails() -> None:
    bench = Bench(*SMALL)
    steps = [bench.write_hidden(), bench.learn(bench.exemplars(2), np.array([0, 1]), 5)]
    bench.golden.latent[3, 7] ^= 1
    with pytest.raises(BenchError, match=r"hidden_rows\[\d+\]: .* came, and .* was expected"):
        run_pysim(Trainer(*SMALL), [*steps, bench.read_hidden()])


@pytest.mark.slow
def test_128_neurons_that_learn_equal_golden() -> None:
    drawn = params(
        features=512, hidden=128, binary_width=8, classes=12, lanes=64, backward_width=16,
        rate=13, window=22,
    )  # fmt: skip
    bench = Bench(drawn, 6)
    steps = [bench.write_hidden(), bench.write(bench.weights()), *bench.steps(2)]
    run_pysim(Trainer(drawn, 6), steps)


@pytest.mark.parametrize(("hidden", "width"), [(0, 4), (3, 1)])
def test_what_hardware_cannot_be(hidden, width) -> None:
    drawn = layer(hidden=hidden, binary_width=width)
    message = rf"must have H >= 1 and q_v > 1, not {hidden} and {width}"
    with pytest.raises(ValueError, match=message):
        HiddenTrainer(drawn, 4)
