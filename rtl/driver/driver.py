# SPDX-License-Identifier: MIT
"""The calls of `engram.c` in Python, for notebooks and benches (docs/driver.md)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtl.dispatch import Target
from rtl.driver.access import Bus, Registers
from rtl.driver.fault import DriverError, Fault, require
from rtl.driver.load_file import LoadFile
from rtl.output import Kind, user_layout
from rtl.packets import Packet, seeds_packet, words_of
from rtl.registers import EVENTS
from rtl.requests import Source

__all__ = ["Driver"]


class Driver:
    """A chip, found over a bus and emptied by a soft reset.

    Every call waits until the chip has done what it asks. One that fails raises `DriverError`.

    Parameters
    ----------
    bus : Bus

    Attributes
    ----------
    features, lanes, beats : int
        D, L, and words of an exemplar.
    code_width, draws : int
        q, and M exemplars a request.
    classes, components, class_components : int
        Of the prototype memory.
    latent_classes : int
        Of the latent buffer.
    pixels, head_classes : int
        Colour values of a picture and logits, as of the network that was loaded; 0 without one.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus, self._registers = bus, Registers(bus)
        require(self._registers.get("id") == self._registers.constant("id", "value"), Fault.ID)
        version = self._registers.fields("version")
        require(
            version["major"] == self._registers.constant("version", "major")
            and version["minor"] >= self._registers.constant("version", "minor"),
            Fault.VERSION,
        )
        self.features, self.lanes = self._registers.fields("shape").values()
        self.beats = -(-self.features // self.lanes)
        self.code_width, self.draws = self._registers.fields("codes").values()
        self.classes, self.class_components = self._registers.fields("table").values()
        self.components = self._registers.get("components")
        self.latent_classes = self._registers.fields("latent")["classes"]
        self.pixels = self.head_classes = 0
        self._pixel_width = 8 if self._registers.fields("network")["pixel_bits"] <= 8 else 16
        self._weighted = self._registers.fields("modes")["selection"] == 2
        self._weights = 0
        self.reset()

    def reset(self) -> None:
        """Forget all classes and exemplars and begin the random streams anew; keep the network."""
        self._learned: set[int] = set()
        self._registers.set("control", soft_reset=1)
        if self._registers.fields("status")["receiving"]:
            self._bus.send([0])  # the end of a packet of which the chip drops the rest
        self._bus.flush()
        self._registers.set("errors", packet=1, draw=1)
        self._registers.set("irq_pending", **dict.fromkeys(EVENTS, 1))

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
        bits = np.asarray(vector)
        require(bits.shape == (self.features,) and np.isin(bits, (0, 1)).all(), Fault.ARGUMENT)
        whole = sum(int(bit) << i for i, bit in enumerate(bits))
        beats = [whole >> self.lanes * i & 2**self.lanes - 1 for i in range(self.beats)]
        before = self._registers.get("learned")
        self._send(Packet(Target.LEARN, label, words=beats))
        self._learn(label, before)

    def learn_picture(self, label: int, picture: ArrayLike) -> None:
        """Give the features of a picture to the latent buffer as an exemplar of a class."""
        require(0 <= label < self.latent_classes, Fault.ARGUMENT)
        before = self._registers.get("learned")
        self._show(picture, {}, label, learn=1)
        self._accepted()
        self._learn(label, before)

    def append(self, codes: ArrayLike, thresholds: ArrayLike = ()) -> None:
        """Append a class to the prototype memory; it is the next number.

        Parameters
        ----------
        codes : array-like of shape (K, D), integers of q bits
        thresholds : array-like of shape (K-1,), integers of 16 bits
            Cumulative thresholds of the components (contract, 5).
        """
        rows, limits = np.asarray(codes), np.asarray(thresholds, np.int64)
        require(rows.ndim == 2 and rows.shape[1] == self.features, Fault.ARGUMENT)
        require(len(rows) > 0 and limits.shape == (len(rows) - 1,), Fault.ARGUMENT)
        require(((rows >= 0) & (rows < 2**self.code_width)).all(), Fault.ARGUMENT)
        require(((limits >= 0) & (limits < 2**16)).all(), Fault.ARGUMENT)
        known = self._registers.get("n_classes")
        require(
            known < self.classes
            and len(rows) <= self.class_components
            and len(rows) <= self.components - self._registers.get("n_components"),
            Fault.OVERFLOW,
        )
        padded = np.zeros((len(rows), self.beats * self.lanes), np.int64)
        padded[:, : self.features] = rows
        units = [_beside(row, self.code_width) for row in padded.reshape(-1, self.lanes)]
        header = words_of([_beside(limits, 16)], 16 * max(1, self.class_components - 1))
        words = header + words_of(units, self.code_width * self.lanes)
        self._send(Packet(Target.APPEND, len(rows), words=words))
        self._registers.wait("n_classes", value=known + 1)

    def weigh(self, thresholds: ArrayLike) -> None:
        """Set how often selection `weighted` names each of n classes, by n-1 thresholds."""
        words = np.asarray(thresholds, np.int64).tolist()
        require(len(words) < self.classes, Fault.ARGUMENT)
        require(all(0 <= word < 2**16 for word in words), Fault.ARGUMENT)
        self._send(Packet(Target.CLASS_THRESHOLDS, count=len(words), words=words))
        self._weights = len(words) + 1

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
        self._registers.set("irq_enable", **dict.fromkeys(events, 1))

    def events(self) -> set[str]:
        """Take and clear the events that are pending."""
        pending = {name for name, level in self._registers.fields("irq_pending").items() if level}
        self._registers.set("irq_pending", **dict.fromkeys(pending, 1))
        return pending

    def _send(self, packet: Packet) -> None:
        self._bus.send(packet.stream)
        self._accepted()

    def _accepted(self) -> None:
        """Wait until no packet is coming in; raise if the chip found fault with one."""
        self._registers.wait("status", receiving=0)
        if self._registers.fields("errors")["packet"]:
            self._registers.set("errors", packet=1)
            raise DriverError(Fault.PACKET)

    def _show(
        self, picture: ArrayLike, output: dict[str, int], label: int = 0, learn: int = 0
    ) -> None:
        values = np.asarray(picture).ravel()
        require(self.pixels > 0, Fault.NETWORK)
        require(len(values) == self.pixels, Fault.ARGUMENT)
        require(((values >= 0) & (values < 2**self._pixel_width)).all(), Fault.ARGUMENT)
        self._registers.set("output", **output)
        words = words_of([_beside(values, self._pixel_width)], self._pixel_width * len(values))
        packet = Packet(Target.PIXELS, label, learn, len(values), words)
        self._bus.send(packet.stream)

    def _learn(self, label: int, before: int) -> None:
        self._registers.wait("learned", value=(before + 1) % 2**32)
        self._learned.add(label)

    def _check_draw(self, source: Source, label: int, requests: int) -> None:
        """Refuse a draw that the chip would refuse, or for which it would wait for ever."""
        known = self._registers.get("n_classes")
        require(0 < requests < 2**32, Fault.ARGUMENT)
        require(self._registers.get("draw_left") == 0, Fault.DRAW)
        require(source is not Source.NONE, Fault.ARGUMENT)
        if source is Source.SAMPLER:
            require(0 <= label < known, Fault.UNKNOWN)
        elif source is Source.LATENT:
            require(label in self._learned, Fault.UNKNOWN)
        else:
            require(known > 0, Fault.UNKNOWN)
            require(not self._weighted or self._weights == known, Fault.DRAW)

    def _take(self, kind: Kind, count: int) -> tuple[list[int], int]:
        """Return the next words, which must be whole packets of a kind, and their class."""
        words, label = [], 0
        while len(words) < count:
            packet, user = self._bus.receive()
            word = user_layout().from_bits(user)
            require(not word.aborted, Fault.RESET)
            require(word.kind.value == kind.value, Fault.ANSWER)
            words += packet
            label = int(word.label)  # pyright: ignore[reportArgumentType]
        require(len(words) == count, Fault.ANSWER)
        return words, label

    def _vectors(self, words: list[int], draws: int) -> NDArray[np.uint8]:
        """Return the vectors of a request, whose beats come in turns, shape (draws, D)."""
        beats = np.array(words, np.uint64).reshape(self.beats, draws, 1)
        bits = beats >> np.arange(self.lanes, dtype=np.uint64) & np.uint64(1)
        vectors = bits.transpose(1, 0, 2).reshape(draws, -1)
        return vectors[:, : self.features].astype(np.uint8)


def _beside(values: NDArray[np.integer], width: int) -> int:
    """Return values of some width side by side, the first lowest."""
    return sum(int(value) << width * i for i, value in enumerate(values))
