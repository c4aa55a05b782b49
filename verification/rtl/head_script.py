# SPDX-License-Identifier: MIT
"""A host of a chip whose head learns: its commands, and what the golden trainer answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack
from golden.params import ChipParams
from golden.sampler import Beat
from golden.trainer import Trainer
from rtl.head_command import HeadOperation
from rtl.headers import Target
from rtl.output import Kind, source_layout
from rtl.packets import Packet, words_of
from rtl.requests import Source
from verification.rtl.chip_script import Script
from verification.rtl.simulators import payload

__all__ = ["HeadScript", "answers_of", "codes_of"]

Exemplars = NDArray[np.uint64]
Labelled = tuple[Exemplars, list[int]]


def codes_of(weights: NDArray[np.integer], lanes: int, width: int) -> list[int]:
    """Return rows of L weights for those of classes, shape (n, D): codes in two's complement."""
    beats = -(-weights.shape[1] // lanes)
    padded = np.zeros((len(weights), beats * lanes), np.int64)
    padded[:, : weights.shape[1]] = weights
    return [
        sum((int(weight) % 2**width) << width * lane for lane, weight in enumerate(row))
        for row in padded.reshape(-1, lanes)
    ]


def answers_of(sums: NDArray[np.integer]) -> list[int]:
    """Return the words of answers: the largest sum of each row, and its class."""
    return [
        payload(source_layout(), {
            "data": int(row.max()) % 2**52 | int(row.argmax()) << 52,
            "label": int(row.argmax()), "last": 1,
        })
        for row in sums
    ]  # fmt: skip


class HeadScript(Script):
    """Operations for the head that learns, beside those of any host.

    Attributes
    ----------
    hidden : ndarray of shape (H, D), int32
        Codes of the weights of the hidden layer at the last reset, which leaves them.
    trainer : Trainer
        The golden one.
    hits, batches, trained : int
        What the registers of these names must be.
    """

    def __init__(self, chip: ChipParams, description: dict[str, Any], seed: int = 0) -> None:
        assert chip.head is not None
        shape, half = (chip.head.hidden, chip.head.features), 2 ** (chip.latent_width or 1) // 2
        self.hidden = np.random.default_rng(seed).integers(-half, half, shape, np.int32)
        self.trainer = Trainer(chip.head, self.hidden)
        super().__init__(chip, description, seed)

    def restart(self) -> None:
        super().restart()
        self.hidden = self.trainer.latent
        self.trainer = Trainer(self.trainer.params, self.hidden)
        self.hits = self.batches = self.trained = 0

    def reseed(self, seed: int) -> None:
        super().reseed(seed)
        self.trainer.reseed(seed)

    def tell(
        self, operation: HeadOperation, given: int = 0, classes: int = 0, draws: int = 0
    ) -> None:
        """Send a command and expect nothing."""
        self.send(Packet(Target.HEAD_COMMAND, given, classes | draws << 12, 1, [int(operation)]))

    def give(self, given: Labelled) -> None:
        """Send exemplars, a packet each."""
        for row, label in zip(*given, strict=True):
            self.send(Packet(Target.HEAD_EXEMPLAR, label, 0, 0, self.vector(row)))

    def show(self, images: NDArray[np.integer], labels: list[int], output: int = 0) -> Labelled:
        """Show pictures to the head; return the exemplars that it is given."""
        self.pictures(images, output, train=labels)
        return pack(self.network.forward(images)), labels

    def source(self, source: Source, label: int = 0) -> None:
        """Say where the next commands draw from."""
        self.write("draw_source", int(source) | label << 16)

    def past(self, count: int, source: Source, label: int = 0) -> Labelled:
        """Return what the head draws."""
        memory, labels = self.sampler.prototypes, [label] * count
        if source == Source.SELECTOR:
            there = (memory.n_classes, count, memory.removed)
            labels = self.sampler.selector.request(*there).tolist()
        drawn = self.latent if source == Source.LATENT else self.sampler
        rows = [self._row(list(drawn.beats(named))) for named in labels]
        return np.array(rows, np.uint64).reshape(count, -1), labels

    def learned(self, parts: Sequence[Labelled], classes: int) -> None:
        """Let the golden trainer learn a batch: what is given, and what is drawn."""
        exemplars = np.concatenate([part[0] for part in parts])
        labels = np.concatenate([np.array(part[1], np.int64) for part in parts])
        known = labels < classes
        if known.any():
            self.hits += self.trainer.step(exemplars[known], labels[known], np.arange(classes))
        self.batches += 1
        self.trained += len(labels)

    def answered(self, parts: Sequence[Labelled], classes: int) -> NDArray[np.int64]:
        """Expect the answers to exemplars; return the classes."""
        exemplars = np.concatenate([part[0] for part in parts])
        sums = self.trainer.sums(exemplars)[:, :classes]
        named = sums.argmax(axis=1)
        pairs = zip(named.tolist(), sums.max(axis=1).tolist(), strict=True)
        answers = [[[total % 2**52 | label << 52], [label]] for label, total in pairs]
        self.expect(Kind.HEAD_ANSWER, answers)
        self.trained += len(named)
        return named

    def rows(self, classes: int) -> None:
        """Read the weights of classes and expect golden's."""
        self.tell(HeadOperation.READ, 0, classes)
        words = words_of(self._codes(self.trainer.weights[:classes]), self._row_width)
        self.expect(Kind.HEAD_ROWS, [[words, [0] * len(words)]])

    def write_hidden(self) -> None:
        """Write the weights of the hidden layer, a packet for each neuron."""
        latent, p = self.trainer.latent, self.trainer.params
        width = self.chip.latent_width or 1
        for neuron, row in enumerate(latent if self.chip.latent_width else latent >= 0):
            words = words_of(codes_of(row[None], p.lanes, width), p.lanes * width)
            address = neuron * p.without_hidden.beats | 1 << 23
            self.send(Packet(Target.HEAD_EXEMPLAR, 0, address, 0, words))

    def hidden_rows(self, neurons: int) -> None:
        """Read the latent weights of neurons and expect golden's."""
        self.tell(HeadOperation.READ_HIDDEN, 0, neurons)
        lanes, width = self.trainer.params.lanes, self.chip.latent_width
        words = words_of(codes_of(self.trainer.latent[:neurons], lanes, width), lanes * width)
        self.expect(Kind.HEAD_ROWS, [[words, [0] * len(words)]])

    def write_rows(self, first: int, weights: NDArray[np.integer]) -> None:
        """Write the weights of classes from the first one on."""
        self.trainer.weights[first : first + len(weights)] = weights
        codes, beats = self._codes(weights), self.trainer.params.beats
        words = words_of(codes, self._row_width)
        self.send(Packet(Target.HEAD_ROWS, 0, first * beats, len(codes), words))

    def clear(self) -> None:
        self.trainer.weights[:] = 0
        self.tell(HeadOperation.CLEAR)

    def counted(self) -> None:
        """Compare the counters of the head, once it has ended."""
        self.settle()
        self.poll("status_training", 0)
        for name in ("hits", "batches", "trained"):
            self.read(name, getattr(self, name))

    @property
    def _row_width(self) -> int:
        trainer = self.trainer.params
        return trainer.lanes * int(trainer.backward_width)

    def _codes(self, weights: NDArray[np.integer]) -> list[int]:
        trainer = self.trainer.params
        return codes_of(weights, trainer.lanes, int(trainer.backward_width))

    def _row(self, beats: list[Beat]) -> list[int]:
        """Return a packed vector from its beats."""
        lanes, features = self.chip.latent.lanes, self.chip.latent.features
        bits = sum(beat.bits << lanes * i for i, beat in enumerate(beats))
        return words_of([bits & 2**features - 1], features)
