# SPDX-License-Identifier: MIT
"""Training samples that are held out, to be tested on before any test."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["held_out_samples"]


def held_out_samples(
    labels: NDArray[np.int64], names: Sequence[str], share: float, seed: int
) -> NDArray[np.bool_]:
    """Return which samples are held out, drawn class by class.

    What is drawn of a class depends on the classes before it, not on those after it.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
    names : sequence of str
        Of classes 0, 1, ..., of whose samples some are held out; those after them lose none.
    share : float
        Of the samples of each class, rounded, halves up.
    seed : int

    Returns
    -------
    ndarray of shape (n_samples,), bool

    Raises
    ------
    ValueError
        If none of a class's samples would be held out, or all; the message names share, samples
        and class.
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
