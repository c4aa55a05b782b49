# SPDX-License-Identifier: MIT
"""Parameters of codes that are computed from the index of a sample (contract, 11)."""

from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from golden.params.checks import check_choice, check_integer

__all__ = ["IndexCodeParams", "fit_primes", "largest_power", "odd_primes"]

MAX_WIDTH = 63  # largest m: indices are signed integers of 64 bits


def odd_primes(number: int) -> tuple[int, ...]:
    """Return the first odd primes: 3, 5, 7, 11, ..."""
    return tuple(islice(filter(_is_odd_prime, count(3, 2)), number))


def largest_power(prime: int, width: int) -> int:
    """Return P, the largest power of a prime below ``2**width``.

    It is ``p**floor(m ln2 / ln p)`` (binplay, equation 1). It is computed by multiplication,
    because logarithms in floating point would round.
    """
    power = 1
    while power * prime < 2**width:
        power *= prime
    return power


def fit_primes(latent: int, number: int) -> tuple[int, tuple[int, ...]]:
    """Return the width and the primes of sub-vectors that distinguish `number` items.

    The width is the least possible one, ``m = ceil(log2 number)``. There are as many sub-vectors as
    fit into `latent` bits, and their primes are the first odd primes. If these are not all below
    ``2**m``, the width grows.

    Raises
    ------
    ValueError
        If not even one sub-vector fits.
    """
    width = max(2, (number - 1).bit_length())
    check_integer("Latent bits", latent, width)
    while (primes := odd_primes(latent // width))[-1] >= 2**width:
        width += 1
    return width, primes


@dataclass(frozen=True, kw_only=True)
class IndexCodeParams:
    """Parameters of the code of an index and of its task. A code is several sub-vectors of m bits.

    Parameters
    ----------
    samples : int
        N_max, number of indices to code: ``first .. first + samples - 1``.
    width : int
        m, bits of a sub-vector, 2..63. It must be ``2**m >= samples``, because codes have the
        period ``2**m``.
    primes : tuple of int
        One odd prime for each sub-vector, below ``2**m``, without repeats.
    task : {"none", "prefix", "suffix"}
        Place of the task's code. The paper puts it first, and its released code puts it last.
    tasks : int
        Number of tasks to code, also numbered from `first`.
    task_width : int
        Bits of a sub-vector of the task.
    task_primes : tuple of int
        One odd prime for each sub-vector of the task.
    first : int
        The first index, 0 or 1. The code of 0 is all zeros.
    code : {"paper", "released"}
        Equation 1 of the paper, or the computation of its released code, which repeats sooner.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or two indices or two tasks would share a code. Codes of
        samples may repeat with "released".
    """

    samples: int
    width: int
    primes: tuple[int, ...]
    task: str = "none"
    tasks: int = 1
    task_width: int = 10
    task_primes: tuple[int, ...] = (307,)
    first: int = 1
    code: str = "paper"

    def __post_init__(self) -> None:
        check_choice("Index code", self.code, ("paper", "released"))
        check_choice("Place of the task", self.task, ("none", "prefix", "suffix"))
        check_integer("First index", self.first, 0, 1)
        check_integer("Samples", self.samples, 1)
        check_integer("Sub-vector width m", self.width, 2, MAX_WIDTH)
        _check_primes("Primes", self.primes, self.width)
        if self.code == "paper":
            _check_injective("Sub-vector width m", self.width, self.samples, "samples")
        if self.task != "none":
            check_integer("Tasks", self.tasks, 1)
            check_integer("Task width", self.task_width, 2, MAX_WIDTH)
            _check_primes("Task primes", self.task_primes, self.task_width)
            _check_injective("Task width", self.task_width, self.tasks, "tasks")

    @classmethod
    def fitting(cls, latent: int, samples: int, **others: Any) -> "IndexCodeParams":
        """Return parameters that distinguish `samples` indices with at most `latent` bits.

        Parameters
        ----------
        latent : int
            Most bits of the code of an index, without those of its task; see `fit_primes`.
        samples : int
            N_max.
        **others
            Other parameters of the class.

        Raises
        ------
        ValueError
            If not even one sub-vector fits.
        """
        check_integer("Samples", samples, 1)
        width, primes = fit_primes(latent, samples)
        return cls(samples=samples, width=width, primes=primes, **others)

    @property
    def powers(self) -> tuple[int, ...]:
        """P of every sub-vector."""
        return tuple(largest_power(prime, self.width) for prime in self.primes)

    @property
    def task_powers(self) -> tuple[int, ...]:
        """P of every sub-vector of the task; empty if the code has no task."""
        if self.task == "none":
            return ()
        return tuple(largest_power(prime, self.task_width) for prime in self.task_primes)

    @property
    def index_bits(self) -> int:
        """Bits of the code of an index."""
        return len(self.primes) * self.width

    @property
    def task_bits(self) -> int:
        """Bits of the code of a task."""
        return len(self.task_powers) * self.task_width

    @property
    def bits(self) -> int:
        """Bits of a whole code."""
        return self.index_bits + self.task_bits


def _is_odd_prime(number: int) -> bool:
    """Return whether an odd number is a prime."""
    return all(number % divisor for divisor in range(3, int(number**0.5) + 1, 2))


def _check_primes(name: str, primes: tuple[int, ...], width: int) -> None:
    """Accept different odd primes below ``2**width``."""
    if not isinstance(primes, tuple) or not primes:
        raise TypeError(f"{name} must be a tuple of integers, not {primes!r}")
    for prime in primes:
        check_integer(f"Each of {name.lower()}", prime, 3, 2**width - 1)
        if prime % 2 == 0 or not _is_odd_prime(prime):
            raise ValueError(f"{name} must be odd primes, not {prime}")
    if len(set(primes)) < len(primes):
        raise ValueError(f"{name} must not repeat, not {primes!r}")


def _check_injective(name: str, width: int, number: int, things: str) -> None:
    """Accept a width that distinguishes `number` items; codes have the period ``2**width``."""
    needed = (number - 1).bit_length()
    if width < needed:
        raise ValueError(
            f"{name} must be at least {needed} to tell {number} {things} apart, not {width}"
        )
