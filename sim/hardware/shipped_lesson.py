# SPDX-License-Identifier: MIT
"""The lesson of the shipped network: one class of CIFAR-100 more than its training saw."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from golden.params import ChipParams
from sim.data.bank_file import read_bank
from sim.data.embed import read_network
from sim.data.samples import read_samples
from sim.data.shipped import shipped_file
from sim.data.tasks import class_order
from sim.hardware.lesson import TABLE_WIDTH, Lesson
from sim.hardware.settings import load_block
from sim.work.errors import UserError

__all__ = ["NETWORK", "ShippedLesson", "shipped_lesson"]

#: The shipped network, which comes with embeddings and pictures.
NETWORK = "cifar100"
_ORDER, _BASE = 1993, 50  # the classes that its training saw
_OTHERS = 8  # classes known before of which a picture is shown


@dataclass(frozen=True, eq=False, kw_only=True)
class ShippedLesson:
    """A lesson, and what its pictures show.

    Parameters
    ----------
    name : str
        The new class.
    lesson : Lesson
    classes : ndarray of shape (n_pictures,), int64
        What each picture shows, in the numbers of the chip.
    """

    name: str
    lesson: Lesson
    classes: NDArray[np.int64]

    @property
    def outcome(self) -> str:
        """How many pictures of the new class, and of the others, are named right, in words."""
        named = np.array([label for label, _ in self.lesson.answers])
        new = self.classes == len(self.lesson.known)
        right = named == self.classes
        return (
            f"{right[new].sum()} of {new.sum()} new pictures of it right, and "
            f"{right[~new].sum()} of {(~new).sum()} of classes that it knew before"
        )


def shipped_lesson(wanted: str | None) -> ShippedLesson:
    """Return the lesson on a class, by default the first that the network has not seen.

    Raises
    ------
    UserError
        If there is no such class, or if the network has seen it.
    """
    bank = read_bank(shipped_file(NETWORK, "bank.bin"))
    order = class_order(len(bank.class_names), _ORDER).tolist()
    later = [bank.class_names[c] for c in order[_BASE:]]
    name = later[0] if wanted is None else wanted
    if name not in later:
        raise UserError(f"--class must be one of {', '.join(sorted(later))}, not {name!r}")
    classes = [*order[:_BASE], bank.class_names.index(name)]
    embeddings = [bank.train[bank.train_labels == c] for c in classes]
    samples = read_samples(shipped_file(NETWORK, "samples.bin"))
    shown = np.flatnonzero(samples.labels == classes[-1]).tolist()
    shown += [int(np.flatnonzero(samples.labels == c)[0]) for c in classes[:_OTHERS]]
    network, _ = read_network(shipped_file(NETWORK, "network.bin"))
    lesson = Lesson(
        chip=_chip(),
        network=network,
        known=embeddings[:-1],
        new=embeddings[-1],
        pictures=samples.images[shown] >> np.uint8(8 - network.params.bits),
    )
    numbers = [classes.index(c) for c in samples.labels[shown]]
    return ShippedLesson(name=name, lesson=lesson, classes=np.array(numbers, np.int64))


def _chip() -> ChipParams:
    """Return the full chip with a class counter, and with a classifier by prototypes."""
    _, arguments = load_block("chip", "full", None)
    return replace(arguments["params"], slots=1, table_width=TABLE_WIDTH)
