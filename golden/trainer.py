# SPDX-License-Identifier: MIT
"""Trained part of a network above its latent bits, in integer arithmetic (contract, 12).

It computes the equations of binary latent replay: (2) is the sign in the forward pass, and (3)-(5)
are the gradients in the backward pass. Here (4) has its standard form with transposed weights, and
(5) is an outer product.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from golden.affine import Affine
from golden.arrays import check_exemplars, check_label_vector, check_labelled
from golden.bits import unpack
from golden.lfsr import Lfsr
from golden.params import AffineParams, Stream, TrainerParams, stream_seed
from golden.params.training import PROBABILITY_BITS
from golden.softmax import softmax

__all__ = ["Trainer", "check_batch"]

Packed = NDArray[np.uint64]
Codes = NDArray[np.int32]
Integers = NDArray[np.int64]


class Trainer:
    """Binary hidden layer and linear classifier that learn by stochastic gradient descent.

    Parameters
    ----------
    params : TrainerParams
        Parameters with integer widths.
    latent : ndarray of shape (H, D), int32
        Initial latent weights, as codes of `binary_width` bits. A weight is +1 where its code is
        >= 0, and -1 elsewhere.

    Attributes
    ----------
    weights : ndarray of shape (C, H + D), int32
        Codes of the classifier's weights, 0 at first, in units of ``2^(r + 1 - q_b)``.
    latent : ndarray of shape (H, D), int32
        Codes of the latent weights of the hidden layer.
    lfsr : Lfsr
        Source of the words for stochastic rounding.

    Raises
    ------
    TypeError, ValueError
        If the widths are ``"float"``, or the latent weights are not codes of this kind.
    """

    def __init__(self, params: TrainerParams, latent: Codes) -> None:
        if params.real:
            raise ValueError("Widths must be integers for the integer trainer, not float")
        self.params = params
        self.lfsr = Lfsr(params.lfsr)
        self.weights = np.zeros((params.classes, params.concat), np.int32)
        self.latent = _check_latent(latent, params)

    def sums(self, exemplars: Packed) -> Integers:
        """Return the sums of the classifier. The largest sum gives the class.

        Parameters
        ----------
        exemplars : ndarray of shape (n, ceil(D/64)), uint64
            Packed latents.

        Returns
        -------
        ndarray of shape (n, C), int64
            In units of ``2^(r + 1 - q_f)``.
        """
        z, _ = self._inputs(check_exemplars(exemplars, self.params.features))
        return z @ self._codes(self.params.forward, self.weights).T

    def step(self, exemplars: Packed, labels: Integers, classes: Integers) -> int:
        """Learn one batch.

        Parameters
        ----------
        exemplars : ndarray of shape (n, ceil(D/64)), uint64
            Packed latents.
        labels : ndarray of shape (n,), int64
            Their classes, all among `classes`.
        classes : ndarray of shape (m,), int64
            Classes of the softmax, in ascending order. The weights of other classes do not change.

        Returns
        -------
        int
            Samples of the batch whose class had the largest sum before the step; of equal sums,
            that of the lowest class counts.

        Raises
        ------
        TypeError, ValueError
            If an array has a wrong shape, dtype or value. Nothing is learned.
        """
        p = self.params
        targets = check_batch(p, exemplars, labels, classes)
        if not len(exemplars):  # such a batch uses no word
            return 0
        z, pre = self._inputs(exemplars)
        rows = self.weights[classes].astype(np.int64)
        sums = z @ self._codes(p.forward, rows).T
        logits = self._codes(p.logits, sums)
        excess = softmax(logits, int(p.forward_width))
        excess[np.arange(len(z)), targets] -= 1 << PROBABILITY_BITS
        errors = self._codes(p.errors, excess)
        if p.trains_hidden:
            back = self._codes(p.back, errors @ rows[:, : p.hidden])
            back[np.abs(pre) > p.window] = 0
            step = self._codes(p.binary_update, back.T @ z[:, p.hidden :])
            self.latent = _saturate(self.latent - step, int(p.binary_width))
        step = self._codes(p.update, errors.T @ z)
        self.weights[classes] = _saturate(rows - step, int(p.backward_width))
        return int((sums.argmax(axis=1) == targets).sum())

    def reseed(self, seed: int) -> None:
        """Load the seed of user seed `seed`, ``0 .. 2**64 - 1``, into the LFSR (contract, 4)."""
        self.lfsr.load(stream_seed(seed, Stream.ROUNDING))

    def state_dict(self) -> dict[str, NDArray]:
        """Return everything that `load_state` needs, as arrays."""
        return {
            "trainer_weights": self.weights.copy(),
            "trainer_latent": self.latent.copy(),
            "trainer_lfsr": np.array([self.lfsr.state], np.uint64),
            "trainer_ticks": np.array(self.lfsr.ticks),
        }

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Continue, bit for bit, from where `state_dict` was called."""
        self.weights = state["trainer_weights"].copy()
        self.latent = state["trainer_latent"].copy()
        self.lfsr.state = int(state["trainer_lfsr"][0])
        self.lfsr.ticks = int(state["trainer_ticks"])

    def _inputs(self, exemplars: Packed) -> tuple[Integers, Integers]:
        """Return the inputs of the classifier as -1 and +1, and the sums of the hidden layer."""
        x = 2 * unpack(exemplars, self.params.features).astype(np.int64) - 1
        pre = x @ _signs(self.latent).T
        return np.concatenate([_signs(pre), x], axis=1), pre

    def _codes(self, rounding: AffineParams, sums: NDArray[np.integer]) -> Integers:
        return Affine(rounding, self.lfsr).codes(sums)


