# SPDX-License-Identifier: MIT
"""Training samples that are held out for validation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["held_out_samples"]


def held_out_samples(
    labels: NDArray[np.int64], names: Sequence[str], share: float, seed: int
) -> NDArray[np.bool_]:
    """Return which samples are held out; they are drawn class by class.

    The samples drawn from a class depend on the classes before it, not on those after it.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        Class of each sample.
    names : sequence of str
        Names of classes 0, 1, ... that lose samples; later classes keep all of theirs.
    share : float
        Share of the samples of each class to hold out. The number is rounded, halves up.
    seed : int
        Seed of the draw.

    Returns
    -------
    ndarray of shape (n_samples,), bool
        True for a sample that is held out.

    Raises
    ------
    ValueError
        If no sample or every sample of a class would be held out. The message names share, number
        of samples and class.
    """
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(labels), np.bool_)
    for label, name in enumerate(names):
        members = np.flatnonzero(labels == label)
        count = int(share * len(members) + 0.5)
        if not 0 < count < len(members):
            raise ValueError(
                f"share must leave samples to train and to test on, and {share:g} of the "
                f"{len(members)} of class {name} are {count}"
            )
        held_out[rng.choice(members, count, replace=False)] = True
    return held_out
