# SPDX-License-Identifier: MIT
"""Binary neuron: XNOR, popcount and threshold (contract, 2)."""

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_packed
from golden.bits import popcount
from golden.params import XnorParams

__all__ = ["Xnor", "fires"]


class Xnor:
    """Dot product of vectors of +1 and -1 that are packed into words.

    Parameters
    ----------
    params : XnorParams
    """

    def __init__(self, params: XnorParams) -> None:
        self.params = params

    def agree(self, x: NDArray[np.uint64], w: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Count the inputs that equal their weight, for every vector of `x` and neuron of `w`.

        Parameters
        ----------
        x : ndarray of shape (..., ceil(n/64)), uint64
            Packed inputs.
        w : ndarray of shape (outputs, ceil(n/64)), uint64
            Packed weights.

        Returns
        -------
        ndarray of shape (..., outputs), int32 in ``0..n``

        Raises
        ------
        TypeError, ValueError
            If an array does not hold packed vectors of n bits.
        """
        n = self.params.inputs
        x, w = check_packed("Inputs", x, n), check_packed("Weights", w, n)
        counts = np.empty((*x.shape[:-1], len(w)), np.int32)
        for output, weights in enumerate(w):
            # XNOR would turn the unused bits into ones. The count of differences ignores them.
            counts[..., output] = n - popcount(x ^ weights)
        return counts

    def dot(self, x: NDArray[np.uint64], w: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return ``2*agree - n``, the dot product of the +-1 vectors; shapes as for `agree`."""
        return 2 * self.agree(x, w) - np.int32(self.params.inputs)


def fires(
    dot: NDArray[np.integer],
    thresholds: NDArray[np.int32] | None = None,
    polarity: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Return the output bits of neurons.

    Parameters
    ----------
    dot : ndarray of shape (..., outputs), integers
    thresholds : ndarray of shape (outputs,), int32, optional
        theta; 0 if absent, so that ``sign(0) = +1``.
    polarity : ndarray of shape (outputs,), uint8 in {0, 1}, optional
        p; 1 if absent. A neuron fires if ``dot >= theta`` for p = 1, if ``dot < theta`` for p = 0.

    Returns
    -------
    ndarray of shape (..., outputs), uint8 in {0, 1}
    """
    theta = 0 if thresholds is None else thresholds
    p = 1 if polarity is None else polarity
    return ((dot >= theta) == p).astype(np.uint8)
