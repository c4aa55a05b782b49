# SPDX-License-Identifier: MIT
"""The duration of actions for which no hardware defines the cycles: that of the busiest memory."""

from collections.abc import Iterable
from fractions import Fraction

from sim.cost.counts.tally import Memory, Tally

__all__ = ["busiest"]


def busiest(tally: Tally, memories: Iterable[Memory]) -> Fraction:
    """Return the cycles of the busiest memory, which accesses a row of every copy in a cycle.

    Parameters
    ----------
    tally : Tally
    memories : iterable of Memory
        Memories with their numbers of copies. Others have one.
    """
    copies = {memory.component: memory.copies for memory in memories}
    rows: dict[str, Fraction] = {}
    for (component, kind, _), n in tally.items():
        if kind in ("read", "write"):
            rows[component] = rows.get(component, Fraction(0)) + n
    return max((n / copies.get(c, 1) for c, n in rows.items()), default=Fraction(0))
