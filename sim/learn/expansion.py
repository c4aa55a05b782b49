# SPDX-License-Identifier: MIT
"""A head that grows: one binary block for each task, below one ternary layer (MEMO, DER).

A block is a chain of dense layers with sign; the first takes the D bits of an embedding. The output
layer takes the embedding and the bits of every block. Each of its weights is a sum of two planes of
+-1, as in the head (contract, 3). A trained block is frozen: only its bits are kept, not the real
numbers behind them.

Inference is integer arithmetic with XNOR and popcount. A training step does the same in float32,
whose sums of +-1 are exact far below 2^24.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack, word_count
from golden.kernels import xnor_gemm
from golden.kernels.maps import append
from golden.xnor import fires
from sim.learn.bipolar import signs

__all__ = ["Block", "ExpandableHead", "block_bits"]

Array = NDArray[np.float32]
Packed = NDArray[np.uint64]
Labels = NDArray[np.int64]

#: Weights of the layers of a block, each of shape (outputs, inputs), uint8 in {0, 1}.
Block = tuple[NDArray[np.uint8], ...]


def block_bits(block: Block, x: Packed) -> NDArray[np.uint8]:
    """Return the output bits of the last layer of a block.

    Parameters
    ----------
    block : Block
        Weights of the layers.
    x : ndarray of shape (n_samples, ceil(inputs/64)), uint64
        Packed inputs.

    Returns
    -------
    ndarray of shape (n_samples, outputs), uint8 in {0, 1}
    """
    bits = fires(xnor_gemm(x, pack(block[0]), block[0].shape[1], threads=1))
    return block_bits(block[1:], pack(bits)) if block[1:] else bits


class ExpandableHead:
    """Frozen blocks, the block in training, and the output layer.

    Latent weights are real numbers in [-1, 1] whose signs are the bits. The gradient passes the
    sign of a weight unchanged. It passes the sign of a neuron where the scaled sum lies in [-1, 1],
    as in `sim.learn.head.HeadTrainer`.

    Parameters
    ----------
    features : int
        D.
    classes : int
        Outputs.
    widths : sequence of int
        Outputs of the layers of a block.
    rng : numpy.random.Generator
        Draws the first latent weights.
    init_scale, logit_gain : float
        As in `sim.learn.head.HeadTrainer`.

    Attributes
    ----------
    blocks : list of Block
        Frozen blocks, oldest first.
    planes : list of two ndarrays of shape (classes, columns), float32
        Latent weights of the output layer, columns in the order embedding, oldest block, next one.
    layers : list of ndarray, float32
        Latent weights of the block in training; empty when there is none.
    auxiliary : list of ndarray of shape (1 + new classes, outputs of a block), float32
        Latent planes of the auxiliary classifier, which sees only the block in training and tells
        the new classes from all earlier ones; empty when there is none.
    """

    def __init__(
        self,
        *,
        features: int,
        classes: int,
        widths: Sequence[int],
        rng: np.random.Generator,
        init_scale: float = 0.1,
        logit_gain: float = 1.0,
    ) -> None:
        self.features = features
        self.classes = classes
        self.widths = tuple(widths)
        self.init_scale = init_scale
        self.logit_gain = logit_gain
        self.blocks: list[Block] = []
        self.planes = [self._draw((classes, features), rng) for _ in range(2)]
        self.layers: list[Array] = []
        self.auxiliary: list[Array] = []

    @property
    def frozen_width(self) -> int:
        """Bits of an embedding and all frozen blocks."""
        return self.features + len(self.blocks) * self.widths[-1]

    @property
    def weights(self) -> list[Array]:
        """All latent weights that a training step changes."""
        return [*self.planes, *self.layers, *self.auxiliary]

    def grow(self, rng: np.random.Generator, new_classes: int = 0) -> None:
        """Begin a block, and with `new_classes` above 0 also its auxiliary classifier."""
        columns = self.widths[-1]
        self.planes = [
            np.concatenate([plane, self._draw((self.classes, columns), rng)], axis=1)
            for plane in self.planes
        ]
        inputs = (self.features, *self.widths)
        shapes = zip(self.widths, inputs, strict=False)
        self.layers = [self._draw(shape, rng) for shape in shapes]
        if new_classes:
            self.auxiliary = [self._draw((1 + new_classes, columns), rng) for _ in range(2)]

    def freeze(self) -> None:
        """End the block in training, if there is one: keep its signs and drop the rest."""
        if self.layers:
            self.blocks.append(tuple((w >= 0).astype(np.uint8) for w in self.layers))
        self.layers, self.auxiliary = [], []

    def frozen_bits(self, x: Packed) -> Packed:
        """Return embeddings followed by the bits of all frozen blocks.

        Parameters
        ----------
        x : ndarray of shape (n_samples, ceil(D/64)), uint64

        Returns
        -------
        ndarray of shape (n_samples, ceil(frozen_width/64)), uint64
        """
        z = np.zeros((len(x), word_count(self.frozen_width)), np.uint64)
        append(z, 0, np.ascontiguousarray(x), self.features)
        for i, block in enumerate(self.blocks):
            bits, width = block_bits(block, x), self.widths[-1]
            append(z, self.features + i * width, pack(bits), width)
        return z

    def logits(self, x: Packed) -> NDArray[np.int32]:
        """Return the logits of all classes in integer arithmetic; only valid between trainings.

        Returns
        -------
        ndarray of shape (n_samples, classes), int32
        """
        planes = pack(np.concatenate(self.plane_bits))
        both = xnor_gemm(self.frozen_bits(x), planes, self.frozen_width, threads=1)
        return both[:, : self.classes] + both[:, self.classes :]

    @property
    def plane_bits(self) -> list[NDArray[np.uint8]]:
        """Stored bits of the planes of the output layer."""
        return [(plane >= 0).astype(np.uint8) for plane in self.planes]

    def gradients(
        self, z: Array, labels: Labels, n_classes: int, auxiliary_weight: float = 1.0
    ) -> tuple[float, int, list[Array]]:
        """Return loss, hits and gradients of one batch.

        Parameters
        ----------
        z : ndarray of shape (n_samples, frozen_width), float32 in {-1, +1}
            Embeddings and frozen blocks, unpacked.
        labels : ndarray of shape (n_samples,), int64 in ``0..n_classes - 1``
        n_classes : int
            Classes seen so far; the last of them are the new classes of the auxiliary classifier.
        auxiliary_weight : float
            alpha_aux, factor on the auxiliary loss.

        Returns
        -------
        loss : float
            Sum of the mean cross-entropies of both classifiers, the auxiliary one times its weight.
        hits : int
            Number of samples whose largest logit is that of their label.
        gradients : list of ndarray, float32
            Gradients of the loss, in the order of `weights`.
        """
        outputs, sums = self._block(z[:, : self.features])
        new = outputs[-1]
        concat = np.concatenate([z, new], axis=1) if self.layers else z
        plane = np.zeros_like(self.planes[0])
        loss, hits, plane[:n_classes], back = self._classify(
            concat, labels, [p[:n_classes] for p in self.planes], self.classes
        )
        back = back[:, self.frozen_width :]
        gradients = [plane, plane]
        extra: list[Array] = []
        if self.auxiliary:
            own = np.maximum(labels - n_classes + len(self.auxiliary[0]), 0)
            extra_loss, _, extra_plane, extra_back = self._classify(
                new, own, self.auxiliary, len(self.auxiliary[0])
            )
            loss += auxiliary_weight * extra_loss
            back += np.float32(auxiliary_weight) * extra_back
            extra = [np.float32(auxiliary_weight) * extra_plane] * 2
        return loss, hits, [*gradients, *self._layer_gradients(outputs, sums, back), *extra]

    def _draw(self, shape: tuple[int, int], rng: np.random.Generator) -> Array:
        return rng.uniform(-self.init_scale, self.init_scale, shape).astype(np.float32)

    def _block(self, x: Array) -> tuple[list[Array], list[Array]]:
        """Return input and outputs of the layers in training, and the scaled sums before signs."""
        outputs, sums = [x], []
        for w in self.layers:
            sums.append(outputs[-1] @ signs(w).T * np.float32(1 / np.sqrt(w.shape[1])))
            outputs.append(signs(sums[-1]))
        return outputs, sums

    def _layer_gradients(self, outputs: list[Array], sums: list[Array], back: Array) -> list[Array]:
        """Return the gradients of the layers in training; overwrites `back`, that of the output."""
        gradients: list[Array] = []
        for w, x, pre in zip(self.layers[::-1], outputs[-2::-1], sums[::-1], strict=True):
            back *= (np.abs(pre) <= 1) * np.float32(1 / np.sqrt(w.shape[1]))
            gradients.insert(0, back.T @ x)
            back = back @ signs(w)
        return gradients

    def _classify(
        self, z: Array, labels: Labels, planes: Sequence[Array], outputs: int
    ) -> tuple[float, int, Array, Array]:
        """Return mean cross-entropy and hits of a ternary layer, gradients of a plane and of z."""
        n_samples, columns = z.shape
        scale = np.float32(self.logit_gain / np.sqrt(5 * 2 * columns * outputs))
        ternary = signs(planes[0]) + signs(planes[1])
        logits = z @ ternary.T
        hits = int((logits.argmax(axis=1) == labels).sum())
        logits *= scale
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        rows = np.arange(n_samples)
        loss = float(-np.log(np.maximum(shares[rows, labels], 1e-30)).mean())
        shares[rows, labels] -= 1
        error = shares * (scale / np.float32(n_samples))
        return loss, hits, error.T @ z, error @ ternary
