# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What a hidden layer that learns is said to hold and to do, held to the hardware."""

from dataclasses import replace

import numpy as np
import pytest

from golden.params import TrainerParams
from rtl.catalogue import BLOCKS, SIZES
from rtl.hidden_trainer import HiddenTrainer
from rtl.trainer import Trainer
from sim.cost.counts import hidden_layer, hidden_trainer, trainer
from sim.cost.counts.tally import Action, Tally
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import counters_of, elaborated, shapes
from verification.rtl.test_hidden_trainer import CORNERS
from verification.rtl.test_trainer import Bench


def counted(params: TrainerParams, batch: int, seed: int = 0) -> tuple[Counted, list[Step]]:
    """Return a trainer, and a bench that ends with its strobes."""
    bench, dut = Bench(params, batch, seed), Counted(Trainer(params, batch))
    rows = hidden_layer.rows(params)
    tally = trainer.clear(params, 1) + trainer.write_rows(params, params.rows)
    tally += trainer.write_hidden_rows(params, rows) + trainer.read_hidden_rows(params, rows)
    steps = [bench.write_hidden(), bench.read_hidden(), bench.write(bench.weights())]
    for _ in range(3):
        classes, count = bench.random.randint(1, params.classes), bench.random.randint(1, batch)
        labels = bench.rng.integers(0, params.classes, count)
        known = int((labels < classes).sum())
        steps += [bench.learn(bench.exemplars(count), labels, classes), bench.read_hidden()]
        steps.append(bench.classify(bench.exemplars(count), classes))
        tally += trainer.learn(params, known, classes) + trainer.leave_out(params, count - known)
        tally += trainer.read_hidden_rows(params, rows) + trainer.classify(params, count, classes)
    return dut, [*steps, Step(cycles=5, reads=counters_of(tally, dut.counters))]


@pytest.mark.parametrize("name", ["whole_beats", "shared_beat", "to_nearest", "less_than_a_beat"])
def test_strobes_are_those_counted(name: str) -> None:
    params, batch = CORNERS[name]
    dut, steps = counted(params, batch)
    idle = {"words_rounding"} if params.rounding == "nearest_even" else set()
    assert {name for name, level in steps[-1].reads.items() if not level} == idle
    run_pysim(dut, steps, PAUSES["idle_stalled"])


@pytest.mark.parametrize("name", ["whole_beats", "shared_beat", "one_lane", "one_of_all"])
@pytest.mark.parametrize("classes", [1, 4])
def test_cycles_are_those_simulated(name: str, classes: int) -> None:
    (params, batch), bench = CORNERS[name], Bench(*CORNERS[name])
    classes = min(classes, params.classes)
    labels = np.zeros(batch, np.int64)
    steps = [bench.write_hidden(), bench.learn(bench.exemplars(batch), labels, classes)]
    steps.append(bench.classify(bench.exemplars(1), classes))
    learned, classified = run_pysim(Trainer(params, batch), steps).transfers["commands"]
    assert classified - learned == trainer.learn_cycles(params, batch, classes)


@pytest.mark.parametrize("drawn", CORNERS.values(), ids=CORNERS)
def test_memories_of_the_corners(drawn: tuple[TrainerParams, int]) -> None:
    assert shapes(trainer.memories(*drawn)) == elaborated(Trainer(*drawn))


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    arguments = BLOCKS["hidden_trainer"].arguments(size)
    assert shapes(hidden_trainer.memories(**arguments)) == elaborated(HiddenTrainer(**arguments))


def test_a_batch_at_the_size_of_the_reports() -> None:
    drawn = BLOCKS["hidden_trainer"].arguments("full")["params"]
    frozen = replace(drawn, binary_width=1)
    tally = hidden_trainer.learn(drawn, 128, 100)
    # Two groups of neurons sum 100 classes for each exemplar; 1024 rows add up 128 exemplars.
    assert tally[Action("total", "accumulate", 64 * 22)] == 128 * 2 * 100
    assert tally[Action("exemplars", "read", 64)] == 1024 * 128
    assert tally[Action("rests", "write", 64 * 7)] == 1024
    more = trainer.learn_cycles(drawn, 128, 100) - trainer.learn_cycles(frozen, 128, 100)
    assert more == 128 * (2 * 100 + 1024) + 10


def test_no_exemplar_takes_no_action() -> None:
    drawn = CORNERS["shared_beat"][0]
    assert hidden_trainer.learn(drawn, 0, 3) == Tally() == hidden_trainer.words(drawn, 0)
    assert hidden_trainer.keep(drawn, 0) == Tally()
    assert hidden_trainer.learn_cycles(drawn, 0, 3) == 0


def test_an_exemplar_to_classify_is_not_kept() -> None:
    drawn = CORNERS["shared_beat"][0]  # an exemplar has three beats, and its neurons two
    learned, classified = trainer.leave_out(drawn, 7), trainer.classify(drawn, 7, 5)
    for name, writes in {"hidden.exemplars": 7 * 3, "hidden.near": 7 * 2}.items():
        assert learned[Action(name, "write", drawn.lanes)] == writes
        assert classified[Action(name, "write", drawn.lanes)] == 0


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (hidden_trainer.keep, "Exemplars must be an integer >= 0, not -1"),
        (hidden_trainer.words, "Exemplars must be an integer >= 0, not -1"),
        (lambda p, n: hidden_trainer.learn_cycles(p, n, 3), "Exemplars must be .* >= 0, not -1"),
        (lambda p, n: hidden_trainer.learn_cycles(p, 1, 1 + n), "Classes must be .* >= 1, not 0"),
    ],
)
def test_numbers_out_of_range_are_refused(count, message) -> None:
    with pytest.raises(ValueError, match=message):
        count(CORNERS["shared_beat"][0], -1)
