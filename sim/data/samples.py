# SPDX-License-Identifier: MIT
"""A few labelled raw images of a data set in one file, to run networks without the data set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.data.datasets import ImageSet
from sim.work.arrays_file import load_arrays
from sim.work.errors import UserError

__all__ = ["Samples", "choose_samples", "read_samples"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Samples:
    """Labelled test images.

    Parameters
    ----------
    images : ndarray of shape (n_images, H, W, C), uint8
        Pixels, the same as in the data set.
    labels : ndarray of shape (n_images,), int64
        Classes, numbered as in the data set.
    places : ndarray of shape (n_images,), int64
        Positions among the test images.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    places: NDArray[np.int64]


def choose_samples(images: ImageSet, per_class: int) -> Samples:
    """Return the first test images of every class, in the order of the test images.

    Raises
    ------
    UserError
        If a class has fewer test images than `per_class`.
    """
    counts = np.bincount(images.test_labels, minlength=images.n_classes)
    if per_class > counts.min():
        raise UserError(
            f"--per-class must be at most the {counts.min()} test images of the smallest class of "
            f"{images.name}, not {per_class}"
        )
    firsts = [np.flatnonzero(images.test_labels == c)[:per_class] for c in range(images.n_classes)]
    places = np.sort(np.concatenate(firsts))
    return Samples(
        images=images.test_images[places], labels=images.test_labels[places], places=places
    )


def read_samples(path: Path) -> Samples:
    """Read a file of samples.

    Raises
    ------
    UserError
        If it cannot be read, is damaged or holds something else.
    """
    arrays = load_arrays(path)
    if set(arrays) != {"images", "labels", "places"}:
        raise UserError(f"{path} must hold images, labels and places, not {', '.join(arrays)}")
    return Samples(**arrays)
