# SPDX-License-Identifier: MIT
"""Compiled twin of `golden.online_mixture`: exemplars that find their components."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_exemplars
from golden.kernels.compiled import compiled
from golden.online_mixture import OnlineMixture
from golden.params.classes import MAX_COUNT

__all__ = ["learn"]

# Masks of the sum of bits in pairs, fours and eights, and the factor that adds up eight bytes.
_PAIRS, _FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
_EIGHTS, _BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
_ONE, _TWO, _FOUR, _LAST = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)


def learn(mixture: OnlineMixture, exemplars: NDArray[np.uint64]) -> None:
    """Do as `OnlineMixture.learn` does, with the same bits.

    Parameters
    ----------
    mixture : OnlineMixture
        It changes.
    exemplars : ndarray of shape (n, ceil(D/64)), uint64
        Packed.

    Raises
    ------
    TypeError, ValueError
        If the array has a wrong shape or dtype. Nothing is learned.
    """
    p = mixture.params
    packed = check_exemplars(exemplars, p.features)
    # Features past D are 0 in every majority, and in every exemplar: they agree and are left out.
    majority = np.zeros((p.components, packed.shape[1]), np.uint64)
    for k in range(p.components):
        _update_majority(majority[k], mixture.counts[k], mixture.seen[k])
    rows = np.ascontiguousarray(packed)
    mixture.dropped += _learn(rows, mixture.counts, mixture.seen, majority, p.handicap_shift)


@compiled()
def _update_majority(majority: Any, counts: Any, seen: int) -> None:
    for word in range(len(majority)):
        bits = np.uint64(0)
        for j in range(64 * word, min(64 * word + 64, len(counts))):
            bits |= np.uint64(2 * counts[j] >= seen) << np.uint64(j % 64)
        majority[word] = bits


@compiled()
def _ones(word: Any) -> Any:
    # LLVM takes these lines for the processor's own instruction.
    word = word - (word >> _ONE & _PAIRS)
    word = (word & _FOURS) + (word >> _TWO & _FOURS)
    word = word + (word >> _FOUR) & _EIGHTS
    return np.int64(word * _BYTES >> _LAST)


@compiled()
def _learn(packed: Any, counts: Any, seen: Any, majority: Any, shift: int) -> int:
    n_components, n_features = counts.shape
    dropped = 0
    total = seen.sum()
    for exemplar in packed:
        winner, best = -1, 0
        for k in range(n_components):
            if not seen[k]:
                winner = k
                break
            score = -((n_components * seen[k] - total) >> shift)
            for word in range(len(exemplar)):
                # As many agree as do not differ; the number of all features changes no winner.
                score -= _ones(exemplar[word] ^ majority[k, word])
            if winner < 0 or score > best:
                winner, best = k, score
        if seen[winner] == MAX_COUNT:
            dropped += 1
            continue
        seen[winner] += 1
        total += 1
        for j in range(n_features):
            counts[winner, j] += np.int64(exemplar[j // 64] >> np.uint64(j % 64) & _ONE)
        _update_majority(majority[winner], counts[winner], seen[winner])
    return dropped
