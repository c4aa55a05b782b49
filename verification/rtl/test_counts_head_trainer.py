# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the head that learns is said to hold and to do, held to the hardware."""

import pytest

from golden.params import ChipParams
from rtl.catalogue import BLOCKS
from rtl.head_command import HeadOperation
from rtl.head_trainer import HeadTrainer
from sim.cost.counts import chip, head_trainer, hidden_layer, trainer
from verification.rtl.chips import make_chip
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import counters_of, elaborated, shapes
from verification.rtl.test_head_trainer import CHIPS, HIDDEN, SMALL, TRAINED, Bench


def counted() -> tuple[Counted, list[Step]]:
    """Return a head, and a bench that ends with its strobes."""
    bench, dut = Bench(SMALL, 2), Counted(HeadTrainer(SMALL))
    tally = head_trainer.clear(SMALL, 2) + head_trainer.load(SMALL, 5)
    steps = [bench.write(), bench.read(3)]
    tally += head_trainer.read(SMALL, 3)
    for given, draws, classes in ((2, 4, 5), (0, 3, 2), (1, 0, 4)):
        steps += bench.step(HeadOperation.LEARN, given, draws, classes)
        steps += bench.step(HeadOperation.CLASSIFY, given, draws, classes)
        tally += head_trainer.learn(SMALL, given + draws, classes)
        tally += head_trainer.classify(SMALL, given + draws, classes)
    steps.append(Step(inputs={"commands": [bench.command(HeadOperation.CLEAR)]}))
    return dut, [*steps, Step(cycles=40, reads=counters_of(tally, dut.counters))]


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_strobes_are_those_counted_whatever_the_pauses(pauses: str) -> None:
    dut, steps = counted()
    assert all(steps[-1].reads.values())
    run_pysim(dut, steps, PAUSES[pauses])


@pytest.mark.parametrize(
    ("params", "loaded", "neurons", "batches"),
    [(HIDDEN, 5, 7, [(2, 4, 5), (1, 0, 4)]), (TRAINED, 2, 9, [(2, 2, 2), (1, 0, 1)])],
    ids=["frozen", "learns"],
)
def test_strobes_of_a_hidden_layer_are_those_counted(
    params: ChipParams, loaded: int, neurons: int, batches: list[tuple[int, int, int]]
) -> None:
    bench, dut = Bench(params, 3), Counted(HeadTrainer(params))
    tally = head_trainer.clear(params, 1) + head_trainer.load(params, loaded)
    tally += head_trainer.load_hidden(params, neurons)
    steps = [bench.write()]
    for given, draws, classes in batches:
        steps += bench.step(HeadOperation.LEARN, given, draws, classes)
        steps += bench.step(HeadOperation.CLASSIFY, given, draws, classes)
        tally += head_trainer.learn(params, given + draws, classes)
        tally += head_trainer.classify(params, given + draws, classes)
        if params.latent_width:
            steps.append(bench.read_hidden(classes))
            tally += head_trainer.read_hidden(params, classes)
    reads = counters_of(tally, dut.counters)
    assert all(reads.values())
    run_pysim(dut, [*steps, Step(cycles=5, reads=reads)], PAUSES["idle_stalled"])


@pytest.mark.parametrize("pauses", ["flowing", "idle"])
def test_seeds_wait_until_the_exemplars_before_them_are_learned(pauses: str) -> None:
    """A hidden layer could take the next exemplar long before."""
    bench, p, classes = Bench(HIDDEN, 4), HIDDEN.head, 3
    assert p is not None
    worked = hidden_layer.latency(p) + trainer.take_cycles(p, classes)
    written = bench.write()
    command, given, *_ = bench.step(HeadOperation.LEARN, 2, 0, classes)
    beats = given.inputs["exemplars"]
    run_pysim(HeadTrainer(HIDDEN), [
        written,
        command,
        Step(cycles=5, reads={"settled": 1}),
        Step(inputs={"exemplars": beats[:1]}, reads={"settled": 1}),
        Step(inputs={"exemplars": beats[1 : bench.taken]}, reads={"settled": 0}),
        Step(cycles=worked - 2, reads={"settled": 0}),
        Step(cycles=1, reads={"settled": 1}),
        Step(inputs={"exemplars": beats[bench.taken :]}),
        Step(cycles=400, reads={"training": 0, "settled": 1}),
        bench.read(5),
    ], PAUSES[pauses])  # fmt: skip


@pytest.mark.parametrize("name", CHIPS)
def test_memories_are_those_of_the_hardware(name: str) -> None:
    params = CHIPS[name]
    assert shapes(head_trainer.memories(params)) == elaborated(HeadTrainer(params))
    within = [m for m in chip.memories(params) if m.component.startswith("head_trainer.")]
    assert shapes(tuple(within)) == shapes(
        tuple(m.within("head_trainer") for m in head_trainer.memories(params))
    )


@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("params", [SMALL, make_chip(lanes=16, simd=16, head={})])
def test_cycles_of_reading_are_those_simulated(params, classes: int) -> None:
    bench = Bench(params)
    steps = [Step(cycles=params.head.rows + 3), bench.read(classes)]
    passed = run_pysim(HeadTrainer(params), steps).transfers
    cycles = passed["rows"][-1] + 1 - passed["commands"][0]
    assert cycles == head_trainer.read_cycles(params, classes)


@pytest.mark.parametrize("name", ["trained", "trained, one lane"])
@pytest.mark.parametrize("neurons", [1, 3])
def test_cycles_of_reading_latent_weights_are_those_simulated(name: str, neurons: int) -> None:
    bench = Bench(CHIPS[name])
    assert bench.chip.head is not None
    steps = [Step(cycles=bench.chip.head.rows + 3), bench.write(), bench.read_hidden(neurons)]
    passed = run_pysim(HeadTrainer(bench.chip), steps).transfers
    cycles = passed["rows"][-1] + 1 - passed["commands"][0]
    assert cycles == head_trainer.read_hidden_cycles(bench.chip, neurons)


def test_a_chip_without_a_head_has_no_such_actions() -> None:
    bare = make_chip()
    assert head_trainer.memories(bare) == ()
    assert not any(m.component.startswith("head_trainer") for m in chip.memories(bare))
    for call in (
        lambda: head_trainer.learn(bare, 1, 1), lambda: head_trainer.classify(bare, 1, 1),
        lambda: head_trainer.load(bare, 1), lambda: head_trainer.read(bare, 1),
        lambda: head_trainer.clear(bare, 1), lambda: head_trainer.read_cycles(bare, 1),
        lambda: head_trainer.read_hidden(bare, 1), lambda: head_trainer.read_hidden_cycles(bare, 1),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="Chip must have a head that learns"):
            call()


def test_a_frozen_layer_has_no_rows_to_read() -> None:
    message = "^Head that learns must have a hidden layer that learns: .* not 7 and 1$"
    for call in (head_trainer.read_hidden, head_trainer.read_hidden_cycles):
        with pytest.raises(ValueError, match=message):
            call(HIDDEN, 1)


def test_memories_of_the_catalogue() -> None:
    params = BLOCKS["chip"].arguments("small")["params"]
    assert shapes(head_trainer.memories(params)) == elaborated(HeadTrainer(params))
