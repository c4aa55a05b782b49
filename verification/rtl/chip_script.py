# SPDX-License-Identifier: MIT
"""A host of the chip that writes its script down, and what the golden models answer to it."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.bits import pack
from golden.correlated import CorrelatedSampler
from golden.latent_buffer import LatentBuffer
from golden.network import Network
from golden.params import ChipParams, NetworkParams
from golden.prototype_classifier import PrototypeClassifier
from golden.sampler import Beat, Sampler
from rtl.class_slots import Operation
from rtl.headers import Target, unit_widths
from rtl.output import Kind
from rtl.packets import (
    Packet,
    PacketSizes,
    basis_packet,
    load_packets,
    seeds_packet,
    words_of,
)
from rtl.program import compile_network
from rtl.registers import ALL_REGISTERS
from rtl.requests import Source
from verification.rtl.chips import packed
from verification.rtl.counted_classes import close_class, counter_of

__all__ = ["FIELDS", "OFFSETS", "Script"]

Table = tuple[NDArray[np.int64], NDArray[np.int64]]

OFFSETS = {register.name: register.offset for register in ALL_REGISTERS}
FIELDS = {
    register.port(field): (register.offset, field)
    for register in ALL_REGISTERS
    for field in register.fields
}


class Script:
    """Operations of `verification.rtl.cocotb_chip`, each with the answer of the golden models.

    Attributes
    ----------
    operations : list
        What was done so far.
    network : Network
        The golden network.
    correlated : int
        Requests that were drawn with a basis.
    """

    def __init__(self, chip: ChipParams, description: dict[str, Any], seed: int = 0) -> None:
        self.chip = chip
        self.rng = np.random.default_rng(seed)
        self.network = Network.random(NetworkParams.from_description(description), self.rng)
        self.operations: list[list[Any]] = []
        self.classifier: PrototypeClassifier | None = None
        self.correlated = 0
        self.restart()

    def restart(self) -> None:
        """Begin anew with golden models as after a reset, which leaves the costs."""
        chip = self.chip
        self.sampler = CorrelatedSampler(chip.factors) if chip.factors else Sampler(chip.sampler)
        self.latent = LatentBuffer(chip.latent)
        self.counter = counter_of(chip)
        before = self.classifier
        self.classifier = None if chip.classifier is None else PrototypeClassifier(chip.classifier)
        if self.classifier is not None and before is not None:
            self.classifier.load(before.weights, before.bases)
        self.classes_seen, self.named = 1, 0

    @property
    def factor_reads(self) -> int:
        """Words that the factors have used."""
        return self.sampler.factor_lfsr.ticks if isinstance(self.sampler, CorrelatedSampler) else 0

    # Registers

    def write(self, register: str, value: int) -> None:
        self.operations.append(["write", OFFSETS[register], value])

    def read(self, register: str, expected: int) -> None:
        self.operations.append(["read", OFFSETS[register], expected])

    def poll(self, port: str, expected: int) -> None:
        """Wait until a field has a value."""
        offset, field = FIELDS[port]
        self.operations.append(["poll", offset, field.mask, expected << field.low])

    def settle(self) -> None:
        """Wait until all packets have gone and have had their effect, but for pictures."""
        self.do("sent")
        (offset, receiving), (_, closing) = FIELDS["status_receiving"], FIELDS["status_closing"]
        self.operations.append(["poll", offset, receiving.mask | closing.mask, 0])

    def note(self, register: str) -> None:
        """Leave the value of a register in the result of the run."""
        self.do("note", OFFSETS[register])

    def do(self, name: str, *arguments: Any) -> None:
        self.operations.append([name, *arguments])

    def soft_reset(self) -> None:
        """Reset the blocks; the registers keep their settings."""
        seen = self.classes_seen
        self.write("control", 1)
        self.restart()
        self.classes_seen = seen

    def reset(self) -> None:
        self.do("reset")
        self.restart()

    # Packets

    def cut_short(self, cycles: int, hard: bool, noted: tuple[str, ...] = ("status",)) -> None:
        """Wait some cycles, note registers, and reset: by the pin, or twice by a command."""
        self.do("cycles", cycles)
        for register in noted:
            self.note(register)
        if hard:
            self.reset()
            return
        self.soft_reset()
        self.do("sent")
        self.soft_reset()
        self.do("discard")
        self.read("errors", 0)

    def send(self, packet: Packet) -> None:
        self.do("send", packet.stream)

    def load(self) -> None:
        """Load the program of the network, a packet for each neuron of a memory."""
        for packet in load_packets(compile_network(self.network, self.chip.accelerator), self.chip):
            self.send(packet)

    def images(self, count: int) -> NDArray[np.integer]:
        shape, bits = self.network.params.input, self.network.params.bits
        return self.rng.integers(0, 2**bits, (count, *shape.array_shape))

    def pictures(
        self,
        images: NDArray[np.integer],
        output: int = 1,
        learn: Iterable[int] = (),
        count: Iterable[int] = (),
        train: Iterable[int] = (),
    ) -> None:
        """Send pictures, to be learned as classes `learn` and counted in slots `count`, if any.

        The head that learns is given those of the classes `train`: `learn`, if both are there.
        """
        self.write("output", output)
        labels, slots, trained = list(learn), list(count), list(train)
        named = labels or trained
        width = unit_widths(self.chip)[Target.PIXELS]
        for number, image in enumerate(images):
            values = image.ravel().tolist()
            index = named[number] if named else 0
            address = bool(labels) | bool(trained) << 2
            address |= 2 | slots[number] << 12 if slots else 0
            self.send(Packet(Target.PIXELS, index, address, len(values), packed(values, width)))
        embeddings = self.network.forward(images)
        self.given(pack(embeddings), slots, bool(output & 8))
        if labels:
            self.latent.learn(pack(embeddings), labels)
        if output & 4:
            beats = [self.vector(pack(x)) for x in embeddings]
            given = named or [0] * len(beats)
            self.expect(Kind.FEATURES, [_packet(b, c) for b, c in zip(beats, given, strict=True)])
        if output & 1:
            self.expect(Kind.RESULT, [self._result(x, bool(output & 2)) for x in embeddings])

    def given(self, exemplars: NDArray[np.uint64], slots: list[int], answered: bool) -> None:
        """Count the features of pictures, and expect their answers by prototypes."""
        if slots:
            assert self.counter is not None
            self.counter.learn(exemplars, slots)
        if answered:
            assert self.classifier is not None
            labels, costs = self.classifier.classify(self.sampler.prototypes, exemplars)
            self.named += len(labels)
            pairs = zip(labels.tolist(), costs.tolist(), strict=True)
            self.expect(Kind.ANSWER, [[[cost | label << 52], [label]] for label, cost in pairs])

    def _result(self, x: NDArray[np.uint8], all_logits: bool) -> list[list[int]]:
        head = self.network.head
        assert head is not None
        words = []
        for label, logit in enumerate(head.logits(x).tolist()):
            best = int(head.logits(x)[: min(label + 1, self.classes_seen)].argmax())
            words.append((logit % 2**32 | best << 32, best))
        kept = words if all_logits else words[-1:]
        return [[data for data, _ in kept], [best for _, best in kept]]

    def vector(self, row: NDArray[np.uint64]) -> list[int]:
        """Cut a packed vector into beats."""
        lanes, beats = self.chip.latent.lanes, self.chip.latent.beats
        bits = int.from_bytes(row.astype("<u8").tobytes(), "little")
        return [bits >> lanes * i & 2**lanes - 1 for i in range(beats)]

    def append(self, count: int) -> bool:
        """Append a class of `count` random components; return whether it fits."""
        p = self.chip.sampler.prototypes
        codes = self.rng.integers(0, 2**p.code_width, (count, p.features))
        thresholds = np.sort(self.rng.integers(0, 65536, count - 1))
        fits = self.sampler.prototypes.append(codes, thresholds)
        self.send(self.append_packet(codes, thresholds))
        return fits

    def append_packet(
        self, codes: NDArray[np.integer], thresholds: ArrayLike, address: int = 0
    ) -> Packet:
        p = self.chip.sampler.prototypes
        padded = np.zeros((len(codes), p.beats * p.lanes), np.int64)
        padded[:, : p.features] = codes
        rows = [
            sum(int(code) << p.code_width * lane for lane, code in enumerate(row))
            for row in padded.reshape(-1, p.lanes)
        ]
        header = sum(int(c) << 16 * i for i, c in enumerate(np.asarray(thresholds)))
        words = words_of([header], unit_widths(self.chip)[Target.APPEND])
        return Packet(Target.APPEND, len(codes), address, 0, words + words_of(rows, p.row_width))

    def replace(self, label: int, count: int) -> bool:
        """Write a class of random components under a number; return whether that is done."""
        p = self.chip.sampler.prototypes
        codes = self.rng.integers(0, 2**p.code_width, (count, p.features))
        thresholds = np.sort(self.rng.integers(0, 65536, count - 1))
        self.send(self.append_packet(codes, thresholds, label | 1 << 12))
        return self.sampler.prototypes.write(label, codes, thresholds)

    def remove(self, label: int) -> bool:
        """Remove a class; return whether that is done."""
        words = [0] * -(-unit_widths(self.chip)[Target.APPEND] // 64)
        self.send(Packet(Target.APPEND, 0, label | 1 << 12, 0, words))
        return self.sampler.prototypes.remove(label)

    def weigh(self, weights: list[float]) -> None:
        """Write the class thresholds of weighted selection."""
        self.sampler.selector.set_class_weights(weights)
        thresholds = self.sampler.selector.class_thresholds.tolist()
        self.send(Packet(Target.CLASS_THRESHOLDS, 0, 0, len(thresholds), thresholds))

    def reseed(self, seed: int) -> None:
        """Load the seeds of a user seed into all streams."""
        self.sampler.reseed(seed)
        self.latent.reseed(seed)
        self.send(seeds_packet(seed))

    def basis(self, exponent: int, lowest: bool = False) -> bool:
        """Load random loadings, perhaps with one that is too low; return whether they are taken."""
        factors, sampler = self.chip.factors, self.sampler
        assert factors is not None
        assert isinstance(sampler, CorrelatedSampler)
        highest, shape = factors.highest_loading, (factors.prototypes.features, factors.rank)
        loadings = self.rng.integers(-highest, highest + 1, shape)
        if lowest:
            loadings[-1, -1] = -highest - 1
        self.send(basis_packet(loadings.tolist(), exponent, PacketSizes.of(self.chip)))
        return sampler.load_basis(loadings, exponent)

    def start(self, source: Source, label: int, count: int) -> None:
        """Start requests and expect nothing."""
        self.write("draw_source", int(source) | label << 16)
        self.write("draw_count", count)
        self.write("control", 2)

    def draw(self, count: int, label: int | None = None) -> None:
        """Draw exemplars of a class, or of those that the selector names."""
        source = Source.SELECTOR if label is None else Source.SAMPLER
        self.start(source, label or 0, count)
        if label is not None:
            labels = [label] * count
        else:
            selector, memory = self.sampler.selector, self.sampler.prototypes
            labels = selector.request(memory.n_classes, count, memory.removed).tolist()
        self.expect(Kind.EXEMPLAR, self.drawn(labels))

    def drawn(self, labels: list[int]) -> list[list[list[int]]]:
        """Let golden draw exemplars; return their packets."""
        if isinstance(self.sampler, CorrelatedSampler) and self.sampler.loadings.any():
            self.correlated += len(labels)
        return _packets(beat for label in labels for beat in self.sampler.beats(label))

    def learn(self, count: int) -> None:
        """Give random exemplars to the latent buffer."""
        features, classes = self.chip.latent.features, self.chip.latent.classes
        exemplars = pack(self.rng.integers(0, 2, (count, features), np.uint8))
        labels = self.rng.integers(0, classes, count).tolist()
        self.latent.learn(exemplars, labels)
        for row, label in zip(exemplars, labels, strict=True):
            self.learn_vector(row, label)

    def learn_vector(self, row: NDArray[np.uint64], label: int) -> None:
        self.send(Packet(Target.LEARN, label, 0, 0, self.vector(row)))

    def count(self, exemplars: NDArray[np.uint64], slots: list[int]) -> None:
        """Let embeddings be counted."""
        self.given(exemplars, slots, answered=False)
        for row, slot in zip(exemplars, slots, strict=True):
            self.send(Packet(Target.COUNT, slot, 0, 0, self.vector(row)))

    def command(self, what: Operation, slot: int, label: int = 0) -> bool:
        """Open, reopen or close a slot; return whether a close writes a class."""
        counter, memory = self.counter, self.sampler.prototypes
        assert counter is not None
        self.send(Packet(Target.COMMAND, slot, label, 1, [int(what)]))
        if what == Operation.OPEN:
            counter.open(slot, label)
        elif what == Operation.REOPEN:
            counter.reopen(slot)
        elif what == Operation.CLOSE:
            return close_class(counter, memory, slot)
        return False

    def costs(self, table: Table) -> None:
        """Load the table of costs."""
        assert self.classifier is not None
        self.classifier.load(*table)
        width = self.chip.table_width
        rows = zip(*(column.tolist() for column in table), strict=True)
        values = [weight | base << width for weight, base in rows]
        words = words_of(values, 2 * width)
        self.send(Packet(Target.TABLE, 0, 0, len(values), words))

    def recall(self, count: int, label: int) -> None:
        """Draw exemplars from the latent buffer."""
        self.do("sent")
        self.do("cycles", 200)
        self.start(Source.LATENT, label, count)
        beats = [beat for _ in range(count) for beat in self.latent.beats(label)]
        self.expect(Kind.LATENT, _packets(beats))

    def expect(self, kind: Kind, packets: list[list[list[int]]]) -> None:
        self.do("expect", int(kind), packets)


def _packet(beats: list[int], label: int) -> list[list[int]]:
    return [beats, [label] * len(beats)]


def _packets(beats: Iterable[Beat]) -> list[list[list[int]]]:
    """Cut beats into packets where one is the last of its exemplar."""
    packets: list[list[list[int]]] = [[[], []]]
    for beat in beats:
        packets[-1][0].append(beat.bits)
        packets[-1][1].append(beat.label)
        if beat.last:
            packets.append([[], []])
    return packets[:-1]
