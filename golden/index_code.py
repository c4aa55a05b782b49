# SPDX-License-Identifier: MIT
"""Codes computed from the index of a sample. They need no memory (contract, 11)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.params import IndexCodeParams
from golden.params.checks import check_integer

__all__ = ["IndexCode"]


class IndexCode:
    """Codes of samples from their indices: multiples of powers of primes (binplay, 3.2).

    A sub-vector is ``(i * P) mod 2**m``. Since P is odd, this is a permutation of the indices
    modulo ``2**m``, so no two of ``2**m`` consecutive indices share a code. A large P changes many
    bits from one index to the next. All sub-vectors have the same period, so further sub-vectors
    do not distinguish more indices.

    Parameters
    ----------
    params : IndexCodeParams
    """

    def __init__(self, params: IndexCodeParams) -> None:
        self.params = params

    def codes(self, indices: ArrayLike, task: int | None = None) -> NDArray[np.uint8]:
        """Return the codes of samples of one task.

        Parameters
        ----------
        indices : array-like of shape (n,), integers in ``first .. first + samples - 1``
        task : int, optional
            ``first .. first + tasks - 1``. Give it exactly if the code has a part for the task.

        Returns
        -------
        ndarray of shape (n, bits), uint8 in {0, 1}
            Least significant bit of each sub-vector first.

        Raises
        ------
        TypeError, ValueError
            If an index or the task is out of range, or if the task is missing or superfluous.
        """
        p = self.params
        multiples = self._released if p.code == "released" else _multiples
        index_code = _bits(multiples(self._checked(indices), p.powers, p.width), p.width)
        if p.task == "none":
            if task is not None:
                raise ValueError(f"Task must be left out of codes without one, not {task!r}")
            return index_code
        if task is None:
            raise ValueError("Task must be given for codes with a part for it, not left out")
        check_integer("Task", task, p.first, p.first + p.tasks - 1)
        numbers = np.full(len(index_code), task, np.uint64)
        task_code = _bits(_multiples(numbers, p.task_powers, p.task_width), p.task_width)
        parts = (task_code, index_code) if p.task == "prefix" else (index_code, task_code)
        return np.concatenate(parts, axis=1)

    def _checked(self, indices: ArrayLike) -> NDArray[np.uint64]:
        """Return indices as uint64 if they are in range."""
        array = np.asarray(indices)
        if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
            raise TypeError(
                f"Indices must be a vector of integers, not {array.dtype} of shape {array.shape}"
            )
        low, high = self.params.first, self.params.first + self.params.samples - 1
        wrong = (array < low) | (array > high)
        if wrong.any():
            raise ValueError(f"Indices must be in {low}..{high}, not {array[wrong][0]}")
        return array.astype(np.uint64)

    def _released(
        self, indices: NDArray[np.uint64], powers: tuple[int, ...], width: int
    ) -> NDArray[np.uint64]:
        """Return the multiples as the released code computes them, ``i*P % 2**L // parts``.

        The released code lacks a pair of parentheses, so the number of sub-vectors divides the
        multiple and not L. The result is ``floor(i*P/parts) mod 2**m``. It repeats after
        ``parts * 2**m`` indices, and a single sub-vector is no permutation (public code:
        danielm1405/BinPlay).
        """
        parts = len(powers)
        exact = indices.astype(object)[:, None] * np.array(powers, object)  # wider than 64 bits
        return (exact % 2 ** (parts * width) // parts % 2**width).astype(np.uint64)


def _multiples(
    numbers: NDArray[np.uint64], powers: tuple[int, ...], width: int
) -> NDArray[np.uint64]:
    """Return ``(i * P) mod 2**m``, of shape (n, sub-vectors)."""
    # Products wrap modulo 2**64, a multiple of 2**m.
    return numbers[:, None] * np.array(powers, np.uint64) & np.uint64(2**width - 1)


def _bits(values: NDArray[np.uint64], width: int) -> NDArray[np.uint8]:
    """Return the bits of m-bit numbers in one row, least significant bits first."""
    planes = values[:, :, None] >> np.arange(width, dtype=np.uint64) & np.uint64(1)
    return planes.astype(np.uint8).reshape(len(values), values.shape[1] * width)