def check_batch(
    params: TrainerParams, exemplars: Packed, labels: Integers, classes: Integers
) -> Integers:
    """Return the place of each label among the classes of a batch.

    Parameters
    ----------
    params : TrainerParams
    exemplars, labels, classes
        As in `Trainer.step`.

    Returns
    -------
    ndarray of shape (n,), int64

    Raises
    ------
    TypeError, ValueError
        As in `Trainer.step`.
    """
    _, wanted = check_labelled(exemplars, labels, params.features)
    rows = check_label_vector(classes)
    rising = len(rows) and (np.diff(rows) > 0).all()
    if not rising or rows[0] < 0 or rows[-1] >= params.classes:
        raise ValueError(f"Classes must rise within 0..{params.classes - 1}, not {rows.tolist()}")
    places = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
    strange = rows[places] != wanted
    if strange.any():
        raise ValueError(f"Labels must be among the classes, not {wanted[strange][0]}")
    return places


def _signs(values: NDArray[np.integer]) -> Integers:
    """Return +1 where a value is >= 0, else -1 (equation 2)."""
    return np.where(values >= 0, np.int64(1), np.int64(-1))


def _saturate(values: NDArray[np.integer], width: int) -> Codes:
    return np.clip(values, -(2 ** (width - 1)), 2 ** (width - 1) - 1).astype(np.int32)


def _check_latent(latent: Codes, params: TrainerParams) -> Codes:
    """Return a copy of the latent weights; raise unless they are codes of `binary_width` bits."""
    shape, highest = (params.hidden, params.features), 2 ** (int(params.binary_width) - 1) - 1
    if not isinstance(latent, np.ndarray) or latent.dtype != np.int32:
        kind = getattr(latent, "dtype", type(latent).__name__)
        raise TypeError(f"Latent weights must be an int32 array, not {kind}")
    if latent.shape != shape:
        raise ValueError(f"Latent weights must have the shape {shape}, not {latent.shape}")
    for extreme in (latent.min(initial=0), latent.max(initial=0)):
        if not -highest - 1 <= extreme <= highest:
            raise ValueError(f"Latent weights must be in {-highest - 1}..{highest}, not {extreme}")
    return latent.copy()
