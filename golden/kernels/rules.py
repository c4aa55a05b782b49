# SPDX-License-Identifier: MIT
"""Compiled rules under which neurons fire, on the panels of `golden.kernels.gemm`."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.kernels.compiled import compiled
from golden.kernels.tile import COLUMNS, ROWS, fire_row, fire_tile

__all__ = ["Rule", "fire", "make_rule"]


class Rule(NamedTuple):
    """The conditions under which the columns of panels fire, in the form for `fire`.

    Attributes
    ----------
    limits : ndarray of shape (groups, panels, COLUMNS), int64
        Largest number of differing bits at which ``dot >= theta``.
    flips : ndarray of shape (groups, panels), uint16
        A bit is 1 if its column fires at ``dot < theta`` instead.
    """

    limits: NDArray[np.int64]
    flips: NDArray[np.uint16]


def make_rule(n_bits: int, thresholds: NDArray[np.int32], polarity: NDArray[np.uint8]) -> Rule:
    """Return the rule of `golden.xnor.fires` for columns of panels; columns past the outputs are 0.

    Parameters
    ----------
    n_bits : int
        Inputs of a neuron.
    thresholds, polarity : ndarray of shape (groups, outputs)
    """
    groups, outputs = thresholds.shape
    panels = -(-outputs // COLUMNS)
    limits = np.full((groups, panels * COLUMNS), -1, np.int64)
    limits[:, :outputs] = (n_bits - thresholds.astype(np.int64)) // 2
    flips = np.zeros((groups, panels * COLUMNS), np.uint8)
    flips[:, :outputs] = polarity ^ 1
    packed = np.packbits(flips, axis=-1, bitorder="little").view("<u2").astype(np.uint16)
    return Rule(limits.reshape(groups, panels, COLUMNS), packed)


@compiled()
def fire(parities, n_rows, panels, limits, flips, out, place, stride):
    """Write the output bits of the first rows (contract, 2).

    Parameters
    ----------
    parities : ndarray of shape (>= n_rows, words), uint64
        Running parities of the rows, from `write_parities`.
    n_rows : int
        Number of rows to compute.
    panels : ndarray of shape (n_panels, words, COLUMNS), uint64
        Weights of one group, from `make_panels`.
    limits : ndarray of shape (n_panels, COLUMNS), int64
        Limits of the group, from `make_rule`.
    flips : ndarray of shape (n_panels,), uint16
        Flips of the group, from `make_rule`.
    out : ndarray, uint16
        Flat. Bit ``j`` of element ``place + i * stride + p`` becomes output ``p * COLUMNS + j`` of
        row ``i``.
    place, stride : int
    """
    n_panels, words = panels.shape[:2]
    whole = n_rows // ROWS * ROWS
    for p in range(n_panels):
        for i in range(0, whole, ROWS):
            to = place + i * stride + p
            fire_tile(parities, i, words, panels, p, out, to, stride, limits, flips)
        for i in range(whole, n_rows):
            to = place + i * stride + p
            fire_row(parities, i, words, panels, p, out, to, stride, limits, flips)
