# SPDX-License-Identifier: MIT
"""Parameters of the faults of a memory's cells, of protected words, and of tests (contract, 19)."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import islice

from golden.params.checks import check_flag, check_integer

__all__ = ["READS", "FaultParams", "FaultyMemory", "MarchParams", "SecdedParams", "WatchParams"]

MOST_CHECKS = 32  # check bits of a row
MOST_PLANES = 10  # that can have check bits, in rows of few lanes
CERTAIN = 2**32  # the threshold at which every cell fails

#: What the number of a memory grows by in the words of its reads.
READS = 2**15


class FaultyMemory(IntEnum):
    """The number of a memory.

    The weights of layer y of a network are memory ``LAYERS + y``, its output map lies in memory
    ``MAPS + y % 2``.
    """

    PROTOTYPES = 0
    EXEMPLARS = 1
    CLASSIFIER = 2
    CHECKS = 3
    PARITIES = 4
    LAYERS = 16
    MAPS = 1024


@dataclass(frozen=True, kw_only=True)
class FaultParams:
    """Parameters of the faults of one memory on one die.

    Parameters
    ----------
    die : int
        S, seed of the die, ``0 .. 2**64 - 1``.
    memory : int
        i, number of the memory, ``0 .. 2**16 - 1``; see `FaultyMemory`.
    threshold : int
        T, ``0 .. 2**32``: a cell fails with the probability ``T / 2**32``.
    lanes, width : int
        A row of the memory holds `lanes` codes of `width` bits.
    planes : tuple of int, optional
        Planes whose cells can fail, 0 for the most significant bit of a code. All by default.
    """

    die: int
    memory: int
    threshold: int
    lanes: int
    width: int = 1
    planes: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_integer("Die", self.die, 0, 2**64 - 1)
        check_integer("Number of a memory", self.memory, 0, 2**16 - 1)
        check_integer("Threshold T of faults", self.threshold, 0, CERTAIN)
        check_integer("Lanes", self.lanes, 1)
        check_integer("Width of a code", self.width, 1, 32)
        for plane in self.planes or ():
            check_integer("Plane", plane, 0, self.width - 1)

    @property
    def failing_planes(self) -> tuple[int, ...]:
        """Planes whose cells can fail, in ascending order."""
        planes = range(self.width) if self.planes is None else self.planes
        return tuple(sorted(set(planes)))


@dataclass(frozen=True, kw_only=True)
class SecdedParams:
    """Parameters of words of which single errors are corrected and double errors seen.

    Parameters
    ----------
    width : int
        n, bits of a word, 1..64.
    """

    width: int

    def __post_init__(self) -> None:
        check_integer("Width of a protected word", self.width, 1, 64)

    @cached_property
    def checks(self) -> int:
        """r, check bits of a word: the least with ``2^(r-1) - r >= n``."""
        return next(r for r in range(3, 9) if 2 ** (r - 1) - r >= self.width)

    @property
    def most_planes(self) -> int:
        """Most planes of rows of n codes that can be such words: their checks are 32 bits a row."""
        return MOST_CHECKS // self.checks

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """Columns of the bits of a word, bit 0 first.

        Numbers of r bits with an odd number of ones, 3 or more: those with fewest ones first, and
        of as many, the lowest first.
        """
        odd = (c for c in range(2**self.checks) if c.bit_count() % 2 and c.bit_count() > 1)
        ordered = sorted(odd, key=lambda column: (column.bit_count(), column))
        return tuple(islice(ordered, self.width))


@dataclass(frozen=True, kw_only=True)
class MarchParams:
    """Parameters of a march over a memory, which finds the cells that fail.

    Parameters
    ----------
    rows : int
        W, rows of the memory.
    row_width : int
        B, bits of a row.
    part : int
        P, bits of a row that are reported at once.
    count_width : int
        Bits of the counters, which stop at their highest number.
    """

    rows: int
    row_width: int
    part: int = 32
    count_width: int = 16

    def __post_init__(self) -> None:
        check_integer("Rows of a march", self.rows, 1)
        check_integer("Width of a row of a march", self.row_width, 1)
        check_integer("Part of a row of a march", self.part, 1, 64)
        check_integer("Width of the counters of a march", self.count_width, 1, 32)

    @property
    def parts(self) -> int:
        """Parts of a row, the last of which may have fewer bits."""
        return -(-self.row_width // self.part)


@dataclass(frozen=True, kw_only=True)
class WatchParams:
    """Parameters of what watches over the prototypes of a chip.

    Parameters
    ----------
    secded : int
        u, uppermost planes whose words have check bits, 0..10; with 0 there are no check bits.
    self_test : bool
        Whether a march over their memory can be commanded.
    scrub : bool
        Whether rows can be put right in the memory itself while nobody needs it; check bits must be
        there.
    """

    secded: int = 0
    self_test: bool = False
    scrub: bool = False

    def __post_init__(self) -> None:
        check_integer("Protected planes", self.secded, 0, MOST_PLANES)
        check_flag("Self-test", self.self_test)
        check_flag("Scrubber", self.scrub)
        if self.scrub and not self.secded:
            raise ValueError(
                "A scrubber needs check bits: with `scrub: true`, `secded` must be an integer in "
                f"1..{MOST_PLANES}, not 0"
            )

    def check_width(self, lanes: int, width: int) -> None:
        """Raise `ValueError` if rows of so many codes of so many bits cannot be protected so."""
        if self.secded:
            most = min(width, SecdedParams(width=lanes).most_planes)
            check_integer("Protected planes", self.secded, 1, most)

    def check_bits(self, lanes: int) -> int:
        """Return the check bits of a row of so many codes."""
        return self.secded * SecdedParams(width=lanes).checks if self.secded else 0
