# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The life of a chip, through its buses alone: it learns tasks of classes, names them, and goes on.

A host loads a network and a table of costs. Classes come in three tasks, from labelled pictures and
from embeddings, and are learned by counting. After every task, pictures are named by the prototypes
and by the head, exemplars are drawn, and all of it equals the golden model. A chip with factors is
given a basis after each task but the last. On another, components compete in every slot.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.bits import pack
from golden.prototype_classifier import likelihood_table, nearest_mean_table
from rtl.class_slots import Operation
from rtl.headers import Target
from rtl.packets import Packet
from rtl.requests import Source
from verification.rtl.chip_run import NETWORK, run_script
from verification.rtl.chip_script import Script
from verification.rtl.chips import make_chip
from verification.rtl.simulators import cocotb_simulators
from verification.rtl.test_chip import CHIPS

LIVES = {
    "in turn": make_chip(slots=2, table_width=12, table_fold=2, class_components=2, seed=21),
    "weighted": CHIPS["serial"],
    "factors": CHIPS["factors"],
    "competing": make_chip(
        slots=2,
        slot_components=2,
        handicap_shift=2,
        components=10,
        table_width=12,
        selection="uniform",
        draws_per_read=2,
        seed=23,
    ),
}
TABLES = {
    "in turn": nearest_mean_table,
    "weighted": likelihood_table,
    "factors": nearest_mean_table,
    "competing": likelihood_table,
}
PATIENCE = 100_000  # cycles that an operation may take
#: Output of pictures: class by the head and by prototypes; features as well.
NAMED, ALL = 1 | 8, 1 | 4 | 8


@pytest.fixture(params=cocotb_simulators())
def run(request: pytest.FixtureRequest) -> Any:
    return partial(run_script, request.param)


class Life:
    """A host that lets its chip learn class after class."""

    def __init__(self, name: str, seed: int) -> None:
        self.host = Script(LIVES[name], NETWORK, seed)
        self.rng = np.random.default_rng(seed)
        shape = self.host.network.params.input.array_shape
        self.prototypes = self.rng.integers(0, 128, (5, *shape))
        self.rows = self.shown = self.right = self.asked = 0
        self.host.load()
        self.host.costs(TABLES[name](LIVES[name].sampler.prototypes.code_width))

    def images(self, label: int, count: int) -> NDArray[np.integer]:
        """Return pictures of a class: a picture of its own, with noise."""
        noise = self.rng.integers(-12, 13, (count, *self.prototypes[label].shape))
        return np.clip(self.prototypes[label] + noise, 0, 127)

    def embeddings(self, label: int, count: int) -> NDArray[np.uint64]:
        return pack(self.host.network.forward(self.images(label, count)))

    @property
    def rows_of_all(self) -> int:
        """Rows of the prototypes of all classes that are there."""
        memory = self.host.sampler.prototypes
        there = set(range(memory.n_classes)) - memory.removed
        return sum(len(memory.codes_of(label)) for label in there) * memory.params.beats

    def see(self, label: int, slot: int, output: int = 0) -> None:
        """Show labelled pictures, to the latent buffer as well, and embeddings behind them."""
        self.shown += 2 + 1 + 4
        self.rows += 3 * self.rows_of_all if output & 8 else 0
        self.host.pictures(self.images(label, 2), output, [label] * 2, [slot] * 2)
        self.host.pictures(self.images(label, 1), output, count=[slot])
        self.host.count(self.embeddings(label, 4), [slot] * 4)

    def learn(self, label: int, slot: int) -> None:
        """Learn a class from nothing."""
        self.host.command(Operation.OPEN, slot, label)
        self.see(label, slot)
        assert self.host.command(Operation.CLOSE, slot)

    def share_factors(self, exponent: int) -> None:
        """Load a basis of the classes so far, if the chip has factors."""
        if self.host.chip.factors:
            assert self.host.basis(exponent)

    def look(self, output: int = NAMED) -> None:
        """Name a picture of each class, while exemplars are drawn, and compare all counters."""
        host, memory = self.host, self.host.sampler.prototypes
        there = [c for c in range(memory.n_classes) if c not in memory.removed]
        host.settle()
        host.read("n_classes", memory.n_classes)
        if host.chip.sampler.selection == "weighted":
            host.weigh(np.full(memory.n_classes, 1 / memory.n_classes).tolist())
            host.settle()
        host.draw(9)
        expected = host.operations.pop()
        host.write("classes_seen", memory.n_classes)
        host.classes_seen = memory.n_classes
        images = np.concatenate([self.images(label, 1) for label in there])
        host.pictures(images, output)
        assert host.classifier is not None
        named, _ = host.classifier.classify(memory, pack(host.network.forward(images)))
        self.right, self.asked = self.right + int((named == there).sum()), self.asked + len(there)
        host.operations.append(expected)
        host.draw(3, label=there[-1])
        # Rows are those of the golden counters: nothing else has read or written the prototypes.
        host.read("row_reads", host.sampler.rows_read)
        host.read("factor_reads", host.factor_reads)
        host.read("answers", host.named)
        self.rows += len(there) * self.rows_of_all
        host.read("answer_reads", self.rows)


