# SPDX-License-Identifier: MIT
"""Compiled training in integers, with the bits of `golden.trainer` for any shape."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_packed
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
    z, _ = _inputs(trainer, check_packed("Exemplars", exemplars, params.features))
    forward = trainer.weights.astype(np.int64)
    round_all(forward.reshape(-1), rule(params.forward), NO_WORDS)
    kind = _kind(int(params.forward_width), params.concat)
    results = np.empty((len(z), params.classes), np.int64)
    _multiply(z.astype(kind), forward.astype(kind), results)
    return results


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
    z, pre = _inputs(trainer, exemplars)
    rows, latent = trainer.weights[classes].astype(np.int64), trainer.latent.astype(np.int64)
    going, coming = int(params.forward_width), int(params.backward_width)
    words = register(trainer.lfsr)
    errors = np.empty((len(z), len(classes)), np.int64)
    rules = _rules(params)
    z = z.astype(_kind(going, params.concat))
    hits = _find_errors(z, rows, targets, going, rules, words, errors)
    z = z.astype(_kind(coming, len(z)))
    if params.trains_hidden:
        bits = int(params.binary_width)
        _train_hidden(z, pre, rows, latent, errors, params.window, bits, rules, words)
        trainer.latent = latent.astype(np.int32)
    _descend(z, rows, errors, coming, rules.update, words)
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


def _kind(width: int, terms: int) -> Any:
    """Return the narrowest dtype that holds a sum of `terms` codes times -1 or +1."""
    return np.int32 if 2 ** (width - 1) * terms < 2**31 else np.int64


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


def _find_errors(
    z: NDArray[Any],
    rows: Integers,
    targets: Integers,
    width: int,
    rules: _Rules,
    words: Packed,
    errors: Integers,
) -> int:
    """Write the errors, softmax minus one-hot, as codes; return the hits."""
    forward = rows.copy()
    round_all(forward.reshape(-1), rules.forward, NO_WORDS)
    _multiply(z, forward.astype(z.dtype), errors)
    hits = int((errors.argmax(axis=1) == targets).sum())
    round_all(errors.reshape(-1), rules.logits, NO_WORDS)
    _excess(errors, targets, DISTANCE_BITS - width, *exponentials())
    round_all(errors.reshape(-1), rules.errors, words)
    return hits


def _train_hidden(
    z: NDArray[Any],
    pre: NDArray[np.int32],
    rows: Integers,
    latent: Integers,
    errors: Integers,
    window: int,
    width: int,
    rules: _Rules,
    words: Packed,
) -> None:
    """Update the latent weights by equations (4) and (5)."""
    back = np.zeros(pre.shape, np.int64)
    _propagate(errors, rows, back)
    for row in back:
        round_all(row, rules.back, words)
    back[np.abs(pre) > window] = 0
    x = np.ascontiguousarray(z[:, pre.shape[1] :])
    _descend(x, latent, back, width, rules.binary_update, words)


@compiled()
def _multiply(z: Any, weights: Any, results: Any) -> None:
    """Write ``z @ weights.T``, summed in the dtype of both."""
    for sample in range(len(z)):
        for row in range(len(weights)):
            total = z.dtype.type(0)
            for j in range(z.shape[1]):
                total = z.dtype.type(total + z.dtype.type(z[sample, j] * weights[row, j]))
            results[sample, row] = total


@compiled()
def _excess(values: Any, targets: Any, lag: Any, coarse: Any, fine: Any) -> None:
    """Replace logits by softmax minus one-hot in units of ``2^-28``, as in `golden.softmax`."""
    for sample in range(len(values)):
        row = values[sample]
        highest, total = row.max(), np.int64(0)
        for c in range(len(row)):
            distance = highest - row[c]
            distance = distance << lag if lag >= 0 else distance >> -lag
            row[c] = coarse[distance >> 8] * fine[distance & 255] >> EXPONENTIAL_BITS
            total += row[c]
        for c in range(len(row)):
            row[c] = ((row[c] << PROBABILITY_BITS) + total // 2) // total
        row[targets[sample]] -= np.int64(1) << PROBABILITY_BITS


@compiled()
def _propagate(errors: Any, rows: Any, back: Any) -> None:
    """Add ``errors @ rows[:, :H]`` to `back`: equation (4)."""
    for sample in range(len(errors)):
        for c in range(len(rows)):
            error = errors[sample, c]
            if error:
                for h in range(back.shape[1]):
                    back[sample, h] += error * rows[c, h]


@compiled()
def _descend(z: Any, weights: Any, errors: Any, width: Any, how: Any, words: Any) -> None:
    """Subtract the rounded ``errors.T @ z``, equation (5), and saturate the weights."""
    highest = (np.int64(1) << (width - 1)) - 1
    sums, steps = np.empty(z.shape[1], z.dtype), np.empty(z.shape[1], np.int64)
    for row in range(len(weights)):
        sums[:] = 0
        for sample in range(len(z)):
            error = z.dtype.type(errors[sample, row])
            if error:
                for j in range(z.shape[1]):
                    sums[j] += z.dtype.type(error * z[sample, j])
        for j in range(len(sums)):
            steps[j] = sums[j]
        round_all(steps, how, words)
        for j in range(len(steps)):
            weights[row, j] = min(max(weights[row, j] - steps[j], -highest - 1), highest)
