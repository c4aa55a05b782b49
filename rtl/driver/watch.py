# SPDX-License-Identifier: MIT
"""Calls of the driver that watch over the memory of prototypes (contract, 19)."""

from typing import NamedTuple

from rtl.driver.fault import Fault, require
from rtl.driver.head import HeadCalls

__all__ = ["Failure", "MemoryTest", "Scrubbed", "WatchCalls"]


class Failure(NamedTuple):
    """Wrong bits of a read of a self-test.

    Attributes
    ----------
    row : int
        Row of the prototype memory.
    part : int
        Bit i of `bits` is bit ``32 * part + i`` of the row; check bits lie above the codes.
    element : int
        Element of the march: zeros were to be read in 1, 3 and 5, ones in 2 and 4.
    bits : int
        The bits that were wrong.
    """

    row: int
    part: int
    element: int
    bits: int


class MemoryTest(NamedTuple):
    """What a self-test has found.

    Attributes
    ----------
    words, bits : int
        Rows and bits that fail; cells that are stuck count once.
    first : int
        The row that failed first, if there is one.
    failures : list of Failure
        If they were asked for: all, in the order of the test.
    """

    words: int
    bits: int
    first: int
    failures: list[Failure]


class Scrubbed(NamedTuple):
    """What the scrubber has done.

    Attributes
    ----------
    reads, writes, failures : int
        Rows that it read, that it wrote back, and that it left because they cannot be put right.
    """

    reads: int
    writes: int
    failures: int


class WatchCalls(HeadCalls):
    """A chip whose prototypes may have check bits, and whose memory may test and scrub itself."""

    def _test_memory(self, listed: bool) -> MemoryTest:
        """Test the memory of prototypes of a chip that was just reset."""
        self._registers.set("memory_test", start=1, listed=int(listed))
        failures = []
        while True:
            state = self._registers.fields("memory_test")
            if state["waiting"]:
                place, bits = self._registers.fields("failure"), self._registers.get("failure_bits")
                failures.append(Failure(**place, bits=bits))
                self._registers.set("memory_test", next=1, listed=1)
            elif not state["running"]:
                break
            else:
                require(self._registers.pause(), Fault.WAIT)
        words, bits, first = map(
            self._registers.get, ("failing_words", "failing_bits", "failing_first")
        )
        return MemoryTest(words, bits, first, failures)

    def wrong_words(self) -> tuple[int, int]:
        """Return the words of prototypes read as if one bit were wrong, and as if more were.

        In the first, that bit was inverted. Both are counted since they were cleared, or a reset.
        Reads of a scrubber do not count.
        """
        require(self.secded > 0, Fault.ARGUMENT)
        return self._registers.get("corrected"), self._registers.get("uncorrected")

    def clear_wrong_words(self) -> None:
        """Count the wrong words from 0 again."""
        require(self.secded > 0, Fault.ARGUMENT)
        self._registers.set("corrected", value=0)
        self._registers.set("uncorrected", value=0)

    def scrub(self, interval: int) -> None:
        """Put rows of prototypes right in their memory while nobody needs it.

        Parameters
        ----------
        interval : int
            Cycles from one row to the next, ``2 .. 2**32 - 1``; 0 stops it. 1, which would act as
            2, is refused. `reset` does not stop it; the pin `rst` does.
        """
        require(self.scrubber and interval != 1 and 0 <= interval < 2**32, Fault.ARGUMENT)
        self._registers.set("scrub_interval", value=interval)

    def scrubbed(self) -> Scrubbed:
        """Return what the scrubber has done since that was cleared, or a reset."""
        require(self.scrubber, Fault.ARGUMENT)
        return Scrubbed(*(self._registers.get(f"scrub_{name}") for name in Scrubbed._fields))

    def clear_scrubbed(self) -> None:
        """Count what the scrubber does from 0 again."""
        require(self.scrubber, Fault.ARGUMENT)
        for name in Scrubbed._fields:
            self._registers.set(f"scrub_{name}", value=0)
