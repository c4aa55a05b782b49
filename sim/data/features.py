# SPDX-License-Identifier: MIT
"""Real features of a user's own network: arrays of NumPy, their labels and their split."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.data.datasets.split import TEST_EVERY, one_of
from sim.work.errors import UserError
from sim.work.files import read_text
from sim.work.npy_file import open_array

__all__ = ["FeaturePart", "FeatureSet", "open_features"]

_BLOCK = 2**20  # values in memory at a time: 8 MiB in double precision
_LARGEST = 1e38  # single precision does not hold much more
_MOST_CLASSES = 2**16


@dataclass(frozen=True, eq=False, kw_only=True)
class FeaturePart:
    """Features of the training or of the test samples, on disk.

    Parameters
    ----------
    path : Path
        File of the features, for messages.
    features : ndarray of shape (n_rows, D), real
        Its array, mapped from the file.
    rows : ndarray of shape (n_samples,), int64
        Row of each sample, ascending.
    labels : ndarray of shape (n_samples,), int64
        Class of each sample.
    """

    path: Path
    features: NDArray[np.generic]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def n_features(self) -> int:
        """D, features of a sample."""
        return self.features.shape[1]

    def of_classes(self, classes: NDArray[np.int64]) -> "FeaturePart":
        """Return the samples of some classes alone."""
        chosen = np.isin(self.labels, classes)
        return FeaturePart(
            path=self.path,
            features=self.features,
            rows=self.rows[chosen],
            labels=self.labels[chosen],
        )

    def blocks(
        self, values_a_row: int, columns: slice = slice(None)
    ) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield places of successive samples, and their features in double precision.

        Parameters
        ----------
        values_a_row : int
            Values that the caller makes of a sample, to bound the memory that it takes.
        columns : slice
            Features to read.

        Raises
        ------
        UserError
            If a feature is no finite number below 1e38; the message names its row.
        """
        count = max(1, _BLOCK // values_a_row)
        features = self.features[:, columns]
        for start in range(0, len(self.rows), count):
            rows = self.rows[start : start + count]
            # Rows that follow one another are read as they lie in the file.
            whole = rows[-1] - rows[0] + 1 == len(rows)
            chosen = features[rows[0] : rows[-1] + 1] if whole else features[rows]
            values = np.asarray(chosen, np.float64)
            wrong = ~(np.abs(values) < _LARGEST)
            if wrong.any():
                row, column = np.argwhere(wrong)[0]
                raise UserError(
                    f"{self.path}: features must be finite numbers below {_LARGEST:g}, and "
                    f"feature {column + (columns.start or 0)} of row {rows[row]} is "
                    f"{values[row, column]:g}"
                )
            yield slice(start, start + len(rows)), values


@dataclass(frozen=True, eq=False, kw_only=True)
class FeatureSet:
    """A data set as real features.

    Parameters
    ----------
    name : str
        Name of the data set, that of the file of its training features.
    train, test : FeaturePart
    class_names : tuple of str
        Name of each class.
    provenance : str
        Origin and split of the data.
    """

    name: str
    train: FeaturePart
    test: FeaturePart
    class_names: tuple[str, ...]
    provenance: str

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)


def open_features(
    features: Path,
    labels: Path,
    test_features: Path | None,
    test_labels: Path | None,
    names: Path | None,
) -> FeatureSet:
    """Open the arrays of a data set; features stay on disk.

    Parameters
    ----------
    features, labels : Path
        Files ``.npy`` of shape (n_samples, D), real, and (n_samples,), integers from 0.
    test_features, test_labels : Path or None
        The same of the test samples. Without them, sample ``i`` (from 0) of each class, in the
        order of the file, is a test sample iff ``i mod 6 == 5``.
    names : Path or None
        Text file with the name of a class a line. Without it, numbers are the names.

    Raises
    ------
    UserError
        If a file cannot be read or does not fit the others.
    """
    train = _part(features, labels)
    if test_features is not None and test_labels is not None:
        test = _part(test_features, test_labels)
        if test.n_features != train.n_features:
            raise UserError(
                f"{test_features} must have the {train.n_features} features a sample of "
                f"{features}, not {test.n_features}"
            )
        origin = f"features of {_named(features)} to train and of {_named(test_features)} to test"
    else:
        chosen = one_of(train.labels, TEST_EVERY)
        train, test = (
            FeaturePart(
                path=features, features=train.features, rows=rows, labels=train.labels[rows]
            )
            for rows in (np.flatnonzero(~chosen), np.flatnonzero(chosen))
        )
        origin = (
            f"features of {_named(features)}, in whose order every {TEST_EVERY}th sample of a "
            "class is a test sample"
        )
    class_names = _names(names, max(_count(train), _count(test)))
    for part, what, source in ((train, "training", labels), (test, "test", test_labels or labels)):
        counts = np.bincount(part.labels, minlength=len(class_names))
        if not counts.all():
            more = (
                f": without --test-features, every {TEST_EVERY}th is one"
                if source is labels and what == "test"
                else ""
            )
            raise UserError(
                f"{source} must have {what} samples of every class from 0 to "
                f"{len(class_names) - 1}, and class {int(counts.argmin())} has none{more}"
            )
    return FeatureSet(
        name=features.name, train=train, test=test, class_names=class_names, provenance=origin
    )


def _part(features: Path, labels: Path) -> FeaturePart:
    """Open the features and labels of as many samples."""
    values, classes = open_array(features), open_array(labels)
    if values.ndim != 2 or not values.shape[1]:
        raise UserError(
            f"{features} must be an array of (samples, features), not of shape {values.shape}"
        )
    if values.dtype.kind not in "fiu" or values.dtype.itemsize > 8:
        raise UserError(f"{features} must hold real numbers of 64 bits at most, not {values.dtype}")
    if classes.ndim != 1 or classes.dtype.kind not in "iu":
        raise UserError(
            f"{labels} must be an array of (samples,) integers, not of {classes.dtype} and shape "
            f"{classes.shape}"
            + (": names go into the file of --names" if classes.dtype.kind in "SUO" else "")
        )
    if len(classes) != len(values) or not len(values):
        raise UserError(
            f"{labels} must have a label for each of the {len(values)} samples of {features}, at "
            f"least one, not {len(classes)} labels"
        )
    wrong = (classes < 0) | (classes >= _MOST_CLASSES)
    if wrong.any():
        raise UserError(
            f"{labels} must hold classes in 0..{_MOST_CLASSES - 1}, not {classes[wrong][0]}"
        )
    return FeaturePart(
        path=features,
        features=values,
        rows=np.arange(len(values)),
        labels=np.asarray(classes, np.int64),
    )


def _count(part: FeaturePart) -> int:
    return int(part.labels.max(initial=-1)) + 1


def _names(path: Path | None, n_classes: int) -> tuple[str, ...]:
    if path is None:
        return tuple(map(str, range(n_classes)))
    names = tuple(line.strip() for line in read_text(path).strip().splitlines())
    if len(names) != n_classes:
        raise UserError(
            f"{path} must have a line for each of {n_classes} classes, not {len(names)} lines"
        )
    if again := [name for name, count in Counter(names).items() if count > 1 or not name]:
        raise UserError(f"{path} must give every class a name of its own, not {again[0]!r}")
    if wrong := [name for name in names if not name.isprintable()]:
        raise UserError(f"{path} must hold names of characters to print, not {wrong[0]!r}")
    return names


def _named(path: Path) -> str:
    """Return the name of a file with the start of its SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{path.name} (SHA-256 {digest[:12]})"
