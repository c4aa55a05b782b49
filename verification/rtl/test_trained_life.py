# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The life of a chip whose head learns, through its buses alone: batches with a past that it draws.

The batches are those of a study: present exemplars in the order of its shuffle, then past ones. The
host sends the present ones, as pictures and as embeddings; the chip draws the past by itself. After
every task the weights are read back, and pictures are named: all of it equals the golden model.
"""

from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.bits import pack
from golden.params import ChipParams
from rtl.class_slots import Operation
from rtl.head_command import HeadOperation
from rtl.headers import Target
from rtl.packets import Packet
from rtl.requests import Source
from sim.learn.batches import mixed_batches, split_batch, steps_of_epoch
from verification.rtl.chip_coverage import cover_resets
from verification.rtl.chip_run import NETWORK, run_script
from verification.rtl.chips import make_chip
from verification.rtl.head_script import HeadScript
from verification.rtl.simulators import cocotb_simulators

CHIPS = {
    "sampler": make_chip(
        slots=2,
        head={"backward_width": 8, "rounding": "stochastic", "rate": 6},
        batch=12,
        seed=31,
    ),
    "latent": make_chip(
        lanes=4,
        head={"backward_width": 16, "rounding": "nearest_even", "rate": 7},
        batch=12,
        exemplars=8,
        selection="uniform",
        seed=32,
    ),
    "factors": make_chip(
        slots=2,
        head={"backward_width": 8, "rounding": "stochastic", "rate": 6},
        batch=12,
        rank=3,
        loading_width=3,
        seed=33,
    ),
    "hidden": make_chip(
        slots=2,
        head={
            "hidden": 7,
            "binary_width": 1,
            "backward_width": 8,
            "rounding": "stochastic",
            "rate": 6,
        },
        batch=12,
        seed=34,
    ),
    "trained": make_chip(
        slots=2,
        head={
            "hidden": 7,
            "binary_width": 8,
            "backward_width": 8,
            "rounding": "stochastic",
            "rate": 6,
            "binary_rate": 2,
            "window": 6,
        },
        batch=12,
        seed=35,
    ),
}
TASKS = ([0, 1], [2, 3], [4])
SAMPLES = 10  # of a class
BATCH = 12
EPOCHS = 2
PATIENCE = 100_000  # cycles that an operation may take
#: Chips and pauses of every day; the others are longer evidence.
DAILY = (("sampler", 0.5), ("latent", 0.0), ("factors", 0.0))
#: Cycles after which a reset comes.
WAITS = (1, 40, 160, 700, 2500)


#: The head alone takes minutes; the life of a chip in `test_life.py` is no slow one.
pytestmark = pytest.mark.slow


@pytest.fixture(params=cocotb_simulators())
def run(request: pytest.FixtureRequest) -> Any:
    return partial(run_script, request.param)


class Life:
    """A host that lets the head of its chip learn task after task."""

    def __init__(self, chip: ChipParams, seed: int) -> None:
        self.host = HeadScript(chip, NETWORK, seed)
        self.rng = np.random.default_rng(seed)
        shape = self.host.network.params.input.array_shape
        self.middles = self.rng.integers(0, 128, (5, *shape))
        self.images = {
            label: np.clip(middle + self.rng.integers(-12, 13, (SAMPLES, *shape)), 0, 127)
            for label, middle in enumerate(self.middles)
        }
        self._embedded: dict[int, NDArray[np.uint64]] = {}
        self.right = self.asked = 0
        self.host.load()
        self.host.write_hidden()

    def embeddings(self, label: int) -> NDArray[np.uint64]:
        if label not in self._embedded:
            self._embedded[label] = pack(self.host.network.forward(self.images[label]))
        return self._embedded[label]

    def source_of(self, batch: int, past: int) -> tuple[Any, int]:
        """Return where a batch has its past from: the latent buffer gives a class at a time."""
        if self.host.chip.slots:
            return Source.SELECTOR, 0
        return Source.LATENT, batch % max(past, 1)

    def train(self, task: list[int], seed: int) -> None:
        """Let the head learn a task as a study does."""
        host, past = self.host, task[0]
        shown = np.concatenate([self.images[named] for named in task])
        present = pack(host.network.forward(shown)), np.repeat(task, SAMPLES)
        n_past, n_new = split_batch(BATCH, past, len(task))
        steps = steps_of_epoch(len(shown), BATCH, n_past)
        shuffle, repeated = np.random.default_rng(seed), np.random.default_rng(seed)

        def draw(count: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
            assert count == steps * n_past
            parts = [host.past(n_past, *self.source_of(step, past)) for step in range(steps)]
            return np.concatenate([part[0] for part in parts]), np.concatenate(
                [np.array(part[1], np.int64) for part in parts]
            )

        for _ in range(EPOCHS):
            order = np.resize(repeated.permutation(len(shown)), steps * n_new)
            batches = mixed_batches(present, draw=draw, n_past=n_past, batch=BATCH, shuffle=shuffle)
            for number, (exemplars, labels) in enumerate(batches):
                chosen = order[number * n_new : (number + 1) * n_new]
                host.settle()  # the command before has been taken, with the source of its past
                host.source(*self.source_of(number, past))
                host.tell(HeadOperation.LEARN, n_new, task[-1] + 1, n_past)
                # Some as pictures, the others as embeddings, in the order of the batch.
                some = self.rng.integers(1, n_new + 1)
                host.show(shown[chosen[:some]], labels[:some].tolist())
                host.give((exemplars[some:n_new], labels[some:n_new].tolist()))
                host.learned([(exemplars, labels.tolist())], task[-1] + 1)

    def remember(self, task: list[int]) -> None:
        """Let the chip keep the classes of a task for later."""
        host = self.host
        for label in task:
            if not host.chip.slots:
                host.latent.learn(self.embeddings(label), [label] * SAMPLES)
                for row in self.embeddings(label):
                    host.learn_vector(row, label)
                continue
            host.command(Operation.OPEN, 0, label)
            host.count(self.embeddings(label), [0] * SAMPLES)
            assert host.command(Operation.CLOSE, 0)
        if host.chip.factors:
            assert host.basis(5)

    def look(self, classes: int, output: int = 0) -> None:
        """Name pictures of all classes, read the weights, and compare all counters."""
        host = self.host
        images = np.concatenate([self.images[label][:2] for label in range(classes)])
        labels = np.repeat(np.arange(classes), 2)
        host.settle()  # the pictures before have begun, with the settings of their output
        host.tell(HeadOperation.CLASSIFY, len(images), classes)
        given = host.show(images, labels.tolist(), output)
        named = host.answered([given], classes)
        self.right, self.asked = self.right + int((named == labels).sum()), self.asked + len(named)
        host.rows(host.chip.latent.classes)
        if host.chip.latent_width:
            host.hidden_rows(host.chip.hidden)
        host.counted()


@pytest.mark.parametrize(
    ("name", "pauses"),
    [
        pytest.param(name, pauses, marks=() if (name, pauses) in DAILY else pytest.mark.slow)
        for name in CHIPS
        for pauses in (0.0, 0.5)
    ],
)
def test_a_head_learns_three_tasks_beside_a_past_that_the_chip_draws(
    name: str, pauses: float, run: Any
) -> None:
    life = Life(CHIPS[name], seed=3 + int(10 * pauses))
    for number, task in enumerate(TASKS):
        life.train(task, number)
        life.remember(task)
        life.look(task[-1] + 1, output=4 * (number == 1))
    host = life.host
    host.read("errors", 0)
    host.poll("irq_pending_batch", 1)
    # It does learn: most pictures of the classes that it has seen are named aright.
    assert life.right >= 0.6 * life.asked
    run(name, host, pauses, patience=PATIENCE)


def test_a_hidden_layer_stays_in_a_soft_reset(run: Any) -> None:
    """The rows of the classifier are gone, and are written back, as a host keeps them."""
    life = Life(CHIPS["hidden"], seed=8)
    host = life.host
    for number, task in enumerate(TASKS):
        life.train(task, number)
        life.remember(task)
        life.look(task[-1] + 1)
        if number < 2:
            kept = host.trainer.weights.copy()
            host.settle()
            host.soft_reset()
            host.rows(5)  # of zeros
            host.write_rows(0, kept)
            life.remember(list(range(task[-1] + 1)))
            life.look(task[-1] + 1)
    for address in (1 << 23 | 19, 2**24 - 1):  # one row is not there, or none
        host.send(Packet(Target.HEAD_EXEMPLAR, 0, address, 0, [0] * 3))
        host.do("sent")
        host.poll("errors_packet", 1)
        host.write("errors", 1)
    # Rows that come before all exemplars of a command are refused.
    host.tell(HeadOperation.LEARN, 1, 2)
    host.send(Packet(Target.HEAD_EXEMPLAR, 0, 1 << 23, 0, [7] * 3))
    given = life.embeddings(1)[:1], [1]
    host.give(given)
    host.learned([given], 2)
    host.counted()
    host.poll("errors_command", 1)
    life.look(5)
    run("hidden", host, 0.3, patience=PATIENCE)


def begin(life: Life) -> None:
    """Begin batches that a reset is to interrupt, and expect nothing of them."""
    host = life.host
    before, host.operations = host.operations, []
    life.remember([0, 1])
    host.source(Source.SELECTOR)
    for _ in range(3):
        host.tell(HeadOperation.LEARN, 2, 3, 7)
        host.show(life.images[2][:2], [2, 2])
    host.tell(HeadOperation.READ, 0, 5)
    host.operations = [*before, *(op for op in host.operations if op[0] != "expect")]


@pytest.mark.parametrize(
    ("name", "hard"),
    [("sampler", False), ("sampler", True), ("hidden", False)],
    ids=["soft", "hard", "hidden-soft"],
)
def test_a_head_begins_anew_after_a_reset_and_goes_on_with_rows_that_are_written(
    name: str, hard: bool, run: Any
) -> None:
    """At several moments: what was learned is gone, and is written back, as a host keeps it."""
    life = Life(CHIPS[name], seed=5)
    host = life.host
    life.train(TASKS[0], 1)
    life.remember(TASKS[0])
    life.look(2)
    kept = host.trainer.weights.copy()
    for wait in WAITS:
        host.settle()
        begin(life)
        host.cut_short(wait, hard)
        host.counted()
        host.rows(5)
        host.write_rows(0, kept)
        life.remember(TASKS[0])
        life.train(TASKS[1], 2)
        life.look(4)
    result = run(name, host, 0.3, patience=PATIENCE)
    cover_resets("train", hard, result)


def test_what_the_head_cannot_do_is_refused_and_hurts_nobody(run: Any) -> None:
    life = Life(CHIPS["sampler"], seed=6)
    host = life.host
    given = life.embeddings(0), [0] * SAMPLES
    host.write("draw_source", int(Source.SELECTOR))
    for command in (
        (HeadOperation.LEARN, 0, 2, 0),  # no exemplar
        (HeadOperation.LEARN, 9, 2, 4),  # more than the batch
        (HeadOperation.LEARN, 4095, 2, 4095),
        (HeadOperation.CLASSIFY, 1, 0, 0),  # no class
        (HeadOperation.READ, 0, 6, 0),  # more than there are
        (HeadOperation.LEARN, 1, 2, 1),  # nothing to draw from
    ):
        host.tell(*command)
        host.settle()
        host.poll("errors_command", 1)
        host.soft_reset()
        host.settle()
        host.read("errors", 0)
    host.give((given[0][:1], [0]))  # no command asked for it
    host.settle()
    host.poll("errors_command", 1)
    host.soft_reset()
    # The second command, and rows, come before the exemplars of the first one.
    host.tell(HeadOperation.LEARN, 2, 2)
    host.give((given[0][:1], [0]))
    host.tell(HeadOperation.CLEAR)
    host.send(Packet(Target.HEAD_ROWS, 0, 0, 1, [5]))
    host.give((given[0][1:2], [1]))
    host.learned([(given[0][:2], [0, 1])], 2)
    host.counted()
    host.rows(5)
    host.poll("errors_command", 1)
    # A stranger is left out, and so are exemplars of a class that is not there any more.
    host.soft_reset()
    life.remember([0, 1])
    assert host.remove(1)
    host.settle()
    host.source(Source.SAMPLER, 1)
    host.tell(HeadOperation.LEARN, 3, 2, 5)
    host.give((given[0][:3], [0, 4, 1]))
    host.learned([(given[0][:3], [0, 4, 1])], 2)
    host.counted()
    host.poll("errors_unknown", 1)
    host.poll("errors_stranger", 1)
    host.read("errors", 1 << 9 | 1 << 15)
    host.tell(HeadOperation.CLASSIFY, 0, 2, 5)  # nothing comes, and it ends
    host.counted()
    host.clear()
    host.rows(5)
    # What the chip draws can be named, too.
    host.settle()
    host.source(Source.SAMPLER, 0)
    host.tell(HeadOperation.CLASSIFY, 1, 5, 6)
    host.give((given[0][:1], [3]))
    host.answered([(given[0][:1], [3]), host.past(6, Source.SAMPLER, 0)], 5)
    host.counted()
    for packet in (
        Packet(Target.HEAD_ROWS, 0, 15, 1, [0]),
        Packet(Target.HEAD_EXEMPLAR, 5, 0, 0, [0] * 3),
        Packet(Target.PIXELS, 5, 4, 8, [1]),
    ):
        host.send(packet)
        host.do("sent")
        host.poll("errors_packet", 1)
        host.write("errors", 1)
    host.read("errors", 1 << 9 | 1 << 15)
    run("sampler", host, 0.2, patience=PATIENCE)


@pytest.mark.parametrize("name", ["sampler", "factors", "hidden"])
def test_units_behind_a_batch_change_nothing_of_it(name: str, run: Any) -> None:
    """Seeds, classes, bases and what the latent buffer learns come while the head draws."""
    life = Life(CHIPS[name], seed=7)
    host = life.host
    host.source(Source.SELECTOR)
    life.remember([0, 1])
    host.latent.learn(life.embeddings(0)[:4], [0] * 4)
    for row in life.embeddings(0)[:4]:
        host.learn_vector(row, 0)
    for number, seed in enumerate((5, 6, 7), 2):
        host.tell(HeadOperation.LEARN, 2, 5, 9)
        batch = [host.show(life.images[3][:2], [3, 3]), host.past(9, Source.SELECTOR)]
        host.learned(batch, 5)
        if host.chip.factors:
            assert host.basis(number + 3)
        host.reseed(seed)
        assert host.append(2) if number < 4 else host.remove(0)
    host.settle()
    host.source(Source.LATENT, 0)
    for number in range(4):
        host.tell(HeadOperation.LEARN, 1, 5, 6)
        batch = [host.show(life.images[3][:1], [3]), host.past(6, Source.LATENT, 0)]
        host.learned(batch, 5)
        host.pictures(life.images[0][number : number + 1], 0, learn=[0])
        host.latent.learn(life.embeddings(1)[:1], [0])
        host.learn_vector(life.embeddings(1)[0], 0)
    host.counted()
    host.rows(5)
    host.read("errors", 0)
    run(name, host, 0.3, patience=PATIENCE)
