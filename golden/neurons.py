# SPDX-License-Identifier: MIT
"""Weights, thresholds and polarities of a layer, with their checks (contract, 2 and 3)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_bits, check_thresholds
from golden.bits import pack
from golden.params import ConvParams, DenseParams

__all__ = ["Neurons"]


class Neurons:
    """Weights of a layer of neurons, with its thresholds and polarities if it has them.

    Parameters
    ----------
    params : DenseParams or ConvParams
    weights : ndarray of shape ``params.weight_shape``, uint8 in {0, 1}
    thresholds : ndarray of shape (outputs,), integers of 32 bits, optional
    polarity : ndarray of shape (outputs,), uint8 in {0, 1}, optional
        Given together with `thresholds`, exactly if ``params.thresholds`` is true.

    Raises
    ------
    TypeError, ValueError
        If an array is missing or superfluous, or has a wrong type, shape or range.
    """

    def __init__(
        self,
        params: DenseParams | ConvParams,
        weights: NDArray[np.uint8],
        thresholds: NDArray[np.integer] | None = None,
        polarity: NDArray[np.uint8] | None = None,
    ) -> None:
        self._check_complete(params, thresholds, polarity)
        self.params = params
        self.weights = check_bits("Weights", weights, params.weight_shape)
        self.thresholds = self.polarity = None
        if params.thresholds:
            self.thresholds = check_thresholds("Thresholds", thresholds, params.outputs)
            self.polarity = check_bits("Polarities", polarity, (params.outputs,))

    @staticmethod
    def _check_complete(params: DenseParams | ConvParams, thresholds: Any, polarity: Any) -> None:
        for name, array in (("Thresholds", thresholds), ("Polarities", polarity)):
            if params.thresholds and array is None:
                raise ValueError(f"{name} must be given for a layer with thresholds, not left out")
            if not params.thresholds and array is not None:
                raise ValueError(f"{name} must be left out of a layer without thresholds")

    @property
    def packed_weights(self) -> NDArray[np.uint64]:
        """Weights of each output as one packed vector, of shape (outputs, ceil(n/64))."""
        return pack(self.weights.reshape(self.params.outputs, -1))
