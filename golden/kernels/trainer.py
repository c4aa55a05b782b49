# SPDX-License-Identifier: MIT
"""Compiled training in integers, with the bits of `golden.trainer` for any shape."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_exemplars
from golden.bits import pack, unpack
from golden.kernels.affine import NO_WORDS, Rule, register, round_all, rule
from golden.kernels.compiled import compiled
from golden.kernels.gemm import xnor_gemm
from golden.params import TrainerParams
from golden.params.training import PROBABILITY_BITS
from golden.softmax import DISTANCE_BITS, EXPONENTIAL_BITS, exponentials
from golden.trainer import Trainer, check_batch

__all__ = ["train_step", "trainer_sums"]

Packed = NDArray[np.uint64]
Integers = NDArray[np.int64]

_NARROW = 30  # bits that a sum of narrow numbers, or a product before its rounding, may have


class _Rules(NamedTuple):
    """The roundings of a step."""

    forward: Rule
    logits: Rule
    errors: Rule
    back: Rule
    binary_update: Rule
    update: Rule


def trainer_sums(trainer: Trainer, exemplars: Packed) -> Integers:
    """Return the sums of the classifier, equal to ``trainer.sums(exemplars)``.

    Raises
    ------
    TypeError, ValueError
        As in `golden.trainer.Trainer.sums`.
    """
    params = trainer.params
    z, _ = _inputs(trainer, check_exemplars(exemplars, params.features))
    kind = _kind(int(params.forward_width), params.concat)
    return _product(z.astype(kind), _forward(trainer.weights, params, kind)).astype(np.int64)


def train_step(trainer: Trainer, exemplars: Packed, labels: Integers, classes: Integers) -> int:
    """Learn one batch as ``trainer.step(exemplars, labels, classes)`` does.

    Parameters
    ----------
    trainer : Trainer
        Trainer whose weights and random source are updated.
    exemplars, labels, classes
        As in `golden.trainer.Trainer.step`.

    Returns
    -------
    int
        Hits, as in `golden.trainer.Trainer.step`.

    Raises
    ------
    TypeError, ValueError
        As in `golden.trainer.Trainer.step`.
    """
    params = trainer.params
    targets = check_batch(params, exemplars, labels, classes)
    if not len(exemplars):
        return 0
    z, pre = _inputs(trainer, exemplars)
    rows, words = trainer.weights[classes], register(trainer.lfsr)
    rules = _rules(params)
    hits, errors = _find_errors(z, rows, targets, params, rules, words)
    coming = int(params.backward_width)
    if params.trains_hidden:
        x, latent = z[:, params.hidden :], trainer.latent.copy()
        back = _propagate(errors, rows, pre, params.window, rules.back, words)
        _descend(x, latent, back, coming, int(params.binary_width), rules.binary_update, words)
        trainer.latent = latent
    _descend(z, rows, errors, coming, coming, rules.update, words)
    trainer.weights[classes] = rows
    trainer.lfsr.state, trainer.lfsr.ticks = int(words[0]), int(words[-1])
    return hits


def _inputs(trainer: Trainer, exemplars: Packed) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Return the inputs of the classifier as -1 and +1, and the sums of the hidden layer."""
    params = trainer.params
    x = unpack(exemplars, params.features).view(np.int8)
    if not params.hidden:
        return 2 * x - 1, np.zeros((len(x), 0), np.int32)
    pre = xnor_gemm(exemplars, pack(trainer.latent >= 0), params.features, threads=1)
    return 2 * np.concatenate([(pre >= 0).view(np.int8), x], axis=1) - 1, pre


def _kind(width: int, terms: int, shift: int = 0) -> Any:
    """Return the narrower dtype of codes whose sums, times -1 or +1, may be rounded."""
    fits = width <= 16 and max(2 ** (width - 1) * terms, 2**shift) <= 2 ** (_NARROW - 1)
    return np.int16 if fits else np.int64


@cache
def _rules(params: TrainerParams) -> _Rules:
    hidden = params.trains_hidden
    return _Rules(
        rule(params.forward),
        rule(params.logits),
        rule(params.errors),
        rule(params.back),
        rule(params.binary_update if hidden else params.update),
        rule(params.update),
    )


def _forward(weights: NDArray[np.int32], params: TrainerParams, kind: Any) -> NDArray[Any]:
    """Return the weights as codes of the forward pass."""
    how = rule(params.forward)
    if not how.shift:  # they are these codes
        return weights.astype(kind, order="C")
    codes = weights.astype(np.int64, order="C")
    round_all(codes, how, NO_WORDS)
    return codes.astype(kind)


