# SPDX-License-Identifier: MIT
"""A lesson for the chip: it counts embeddings of a new class, and then names pictures.

The script goes through the buses of the simulated chip, as firmware would. The golden models learn
and answer beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack
from golden.class_counter import ClassCounter
from golden.network import Network
from golden.params import ChipParams, ClassCounterParams
from golden.prototype_classifier import PrototypeClassifier, likelihood_table
from golden.prototypes import Prototypes
from rtl.class_slots import Operation
from rtl.headers import Target
from rtl.output import Kind
from rtl.packets import (
    Packet,
    PacketSizes,
    class_packet,
    costs_packet,
    picture_packet,
    vector_packet,
)
from sim.cost.counts import class_counter
from sim.work.errors import UserError

__all__ = ["TABLE_WIDTH", "Lesson"]

#: Bits of a base and of a weight of the likelihoods of 8-bit codes: the largest weight is 1597.
TABLE_WIDTH = 11

_SLOT = 0  # of the chip's counter
_ANSWER = "write output 8"  # pictures are named by prototypes, and by nothing else
_COST_WIDTH = 52  # bits of a cost in an answer, below its class


@dataclass(frozen=True, eq=False, kw_only=True)
class Lesson:
    """What the chip knows before, the embeddings of a new class, and pictures to name.

    Parameters
    ----------
    chip : ChipParams
        A chip with a class counter and a classifier of `TABLE_WIDTH` bits.
    network : Network
        Its network.
    known : sequence of ndarray of shape (n, ceil(D/64)), uint64
        Embeddings of the classes from 0 on, of which a host has made prototypes.
    new : ndarray of shape (n, ceil(D/64)), uint64
        Embeddings of the class that follows, which the chip counts by itself.
    pictures : ndarray of shape (n, H, W, C), uint8
        Pixels of as many bits as the network takes.

    Raises
    ------
    UserError
        If the chip does not hold so many classes.
    """

    chip: ChipParams
    network: Network
    known: Sequence[NDArray[np.uint64]]
    new: NDArray[np.uint64]
    pictures: NDArray[np.uint8]

    def __post_init__(self) -> None:
        memory = self.chip.sampler.prototypes
        room, wanted = min(memory.classes, memory.components), len(self.known) + 1
        if room < wanted:
            raise UserError(
                f"A chip of {memory.classes} classes and {memory.components} components must hold "
                f"{wanted} classes of one component: give it more"
            )

    @property
    def script(self) -> str:
        """The lines for a simulated chip that has its network (docs/simulate.md)."""
        return "\n".join(self._lines()) + "\n"

    @cached_property
    def answers(self) -> list[tuple[int, int]]:
        """Class and cost of each picture, as the golden models have them."""
        memory = Prototypes(self.chip.sampler.prototypes)
        for codes in (*self._known_codes, self._codes(self.new)):
            memory.append([codes])
        assert self.chip.classifier is not None
        classifier = PrototypeClassifier(self.chip.classifier)
        classifier.load(*self._table)
        labels, costs = classifier.classify(memory, pack(self.network.forward(self.pictures)))
        return list(zip(labels.tolist(), costs.tolist(), strict=True))

    @property
    def cycles(self) -> int:
        """Cycles in which the chip counts the new class and closes it, as the counts have them."""
        counter = self._counter
        return class_counter.learn_cycles(counter, len(self.new)) + class_counter.close_cycles(
            counter, 1
        )

    @staticmethod
    def read(output: str) -> list[tuple[int, int]]:
        """Return class and cost of each picture, as a simulator wrote them."""
        kind = Kind.ANSWER.name.lower()
        words = (line.split() for line in output.splitlines())
        answers = [(word[0], word[2]) for word in words if word[1:2] == [kind]]
        return [(int(label), int(word, 16) % 2**_COST_WIDTH) for word, label in answers]

    def _lines(self) -> Iterator[str]:
        sizes = PacketSizes.of(self.chip)
        weights, bases = (column.tolist() for column in self._table)
        yield from _lines_of(costs_packet(weights, bases, sizes))
        for codes in self._known_codes:
            yield from _lines_of(class_packet([codes.tolist()], [], sizes))
        number = len(self.known)
        yield from _lines_of(Packet(Target.COMMAND, _SLOT, number, 1, [int(Operation.OPEN)]))
        for exemplar in self.new:
            bits = int.from_bytes(exemplar.astype("<u8").tobytes(), "little")
            yield from _lines_of(vector_packet(Target.COUNT, _SLOT, bits, sizes))
        yield from _lines_of(Packet(Target.COMMAND, _SLOT, number, 1, [int(Operation.CLOSE)]))
        yield f"poll n_classes 0xffffffff {number + 1}"
        yield _ANSWER
        for picture in self.pictures:
            yield from _lines_of(picture_packet(picture.ravel().tolist(), sizes))

    @property
    def _counter(self) -> ClassCounterParams:
        assert self.chip.counter is not None
        return self.chip.counter

    @cached_property
    def _table(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return likelihood_table(self.chip.sampler.prototypes.code_width)

    @cached_property
    def _known_codes(self) -> list[NDArray[np.uint16]]:
        return [self._codes(exemplars) for exemplars in self.known]

    def _codes(self, exemplars: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """Return the codes of a class that is learned from its counts, shape (D,)."""
        counter = ClassCounter(self._counter)
        counter.open(_SLOT, 0)
        counter.learn(exemplars, np.full(len(exemplars), _SLOT))
        codes = counter.close(_SLOT)
        assert codes is not None
        return codes


def _lines_of(packet: Packet) -> Iterator[str]:
    yield from (f"{word:x}" for word in packet.stream)
    yield ""
