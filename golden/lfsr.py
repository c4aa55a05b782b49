# SPDX-License-Identifier: MIT
"""Linear feedback shift register: its words, steps, recovery from zero, and jumps (contract, 4)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from golden.params import LfsrParams
from golden.params.checks import check_integer

__all__ = ["Lfsr", "advance", "doublings", "leap_matrix", "square", "transform"]


class Lfsr:
    """Fibonacci LFSR. It gives a word of its `step` newest bits and then takes `step` steps.

    Parameters
    ----------
    params : LfsrParams

    Attributes
    ----------
    state : int
        Current state; bit 0 is the newest. It may be set, for example to inject a fault.
    ticks : int
        Number of words used so far.
    """

    def __init__(self, params: LfsrParams) -> None:
        self.params = params
        self.state = params.seed
        self.ticks = 0

    def word(self) -> int:
        """Return the current word, the `step` newest bits, without using it."""
        return self.state & (2**self.params.step - 1)

    def tick(self) -> int:
        """Use the current word: return it and advance `step` steps; reload the seed from zero."""
        word = self.word()
        if self.state:
            self.state = advance(self.state, self.params.taps, self.params.step)
        else:
            self.state = self.params.seed
        self.ticks += 1
        return word

    def load(self, seed: int) -> None:
        """Set the state to `seed`, ``0..2**width - 1``; recovery still loads that of `params`."""
        check_integer("LFSR seed", seed, 0, 2**self.params.width - 1)
        self.state = seed

    def jump(self, ticks: int) -> None:
        """Use `ticks` words at once, 0..2**64 - 1, with the same effect as that many `tick` calls.

        The advance is linear. Repeated squaring of its matrix gives the advances of ``2**e``
        words, and any count is a product of at most 64 of these.
        """
        check_integer("Ticks", ticks, 0, 2**64 - 1)
        self.ticks += ticks
        if not self.state and ticks:
            self.state = self.params.seed
            ticks -= 1
        powers = doublings(self.params.width, self.params.taps, self.params.step)
        for exponent in range(ticks.bit_length()):
            if ticks >> exponent & 1:
                self.state = transform(powers[exponent], self.state)


def advance(state: int, taps: tuple[int, ...], steps: int) -> int:
    """Return the state after `steps` steps.

    For up to as many steps as the lowest tap, every feedback bit depends only on bits that are in
    the register already. So these steps are one exclusive or of shifted states. The newest bit is
    bit 0.

    Parameters
    ----------
    state : int
        ``0..2**n - 1``, n = ``taps[0]``.
    taps : tuple of int
        Highest first, as in `LfsrParams`.
    steps : int
    """
    mask = 2 ** taps[0] - 1
    while steps:
        leap = min(steps, taps[-1])
        fresh = 0
        for tap in taps:
            fresh ^= state >> (tap - leap)
        state = (state << leap | fresh & (2**leap - 1)) & mask
        steps -= leap
    return state


def leap_matrix(width: int, taps: tuple[int, ...], step: int) -> NDArray[np.uint64]:
    """Return the GF(2) matrix of an advance of `step` steps.

    Parameters
    ----------
    width : int
        n, bits of the register.
    taps : tuple of int
        Highest first, as in `LfsrParams`.
    step : int

    Returns
    -------
    ndarray of shape (width,), uint64
        Column ``j`` is the image of the state whose only 1 is bit ``j``.
    """
    return np.array([advance(1 << j, taps, step) for j in range(width)], np.uint64)


def transform(matrix: NDArray[np.uint64], state: int) -> int:
    """Return a GF(2) matrix times a state: the exclusive or of the columns that it selects."""
    selected = np.array([state >> j & 1 for j in range(len(matrix))], np.bool_)
    return int(np.bitwise_xor.reduce(matrix[selected], initial=np.uint64(0)))


def square(matrix: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the square of a GF(2) matrix, given by its columns."""
    bits = matrix[:, None] >> np.arange(len(matrix), dtype=np.uint64) & np.uint64(1)
    return np.bitwise_xor.reduce(bits * matrix, axis=1)


@lru_cache(maxsize=256)
def doublings(width: int, taps: tuple[int, ...], step: int) -> NDArray[np.uint64]:
    """Return the matrices of ``2**e`` advances of `step` steps, ``e = 0..63``.

    Parameters
    ----------
    width, taps, step
        As in `leap_matrix`.

    Returns
    -------
    ndarray of shape (64, width), uint64
        Shared between calls and therefore read-only.
    """
    powers = [leap_matrix(width, taps, step)]
    while len(powers) < 64:
        powers.append(square(powers[-1]))
    stacked = np.stack(powers)
    stacked.flags.writeable = False
    return stacked
