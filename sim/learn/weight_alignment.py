# SPDX-License-Identifier: MIT
"""Weight alignment: scaling of the logits of new classes to those of old ones, in integers.

Zhao et al. (2020, "Maintaining discrimination and fairness in class incremental learning") divide
the weights of the newest classes by the ratio of their mean length to that of the other classes.
Rows of +-1 all have the same length. The length of a ternary row depends on the number of its
weights that are not 0, and a ternary row cannot be scaled. So a fixed-point factor scales the
logits instead.

The method is here for comparison. A ternary row has fewer zeros the longer it has been trained. On
the CIFAR-100 bank the rows of old classes are longer, so the factor is above 1 and favours new
classes. In networks with real weights the factor is below 1 and favours old classes.
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
    """Return the length of old classes' weights over that of new ones, in units of ``2**-8``.

    Parameters
    ----------
    plane_a, plane_b : ndarray of shape (n_classes, columns), uint8 in {0, 1}
        Planes of a ternary layer; a weight is 0 where they differ.
    first_new : int
        Number of old classes, which come first, ``1..n_classes - 1``.
    norm : {"l1", "l2"}
        Length of a row: the number of its weights that are not 0, or the square root of that
        number, as published.

    Returns
    -------
    int
        Mean length of old rows over that of new rows, rounded; ``2**8`` if either is 0.
    """
    check_choice("Norm", norm, ("l1", "l2"))
    if not 0 < first_new < len(plane_a):
        raise ValueError(
            f"First new class must be in 1..{len(plane_a) - 1}, so that there are old and new "
            f"classes, not {first_new}"
        )
    counts = (plane_a == plane_b).sum(axis=1).tolist()
    lengths = counts if norm == "l1" else [isqrt(n << 2 * FRACTION_BITS) for n in counts]
    old = sum(lengths[:first_new]) * (len(lengths) - first_new)
    new = sum(lengths[first_new:]) * first_new
    if not old or not new:
        return 1 << FRACTION_BITS
    return ((old << FRACTION_BITS + 1) + new) // (2 * new)


def align_logits(logits: NDArray[np.integer], first_new: int, factor: int) -> NDArray[np.int64]:
    """Return all logits in units of ``2**-8``, with those of the new classes scaled.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes), integers
        Logits.
    first_new : int
        Number of old classes, which come first.
    factor : int
        Result of `alignment_factor`.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), int64
        Logits, in units of ``2**-8``.
    """
    scaled = logits.astype(np.int64) << FRACTION_BITS
    scaled[:, first_new:] = logits[:, first_new:].astype(np.int64) * factor
    return scaled
