# SPDX-License-Identifier: MIT
"""Thermometer code of pixels (contract, 3)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_bits
from golden.params import ThermometerParams

__all__ = ["Thermometer", "check_pixels"]


class Thermometer:
    """Encoder of pixels. A brighter pixel has more ones.

    Parameters
    ----------
    params : ThermometerParams

    Attributes
    ----------
    thresholds : ndarray of shape (T,), int64
        Smallest pixel that sets each bit, in ascending order.
    """

    def __init__(self, params: ThermometerParams) -> None:
        self.params = params
        odd = 2 * np.arange(params.levels, dtype=np.int64) + 1
        self.thresholds = -(-(odd << params.bits) // (2 * params.levels))

    def encode(self, pixels: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Return the code of pixels.

        Parameters
        ----------
        pixels : ndarray of shape (..., H, W, C), integers in ``0..2**b - 1``

        Returns
        -------
        ndarray of shape (..., H, W, C*T), uint8 in {0, 1}
            Colour-major.

        Raises
        ------
        TypeError, ValueError
            If it is not an array of integers of that shape and range.
        """
        check_pixels(pixels, self.params)
        bits = pixels[..., np.newaxis] >= self.thresholds
        return bits.reshape(*pixels.shape[:-1], -1).astype(np.uint8)

    def decode(self, bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the value of codes: their number of ones divided by T.

        Parameters
        ----------
        bits : ndarray of shape (..., H, W, C*T), uint8 in {0, 1}

        Returns
        -------
        ndarray of shape (..., H, W, C), float64 in ``0..1``
            Within ``1/(2T)`` of the pixel divided by ``2**b``, if the bits are its code.

        Raises
        ------
        TypeError, ValueError
            If it is not an array of bits of that shape.
        """
        check_bits("Thermometer bits", bits, self.params.output.array_shape, batch=True)
        codes = bits.reshape(*bits.shape[:-1], self.params.input.channels, self.params.levels)
        return codes.mean(axis=-1)


def check_pixels(pixels: Any, params: ThermometerParams) -> NDArray[np.integer]:
    """Return `pixels` if it is an integer array of the input's shape and range.

    Raises
    ------
    TypeError
        If it is not an integer array.
    ValueError
        If the last axes are not those of the input, or a value is not in ``0..2**b - 1``.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype.kind not in "iu":
        kind = pixels.dtype if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise TypeError(f"Pixels must be an integer array, not {kind}")
    shape = params.input.array_shape
    if pixels.shape[-3:] != shape:
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"Pixels must have the shape (..., {wanted}), not {pixels.shape}")
    for extreme in (pixels.min(initial=0), pixels.max(initial=0)):
        if not 0 <= extreme < 2**params.bits:
            raise ValueError(f"Pixels must be in 0..{2**params.bits - 1}, not {extreme}")
    return pixels
