# SPDX-License-Identifier: MIT
"""What the calls of a driver are made of: sizes of the chip, packets to it and from it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtl.driver.access import Bus, Registers
from rtl.driver.fault import DriverError, Fault, integers_of, require
from rtl.headers import Target
from rtl.output import Kind, user_layout
from rtl.packets import Packet, PacketSizes, beside, picture_packet, vector_packet

__all__ = ["Link"]


class Link:
    """A chip that was found over a bus, with its sizes.

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
    slots, table_width : int
        S of the class counter and t of the classifier by prototypes; 0 without them.
    slot_components : int
        K of a slot, components that compete for its exemplars; 0 without slots.
    head_width, head_hidden, head_batch : int
        q_b, H, and the most exemplars of a command, of the head that learns; 0 without one.
    head_latent : int
        q_v of its hidden layer that learns; 0 where none does.
    rank, loading_width : int
        R and q_a of the sampler with factors; 0 without any.
    secded : int
        u, uppermost planes of prototypes with check bits; 0 without any.
    self_test, scrubber : bool
        Whether the memory of prototypes can be tested, and whether it has a scrubber.
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
        self.slots, self.table_width = self._registers.fields("learner").values()
        competing = self._registers.fields("mixture")["components"]
        self.slot_components = competing or min(self.slots, 1)
        self.head_width, self.head_batch = self._registers.fields("head").values()
        self.rank, self.loading_width = self._registers.fields("factors").values()
        self.pixels = self.head_classes = 0
        self._packing = PacketSizes(
            features=self.features,
            lanes=self.lanes,
            code_width=self.code_width,
            class_components=self.class_components,
            pixel_width=8 if self._registers.fields("network")["pixel_bits"] <= 8 else 16,
            table_width=self.table_width,
            rank=self.rank,
            loading_width=self.loading_width,
        )
        modes = self._registers.fields("modes")
        self._weighted = modes["selection"] == 2
        self.secded, self.self_test = modes["secded"], bool(modes["self_test"])
        self.scrubber = bool(modes["scrub"])
        self.head_hidden = self._registers.get("head_hidden") if modes["hidden"] else 0
        self.head_latent = self._registers.get("head_latent")

    def _send(self, packet: Packet) -> None:
        self._bus.send(packet.stream)
        self._accepted()

    def _accepted(self) -> None:
        """Wait until no packet is coming in; raise if the chip found fault with one."""
        self._registers.wait("status", receiving=0)
        if self._registers.fields("errors")["packet"]:
            self._registers.set("errors", packet=1)
            raise DriverError(Fault.PACKET)

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

    def _show(
        self, picture: ArrayLike, output: dict[str, int], label: int = 0, address: int = 0
    ) -> None:
        require(self.pixels > 0, Fault.NETWORK)
        values = integers_of(picture, self._packing.pixel_width).ravel()
        require(len(values) == self.pixels, Fault.ARGUMENT)
        self._registers.set("output", **output)
        packet = picture_packet(values.tolist(), self._packing, label, address)
        self._bus.send(packet.stream)

    def _give(self, target: Target, index: int, counter: str, vector: ArrayLike) -> None:
        """Send a vector, and wait until a counter of the exemplars that are given counts it."""
        bits = integers_of(vector, 1)
        require(bits.shape == (self.features,), Fault.ARGUMENT)
        before = self._registers.get(counter)
        self._send(vector_packet(target, index, beside(bits.tolist(), 1), self._packing))
        self._registers.wait(counter, value=(before + 1) % 2**32)

    def _give_picture(self, label: int, address: int, counter: str, picture: ArrayLike) -> None:
        """Do the same with the features of a picture."""
        before = self._registers.get(counter)
        self._show(picture, {}, label, address)
        self._accepted()
        self._registers.wait(counter, value=(before + 1) % 2**32)
