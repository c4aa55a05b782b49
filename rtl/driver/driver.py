# SPDX-License-Identifier: MIT
"""The calls of `engram.c` in Python, for notebooks and benches (docs/driver.md)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.params.chip import ANSWER_WIDTH
from rtl.class_slots import Operation
from rtl.driver.access import Bus
from rtl.driver.fault import DriverError, Fault, integers_of, require
from rtl.driver.load_file import LoadFile
from rtl.driver.watch import MemoryTest, WatchCalls
from rtl.headers import Target, class_address_layout, picture_address_layout
from rtl.output import Kind
from rtl.packets import Packet, basis_packet, class_packet, costs_packet, seeds_packet
from rtl.registers import EVENTS
from rtl.requests import Source
from rtl.scale import SHIFT_WIDTH

__all__ = ["Driver"]


class Driver(WatchCalls):
    """A chip, found over a bus and emptied by a soft reset.

    Every call waits until the chip has done what it asks. One that fails raises `DriverError`.

    Parameters
    ----------
    bus : Bus
    """

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self._weights = 0  # classes that `weigh` named
        self._weighed: set[int] = set()  # those whose weight is not 0
        self.reset()

    def reset(self) -> None:
        """Forget all classes and exemplars and begin the random streams anew; keep the network."""
        self._sizes: dict[int, int] = {}  # K of each class that was appended
        self._there: set[int] = set()  # those that were not removed
        self._learned: set[int] = set()
        self._counting: dict[int, _Slot] = {}
        self._registers.set("control", soft_reset=1)
        if self._registers.fields("status")["receiving"]:
            self._bus.send([0])  # the end of a packet of which the chip drops the rest
        self._bus.flush()
        self._registers.set("errors", packet=1, draw=1)
        self._registers.set("irq_pending", **dict.fromkeys(EVENTS, 1))

    def test_memory(self, *, listed: bool = False) -> MemoryTest:
        """Test the memory of prototypes; all classes and exemplars are lost, as by a reset.

        Parameters
        ----------
        listed : bool, optional
            Whether the failures are read, one by one.
        """
        require(self.self_test, Fault.ARGUMENT)
        self.reset()
        return self._test_memory(listed)

    def load(self, file: bytes) -> None:
        """Load the network of a file, ``load_packets.bin`` of ``engram rtl chip --network``."""
        self.pixels = self.head_classes = 0
        try:
            content = LoadFile.read(file)
        except ValueError as error:
            raise DriverError(Fault.FILE) from error
        require(
            all(self._registers.get(n) == size for n, size in content.sizes.items()), Fault.SIZES
        )
        for words in content.packets:
            self._bus.send(words)
        self._accepted()
        self.pixels, self.head_classes = content.pixels, content.classes

    def seed(self, seed: int) -> None:
        """Draw from now on as a chip that was built with this user seed, ``0 .. 2**64 - 1``."""
        self._send(seeds_packet(seed))

    def see(self, classes: int) -> None:
        """Decide between the classes ``0 .. classes - 1`` from now on."""
        self._registers.set("classes_seen", value=classes)

    def classify(self, picture: ArrayLike) -> tuple[int, NDArray[np.int32]]:
        """Return the class of a picture, and the logits of all classes of the head.

        Parameters
        ----------
        picture : array-like of `pixels` integers
            Row by row, pixel by pixel, colour by colour.
        """
        require(self.head_classes > 0, Fault.NETWORK)
        self._show(picture, {"class": 1, "logits": 1})
        words, _ = self._take(Kind.RESULT, self.head_classes)
        self._accepted()
        logits = np.array([word & 2**32 - 1 for word in words], np.uint32).astype(np.int32)
        return words[-1] >> 32, logits

    def embed(self, picture: ArrayLike) -> NDArray[np.uint8]:
        """Return the features of a picture, shape (D,), in {0, 1}."""
        self._show(picture, {"features": 1})
        words, _ = self._take(Kind.FEATURES, self.beats)
        self._accepted()
        return self._vectors(words, 1)[0]

    def learn(self, label: int, vector: ArrayLike) -> None:
        """Give a vector of D bits in {0, 1} to the latent buffer as an exemplar of a class."""
        require(0 <= label < self.latent_classes, Fault.ARGUMENT)
        self._give(Target.LEARN, label, "learned", vector)
        self._learned.add(label)

    def learn_picture(self, label: int, picture: ArrayLike) -> None:
        """Give the features of a picture to the latent buffer as an exemplar of a class."""
        require(0 <= label < self.latent_classes, Fault.ARGUMENT)
        self._give_picture(label, 1, "learned", picture)
        self._learned.add(label)

    def append(self, codes: ArrayLike, thresholds: ArrayLike = ()) -> None:
        """Append a class to the prototype memory; it is the next number.

        Parameters
        ----------
        codes : array-like of shape (K, D), integers of q bits
        thresholds : array-like of shape (K-1,), integers of 16 bits
            Cumulative thresholds of the components (contract, 5).
        """
        known = self._registers.get("n_classes")
        self._write_class(known, 0, codes, thresholds)
        self._registers.wait("n_classes", value=known + 1)

    def replace(self, label: int, codes: ArrayLike, thresholds: ArrayLike = ()) -> None:
        """Write a class of the prototype memory anew, with as many components as it has.

        Parameters
        ----------
        label : int
            Number of the class, which may have been removed.
        codes, thresholds : array-like
            As `append` takes them.
        """
        require(self.slots or self.table_width, Fault.ARGUMENT)
        require(label in self._sizes, Fault.UNKNOWN)
        self._write_class(label, _numbered(label), codes, thresholds)

    def remove(self, label: int) -> None:
        """Remove a class; its number stays, and it can be written again."""
        require(self.slots or self.table_width, Fault.ARGUMENT)
        require(label in self._sizes, Fault.UNKNOWN)
        self._send(class_packet([], [], self._packing, _numbered(label)))
        self._there.discard(label)

    def open_slot(self, slot: int, label: int) -> None:
        """Begin to count a class in a slot (contract, 14 and 16)."""
        require(0 <= slot < self.slots and 0 <= label < self.classes, Fault.ARGUMENT)
        self._command(slot, label, Operation.OPEN)
        self._counting[slot] = _Slot(label)

    def reopen_slot(self, slot: int) -> None:
        """Let a slot count on."""
        require(0 <= slot < self.slots, Fault.ARGUMENT)
        require(slot in self._counting, Fault.SLOT)
        self._command(slot, 0, Operation.REOPEN)
        self._counting[slot].open = True

    def close_slot(self, slot: int) -> None:
        """Write the class that a slot has counted.

        It is the next number, or one of as many components: `slot_components`, or fewer if the slot
        had fewer exemplars.
        """
        require(0 <= slot < self.slots, Fault.ARGUMENT)
        counted = self._counting.get(slot)
        require(counted and counted.open and counted.filled, Fault.SLOT)
        assert counted is not None
        self._check_room(counted.label, counted.filled)
        self._command(slot, 0, Operation.CLOSE)
        self._registers.wait("status", closing=0)
        counted.open = False
        self._note(counted.label, counted.filled)

    def count(self, slot: int, vector: ArrayLike) -> None:
        """Count a vector of D bits in {0, 1} in a slot."""
        self._check_open(slot)
        self._give(Target.COUNT, slot, "counted", vector)
        self._note_exemplar(slot)

    def count_picture(self, slot: int, picture: ArrayLike) -> None:
        """Count the features of a picture in a slot."""
        self._check_open(slot)
        address = picture_address_layout().const({"count": 1, "slot": slot})
        self._give_picture(0, int(address.as_value().value), "counted", picture)
        self._note_exemplar(slot)

    def costs(self, weights: ArrayLike, bases: ArrayLike) -> None:
        """Load the costs by which pictures are answered (contract, 15), 2^(q-1) rows of t bits."""
        require(self.table_width > 0, Fault.ARGUMENT)
        table = [integers_of(column, self.table_width) for column in (weights, bases)]
        rows = 2 ** (self.code_width - 1)
        require(all(column.shape == (rows,) for column in table), Fault.ARGUMENT)
        self._send(costs_packet(table[0].tolist(), table[1].tolist(), self._packing))

    def answer(self, picture: ArrayLike) -> tuple[int, int]:
        """Return the class of a picture by the prototypes, and the cost of the nearest one."""
        require(self.table_width > 0, Fault.ARGUMENT)
        require(self._there, Fault.UNKNOWN)
        self._show(picture, {"answer": 1})
        (word,), _ = self._take(Kind.ANSWER, 1)
        self._accepted()
        return word >> ANSWER_WIDTH, word & 2**ANSWER_WIDTH - 1

    def weigh(self, thresholds: ArrayLike) -> None:
        """Set how often selection `weighted` names each of n classes, by n-1 thresholds.

        Parameters
        ----------
        thresholds : array-like of shape (n-1,), integers of 16 bits
            Cumulative thresholds (contract, 6), none below the one before it.
        """
        limits = integers_of(thresholds, 16)
        require(limits.ndim == 1 and len(limits) < self.classes, Fault.ARGUMENT)
        words = limits.tolist()
        weights = np.diff([0, *words, 2**16])
        require((weights >= 0).all(), Fault.ARGUMENT)
        self._send(Packet(Target.CLASS_THRESHOLDS, count=len(words), words=words))
        self._weights = len(weights)
        self._weighed = set(np.flatnonzero(weights).tolist())

    def load_basis(self, loadings: ArrayLike, exponent: int) -> None:
        """Load a basis of the factors (contract, 13), for exemplars of the prototypes.

        Parameters
        ----------
        loadings : array-like of shape (D, R), signed integers of q_a bits
            None is ``-2^(q_a - 1)``.
        exponent : int
            e, 0..15.
        """
        require(self.rank > 0 and 0 <= exponent < 2**SHIFT_WIDTH, Fault.ARGUMENT)
        rows = integers_of(loadings, self.loading_width, signed=True)
        require(rows.shape == (self.features, self.rank), Fault.ARGUMENT)
        require((rows != -(2 ** (self.loading_width - 1))).all(), Fault.ARGUMENT)
        self._send(basis_packet(rows.tolist(), exponent, self._packing))
        require(self._registers.fields("status")["basis"], Fault.BASIS)

    def draw(
        self, source: Source, label: int, requests: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Draw exemplars.

        Parameters
        ----------
        source : Source
            The sampler or the latent buffer for class `label`, or the selector, which
            names classes.
        label : int
        requests : int
            At least 1; the sampler draws M exemplars for each.

        Returns
        -------
        vectors : ndarray of shape (exemplars, D), uint8 in {0, 1}
        labels : ndarray of shape (exemplars,), int64
        """
        self._check_draw(source, label, requests)
        latent = source is Source.LATENT
        draws = 1 if latent else self.draws
        self._registers.set("draw_source", source=source, label=label)
        self._registers.set("draw_count", value=requests)
        self._registers.set("control", draw=1)
        vectors, labels = [], []
        for _ in range(requests):
            kind = Kind.LATENT if latent else Kind.EXEMPLAR
            words, named = self._take(kind, self.beats * draws)
            vectors.append(self._vectors(words, draws))
            labels += [named] * draws
        return np.concatenate(vectors), np.array(labels)

    def enable(self, *events: str) -> None:
        """Pull `irq` at these events of `rtl.registers.EVENTS` from now on."""
        require(set(events) <= set(EVENTS), Fault.ARGUMENT)
        self._registers.set("irq_enable", **dict.fromkeys(events, 1))

    def events(self) -> set[str]:
        """Take and clear the events that are pending."""
        pending = {name for name, level in self._registers.fields("irq_pending").items() if level}
        self._registers.set("irq_pending", **dict.fromkeys(pending, 1))
        return pending

    def _write_class(
        self, label: int, address: int, codes: ArrayLike, thresholds: ArrayLike
    ) -> None:
        rows, limits = integers_of(codes, self.code_width), integers_of(thresholds, 16)
        require(rows.ndim == 2 and rows.shape[1] == self.features, Fault.ARGUMENT)
        require(len(rows) > 0 and limits.shape == (len(rows) - 1,), Fault.ARGUMENT)
        self._check_room(label, len(rows))
        self._send(class_packet(rows.tolist(), limits.tolist(), self._packing, address))
        self._note(label, len(rows))

    def _check_room(self, label: int, components: int) -> None:
        """Refuse a class that cannot be written under a number."""
        known, used = self._registers.get("n_classes"), self._registers.get("n_components")
        if label < known:
            require(components == self._sizes.get(label), Fault.OVERFLOW)
        else:
            require(label == known < self.classes, Fault.OVERFLOW)
            require(components <= self.class_components, Fault.OVERFLOW)
            require(components <= self.components - used, Fault.OVERFLOW)

    def _note(self, label: int, components: int) -> None:
        self._sizes[label] = components
        self._there.add(label)

    def _note_exemplar(self, slot: int) -> None:
        """Note an exemplar of a slot: the first ones begin a component each."""
        counting = self._counting[slot]
        counting.filled = min(counting.filled + 1, self.slot_components)

    def _command(self, slot: int, label: int, operation: Operation) -> None:
        self._send(Packet(Target.COMMAND, slot, label, 1, [int(operation)]))

    def _check_open(self, slot: int) -> None:
        require(0 <= slot < self.slots, Fault.ARGUMENT)
        require(slot in self._counting and self._counting[slot].open, Fault.SLOT)

    def _check_draw(self, source: Source, label: int, requests: int) -> None:
        """Refuse a draw that the chip would refuse, or for which it would wait for ever."""
        known = self._registers.get("n_classes")
        require(0 < requests < 2**32, Fault.ARGUMENT)
        require(self._registers.get("draw_left") == 0, Fault.DRAW)
        require(source is not Source.NONE, Fault.ARGUMENT)
        if source is Source.SAMPLER:
            require(label in self._there, Fault.UNKNOWN)
        elif source is Source.LATENT:
            require(label in self._learned, Fault.UNKNOWN)
        else:
            require(self._there, Fault.UNKNOWN)
            # Without a weight among those that are there, the chip would search for ever.
            weighed = self._weights == known and self._there & self._weighed
            require(not self._weighted or weighed, Fault.DRAW)


@dataclass
class _Slot:
    """A slot that counts a class, and how many of its components have exemplars."""

    label: int
    open: bool = True
    filled: int = 0


def _numbered(label: int) -> int:
    """Return the address of a class that is written under its number."""
    address = class_address_layout().const({"label": label, "numbered": 1})
    return int(address.as_value().value)
