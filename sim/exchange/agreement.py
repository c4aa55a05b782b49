# SPDX-License-Identifier: MIT
"""What came out when a network ran beside its float graph."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Agreement"]


@dataclass(frozen=True)
class Agreement:
    """On which images an imported network and its float graph agree.

    Parameters
    ----------
    features, classes : ndarray of shape (n_images,), bool
        Whether all features of an image are equal, and whether its class is; without a head, all
        classes count as equal.
    ties : ndarray of shape (n_images,), bool
        Whether the class is another one, but of the same integer sum: between these, the rounding
        of floating point decides in the graph.
    answers : ndarray of shape (n_images,), int64
        Classes that the network names; -1 without a head.
    """

    features: NDArray[np.bool_]
    classes: NDArray[np.bool_]
    ties: NDArray[np.bool_]
    answers: NDArray[np.int64]

    @property
    def whole(self) -> bool:
        """Whether everything is equal, but for ties."""
        return bool(self.features.all() and (self.classes | self.ties).all())
