# SPDX-License-Identifier: MIT
"""The two binarizers of real embeddings in Generative Binary Memory, section 3.3."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.params.checks import check_choice, check_integer

__all__ = ["ROUNDINGS", "HeavisideBinarizer", "ThermometerBinarizer"]

Bits = NDArray[np.uint8]

#: For each rounding, ``steps - p`` and ``offset``: bit j of p is 1 where ``steps * z`` reaches
#: ``j + offset``.
ROUNDINGS = {"nearest": (0, 0.5), "floor": (0, 1.0), "centred": (1, 1.0)}


@dataclass(frozen=True)
class ThermometerBinarizer:
    """Codes each feature of 0..1 as a run of ones in p bits (Buckman et al., 2018).

    Bit ``p i + j`` belongs to feature i and is 1 where that feature reaches threshold j. Features
    below 0 count as 0, features above 1 as 1. The paper's code (gbm, eq. 5) must have a misprint:
    as printed, bit 0 is never set, and all other bits of a feature are equal.

    Parameters
    ----------
    bits : int
        p, bits a feature, which give p + 1 levels.
    rounding : {"nearest", "floor", "centred"}
        Thresholds. ``nearest``: ``(j + 1/2)/p``, which decode to the nearest level. ``floor``:
        ``(j + 1)/p``, the smallest change of eq. (5), which decode half a level too low on average.
        ``centred``: ``(j + 1)/(p + 1)``, which give all levels equal shares of 0..1.

    Raises
    ------
    TypeError, ValueError
        If `bits` is not an integer >= 1, or `rounding` is none of these.
    """

    bits: int
    rounding: str = "nearest"

    def __post_init__(self) -> None:
        check_integer("Bits a feature p", self.bits, 1)
        check_choice("Rounding", self.rounding, tuple(ROUNDINGS))

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """Least feature that sets each bit, shape (p,)."""
        more, offset = ROUNDINGS[self.rounding]
        return (np.arange(self.bits) + offset) / (self.bits + more)

    def encode(self, features: ArrayLike) -> Bits:
        """Return the bits of features.

        Parameters
        ----------
        features : array-like of shape (..., D), real
            Features; they are compared in their own precision.

        Returns
        -------
        ndarray of shape (..., p D), uint8 in {0, 1}

        Raises
        ------
        ValueError
            If a feature is not a number.
        """
        z = _numbers(features)
        more, offset = ROUNDINGS[self.rounding]
        # Every threshold lies in 0..1, so that clipping would change no comparison.
        steps = z[..., np.newaxis] * z.dtype.type(self.bits + more)
        bits = steps >= (np.arange(self.bits) + offset).astype(z.dtype)
        return bits.reshape(*z.shape[:-1], -1).astype(np.uint8)

    def decode(self, bits: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of each feature's bits (gbm, eq. 6).

        Parameters
        ----------
        bits : array-like of shape (..., p D), in 0..1
            Bits, or means of them.

        Returns
        -------
        ndarray of shape (..., D), float64

        Raises
        ------
        ValueError
            If the number of bits is not a multiple of p.
        """
        values = np.asarray(bits, np.float64)
        if values.shape[-1] % self.bits:
            raise ValueError(
                f"Bits must be a multiple of {self.bits}, the bits a feature, "
                f"not {values.shape[-1]}"
            )
        return values.reshape(*values.shape[:-1], -1, self.bits).mean(axis=-1)


@dataclass(frozen=True, eq=False)
class HeavisideBinarizer:
    """Projects D features to f D values and keeps one bit each: whether the value is >= 0.

    Parameters
    ----------
    weights : ndarray of shape (f D, D), real
        Filters of the point-wise convolution, learnt with the network.
    biases : ndarray of shape (f D,), real
        Biases of the filters.

    Raises
    ------
    ValueError
        If the shapes differ from these.
    """

    weights: NDArray[np.floating]
    biases: NDArray[np.floating]

    def __post_init__(self) -> None:
        shape = self.weights.shape
        if len(shape) != 2 or shape[0] % shape[1]:
            raise ValueError(f"Weights must have the shape (f D, D), not {shape}")
        if self.biases.shape != shape[:1]:
            raise ValueError(f"Biases must be {shape[0]}, not of shape {self.biases.shape}")

    def encode(self, features: ArrayLike) -> Bits:
        """Return the bits, shape (..., f D), of features of shape (..., D).

        Raises
        ------
        ValueError
            If a feature is not a number.
        """
        return (_numbers(features) @ self.weights.T + self.biases >= 0).astype(np.uint8)


def _numbers(features: ArrayLike) -> NDArray[np.floating]:
    """Return features in floating point; floating-point features stay as they are."""
    z = np.asarray(features)
    if z.dtype.kind != "f":
        z = z.astype(np.float64)
    if np.isnan(z).any():
        raise ValueError("Features must be numbers, not nan")
    return z
