# SPDX-License-Identifier: MIT
"""What is counted of a block beside what it is: strobes for actions, memories for memories."""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from amaranth.hdl import Fragment, Shape
from amaranth.hdl._mem import MemoryInstance  # pyright: ignore[reportPrivateImportUsage]
from amaranth.lib import wiring

from rtl.catalogue import BLOCKS
from sim.cost.counts.tally import Kind, Memory, Tally

__all__ = ["beside_memory", "built", "counters_of", "elaborated", "shapes"]

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


def beside_memory(tally: Tally, appended: Tally) -> Tally:
    """Return what a classifier does, and the prototype memory that stands beside it in a bench.

    The memory is read by the classifier, and written by appends alone.
    """
    of_memory = "prototypes."
    own = {a: n for a, n in tally.items() if not a.component.startswith(of_memory)}
    read = {
        a._replace(component=a.component.removeprefix(of_memory)): n
        for a, n in tally.items()
        if a.component.startswith(of_memory)
    }
    return Tally(own).within("classifier") + (Tally(read) + appended).within("memory")


def built(block: str, **arguments: Any) -> list[tuple[str, int, int]]:
    """Return name, depth and width of every memory of a block of the catalogue, in order."""
    return elaborated(BLOCKS[block].component(**arguments))


def elaborated(component: wiring.Component) -> list[tuple[str, int, int]]:
    """Return the same of any block. It takes much longer to write the Verilog of a block."""
    return sorted(_memories(Fragment.get(component, None), ""))


def _memories(fragment: Fragment, name: str) -> Iterator[tuple[str, int, int]]:
    if isinstance(fragment, MemoryInstance):
        data = fragment._data
        # Copies have a number behind their name.
        yield re.sub(r"_\d+$", "", name), data.depth, Shape.cast(data.shape).width
    for part, part_name, _ in fragment.subfragments:
        yield from _memories(part, str(part_name))


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
