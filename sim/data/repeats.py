# SPDX-License-Identifier: MIT
"""Test embeddings that are also training embeddings: by chance, or because samples have leaked."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_FEATURES", "LEAST_SHARE", "Repeats", "find_repeats"]

#: Bits from which on equal embeddings are unlikely to be a matter of short codes.
LEAST_FEATURES = 64

#: Share of the test embeddings, beyond that of chance, from which on they are taken for a leak.
LEAST_SHARE = 0.01

_DEVIATIONS = 4  # standard deviations of a count that chance is granted


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """How many test embeddings are also training embeddings of the same class.

    Parameters
    ----------
    count : int
        Test embeddings that equal some training embedding of their class in every bit.
    samples : int
        All test embeddings.
    chance : float
        Share (0..1) of the training embeddings that equal another one of their class. A test
        embedding that is drawn alike does so as often.
    features : int
        D, bits of an embedding.
    """

    count: int
    samples: int
    chance: float
    features: int

    @property
    def share(self) -> float:
        """Share of the test embeddings, in 0..1."""
        return self.count / self.samples

    @property
    def leak(self) -> bool:
        """Whether chance does not explain them.

        Embeddings must be long enough to differ (`LEAST_FEATURES`). The share must exceed that of
        chance by `LEAST_SHARE`, and by four standard deviations of the count.
        """
        spread = (self.chance * (1 - self.chance) / self.samples) ** 0.5
        excess = self.share - self.chance
        return self.features >= LEAST_FEATURES and excess > max(LEAST_SHARE, _DEVIATIONS * spread)

    @property
    def sentence(self) -> str:
        """What a report says of them, and what it warns of."""
        if not self.count:
            return "No test embedding is also a training embedding of its class."
        are = "is also a training embedding" if self.count == 1 else "are also training embeddings"
        told = (
            f"{self.count} of the {self.samples} test embeddings {are} of the same class "
            f"({100 * self.share:.3g} %; of training embeddings among themselves "
            f"{100 * self.chance:.3g} %)"
        )
        return f"{told}: test samples may have leaked into training." if self.leak else f"{told}."

    def document(self) -> dict[str, Any]:
        """Return them as plain data, with whether they are taken for a leak."""
        return {**asdict(self), "leak": self.leak}


def find_repeats(
    train: NDArray[np.uint64],
    train_labels: NDArray[np.int64],
    test: NDArray[np.uint64],
    test_labels: NDArray[np.int64],
    features: int,
) -> Repeats:
    """Count the test embeddings that are also training embeddings of the same class.

    Parameters
    ----------
    train, test : ndarray of shape (n_samples, ceil(D/64)), uint64
        Packed embeddings; unused bits are 0.
    train_labels, test_labels : ndarray of shape (n_samples,), int64
        Their classes.
    features : int
        D.
    """
    known = Counter(_keys(train, train_labels))
    count = sum(key in known for key in _keys(test, test_labels))
    again = sum(times for times in known.values() if times > 1)
    return Repeats(count=count, samples=len(test), chance=again / len(train), features=features)


def _keys(packed: NDArray[np.uint64], labels: NDArray[np.int64]) -> list[bytes]:
    """Return each sample's bits and class as bytes, whose hash Python computes fast."""
    rows = np.column_stack((labels.astype(np.uint64), packed))
    return rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel().tolist()
