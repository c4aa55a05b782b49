# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the trainer and its softmax are said to hold and to do, held to the hardware."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import TrainerParams
from rtl.catalogue import BLOCKS, SIZES
from rtl.softmax import Softmax
from rtl.trainer import Trainer
from sim.cost.counts import hidden_layer, softmax, trainer
from sim.cost.counts.tally import Action, Tally
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import counters_of, elaborated, shapes
from verification.rtl.test_softmax import SMALL as LOGITS
from verification.rtl.test_softmax import step
from verification.rtl.test_trainer import CORNERS, FROZEN, SMALL, Bench, trainers


def counted(params: TrainerParams, batch: int, seed: int) -> tuple[Counted, list[Step]]:
    """Return a trainer, and a bench that ends with its strobes."""
    bench, dut = Bench(params, batch, seed), Counted(Trainer(params, batch))
    tally = trainer.clear(params, 2)
    steps = [bench.write_hidden()] if params.hidden else []
    tally += trainer.write_hidden_rows(params, hidden_layer.rows(params))
    steps += [bench.write(bench.weights()), bench.read(), bench.clear(), bench.read()]
    tally += trainer.write_rows(params, params.rows) + trainer.read_rows(params, 2 * params.rows)
    for _ in range(3):
        classes, count = bench.random.randint(1, params.classes), bench.random.randint(1, batch)
        labels = bench.rng.integers(0, params.classes, count)
        known = int((labels < classes).sum())
        steps += [bench.learn(bench.exemplars(count), labels, classes), bench.read()]
        steps.append(bench.classify(bench.exemplars(count), classes))
        tally += trainer.learn(params, known, classes) + trainer.leave_out(params, count - known)
        tally += trainer.read_rows(params, params.rows) + trainer.classify(params, count, classes)
    return dut, [*steps, Step(cycles=5, reads=counters_of(tally, dut.counters))]


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_strobes_are_those_counted_whatever_the_pauses(pauses: str) -> None:
    dut, steps = counted(SMALL, 4, 0)
    assert all(steps[-1].reads.values())
    run_pysim(dut, steps, PAUSES[pauses])


@pytest.mark.parametrize("name", ["whole_beats", "shared_beat"])
def test_strobes_with_a_hidden_layer(name: str) -> None:
    dut, steps = counted(*FROZEN[name], 0)
    assert all(steps[-1].reads.values())
    run_pysim(dut, steps, PAUSES["idle_stalled"])


@pytest.mark.parametrize("name", FROZEN)
@pytest.mark.parametrize("classes", [1, 5])
def test_cycles_with_a_hidden_layer(name: str, classes: int) -> None:
    (params, batch), bench = FROZEN[name], Bench(*FROZEN[name])
    classes = min(classes, params.classes)
    labels = np.zeros(batch, np.int64)
    steps = [bench.write_hidden(), bench.learn(bench.exemplars(batch), labels, classes)]
    steps.append(bench.classify(bench.exemplars(batch), classes))
    passed = run_pysim(Trainer(params, batch), steps).transfers
    learned, classified = passed["commands"]
    assert classified - learned == trainer.learn_cycles(params, batch, classes)
    first = passed["i"][batch * params.without_hidden.beats]
    cycles = passed["o"][-1] - first + 1
    assert cycles == trainer.classify_cycles(params, batch, classes)


@given(trainers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=5)
def test_strobes_of_any_trainer(drawn: tuple[TrainerParams, int], seed: int, pauses: str) -> None:
    run_pysim(*counted(*drawn, seed), PAUSES[pauses])


@given(trainers(), st.integers(1, 6), st.integers(1, 7))
@settings(max_examples=8)
def test_cycles_are_those_simulated(
    drawn: tuple[TrainerParams, int], count: int, classes: int
) -> None:
    (params, batch), bench = drawn, Bench(*drawn)
    count, classes = min(count, batch), min(classes, params.classes)
    labels = np.zeros(count, np.int64)
    steps = [Step(cycles=params.rows + 3), bench.learn(bench.exemplars(count), labels, classes)]
    steps.append(bench.classify(bench.exemplars(count), classes))
    passed = run_pysim(Trainer(params, batch), steps).transfers
    learned, classified = passed["commands"]
    assert classified - learned == trainer.learn_cycles(params, count, classes)
    taken = passed["i"][: count * params.beats]
    assert {b - a for a, b in pairwise(taken[:: params.beats])} <= {
        trainer.take_cycles(params, classes)
    }
    assert {
        last - first
        for first, last in zip(
            taken[:: params.beats], taken[params.beats - 1 :: params.beats], strict=True
        )
    } == {params.beats - 1}
    first = passed["i"][count * params.beats]
    cycles = passed["o"][-1] - first + 1
    assert cycles == trainer.classify_cycles(params, count, classes)


@pytest.mark.parametrize("classes", [1, 2, 6])
def test_cycles_of_a_softmax_are_those_simulated(classes: int) -> None:
    passed = run_pysim(Softmax(LOGITS), [step([list(range(classes))])]).transfers
    assert passed["o"][-1] - passed["i"][0] + 1 == softmax.share_cycles(classes)


def test_a_batch_at_the_size_of_the_reports() -> None:
    drawn = BLOCKS["trainer"].arguments("full")["params"]
    tally = trainer.learn(drawn, 128, 100)
    # Forward 800 rows for each exemplar, and each row once more when its gradient is there.
    assert tally[Action("weights", "read", 512)] == 128 * 800 + 800
    assert tally[Action("weights", "write", 512)] == 800
    assert tally[Action("errors", "read", 8)] == 128 * 800
    assert tally[Action("gradient", "accumulate", 64 * 16)] == 128 * 800
    assert tally[Action("rounding", "lfsr_step")] == 64 * (128 * 100 + 800)
    # Of 128 exemplars, each takes 1056 cycles forward and 800 for its gradients.
    assert trainer.learn_cycles(drawn, 128, 100) == 1 + 128 * (1056 + 800) + 11
    assert trainer.classify_cycles(drawn, 1, 100) == 819


def test_128_frozen_neurons_at_the_size_of_the_reports() -> None:
    full = BLOCKS["trainer"].arguments("full")["params"]
    drawn = replace(full, hidden=128, binary_width=1)
    tally = trainer.learn(drawn, 128, 100)
    assert tally[Action("hidden.weights", "read", 64)] == 128 * 1024
    assert tally[Action("weights", "read", 512)] == 128 * 1000 + 1000
    # 1024 cycles for the neurons go by while the classifier takes longer for another exemplar.
    assert hidden_layer.interval(drawn) == 1054
    assert trainer.learn_cycles(drawn, 128, 100) == 290_080


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    arguments = BLOCKS["trainer"].arguments(size)
    assert shapes(trainer.memories(**arguments)) == elaborated(Trainer(**arguments))


@pytest.mark.parametrize("drawn", [*CORNERS.values(), *FROZEN.values()], ids=[*CORNERS, *FROZEN])
def test_memories_of_the_corners(drawn: tuple[TrainerParams, int]) -> None:
    assert shapes(trainer.memories(*drawn)) == elaborated(Trainer(*drawn))


def test_an_idle_trainer_does_nothing_but_clear_its_rows() -> None:
    dut = Counted(Trainer(SMALL, 4))
    cleared = counters_of(trainer.clear(SMALL, 1) + Tally(), dut.counters)
    run_pysim(dut, [Step(cycles=SMALL.rows + 30, reads=cleared)])
