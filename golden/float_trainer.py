# SPDX-License-Identifier: MIT
"""Reference of the integer trainer: the same layers and steps in 64-bit floating point."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_packed
from golden.bits import unpack
from golden.params import TrainerParams
from golden.trainer import check_batch

__all__ = ["FloatTrainer"]

Packed = NDArray[np.uint64]
Integers = NDArray[np.int64]
Reals = NDArray[np.float64]


class FloatTrainer:
    """Binary hidden layer and linear classifier that learn by stochastic gradient descent.

    The gradients are those of automatic differentiation with a straight-through estimator: the
    sign of a weight passes the gradient unchanged, and the sign of a hidden sum passes it inside
    the window.

    Parameters
    ----------
    params : TrainerParams
        Parameters with the widths ``"float"``. `weight_exponent` and `seed` have no effect here.
    latent : ndarray of shape (H, D), float64
        Initial latent weights, in ``[-1, 1]``. A weight is +1 where its latent weight is >= 0,
        and -1 elsewhere.

    Attributes
    ----------
    weights : ndarray of shape (C, H + D), float64
        Weights of the classifier, 0 at first.
    latent : ndarray of shape (H, D), float64
        Latent weights of the hidden layer.

    Raises
    ------
    ValueError
        If the widths are integers, or the latent weights have another shape.
    """

    def __init__(self, params: TrainerParams, latent: Reals) -> None:
        if not params.real:
            raise ValueError(f"Widths must be float for the reference, not {params.backward_width}")
        if latent.shape != (params.hidden, params.features):
            wanted = (params.hidden, params.features)
            raise ValueError(f"Latent weights must have the shape {wanted}, not {latent.shape}")
        self.params = params
        self.weights = np.zeros((params.classes, params.concat))
        self.latent = latent.astype(np.float64)

    def sums(self, exemplars: Packed) -> Reals:
        """Return the logits of all classes, of shape (n, C)."""
        z, _ = self._inputs(check_packed("Exemplars", exemplars, self.params.features))
        return z @ self.weights.T

    def gradients(
        self, exemplars: Packed, labels: Integers, classes: Integers
    ) -> tuple[float, Reals, Reals]:
        """Return the sum of the cross-entropy over a batch, and its gradients.

        Parameters
        ----------
        exemplars, labels, classes
            As in `golden.trainer.Trainer.step`.

        Returns
        -------
        loss : float
        of_weights : ndarray of shape (len(classes), H + D), float64
        of_latent : ndarray of shape (H, D), float64
            0 where the hidden layer is frozen.
        """
        loss, _, of_weights, of_latent = self._backward(exemplars, labels, classes)
        return loss, of_weights, of_latent

    def _backward(
        self, exemplars: Packed, labels: Integers, classes: Integers
    ) -> tuple[float, int, Reals, Reals]:
        """Return the loss, the hits and the gradients."""
        targets = check_batch(self.params, exemplars, labels, classes)
        z, pre = self._inputs(exemplars)
        rows, places = self.weights[classes], np.arange(len(z))
        logits = z @ rows.T
        hits = int((logits.argmax(axis=1) == targets).sum())
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        totals = powers.sum(axis=1, keepdims=True)
        loss = float((np.log(totals[:, 0]) - logits[places, targets]).sum())
        errors = powers / totals
        errors[places, targets] -= 1
        of_latent = np.zeros_like(self.latent)
        if self.params.trains_hidden:
            back = errors @ rows[:, : self.params.hidden] * (np.abs(pre) <= self.params.window)
            of_latent = back.T @ z[:, self.params.hidden :]
        return loss, hits, errors.T @ z, of_latent

    def step(self, exemplars: Packed, labels: Integers, classes: Integers) -> int:
        """Learn one batch.

        Parameters
        ----------
        exemplars, labels, classes
            As in `golden.trainer.Trainer.step`.

        Returns
        -------
        int
            Hits, as in `golden.trainer.Trainer.step`.

        Raises
        ------
        TypeError, ValueError
            As in `golden.trainer.Trainer.step`. Nothing is learned.
        """
        _, hits, of_weights, of_latent = self._backward(exemplars, labels, classes)
        self.weights[classes] -= 2.0**-self.params.rate * of_weights
        if self.params.trains_hidden:
            moved = self.latent - 2.0**-self.params.binary_rate * of_latent
            self.latent = np.clip(moved, -1, 1)
        return hits

    def state_dict(self) -> dict[str, NDArray]:
        """Return everything that `load_state` needs, as arrays."""
        return {"trainer_weights": self.weights.copy(), "trainer_latent": self.latent.copy()}

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Continue, bit for bit, from where `state_dict` was called."""
        self.weights = state["trainer_weights"].copy()
        self.latent = state["trainer_latent"].copy()

    def _inputs(self, exemplars: Packed) -> tuple[Reals, Reals]:
        """Return the inputs of the classifier as -1 and +1, and the sums of the hidden layer."""
        x = 2 * unpack(exemplars, self.params.features).astype(np.float64) - 1
        pre = x @ _signs(self.latent).T
        return np.concatenate([_signs(pre), x], axis=1), pre


def _signs(values: Reals) -> Reals:
    """Return +1 where a value is >= 0, else -1."""
    return np.where(values >= 0, 1.0, -1.0)
