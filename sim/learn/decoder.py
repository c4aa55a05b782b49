# SPDX-License-Identifier: MIT
"""Fully binary decoder from codes to latent bits, trained with straight-through estimators.

As in `sim.learn.head`, the forward pass of training is that of the golden layers in float32. Every
dot product is a sum of +-1 far below 2^24, hence exact. The decoder here and the chip therefore
decode the same bits.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from golden.dense import Dense
from golden.params import DenseParams
from sim.learn.bipolar import signs

__all__ = ["DecoderTrainer"]

Array = NDArray[np.float32]


class DecoderTrainer:
    """Latent weights of dense binary layers and the gradients that move them.

    A neuron's bit is the sign of a sum of +-1 (contract, 2, without thresholds). Its scaled sum is
    that sum divided by the square root of the number of inputs. The gradient passes the sign of a
    weight unchanged. It passes the sign of a hidden neuron where the scaled sum lies in
    ``[-window, window]``. The loss is the cross-entropy of the output bits; the logit of a bit is
    its scaled sum times `gain`.

    Parameters
    ----------
    sizes : tuple of int
        Bits of a code, of each hidden layer, and D.
    rng : numpy.random.Generator
        Draws the first latent weights, uniform in ``[-init_scale, init_scale]``.
    gain : float
        Factor on the logits.
    window : float
        Largest scaled sum of a neuron that still passes the gradient.
    init_scale : float
        Largest absolute value of a first latent weight.

    Attributes
    ----------
    weights : list of ndarray, float32
        Latent weights of every layer, (outputs, inputs), in [-1, 1].
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        rng: np.random.Generator,
        *,
        gain: float = 1.0,
        window: float = 1.0,
        init_scale: float = 0.1,
    ) -> None:
        self.sizes = sizes
        self.gain, self.window, self.init_scale = np.float32(gain), window, init_scale
        self.weights: list[Array] = []
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """Draw all latent weights anew."""
        scale = self.init_scale
        self.weights = [
            rng.uniform(-scale, scale, (outputs, inputs)).astype(np.float32)
            for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False)
        ]

    def decode(self, codes: Array) -> Array:
        """Return the latent bits of codes, shape (n, D); codes and bits are -1 or +1."""
        x = codes
        for w in self.weights:
            x = signs(x @ signs(w).T)
        return x

    def gradients(self, codes: Array, latents: Array) -> tuple[float, list[Array]]:
        """Return loss and gradients of one batch.

        Parameters
        ----------
        codes : ndarray of shape (n, code bits), float32 in {-1, +1}
            Inputs.
        latents : ndarray of shape (n, D), float32 in {-1, +1}
            Wanted outputs for the codes.

        Returns
        -------
        loss : float
            Cross-entropy of all bits of a sample, in nats, as a mean over the batch.
        gradients : list of ndarray, float32
            Gradients of the loss, in the order of `weights`.
        """
        bits = [signs(w) for w in self.weights]
        inputs, sums = [codes], []
        for w in bits:
            sums.append(inputs[-1] @ w.T / np.float32(np.sqrt(w.shape[1])))
            inputs.append(signs(sums[-1]))
        margins = self.gain * sums[-1] * latents
        loss = float(np.logaddexp(0, -margins).sum() / len(codes))
        wrong = np.exp(-np.logaddexp(0, margins))  # probability of the other bit
        back = -latents * wrong * (self.gain / np.float32(len(codes)))
        gradients: list[Array] = []
        for layer in reversed(range(len(bits))):
            back /= np.float32(np.sqrt(bits[layer].shape[1]))
            gradients.insert(0, back.T @ inputs[layer])
            if layer:
                back = back @ bits[layer] * (np.abs(sums[layer - 1]) <= self.window)
        return loss, gradients

    def golden(self) -> list[Dense]:
        """Return the integer layers whose weights are the present signs."""
        layers = []
        for w in self.weights:
            params = DenseParams(inputs=w.shape[1], outputs=len(w))
            layers.append(Dense(params, (w >= 0).astype(np.uint8)))
        return layers

    def state(self) -> dict[str, Array]:
        """Return the latent weights by name, for a checkpoint."""
        return {f"decoder_{i}": w for i, w in enumerate(self.weights)}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Restore the latent weights that `state` returned."""
        self.weights = [np.array(state[f"decoder_{i}"]) for i in range(len(self.weights))]
