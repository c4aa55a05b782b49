# SPDX-License-Identifier: MIT
"""Content of a bank file: embeddings of a data set, their classes and their origin."""

from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import word_count
from sim.data.trained import trained_classes

__all__ = ["BankFile", "check_unused"]

_LARGEST_CLASSES = 2**16


@dataclass(frozen=True, eq=False, kw_only=True)
class BankFile:
    """Content of a bank file.

    Parameters
    ----------
    features : int
        D, bits of an embedding.
    train, test : ndarray of shape (n_samples, ceil(D/64)), uint64
        Packed embeddings, in the order of the data set.
    train_labels, test_labels : ndarray of shape (n_samples,), int64
        Classes, numbered as in the data set.
    class_names : tuple of str
        Names of the classes, numbered as in the data set.
    data, data_sha256 : str
        Name of the data set, and `sim.data.datasets.ImageSet.digest`; the latter is empty if the
        bank was made of real features.
    provenance : str
        Origin, split and order of the data set.
    network_sha256 : str
        SHA-256, in hexadecimal, of the network file that made the embeddings; empty if they are of
        no known network, but real features that a binarizer coded.
    pretraining : dict
        Plain data on how the network was trained, or the binarizer fitted, above all on which
        classes; empty if unknown.
    unused_checked : bool, optional
        Whether the unused bits of the embeddings are known to be 0. To look at them reads every
        page of a map.

    Raises
    ------
    ValueError
        If shapes, labels and class names do not fit together, or if an unused bit is 1.
    """

    features: int
    train: NDArray[np.uint64]
    train_labels: NDArray[np.int64]
    test: NDArray[np.uint64]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    data: str
    data_sha256: str
    provenance: str
    network_sha256: str
    pretraining: dict[str, Any] = field(default_factory=dict)
    unused_checked: InitVar[bool] = False

    def __post_init__(self, unused_checked: bool) -> None:
        n_classes = len(self.class_names)
        if not 1 <= n_classes <= _LARGEST_CLASSES:
            raise ValueError(f"Bank must have 1..{_LARGEST_CLASSES} classes, not {n_classes}")
        for packed, labels in ((self.train, self.train_labels), (self.test, self.test_labels)):
            wanted = (len(labels), word_count(self.features))
            if packed.shape != wanted:
                raise ValueError(f"Embeddings must have the shape {wanted}, not {packed.shape}")
            if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
                wrong = labels[(labels < 0) | (labels >= n_classes)][0]
                raise ValueError(f"Labels must be in 0..{n_classes - 1}, not {wrong}")
            if not unused_checked and packed.size:
                check_unused(packed[:, -1], self.features)

    def trained_classes(self) -> frozenset[int] | None:
        """Return the classes on which network or binarizer were fitted; None if the bank is silent.

        See `sim.data.trained.trained_classes`.
        """
        found = trained_classes(self.pretraining, self.data, self.class_names)
        return None if found is None else frozenset(found)


def check_unused(last: NDArray[np.uint64], features: int) -> None:
    """Refuse last words of embeddings in which a bit beyond the features is 1.

    Parameters
    ----------
    last : ndarray of uint64
        Last word of each embedding.
    features : int
        D, bits of an embedding.

    Raises
    ------
    ValueError
        If such a bit is 1.
    """
    used = features % 64
    if used and (last >> np.uint64(used)).any():
        raise ValueError("Unused bits of the embeddings must be 0, not 1")
