# SPDX-License-Identifier: MIT
"""Optimisers of the latent weights, and the plateau schedule that decides when training ends."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from golden.kernels.adam import adam_step

__all__ = ["Adam", "Optimizer", "Plateau", "Sgd"]

Array = NDArray[np.float32]


class Optimizer(Protocol):
    """Rule that moves weights, in place, against their gradients.

    Afterwards every weight lies in ``[-bound, bound]``, the `bound` of the rule.
    """

    def step(self, weights: list[Array], gradients: list[Array], rate: float) -> None:
        """Take one step.

        Parameters
        ----------
        weights : list of ndarray, float32
            Weights, which change in place.
        gradients : list of ndarray, float32
            One for each array of `weights`, of its shape. It may lack the first axis; all weights
            along that axis then take the same step.
        rate : float
            Learning rate.

        Raises
        ------
        ValueError
            If `Adam` gets weights that are not contiguous.
        """
        ...


class Sgd(Optimizer):
    """Stochastic gradient descent with heavy-ball momentum.

    Parameters
    ----------
    momentum : float
        Share of the last step kept, ``0 <= momentum < 1``.
    bound : float
        Largest magnitude of a weight.
    """

    def __init__(self, momentum: float = 0.9, bound: float = np.inf) -> None:
        self.momentum, self.bound = momentum, bound
        self._velocity: list[Array] = []

    def step(self, weights: list[Array], gradients: list[Array], rate: float) -> None:
        if not self._velocity:
            self._velocity = [np.zeros_like(g) for g in gradients]
        for w, g, v in zip(weights, gradients, self._velocity, strict=True):
            v *= self.momentum
            v += g
            w -= np.float32(rate) * v
            np.clip(w, -self.bound, self.bound, out=w)


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015), with bias correction.

    Parameters
    ----------
    beta1, beta2 : float
        Decay of the first and second moment.
    epsilon : float
        Guard of the division.
    bound : float
        Largest magnitude of a weight.
    """

    def __init__(
        self,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        bound: float = np.inf,
    ) -> None:
        self.beta1, self.beta2, self.epsilon, self.bound = beta1, beta2, epsilon, bound
        self._decays = np.array([beta1, 1 - beta1, beta2, 1 - beta2], np.float32)
        self._steps = 0
        self._moments: list[tuple[Array, Array]] = []

    def step(self, weights: list[Array], gradients: list[Array], rate: float) -> None:
        if not self._moments:
            self._moments = [
                (np.zeros(g.size, np.float32), np.zeros(g.size, np.float32)) for g in gradients
            ]
        self._steps += 1
        # Two scalars hold both bias corrections.
        correction = np.sqrt(1 - self.beta2**self._steps)
        stride = np.float32(rate * correction / (1 - self.beta1**self._steps))
        guard = np.float32(self.epsilon * correction)
        bound = np.float32(self.bound)
        for w, g, moments in zip(weights, gradients, self._moments, strict=True):
            if not w.flags.c_contiguous:
                raise ValueError("Weights must be contiguous arrays, which change in place")
            adam_step(
                w.reshape(-1, g.size), g.reshape(-1), *moments, self._decays, stride, guard, bound
            )


class Plateau:
    """Learning rate that falls when the loss stops falling, and ends the training at a minimum.

    This is the "autonomous and terminal convergence" of the ISCAS'24 slides, with the patience rule
    of FACIL. After `patience` epochs without a relative improvement of `threshold`, the rate is
    multiplied by `factor`. When the rate is below `minimum`, the training ends.

    Parameters
    ----------
    rate : float
        First learning rate.
    factor : float
        Multiplier at a plateau, ``0 < factor < 1``.
    patience : int
        Epochs without improvement that make a plateau.
    minimum : float
        Rate below which training ends.
    threshold : float
        Relative fall of the loss that counts as an improvement.
    """

    def __init__(
        self, *, rate: float, factor: float, patience: int, minimum: float, threshold: float = 1e-3
    ) -> None:
        self.rate = rate
        self.factor = factor
        self.patience = patience
        self.minimum = minimum
        self.threshold = threshold
        self._best = np.inf
        self._bad = 0

    def update(self, loss: float) -> bool:
        """Take the loss of an epoch; return whether training goes on."""
        if loss < self._best * (1 - self.threshold):
            self._best, self._bad = loss, 0
        else:
            self._bad += 1
        if self._bad >= self.patience:
            self.rate *= self.factor
            self._bad = 0
        return self.rate >= self.minimum
