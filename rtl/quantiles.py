# SPDX-License-Identifier: MIT
"""Tables of the noise of a lane and of its thresholds, which are quantiles (contract, 13)."""

import math
from statistics import NormalDist

__all__ = ["deviation", "noise_rows", "threshold_rows"]


def deviation(code_width: int) -> int:
    """Return S, the standard deviation of the noise of a lane, for codes of q bits."""
    return 2 ** max(code_width, 8)


def noise_rows(code_width: int) -> list[int]:
    """Return the noise of the upper half of the words: ``N[h + row]``, ``h = 2^(q-1)``.

    The lower half mirrors it: ``N[h - 1 - row]`` is ``-1 - N[h + row]``, all bits inverted.

    Parameters
    ----------
    code_width : int
        q, bits of a word.

    Returns
    -------
    list of 2^(q-1) int
        None is below 0.
    """
    half, normal = 2 ** (code_width - 1), NormalDist()
    shares = ((2 * (half + row) + 1) / (4 * half) for row in range(half))
    return [math.floor(deviation(code_width) * normal.inv_cdf(share)) for share in shares]


def threshold_rows(code_width: int) -> list[int]:
    """Return the thresholds of the codes of the upper half: those of the code ``h + row``.

    A code of the lower half, ``h - 1 - row``, has the negative of that. The last row stands for the
    codes that are never and always 1, and holds 0.

    Parameters
    ----------
    code_width : int
        q, bits of a code.

    Returns
    -------
    list of 2^(q-1) int
        None is below 0.
    """
    half, normal = 2 ** (code_width - 1), NormalDist()
    shares = ((half + 1 + row) / (2 * half) for row in range(half - 1))
    scale = deviation(code_width)
    return [*(math.floor(scale * normal.inv_cdf(share) + 0.5) for share in shares), 0]
