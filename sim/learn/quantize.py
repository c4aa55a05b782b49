# SPDX-License-Identifier: MIT
"""Means stored as q-bit codes: the contract's map, three others to compare, and the error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.bernoulli import encode, probability
from golden.bits import round_half_up
from golden.params.checks import check_choice, check_integer
from golden.params.sampling import MAX_CODE_WIDTH
from sim.learn.mixture_checks import check_probabilities

__all__ = ["LEVEL_MAPS", "Quantized", "decode", "quantize"]

# Maps from a code m to a mean. The chip's comparator draws only the first (contract, 5).
LEVEL_MAPS = ("contract", "end_point", "mid_rise", "saturated")


@dataclass(frozen=True)
class Quantized:
    """Means after quantisation.

    Parameters
    ----------
    codes : ndarray, uint16, or None
        Codes in ``0..2^q - 1``, of the shape of the means; None for ``float``.
    means : ndarray, float64
        Means that the codes represent.
    max_error, rms_error : float
        Largest and root-mean-square distance to the original means.
    """

    codes: NDArray[np.uint16] | None
    means: NDArray[np.float64]
    max_error: float
    rms_error: float


def quantize(means: ArrayLike, code_width: int | str, level_map: str = "contract") -> Quantized:
    """Store means as the nearest codes.

    Parameters
    ----------
    means : array-like of shape (...), in 0..1
    code_width : int or "float"
        q, bits of a code, 1..16; ``float`` leaves the means as they are, for reference.
    level_map : {"contract", "end_point", "mid_rise", "saturated"}
        Mean of code ``m``. ``contract``: ``(m + msb(m)) / 2^q``, which the chip draws.
        ``end_point``: ``m / (2^q - 1)``. ``mid_rise``: ``(m + 1/2) / 2^q``, never 0 or 1.
        ``saturated``: ``m / 2^q``, never 1. Generative Binary Memory does not say which it used.

    Returns
    -------
    Quantized

    Raises
    ------
    TypeError, ValueError
        If the means, the width or the map is none of these.
    """
    exact = check_probabilities("Means", means)
    check_choice("Level map", level_map, LEVEL_MAPS)
    if code_width == "float":
        return Quantized(None, exact.copy(), 0.0, 0.0)
    q = _width(code_width)
    codes = _encode(exact, q, level_map)
    stored = decode(codes, q, level_map)
    error = np.abs(stored - exact)
    if not error.size:
        return Quantized(codes, stored, 0.0, 0.0)
    return Quantized(codes, stored, float(error.max()), float(np.sqrt(np.mean(error**2))))


def decode(codes: ArrayLike, code_width: int, level_map: str = "contract") -> NDArray[np.float64]:
    """Return the means that codes represent.

    Parameters
    ----------
    codes : array-like of shape (...), integers in ``0..2^q - 1``
    code_width : int
        q, bits of a code, 1..16.
    level_map : {"contract", "end_point", "mid_rise", "saturated"}
        As in `quantize`.

    Returns
    -------
    ndarray of shape (...), float64

    Raises
    ------
    TypeError, ValueError
        If a code, the width or the map is none of these.
    """
    check_choice("Level map", level_map, LEVEL_MAPS)
    q = _width(code_width)
    drawn = probability(codes, q)  # checks the codes, whatever the map
    if level_map == "contract":
        return drawn
    m = np.asarray(codes, np.float64)
    if level_map == "end_point":
        return m / (2**q - 1)
    return (m + 0.5) / 2**q if level_map == "mid_rise" else m / 2**q


def _encode(means: NDArray[np.float64], q: int, level_map: str) -> NDArray[np.uint16]:
    if level_map == "contract":
        return encode(means, q)
    highest = 2**q - 1
    if level_map == "end_point":
        codes = round_half_up(means * highest)
    elif level_map == "mid_rise":
        codes = np.floor(means * 2**q)
    else:
        codes = round_half_up(means * 2**q)
    return np.minimum(codes, highest).astype(np.uint16)


def _width(code_width: int | str) -> int:
    check_integer("Code width q", code_width, 1, MAX_CODE_WIDTH)
    return int(code_width)