def _find_errors(
    z: NDArray[np.int8],
    rows: NDArray[np.int32],
    targets: Integers,
    params: TrainerParams,
    rules: _Rules,
    words: Packed,
) -> tuple[int, Integers]:
    """Return the hits, and the errors, softmax minus one-hot, as codes."""
    width = int(params.forward_width)
    kind = _kind(width, params.concat)
    errors = _product(z.astype(kind), _forward(rows, params, kind)).astype(np.int64)
    hits = int((errors.argmax(axis=1) == targets).sum())
    round_all(errors, rules.logits, NO_WORDS)
    _excess(errors, targets, DISTANCE_BITS - width, *exponentials())
    round_all(errors, rules.errors, words)
    return hits, errors


def _propagate(
    errors: Integers,
    rows: NDArray[np.int32],
    pre: NDArray[np.int32],
    window: int,
    how: Rule,
    words: Packed,
) -> Integers:
    """Return the gradient of the hidden bits as codes: equation (4)."""
    back = _weigh(errors, rows, pre.shape[1])
    round_all(back, how, words)
    back[np.abs(pre) > window] = 0
    return back


def _descend(
    z: NDArray[np.int8],
    weights: NDArray[np.int32],
    errors: Integers,
    width: int,
    own_width: int,
    how: Rule,
    words: Packed,
) -> None:
    """Subtract the rounded ``errors.T @ z``, equation (5), from weights of `own_width` bits."""
    kind = _kind(width, len(z), how.shift)
    if kind == np.int16 and 2 ** (width - 1) * len(z) < 2**15:
        steps = np.empty(weights.shape, np.int32)
        _add_up(errors.astype(kind), z.astype(kind), steps)
    else:
        steps = _product(errors.T.astype(kind, order="C"), z.T.astype(kind, order="C"))
    round_all(steps, how, words)
    _subtract(weights, steps, own_width)


def _product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Return ``left @ right.T``, in int32 for factors of int16, which fill vectors; else int64."""
    kind = np.int32 if left.dtype == np.int16 else np.int64
    products = np.empty((len(left), len(right)), kind)
    _multiply(left, right, products)
    return products


@compiled()
def _multiply(left: Any, right: Any, products: Any) -> None:
    wide = products.dtype.type
    for i in range(len(left)):
        for j in range(len(right)):
            total = wide(0)
            for k in range(left.shape[1]):
                total = wide(total + wide(wide(left[i, k]) * wide(right[j, k])))
            products[i, j] = total


@compiled()
def _add_up(errors: Any, z: Any, steps: Any) -> None:
    """Write ``errors.T @ z`` for sums of 16 bits. Most errors of a head that has learned are 0."""
    narrow = z.dtype.type
    sums = np.empty(z.shape[1], z.dtype)
    for c in range(len(steps)):
        sums[:] = 0
        for sample in range(len(z)):
            error = errors[sample, c]
            if error:
                for j in range(len(sums)):
                    sums[j] = narrow(sums[j] + narrow(error * z[sample, j]))
        steps[c] = sums


@compiled(error_model="numpy")
def _excess(values: Any, targets: Any, lag: Any, coarse: Any, fine: Any) -> None:
    """Replace logits by softmax minus one-hot in units of ``2^-28``, as in `golden.softmax`."""
    up, down = max(lag, 0), max(-lag, 0)
    for sample in range(len(values)):
        row = values[sample]
        highest, total = row.max(), np.int64(0)
        for c in range(len(row)):
            distance = (highest - row[c]) << up >> down
            row[c] = coarse[distance >> 8] * fine[distance & 255] >> EXPONENTIAL_BITS
            total += row[c]
        half, share = total // 2, 1.0 / np.float64(total)
        for c in range(len(row)):
            # Vectors have no division of integers. That of reals is off by at most one, as
            # quotients have 28 bits; the rest says in which direction.
            whole = (row[c] << PROBABILITY_BITS) + half
            quotient = np.int64(np.float64(whole) * share)
            rest = whole - quotient * total
            row[c] = quotient + np.int64(rest >= total) - np.int64(rest < 0)
        row[targets[sample]] -= np.int64(1) << PROBABILITY_BITS


@compiled()
def _weigh(errors: Any, rows: Any, hidden: Any) -> Any:
    """Return ``errors @ rows[:, :H]``."""
    back = np.zeros((len(errors), hidden), np.int64)
    for sample in range(len(errors)):
        for c in range(len(rows)):
            error = errors[sample, c]
            if error:
                for h in range(hidden):
                    back[sample, h] += error * rows[c, h]
    return back


@compiled()
def _subtract(weights: Any, steps: Any, width: Any) -> None:
    """Subtract steps from weights of `width` bits, which saturate."""
    highest = (np.int64(1) << (width - 1)) - 1
    for row in range(len(weights)):
        for j in range(weights.shape[1]):
            moved = np.int64(weights[row, j]) - np.int64(steps[row, j])
            weights[row, j] = min(max(moved, -highest - 1), highest)
