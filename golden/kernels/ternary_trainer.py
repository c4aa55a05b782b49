# SPDX-License-Identifier: MIT
"""Compiled training of a ternary head, with the bits of `golden.ternary_trainer`."""

from typing import Any

import numpy as np
from numba.core import types
from numpy.typing import ArrayLike, NDArray

from golden.kernels.compiled import compiled
from golden.kernels.lanes import operation
from golden.ternary_trainer import TernaryTrainer, check_samples

__all__ = ["ternary_step"]


def ternary_step(
    trainer: TernaryTrainer, exemplars: NDArray[np.uint64], labels: ArrayLike, n_classes: int
) -> int:
    """Learn samples as ``trainer.step(exemplars, labels, n_classes)`` does.

    Parameters
    ----------
    trainer : TernaryTrainer
        Trainer whose counters move.
    exemplars, labels, n_classes
        As in `golden.ternary_trainer.TernaryTrainer.step`.

    Returns
    -------
    int
        Hits, as in `golden.ternary_trainer.TernaryTrainer.step`.

    Raises
    ------
    TypeError, ValueError
        As in `golden.ternary_trainer.TernaryTrainer.step`.
    """
    params = trainer.params
    packed, targets = check_samples(params, exemplars, labels, n_classes)
    planes = np.zeros((n_classes, 2, packed.shape[1]), np.uint64)
    rule = params.threshold, params.margin, params.highest
    return int(_learn(packed, targets, trainer.counters, planes, *rule))


@operation
def _ones(typingctx: Any, word: Any) -> Any:
    """Return the number of ones of a word."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), generate


@compiled()
def _learn(
    packed: Any,
    targets: Any,
    counters: Any,
    planes: Any,
    threshold: Any,
    margin: Any,
    highest: Any,
) -> Any:
    """Move the counters sample by sample; return the hits."""
    n_classes, _, words = planes.shape
    for row in range(n_classes):
        _read_planes(counters[row], planes[row], threshold)
    hits = 0
    for sample in range(len(packed)):
        label = targets[sample]
        # A logit is 2 D less twice the bits that differ from both planes.
        own = rival = most = np.int64(1) << 62
        for row in range(n_classes):
            differ = np.int64(0)
            for word in range(words):
                bits = packed[sample, word]
                differ += np.int64(_ones(bits ^ planes[row, 0, word]))
                differ += np.int64(_ones(bits ^ planes[row, 1, word]))
            if row == label:
                own = differ
            elif differ < most:
                most, rival = differ, row
        hits += own < most or (own == most and label < rival)
        if n_classes > 1 and 2 * (most - own) <= margin:
            _move(counters[label], packed[sample], 1, highest)
            _move(counters[rival], packed[sample], -1, highest)
            _read_planes(counters[label], planes[label], threshold)
            _read_planes(counters[rival], planes[rival], threshold)
    return hits


@compiled()
def _move(counters: Any, words: Any, sign: Any, highest: Any) -> None:
    """Add the features of a sample, as -1 and +1, times a sign, and saturate."""
    for j in range(len(counters)):
        bit = np.int64(words[j >> 6] >> np.uint64(j & 63) & np.uint64(1))
        moved = np.int64(counters[j]) + sign * (2 * bit - 1)
        counters[j] = min(max(moved, -highest - 1), highest)


@compiled()
def _read_planes(counters: Any, planes: Any, threshold: Any) -> None:
    """Write both packed planes of a class."""
    planes[:] = 0
    for j in range(len(counters)):
        value, place = np.int64(counters[j]), np.uint64(j & 63)
        planes[0, j >> 6] |= np.uint64(value >= threshold) << place
        planes[1, j >> 6] |= np.uint64(value > -threshold) << place
