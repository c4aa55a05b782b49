# SPDX-License-Identifier: MIT
"""Softmax of logit codes in integers: tables of exponentials and a division (contract, 12)."""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from golden.params.training import LOGIT_EXPONENT, PROBABILITY_BITS

__all__ = ["DISTANCE_BITS", "EXPONENTIAL_BITS", "exponentials", "softmax"]

Integers = NDArray[np.int64]

EXPONENTIAL_BITS = 30  # fractional bits of a table entry
DISTANCE_BITS = 16  # bits of a logit's distance from the highest; 2^16 codes span 2^5
_UNIT = 2.0 ** (LOGIT_EXPONENT + 1 - DISTANCE_BITS)


@cache
def exponentials() -> tuple[Integers, Integers]:
    """Return ``exp(-256 i u)`` and ``exp(-i u)``, i = 0..255, in units of ``2^-30``; u = 2^-11.

    Returns
    -------
    coarse, fine : ndarray of shape (256,), int64
        Shared between calls and therefore read-only.
    """
    tables = [
        np.array([round(2**EXPONENTIAL_BITS * math.exp(-i * step)) for i in range(256)], np.int64)
        for step in (256 * _UNIT, _UNIT)
    ]
    for table in tables:
        table.flags.writeable = False
    return tables[0], tables[1]


def softmax(logits: Integers, width: int) -> Integers:
    """Return probabilities in units of ``2^-28``.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes), int64
        Codes of `width` bits that span ``[-2^4, 2^4)``.
    width : int
        q_f, 8..32.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), int64
        Each is in ``0..2^28``. Those of a sample sum to ``2^28``, up to half a unit for each.
    """
    distance = logits.max(axis=1, keepdims=True) - logits
    lag = DISTANCE_BITS - width
    distance = distance << lag if lag >= 0 else distance >> -lag
    coarse, fine = exponentials()
    powers = coarse[distance >> 8] * fine[distance & 255] >> EXPONENTIAL_BITS
    total = powers.sum(axis=1, keepdims=True)
    return ((powers << PROBABILITY_BITS) + total // 2) // total
