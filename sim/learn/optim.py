# SPDX-License-Identifier: MIT
"""Optimisers of the latent weights, and the plateau schedule that decides when training ends."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Adam", "Optimizer", "Plateau", "Sgd"]

Array = NDArray[np.float32]


class Optimizer(Protocol):
    """Rule that moves weights, in place, against their gradients."""

    def step(self, weights: list[Array], gradients: list[Array], rate: float) -> None:
        """Take one step.

        Parameters
        ----------
        weights : list of ndarray, float32
            Weights, which change in place.
        gradients : list of ndarray, float32
            One for each array of `weights`, of its shape.
        rate : float
            Learning rate.
        """
        ...


class Sgd(Optimizer):
    """Stochastic gradient descent with heavy-ball momentum.

    Parameters
    ----------
    momentum : float
        Share of the last step kept, ``0 <= momentum < 1``.
    """

    def __init__(self, momentum: float = 0.9) -> None:
        self.momentum = momentum
        self._velocity: list[Array] = []

    def step(self, weights: list[Array], gradients: list[Array], rate: float) -> None:
        if not self._velocity:
            self._velocity = [np.zeros_like(w) for w in weights]
        for w, g, v in zip(weights, gradients, self._velocity, strict=True):
            v *= self.momentum
            v += g
            w -= np.float32(rate) * v


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015), with bias correction.

    Parameters
    ----------
    beta1, beta2 : float
        Decay of the first and second moment.
    epsilon : float
        Guard of the division.
    """

    def __init__(self, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self._steps = 0
        self._first: list[Array] = []
        self._second: list[Array] = []
        self._scratch: list[Array] = []

    def step(self, weights: list[Array], gradients: list[Array], rate: float) -> None:
        if not self._first:
            self._first = [np.zeros_like(w) for w in weights]
            self._second = [np.zeros_like(w) for w in weights]
            self._scratch = [np.empty_like(w) for w in weights]
        self._steps += 1
        # Two scalars hold both bias corrections, so that each array is passed over only once.
        correction = np.sqrt(1 - self.beta2**self._steps)
        stride = np.float32(rate * correction / (1 - self.beta1**self._steps))
        guard = np.float32(self.epsilon * correction)
        for w, g, m, v, s in zip(
            weights, gradients, self._first, self._second, self._scratch, strict=True
        ):
            np.multiply(g, np.float32(1 - self.beta1), out=s)
            m *= np.float32(self.beta1)
            m += s
            np.multiply(g, g, out=s)
            s *= np.float32(1 - self.beta2)
            v *= np.float32(self.beta2)
            v += s
            np.sqrt(v, out=s)
            s += guard
            np.divide(m, s, out=s)
            s *= stride
            w -= s


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
