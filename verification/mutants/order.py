# SPDX-License-Identifier: MIT
"""Which tests of a bench run first, so that a fault shows soon."""

from collections import Counter
from collections.abc import Mapping

__all__ = ["Order"]

START = 0.05  # seconds that a test takes besides what is measured


class Order:
    """Tests by the faults that each found for its time; before any was found, the short ones first.

    Parameters
    ----------
    seconds : mapping of str to float
        What each test takes without a fault.
    """

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._seconds, self._found = seconds, Counter[str]()

    def note(self, test: str) -> None:
        """Note which test found a fault."""
        self._found[test] += 1

    def first(self) -> list[str]:
        """Return all tests in their order."""
        worth = {t: (1 + self._found[t]) / (START + took) for t, took in self._seconds.items()}
        return sorted(worth, key=lambda test: -worth[test])
