# SPDX-License-Identifier: MIT
"""Batches of samples: their split between past and present classes, and the mix of an epoch."""

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from golden.params.checks import check_integer

__all__ = ["Draw", "Samples", "mixed_batches", "split_batch", "steps_of_epoch"]

#: Packed samples, of shape (n_samples, ceil(D/64)) and uint64, and their classes, int64.
Samples = tuple[NDArray[np.uint64], NDArray[np.int64]]
#: Takes a number and returns that many samples of the past.
Draw = Callable[[int], Samples]

# Units of a balance; a float of so few bits is exact.
_SIXTEENTHS = 16


def split_batch(
    batch: int, n_old: int, n_new: int, balance: float | None = None
) -> tuple[int, int]:
    """Split a batch so that every class, past or present, has the same expected share.

    This is equation (4) of the GBM paper; the contract, section 8, settles the rounding. A
    `balance` other than 1 weights the loss of the past by what it weights its classes.

    Parameters
    ----------
    batch : int
        B, samples of the batch, at least 1, and at least 2 if both kinds of class are present.
    n_old, n_new : int
        Number of past and of present classes, not both 0.
    balance : float, optional
        Samples of a past class for one of a present class, a multiple of 1/16 up to 256: as many by
        default.

    Returns
    -------
    tuple of int
        Numbers of past and present samples (N_old, N_new), whose sum is `batch`. A number is 0 only
        if there are no classes of its kind.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If one is out of range.
    """
    check_integer("Past classes n_old", n_old, 0)
    check_integer("Present classes n_new", n_new, 0)
    check_integer("Batch B", batch, 2 if n_old and n_new else 1)
    weight = _SIXTEENTHS * (1 if balance is None else balance)
    if weight not in range(1, 2**12 + 1):
        raise ValueError(f"Balance must be a multiple of 1/16 in 1/16..256, not {balance}")
    if n_old + n_new == 0:
        raise ValueError("Classes n_old + n_new must be an integer >= 1, not 0")
    share = int(weight) * n_old
    whole = share + _SIXTEENTHS * n_new
    past = (2 * batch * share + whole) // (2 * whole)  # round(x) = floor(x + 1/2)
    if n_old and n_new:
        past = min(max(past, 1), batch - 1)
    return past, batch - past


def steps_of_epoch(samples: int, batch: int, n_past: int) -> int:
    """Return the number of batches in an epoch.

    Parameters
    ----------
    samples : int
        Present samples, each of which an epoch uses.
    batch : int
        B, samples of a batch.
    n_past : int
        Samples of the past among them, fewer than `batch`.
    """
    return math.ceil(samples / (batch - n_past))


def mixed_batches(
    present: Samples, *, draw: Draw, n_past: int, batch: int, shuffle: np.random.Generator
) -> Iterator[Samples]:
    """Yield the batches of an epoch: all present samples in random order, beside drawn ones.

    Samples of the first batch fill up the last one, so that every batch has the same split.

    Parameters
    ----------
    present : Samples
        Samples of the task.
    draw : Draw
        Called once, for all batches; not called if `n_past` is 0.
    n_past : int
        Samples of the past in a batch.
    batch : int
        B, samples of a batch.
    shuffle : numpy.random.Generator
        Draws the order of the samples.
    """
    exemplars, labels = present
    n_new, steps = batch - n_past, steps_of_epoch(len(labels), batch, n_past)
    order = np.resize(shuffle.permutation(len(labels)), steps * n_new)
    past = draw(n_past * steps) if n_past else None
    for i in range(steps):
        chosen = order[i * n_new : (i + 1) * n_new]
        if past is None:
            yield exemplars[chosen], labels[chosen]
            continue
        replayed = slice(i * n_past, (i + 1) * n_past)
        yield (
            np.concatenate([exemplars[chosen], past[0][replayed]]),
            np.concatenate([labels[chosen], past[1][replayed]]),
        )
