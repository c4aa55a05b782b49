# SPDX-License-Identifier: MIT
"""What is counted of a block beside what it is: strobes for actions, memories for memories."""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from rtl.emit import Design
from sim.cost.counts.tally import Kind, Memory, Tally

__all__ = ["built", "counters_of", "shapes"]

_KINDS: dict[str, Kind] = {"reads": "read", "writes": "write", "words": "register"}


def counters_of(
    tally: Tally, counters: Iterable[str], unseen: tuple[str, ...] = ()
) -> dict[str, int]:
    """Return the level of each counter of a block, by its name.

    Copies of a component do alike. A word of an LFSR clocks its register.

    Parameters
    ----------
    tally : Tally
    counters : iterable of str
        As in `verification.rtl.strobes.Counted`.
    unseen : tuple of str
        Components whose reads have no strobe.

    Raises
    ------
    AssertionError
        If a memory is read or written, or an LFSR takes steps, that no counter counts.
    """
    done = {name: _place(name) for name in counters}
    for component, kind, _ in tally:
        if kind in ("read", "write") and component not in unseen:
            assert (component, kind) in done.values(), f"nothing counts {kind}s of {component}"
        if kind == "lfsr_step":
            assert (component, "register") in done.values(), f"nothing counts words of {component}"
    copies = list(done.values())
    return {name: _whole(tally, *place) // copies.count(place) for name, place in done.items()}


def built(block: str, **arguments: Any) -> list[tuple[str, int, int]]:
    """Return name, depth and width of every memory of a block of the catalogue, in order."""
    memories = Design.of(block, arguments).memories
    # A memory that is called like a port of its block has a number behind its name.
    return sorted((re.sub(r"\$\d+$", "", m.name), m.depth, m.width) for m in memories)


def shapes(memories: Iterable[Memory]) -> list[tuple[str, int, int]]:
    """Return name, depth and width of memories that are said to be there, each copy by itself."""
    return sorted(
        (memory.component.rsplit(".", 1)[-1], memory.depth, memory.width)
        for memory in memories
        for _ in range(memory.copies)
    )


def _place(counter: str) -> tuple[str, Kind]:
    """Return the component that a counter counts, without the number of its copy, and what."""
    verb, _, path = counter.partition("_")
    component = ".".join(re.sub(r"_\d+$", "", part) for part in path.split("__"))
    return component, _KINDS[verb]


def _whole(tally: Tally, component: str, kind: Kind) -> int:
    """Return how often a component does something, whatever the width."""
    done = sum(
        (n for action, n in tally.items() if (action.component, action.kind) == (component, kind)),
        Fraction(0),
    )
    assert done.denominator == 1, f"{component} must do a whole number of {kind}s, not {done}"
    return int(done)
