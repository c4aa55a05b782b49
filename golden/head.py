# SPDX-License-Identifier: MIT
"""Classifier head: hidden layer, skip connection, ternary output layer (contract, 3)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_bits
from golden.bits import pack
from golden.faults import Cells
from golden.params import HeadParams, XnorParams
from golden.params.checks import check_integer
from golden.xnor import Xnor, fires

__all__ = ["Head"]


class Head:
    """Classifier over an embedding.

    Parameters
    ----------
    params : HeadParams
    hidden_weights : ndarray of shape (H, D), uint8 in {0, 1}
        No rows if H = 0.
    plane_a, plane_b : ndarray of shape (classes, H + D), uint8 in {0, 1}
        Binary planes whose sum is twice a ternary weight.

    Attributes
    ----------
    cells : Cells or None
        Failing cells from which the output layer reads z; None if none fails.

    Raises
    ------
    TypeError, ValueError
        If an array is not an array of bits of that shape.
    """

    def __init__(
        self,
        params: HeadParams,
        hidden_weights: NDArray[np.uint8],
        plane_a: NDArray[np.uint8],
        plane_b: NDArray[np.uint8],
    ) -> None:
        self.params = params
        output = (params.classes, params.concat)
        hidden = (params.hidden, params.features)
        self.hidden_weights = check_bits("Head hidden weights", hidden_weights, hidden)
        self.plane_a = check_bits("Head plane a", plane_a, output)
        self.plane_b = check_bits("Head plane b", plane_b, output)
        self.cells: Cells | None = None

    def hidden(self, x: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the hidden bits, of shape (..., H); `x` as for `logits`."""
        check_bits("Head inputs", x, (self.params.features,), batch=True)
        xnor = Xnor(XnorParams(inputs=self.params.features))
        return fires(xnor.dot(pack(x), pack(self.hidden_weights)))

    def logits(self, x: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the logits of all classes.

        Parameters
        ----------
        x : ndarray of shape (..., D), uint8 in {0, 1}

        Returns
        -------
        ndarray of shape (..., classes), int32
            Even, in ``-2*(H + D) .. 2*(H + D)``.

        Raises
        ------
        TypeError, ValueError
            If `x` is not an array of bits, of that shape.
        """
        bits = np.concatenate([self.hidden(x), x], axis=-1)
        z = pack(bits if self.cells is None else self.cells.read(bits))
        xnor = Xnor(XnorParams(inputs=self.params.concat))
        return xnor.dot(z, pack(self.plane_a)) + xnor.dot(z, pack(self.plane_b))

    def classify(self, x: NDArray[np.uint8], n_classes: int) -> Any:
        """Return the class of the largest logit; the lowest class in a tie.

        Parameters
        ----------
        x : ndarray of shape (..., D), uint8 in {0, 1}
        n_classes : int
            Number of classes seen so far. Other classes are never the answer.

        Returns
        -------
        int64 or ndarray of int64, of shape (...)

        Raises
        ------
        TypeError, ValueError
            If `x` is not an array of bits, of that shape, or `n_classes` not in ``1..classes``.
        """
        check_integer("Classes seen", n_classes, 1, self.params.classes)
        return self.logits(x)[..., :n_classes].argmax(axis=-1)
