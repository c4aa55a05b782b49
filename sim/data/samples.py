# SPDX-License-Identifier: MIT
"""A few labelled raw images of a data set in one file, to run whole networks on without it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from sim.data.datasets import ImageSet, load
from sim.work.arrays_file import load_arrays, save_arrays
from sim.work.errors import UserError
from sim.work.files import ensure_directory

__all__ = ["Samples", "SamplesCommand", "choose_samples", "read_samples"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Samples:
    """Labelled test images.

    Parameters
    ----------
    images : ndarray of shape (n_images, H, W, C), uint8
        Pixels as the data set has them.
    labels : ndarray of shape (n_images,), int64
        Classes, numbered as in the data set.
    places : ndarray of shape (n_images,), int64
        Positions among the test images.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    places: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SamplesCommand:
    """Arguments of ``engram samples``."""

    data: str
    data_dir: Path | None
    per_class: int
    out: Path

    def execute(self, console: Console) -> None:
        """Choose the images and write their file.

        Raises
        ------
        UserError
            If the data or the output is at fault; nothing is then written.
        """
        samples = choose_samples(load(self.data, self.data_dir), self.per_class)
        ensure_directory(self.out.parent)
        save_arrays(
            self.out, {"images": samples.images, "labels": samples.labels, "places": samples.places}
        )
        console.print(
            f"Samples: {self.out}, {len(samples.labels)} test images of {self.data}",
            markup=False,
            highlight=False,
        )


def choose_samples(images: ImageSet, per_class: int) -> Samples:
    """Return the first test images of every class, in the order of the test images.

    Raises
    ------
    UserError
        If a class has fewer.
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
