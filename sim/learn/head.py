# SPDX-License-Identifier: MIT
"""Training of the binary head with straight-through estimators, exact to the golden head's bits.

The forward pass of a training step is that of the integer head, in float32. Every dot product is a
sum of +-1 far below 2^24, hence exact, so the trained head and the golden model always agree. The
scales ``1/sqrt(fan_in)`` and ``1/sqrt(5 fan_in C)`` of the ISCAS'24 slides only condition the
gradient.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from golden.bits import unpack
from golden.head import Head
from golden.params import HeadParams

__all__ = ["HeadTrainer", "bipolar"]

Array = NDArray[np.float32]


def bipolar(packed: NDArray[np.uint64], features: int) -> Array:
    """Unpack bits to -1 and +1.

    Parameters
    ----------
    packed : ndarray of shape (n_samples, ceil(features/64)), uint64
    features : int

    Returns
    -------
    ndarray of shape (n_samples, features), float32
    """
    values = unpack(packed, features).astype(np.float32)
    values *= 2
    values -= 1
    return values


def _signs(latent: Array) -> Array:
    """Return +1 where the latent weight is >= 0, else -1 (contract: sign(0) = +1)."""
    # Adding 0 turns a negative zero into a positive one, because copysign sees the sign of zero.
    return np.copysign(np.float32(1), latent + np.float32(0))


class HeadTrainer:
    """Latent weights of a head and the gradients that move them.

    A latent weight is a real number in [-1, 1] whose sign is the stored bit. The gradient passes
    the sign of a weight unchanged. It passes the sign of a hidden neuron where the scaled sum lies
    in [-1, 1].

    Parameters
    ----------
    params : HeadParams
        D, H and the number of outputs C.
    rng : numpy.random.Generator
        Draws the first latent weights.
    init_scale : float
        First latent weights are uniform in ``[-init_scale, init_scale]``; small ones flip soon.
    logit_gain : float
        Factor on the logit scale of the slides, which alone keeps the softmax nearly uniform.

    Attributes
    ----------
    weights : list of ndarray, float32
        Hidden (H, D), plane a (C, H + D), plane b (C, H + D); the hidden array is absent if H = 0.
    """

    def __init__(
        self,
        params: HeadParams,
        rng: np.random.Generator,
        init_scale: float = 0.1,
        logit_gain: float = 1.0,
    ) -> None:
        self.params = params
        self.init_scale = init_scale
        self._hidden_scale = np.float32(1 / np.sqrt(params.features))
        # The ternary layer takes its input twice, once for each plane.
        self._logit_scale = np.float32(logit_gain / np.sqrt(5 * 2 * params.concat * params.classes))
        self.weights: list[Array] = []
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """Draw all latent weights anew."""
        p = self.params
        shapes = [(p.hidden, p.features)] if p.hidden else []
        shapes += [(p.classes, p.concat)] * 2
        self.weights = [
            rng.uniform(-self.init_scale, self.init_scale, shape).astype(np.float32)
            for shape in shapes
        ]

    def gradients(
        self, x: Array, labels: NDArray[np.int64], n_classes: int
    ) -> tuple[float, int, list[Array]]:
        """Return loss, hits and gradients of one batch.

        Parameters
        ----------
        x : ndarray of shape (n_samples, D), float32 in {-1, +1}
        labels : ndarray of shape (n_samples,), int64 in ``0..n_classes - 1``
        n_classes : int
            Classes seen so far; the softmax runs over these.

        Returns
        -------
        loss : float
            Mean cross-entropy.
        hits : int
            Number of samples whose largest logit is that of their label.
        gradients : list of ndarray, float32
            Gradients of the mean loss, in the order of `weights`.
        """
        n_samples = len(x)
        z, pre = self._concatenate(x)
        planes = [_signs(w[:n_classes]) for w in self.weights[-2:]]
        output = planes[0] + planes[1]
        logits = z @ output.T
        hits = int((logits.argmax(axis=1) == labels).sum())
        logits *= self._logit_scale
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        rows = np.arange(n_samples)
        loss = float(-np.log(np.maximum(logits[rows, labels], 1e-30)).mean())

        error = logits  # softmax - one-hot, times the output scale over the batch size
        error[rows, labels] -= 1
        error *= self._logit_scale / np.float32(n_samples)
        plane = np.zeros_like(self.weights[-1])
        plane[:n_classes] = error.T @ z
        if pre is None:
            return loss, hits, [plane, plane]
        back = error @ output[:, : self.params.hidden]
        back *= (np.abs(pre) <= 1) * self._hidden_scale
        return loss, hits, [back.T @ x, plane, plane]

    def clip(self) -> None:
        """Keep every latent weight in [-1, 1]."""
        for w in self.weights:
            np.clip(w, -1, 1, out=w)

    @property
    def finite(self) -> bool:
        """Whether every latent weight is finite; infinite steps of training make some NaN."""
        return all(bool(np.isfinite(w).all()) for w in self.weights)

    def golden(self) -> Head:
        """Return the integer head whose weights are the present signs."""
        bits = [(w >= 0).astype(np.uint8) for w in self.weights]
        if not self.params.hidden:
            bits.insert(0, np.zeros((0, self.params.features), np.uint8))
        return Head(self.params, *bits)

    def state(self) -> dict[str, Array]:
        """Return the latent weights by name, for a checkpoint."""
        return {f"latent_{i}": w for i, w in enumerate(self.weights)}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Restore the latent weights that `state` returned."""
        self.weights = [np.array(state[f"latent_{i}"]) for i in range(len(self.weights))]

    def _concatenate(self, x: Array) -> tuple[Array, Array | None]:
        """Return the output layer's input z and the scaled sums of the hidden layer."""
        if not self.params.hidden:
            return x, None
        pre = x @ _signs(self.weights[0]).T
        pre *= self._hidden_scale
        return np.concatenate([_signs(pre), x], axis=1), pre
