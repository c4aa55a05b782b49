# SPDX-License-Identifier: MIT
"""Training of the binary head with straight-through estimators, exact to the golden head's bits.

The forward pass of a training step is that of the integer head, so the trained head and the golden
model always agree. The backward pass adds real errors in a fixed order (`golden.kernels.head`), so
a training has the same bits on every machine. The scales ``1/sqrt(fan_in)`` and
``1/sqrt(5 fan_in C)`` of the ISCAS'24 slides only condition the gradient.
"""

from collections.abc import Mapping
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from golden.head import Head
from golden.kernels.head import head_gradients
from golden.params import HeadParams

__all__ = ["HeadTrainer"]

Array = NDArray[np.float32]
Packed = NDArray[np.uint64]


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
        Hidden layer (H, D), absent if H = 0, and both planes of the output layer (2, C, H + D).
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
        self._hidden_scale = 1 / np.sqrt(params.features)
        self._window = isqrt(params.features)  # largest sum that the scale keeps within 1
        # The ternary layer takes its input twice, once for each plane.
        self._logit_scale = logit_gain / np.sqrt(5 * 2 * params.concat * params.classes)
        self._none = np.zeros((0, params.features), np.float32)  # a hidden layer without neurons
        self.weights: list[Array] = []
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """Draw all latent weights anew."""
        p = self.params
        shapes = [(p.hidden, p.features)] if p.hidden else []
        shapes += [(2, p.classes, p.concat)]
        self.weights = [
            rng.uniform(-self.init_scale, self.init_scale, shape).astype(np.float32)
            for shape in shapes
        ]

    def gradients(
        self, x: Packed, labels: NDArray[np.int64], n_classes: int
    ) -> tuple[float, int, list[Array]]:
        """Return loss, hits and gradients of one batch.

        Parameters
        ----------
        x : ndarray of shape (n_samples, ceil(D/64)), uint64
            Packed samples.
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
            Gradients of the mean loss, in the order of `weights`. Both planes have the same
            gradient, which is given once, with shape (C, H + D).
        """
        hidden = self.weights[0] if self.params.hidden else self._none
        loss, hits, below, plane = head_gradients(
            x,
            labels,
            hidden,
            self.weights[-1],
            n_classes,
            window=self._window,
            hidden_scale=self._hidden_scale,
            logit_scale=self._logit_scale,
        )
        return loss, hits, [below, plane] if self.params.hidden else [plane]

    def settle(self, width: int) -> None:
        """Round the latent weights to what survives between tasks in a few bits each.

        A weight w becomes ``(floor(2^(b-1) w) + 1/2) / 2^(b-1)`` with b bits, in the middle of one
        of ``2^b`` intervals of [-1, 1]. No sign changes, so that the head classifies as before.
        With a single bit only the sign is left: its weight is the largest first one, `init_scale`.

        Parameters
        ----------
        width : int
            b, 1 or more.
        """
        scale = 2 ** (width - 1)
        for weights in self.weights:
            codes = np.clip(np.floor(scale * weights), -scale, scale - 1) + np.float32(0.5)
            weights[:] = codes * (2 * self.init_scale if width == 1 else 1 / scale)

    @property
    def finite(self) -> bool:
        """Whether every latent weight is finite; infinite steps of training make some NaN."""
        return all(bool(np.isfinite(w).all()) for w in self.weights)

    def golden(self) -> Head:
        """Return the integer head whose weights are the present signs."""
        *hidden, planes = [(w >= 0).astype(np.uint8) for w in self.weights]
        return Head(self.params, hidden[0] if hidden else self._none.astype(np.uint8), *planes)

    def state(self) -> dict[str, Array]:
        """Return the latent weights by name, for a checkpoint."""
        return {f"latent_{i}": w for i, w in enumerate(self.weights)}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Restore the latent weights that `state` returned."""
        self.weights = [np.array(state[f"latent_{i}"]) for i in range(len(self.weights))]
