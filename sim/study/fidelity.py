# SPDX-License-Identifier: MIT
"""Likeness of generated exemplars to real ones: class means and correlations of features."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import unpack
from sim.data.bank import Bank
from sim.replay import ReplaySource
from sim.work.arrays_file import load_arrays, save_arrays
from sim.work.cache import NO_CACHE, Cache, digest_of

__all__ = ["Exemplars", "class_means", "correlation", "frobenius_distances"]

LARGEST_FEATURES = 4096  # largest D whose D x D correlation matrix is computed: time and memory


@dataclass(frozen=True, kw_only=True)
class Exemplars:
    """Packed exemplars with their classes.

    Parameters
    ----------
    packed : ndarray of shape (n_samples, ceil(D/64)), uint64
    labels : ndarray of shape (n_samples,), int64
    """

    packed: NDArray[np.uint64]
    labels: NDArray[np.int64]

    @classmethod
    def real(cls, bank: Bank) -> "Exemplars":
        """Return the training samples of a bank."""
        return cls(packed=bank.train, labels=bank.train_labels)

    @classmethod
    def draw(cls, source: ReplaySource, bank: Bank) -> "Exemplars":
        """Draw as many exemplars from a source as the bank has real ones."""
        packed, labels = source.draw(len(bank.train), np.random.default_rng(0))
        return cls(packed=packed, labels=labels)

    @classmethod
    def load(cls, path: Path) -> "Exemplars":
        """Read exemplars that `save` wrote."""
        return cls(**load_arrays(path))

    def save(self, path: Path) -> None:
        """Write the exemplars to a file, whole or not at all."""
        save_arrays(path, {"packed": self.packed, "labels": self.labels})


def class_means(exemplars: Exemplars, features: int, n_classes: int) -> NDArray[np.float32]:
    """Return the mean of every feature in every class.

    Parameters
    ----------
    exemplars : Exemplars
    features : int
        D.
    n_classes : int

    Returns
    -------
    ndarray of shape (n_classes, D), float32
        In 0..1; NaN in a class without samples.
    """
    bits = unpack(exemplars.packed, features)
    means = np.full((n_classes, features), np.nan, np.float32)
    for c in np.unique(exemplars.labels):
        means[c] = bits[exemplars.labels == c].mean(axis=0, dtype=np.float32)
    return means


def correlation(exemplars: Exemplars, features: int, *, within_class: bool) -> NDArray[np.float32]:
    """Return the Pearson correlation of all pairs of features.

    Parameters
    ----------
    exemplars : Exemplars
    features : int
        D.
    within_class : bool
        Whether the mean of its class is subtracted from each sample. Only the correlation that the
        class means do not explain is left; one prototype for each class has none.

    Returns
    -------
    ndarray of shape (D, D), float32
        0 for a feature that never changes.
    """
    bits = unpack(exemplars.packed, features).astype(np.float32)
    if within_class:
        n_classes = int(exemplars.labels.max()) + 1
        bits -= class_means(exemplars, features, n_classes)[exemplars.labels]
    else:
        bits -= bits.mean(axis=0)
    norm = np.sqrt((bits * bits).sum(axis=0))
    bits /= np.where(norm > 1e-3, norm, np.float32(np.inf))
    return bits.T @ bits


def frobenius_distances(
    bank: Bank, generated: Exemplars, cache: Cache = NO_CACHE
) -> dict[str, float] | None:
    """Return the Frobenius distance between real and generated correlation matrices.

    Parameters
    ----------
    bank : Bank
    generated : Exemplars
    cache : Cache
        Cache of the distances.

    Returns
    -------
    dict or None
        ``pooled`` over all classes and ``within_class``; None if D exceeds `LARGEST_FEATURES`.
    """
    if bank.features > LARGEST_FEATURES:
        return None
    samples = digest_of(generated.packed, generated.labels)
    distances = cache.get_or_make(
        "distance",
        {"bank": bank.digest, "generated": samples},
        lambda: _distances(bank, generated),
    )
    return {name: float(distance) for name, distance in distances.items()}


def _distances(bank: Bank, generated: Exemplars) -> dict[str, NDArray[Any]]:
    distances = {}
    for name, within_class in (("pooled", False), ("within_class", True)):
        real, made = (
            correlation(e, bank.features, within_class=within_class)
            for e in (Exemplars.real(bank), generated)
        )
        distances[name] = np.array(np.linalg.norm(real - made))
    return distances
