# SPDX-License-Identifier: MIT
"""Affine quantisation: codes with a zero point for reals, and for sums of products (contract, 12).

A code c stands for the real ``S * (c - Z)`` with the scale S and the zero point Z (Jacob et al.,
2018, equation 1; the gemmlowp library). Equation (1) of binary latent replay is the symmetric form
with Z = 0.

A real is a float64 and counts as the exact number that it represents. Quotients are fractions, so
each code is rounded only once.
"""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.lfsr import Lfsr
from golden.params import AffineParams
from golden.params.checks import check_flag, check_integer
from golden.params.training import ROUNDING_BITS

__all__ = ["Affine", "calibrate", "check_sums", "dequantize", "fixed_point", "quantize"]

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]

LARGEST = 2**62  # bound of the products; with the summand of a rounding they still fit 64 bits


class Affine:
    """Requantisation of sums of products to codes: ``saturate(round(sum * M / 2^s) + Z)``.

    Parameters
    ----------
    params : AffineParams
    lfsr : Lfsr, optional
        Source of words of ``params.word_width`` bits or more. Stochastic rounding needs it and uses
        one word for each L sums of a row.

    Raises
    ------
    ValueError
        If stochastic rounding has no source, or one of narrower words.
    """

    def __init__(self, params: AffineParams, lfsr: Lfsr | None = None) -> None:
        least = params.word_width
        if params.rounding == "stochastic" and (lfsr is None or lfsr.params.step < least):
            raise ValueError(f"Stochastic rounding must have an LFSR of {least}-bit words")
        self.params = params
        self.lfsr = lfsr

    def codes(self, sums: ArrayLike) -> Integers:
        """Return the codes of sums. Random words are used in C order, the last axis fastest.

        The last axis is a row, whose neighbours share words.

        Parameters
        ----------
        sums : array-like of shape (...), integers
            ``sum * M`` and ``sum * M * 2^-s`` below ``2^62`` in magnitude.

        Raises
        ------
        TypeError, ValueError
            If a sum is no integer, or too large.
        """
        p = self.params
        products = check_sums(sums, p).astype(np.int64) * (p.multiplier << max(0, -p.shift))
        if p.rounding == "stochastic":
            row = products.shape[-1] if products.ndim else 1
            draws = [self._draws(row) for _ in range(products.size // max(1, row))]
            words = np.array(draws, np.int64).reshape(products.shape)
            rounded = _round_stochastic(products, p.shift, words)
        else:
            rounded = _round_nearest_even(products, p.shift)
        return np.clip(rounded + p.zero_point, p.lowest, p.highest)

    def _draws(self, count: int) -> list[int]:
        """Return 16 random bits for each number of a row: those from its lane on, in a circle."""
        assert self.lfsr is not None
        width, lanes, draws = self.lfsr.params.step, self.params.lanes, []
        for place in range(0, count, lanes):
            circle = self.lfsr.tick() * (1 + (1 << width))
            draws += [circle >> lane for lane in range(min(lanes, count - place))]
        return [draw & (2**ROUNDING_BITS - 1) for draw in draws]


def quantize(values: ArrayLike, scale: float, params: AffineParams) -> Integers:
    """Return the codes of reals, ``saturate(round(a / S) + Z)``; halves round to even.

    Parameters
    ----------
    values : array-like of shape (...), finite reals
    scale : float
        S.
    params : AffineParams
        Width and zero point.

    Raises
    ------
    ValueError
        If a value is not finite, or the scale not positive.
    """
    reals = np.asarray(values, np.float64)
    if not np.isfinite(reals).all():
        raise ValueError(f"Values must be finite, not {reals[~np.isfinite(reals)].flat[0]}")
    step = Fraction(_check_scale(scale))
    codes = [round(Fraction(real) / step) + params.zero_point for real in reals.ravel().tolist()]
    clipped = [min(max(code, params.lowest), params.highest) for code in codes]
    return np.array(clipped, np.int64).reshape(reals.shape)


def dequantize(codes: ArrayLike, scale: float, zero_point: int = 0) -> Reals:
    """Return the reals that codes stand for, ``S * (c - Z)``.

    Parameters
    ----------
    codes : array-like of shape (...), integers
        c.
    scale : float
        S.
    zero_point : int
        Z.

    Returns
    -------
    ndarray of shape (...), float64

    Raises
    ------
    ValueError
        If the scale is not positive.
    """
    return np.multiply(_check_scale(scale), np.asarray(codes, np.float64) - zero_point)


def calibrate(
    low: float, high: float, width: int, *, symmetric: bool = False
) -> tuple[float, AffineParams]:
    """Return scale and parameters for a range of reals, ``S = (high - low) / (2^q - 1)``.

    The zero point is computed from the exact ``S``. The returned scale is the nearest float64.

    Parameters
    ----------
    low, high : float
        Range of the observed values. It is widened to contain 0, so 0 has a code of its own.
    width : int
        q, bits of a code.
    symmetric : bool
        Whether the zero point is 0, as in equation (1) of binary latent replay. This suits a range
        centred on 0. In any other range, one side saturates.

    Returns
    -------
    scale : float
    params : AffineParams

    Raises
    ------
    ValueError
        If the range is empty or not finite.
    """
    check_integer("Code width q", width, 1, 32)
    check_flag("Symmetric", symmetric)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"Range must have a finite low < high, not {low}..{high}")
    lowest, highest = Fraction(min(low, 0.0)), Fraction(max(high, 0.0))
    scale = (highest - lowest) / (2**width - 1)
    zero_point = 0 if symmetric else round(-(2 ** (width - 1)) - lowest / scale)
    return float(scale), AffineParams(width=width, zero_point=zero_point)


def fixed_point(ratio: float) -> tuple[int, int]:
    """Return M and s such that ``M / 2^s`` is nearest to a ratio of scales.

    M is 1 for a power of two. Otherwise it is in ``2^30 .. 2^31-1``.

    Raises
    ------
    ValueError
        If no shift in ``-31..61`` gives such an M.
    """
    fraction, exponent = math.frexp(_check_scale(ratio))
    if fraction == 0.5 and -31 <= 1 - exponent <= 61:
        return 1, 1 - exponent
    multiplier = round(fraction * 2**31)
    if multiplier == 2**31:
        multiplier, exponent = 2**30, exponent + 1
    shift = 31 - exponent
    if not -31 <= shift <= 61:
        raise ValueError(f"Ratio must be in 2**-31..2**62, not {ratio}")
    return multiplier, shift


def check_sums(sums: ArrayLike, params: AffineParams) -> NDArray[np.integer]:
    """Return the sums as an array if they are valid; raise as `Affine.codes` does otherwise."""
    array = np.asarray(sums)
    if array.dtype.kind not in "iu":
        raise TypeError(f"Sums must be integers, not {array.dtype}")
    factor = params.multiplier << max(0, -params.shift)
    for extreme in (array.min(initial=0), array.max(initial=0)):
        if abs(int(extreme)) * factor >= LARGEST:
            raise ValueError(f"Sums times {factor} must be below 2**62 in magnitude, not {extreme}")
    return array


def _round_nearest_even(products: Integers, shift: int) -> Integers:
    """Return ``products / 2^shift``, rounded to the nearest integer; halves round to even."""
    if shift <= 0:
        return products
    floors = products >> shift
    rest = products - (floors << shift)
    half = 1 << (shift - 1)
    return floors + ((rest > half) | ((rest == half) & (floors & 1 == 1)))


def _round_stochastic(products: Integers, shift: int, words: Integers) -> Integers:
    """Return ``floor((product + noise) / 2^shift)`` with uniform noise in the discarded bits.

    If the shift exceeds 16 bits, the noise has 16 random bits plus half a unit of the lowest one.
    This half unit removes the bias.
    """
    if shift <= 0:
        return products
    middle, lag = 2 * words + 1, shift - ROUNDING_BITS - 1
    noise = middle << lag if lag >= 0 else middle >> -lag
    return (products + noise) >> shift


def _check_scale(scale: float) -> float:
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"Scale must be a positive real, not {scale}")
    return scale
