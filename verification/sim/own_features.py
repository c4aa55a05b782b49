# SPDX-License-Identifier: MIT
"""Real features of a few classes, two Gaussian clouds each, in files as a user brings them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["clouds", "write_features"]


def clouds(
    classes: int = 6, per_class: int = 60, features: int = 32, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return features and labels, in a random order of the samples."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, 2, features))
    labels = rng.permutation(np.repeat(np.arange(classes), per_class))
    near = centres[labels, rng.integers(0, 2, len(labels))]
    return (near + 0.6 * rng.normal(size=near.shape)).astype(np.float32), labels


def write_features(folder: Path, **about: Any) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Write `clouds` to ``X.npy`` and ``y.npy`` of a folder, and return them."""
    features, labels = clouds(**about)
    np.save(folder / "X.npy", features)
    np.save(folder / "y.npy", labels)
    return features, labels
