# SPDX-License-Identifier: MIT
"""Dense layer (contract, 3)."""

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_bits
from golden.bits import pack
from golden.neurons import Neurons
from golden.params import DenseParams, XnorParams
from golden.xnor import Xnor, fires

__all__ = ["Dense"]


class Dense(Neurons):
    """Layer in which every neuron has all inputs.

    Parameters
    ----------
    params : DenseParams
    weights : ndarray of shape (outputs, inputs), uint8 in {0, 1}
    thresholds : ndarray of shape (outputs,), integers of 32 bits, optional
    polarity : ndarray of shape (outputs,), uint8 in {0, 1}, optional
    """

    params: DenseParams

    def dots(self, x: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the dot products before thresholds; shapes as for `forward`."""
        check_bits("Dense inputs", x, (self.params.inputs,), batch=True)
        return Xnor(XnorParams(inputs=self.params.inputs)).dot(pack(x), self.packed_weights)

    def forward(self, x: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the output bits.

        Parameters
        ----------
        x : ndarray of shape (..., inputs), uint8 in {0, 1}

        Returns
        -------
        ndarray of shape (..., outputs), uint8 in {0, 1}

        Raises
        ------
        TypeError, ValueError
            If `x` is not an array of bits, of that shape.
        """
        return fires(self.dots(x), self.thresholds, self.polarity)