def tasks(life: Life) -> Iterator[None]:
    """Learn three tasks; between them, whoever asks may do something else."""
    host = life.host
    life.learn(0, slot=0)
    life.learn(1, slot=1)
    life.look()
    life.share_factors(4)
    yield
    # Two classes at a time, their pictures in turn; the slot of the first task learns on meanwhile.
    assert host.command(Operation.REOPEN, 1) is False
    host.command(Operation.OPEN, 0, 2)
    life.see(2, slot=0, output=NAMED)
    life.see(1, slot=1, output=0)
    assert host.command(Operation.CLOSE, 1)
    assert host.command(Operation.CLOSE, 0)
    life.look(ALL)
    life.share_factors(6)
    life.look()
    yield
    # A class is forgotten, another comes in its place, and one from outside has two components.
    assert host.remove(0)
    life.look()
    life.learn(0, slot=1)
    assert host.append(2)
    assert host.replace(3, 2)
    life.look()


def errors(life: Life) -> None:
    """Try what is refused, and see that nothing but the flags has changed."""
    host = life.host
    host.read("errors", 0)
    host.command(Operation.CLOSE, 1)  # it was closed before
    host.settle()
    host.poll("errors_closed", 1)
    host.command(Operation.OPEN, 1, 4)
    host.command(Operation.CLOSE, 1)
    host.settle()
    host.poll("errors_empty", 1)
    if host.chip.mixture:
        # One exemplar is a class of one component, and the class in the table has two.
        host.command(Operation.OPEN, 0, 2)
        life.shown += 1
        host.count(life.embeddings(2, 1), [0])
        assert not host.command(Operation.CLOSE, 0)
    else:
        assert not host.replace(2, 2)
    host.settle()
    host.poll("errors_overflow", 1)
    assert host.remove(1)
    host.settle()
    host.start(Source.SAMPLER, 1, 2)
    host.poll("errors_unknown", 1)
    for packet in (
        Packet(Target.COUNT, 2, 0, 0, [1, 2, 3]),
        Packet(Target.COMMAND, 2, 0, 1, [0]),
        Packet(Target.COMMAND, 0, 5, 1, [0]),
        Packet(Target.PIXELS, 0, 2 | 2 << 12, 8, [1]),
        Packet(Target.APPEND, 1, 5 | 1 << 12, 0, [0]),
        Packet(Target.TABLE, 0, 2 ** (host.chip.sampler.prototypes.code_width - 1), 1, [0]),
        Packet(Target.ROWS, 0, 0, 1, [1]),
    ):
        host.send(packet)
        host.do("sent")
        host.poll("errors_packet", 1)
        host.write("errors", 1)
    flags = sum(1 << bit for bit in (8, 9, 12, 13))
    host.read("errors", flags)


@pytest.mark.parametrize("pauses", [0.0, 0.5])
@pytest.mark.parametrize("name", LIVES)
def test_a_chip_learns_three_tasks_and_names_what_it_has_learned(
    name: str, pauses: float, run: Any
) -> None:
    life = Life(name, seed=int(10 * pauses))
    for _ in tasks(life):
        pass
    host = life.host
    # It does learn: most pictures of the classes that it has seen are named aright.
    assert life.right >= 0.6 * life.asked
    errors(life)
    life.look()
    host.read("counted", life.shown)
    run(name, host, pauses, patience=PATIENCE)
