# SPDX-License-Identifier: MIT
"""Weight alignment: logits of new classes brought to the scale of those of old ones, in integers.

Zhao et al. (2020, "Maintaining discrimination and fairness in class incremental learning") divide
the weights of the classes that came last by how much longer they are, on average, than the others'.
Rows of +-1 are all of one length; a ternary row is as long as it has weights that are not 0, and
ternary rows cannot be scaled. So the factor stands beside them, in fixed point, on the logits.

It is here to be compared. A ternary row has fewer zeros the longer it has been trained: on the
CIFAR-100 bank the rows of old classes are the longer ones, so the factor is above 1 and favours
new classes, where that of networks of real weights is below 1 and favours old ones.
"""

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from golden.params.checks import check_choice

__all__ = ["FRACTION_BITS", "align_logits", "alignment_factor"]

#: Fractional bits of a factor.
FRACTION_BITS = 8

Bits = NDArray[np.uint8]


def alignment_factor(plane_a: Bits, plane_b: Bits, first_new: int, norm: str = "l2") -> int:
    """Return how much longer old classes' weights are than new ones', in units of ``2**-8``.

    Parameters
    ----------
    plane_a, plane_b : ndarray of shape (n_classes, columns), uint8 in {0, 1}
        Planes of a ternary layer: a weight is 0 where they differ.
    first_new : int
        Old classes, which come first, ``1..n_classes - 1``.
    norm : {"l1", "l2"}
        Length of a row: its weights that are not 0, or the root of their number, as published.

    Returns
    -------
    int
        Rounded mean of old rows over mean of new rows; ``2**8`` if either is 0.
    """
    check_choice("Norm", norm, ("l1", "l2"))
    if not 0 < first_new < len(plane_a):
        raise ValueError(
            f"First new class must be in 1..{len(plane_a) - 1}, so that there are old ones and "
            f"new ones, not {first_new}"
        )
    counts = (plane_a == plane_b).sum(axis=1).tolist()
    lengths = counts if norm == "l1" else [isqrt(n << 2 * FRACTION_BITS) for n in counts]
    old = sum(lengths[:first_new]) * (len(lengths) - first_new)
    new = sum(lengths[first_new:]) * first_new
    if not old or not new:
        return 1 << FRACTION_BITS
    return ((old << FRACTION_BITS + 1) + new) // (2 * new)


def align_logits(logits: NDArray[np.integer], first_new: int, factor: int) -> NDArray[np.int64]:
    """Return logits with those of the new classes scaled.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes), integers
    first_new : int
        Old classes, which come first.
    factor : int
        As of `alignment_factor`.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), int64
        In units of ``2**-8``.
    """
    scaled = logits.astype(np.int64) << FRACTION_BITS
    scaled[:, first_new:] = logits[:, first_new:].astype(np.int64) * factor
    return scaled
