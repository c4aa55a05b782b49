# SPDX-License-Identifier: MIT
"""A march over a memory, which finds the cells that fail (contract, 19)."""

from collections.abc import Sequence
from typing import NamedTuple

from golden.params import MarchParams

__all__ = ["ELEMENTS", "Failure", "March", "Marched"]

#: The elements of March C- after the first: whether rows come downwards, what every bit must read
#: as, and what is then written. Element 0 writes zeros.
ELEMENTS = (
    (False, 0, 1),
    (False, 1, 0),
    (True, 0, 1),
    (True, 1, 0),
    (False, 0, None),
)


class Failure(NamedTuple):
    """Bits of a part of a row that were not read as they had been written.

    Attributes
    ----------
    row, part : int
        Bit i of the part is bit ``part * P + i`` of the row.
    element : int
        Element of the march, 1..5.
    bits : int
        The bits that were wrong.
    """

    row: int
    part: int
    element: int
    bits: int


class Marched(NamedTuple):
    """What a march has found.

    Attributes
    ----------
    failures : list of Failure
        In the order of the reads, of a read the lowest part first.
    words : int
        Rows of which a read was wrong.
    bits : int
        Wrong bits of the first read of zeros and of the first read of ones, elements 1 and 2. Of
        cells that are stuck, these are all that fail, each once.
    first : int
        The row whose read was wrong first; 0 if there is none.
    cycles : int
        Cycles of the hardware, if no failure waits to be taken.
    """

    failures: list[Failure]
    words: int
    bits: int
    first: int
    cycles: int


class March:
    """March C-: zeros; up (r0, w1); up (r1, w0); down (r0, w1); down (r1, w0); up (r0).

    A row is written, and read, with all its bits alike.

    The hardware takes a cycle a row to write zeros, two cycles a row for each of the five elements
    that read, a cycle to end, and ``parts + 1`` cycles for each read that was wrong.

    Parameters
    ----------
    params : MarchParams
    """

    def __init__(self, params: MarchParams) -> None:
        self.params = params

    def run(self, failing: Sequence[int], stuck: Sequence[int]) -> Marched:
        """Return what a march finds in a memory some of whose cells read the same always.

        Parameters
        ----------
        failing, stuck : sequence of int
            For each row, the bits that fail, and what they read as; 0 where no bit fails.

        Raises
        ------
        ValueError
            If there are not as many rows as the memory has.
        """
        p = self.params
        if not len(failing) == len(stuck) == p.rows:
            raise ValueError(
                f"Cells that fail must be those of {p.rows} rows, not of {len(failing)} "
                f"and {len(stuck)}"
            )
        ones, low = 2**p.row_width - 1, 2**p.part - 1
        memory = [0] * p.rows
        failures: list[Failure] = []
        wrong_reads, bits = 0, 0
        for element, (down, expected, written) in enumerate(ELEMENTS, 1):
            for row in reversed(range(p.rows)) if down else range(p.rows):
                read = memory[row] & ~failing[row] | stuck[row]
                wrong = read ^ expected * ones
                parts = enumerate(wrong >> i * p.part & low for i in range(p.parts))
                failures += [Failure(row, i, element, part) for i, part in parts if part]
                wrong_reads += wrong != 0
                bits += wrong.bit_count() if element <= 2 else 0
                if written is not None:
                    memory[row] = written * ones
        most = 2**p.count_width - 1
        return Marched(
            failures,
            min(most, len({failure.row for failure in failures})),
            min(most, bits),
            failures[0].row if failures else 0,
            (1 + 2 * len(ELEMENTS)) * p.rows + 1 + (p.parts + 1) * wrong_reads,
        )
