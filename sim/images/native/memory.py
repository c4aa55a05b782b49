# SPDX-License-Identifier: MIT
"""A memory of fixed size for images of the past, with equally many of each class."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.measure.ledger import Entry, Ledger, count_bits, index_bits

__all__ = ["ImageMemory"]

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]

_STREAM_BITS = 64


class ImageMemory:
    """Class-balanced memory: each of the n classes seen has floor(capacity / n) images.

    The images of a class are stored in random order. When the class must shrink, its first images
    stay; they are a uniform sample of all its images.

    Parameters
    ----------
    capacity : int or None
        Number of images that it holds; None keeps all.
    """

    def __init__(self, capacity: int | None) -> None:
        self.capacity = capacity
        self.kept: list[Pixels] = []

    def learn(self, images: Pixels, labels: Labels, rng: np.random.Generator) -> None:
        """Store the classes of a task that has ended, and shrink the earlier classes.

        Parameters
        ----------
        images : ndarray of shape (n_images, H, W, C), uint8
        labels : ndarray of shape (n_images,), int64
            Classes that follow the classes seen, in any order.
        rng : numpy.random.Generator
        """
        for label in range(len(self.kept), int(labels.max()) + 1):
            self.kept.append(rng.permutation(images[labels == label]))
        if self.capacity is not None:
            quota = self.capacity // len(self.kept)
            self.kept = [images[:quota].copy() for images in self.kept]

    def rehearsal(self, count: int) -> tuple[Pixels, Labels]:
        """Return `count` images of every past class, repeated if it has fewer, and their labels.

        Every class, past or new, then has the same share of a task's training (contract, 8).
        """
        shape = self.kept[0].shape[1:]
        images = [np.resize(kept, (count, *shape)) for kept in self.kept]
        return np.concatenate(images), np.repeat(np.arange(len(self.kept)), count)

    def ledger(self, image_bits: int, classes: int) -> Ledger:
        """Return the ledger; the slides count the images alone.

        Parameters
        ----------
        image_bits : int
            Bits of an image.
        classes : int
            Number of classes to come.
        """
        capacity = self.capacity
        if capacity is None:
            capacity = sum(len(images) for images in self.kept)
        entries = [
            Entry.paper("images", capacity * image_bits, "capacity * H * W * C * b"),
            Entry.extra("labels", capacity * index_bits(classes), "ceil(log2 n_c) an image"),
            Entry.extra("fill pointer", count_bits(classes), "classes seen, for the quota"),
            Entry.extra("random stream", _STREAM_BITS, "64 bits: which images to keep"),
        ]
        return Ledger(tuple(entries))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything that `load_state` needs to go on bit for bit, as arrays."""
        return {f"class_{label}": images for label, images in enumerate(self.kept)}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue from where `state` was called."""
        self.kept = [state[f"class_{label}"] for label in range(len(state))]
