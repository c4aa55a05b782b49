# SPDX-License-Identifier: MIT
"""Memories and actions of rows of prototypes that are watched over (contract, 19).

Counts of other modules are those of a plain memory of rows; here they become those of one with
check bits. Gates that only count wrong words are left out, and so is all of a self-test but its
memory: it runs seldom, and its registers are still otherwise. A scrubber's counters and its choice
of who has the memory are left out, too; its registers of a row are not.
"""

from collections.abc import Iterable

from golden.params import PrototypesParams, SecdedParams, WatchParams
from sim.cost.counts.tally import Action, Kind, Memory, Tally

__all__ = [
    "correcting_gates", "encoding_gates", "memories", "scrub", "watched", "watched_memories",
]  # fmt: skip

_MEMORY = "prototypes.memory"


def memories(params: PrototypesParams, watch: WatchParams) -> tuple[Memory, ...]:
    """Return the memories: of codes, of check bits, and of the rows that a self-test found wrong.

    Parameters
    ----------
    params : PrototypesParams
    watch : WatchParams
    """
    found = [Memory("memory", params.rows, params.row_width, ports=2)]
    if watch.secded:
        found.append(Memory("checks", params.rows, watch.check_bits(params.lanes), ports=2))
    if watch.self_test:
        found.append(Memory("march.known", params.rows, 1, ports=2))
    return tuple(found)


def watched_memories(
    all_memories: Iterable[Memory], params: PrototypesParams, watch: WatchParams
) -> tuple[Memory, ...]:
    """Return the memories of a chip if the rows of its prototypes are watched so.

    Parameters
    ----------
    all_memories : iterable of Memory
        Those of a chip with a plain memory of rows.
    params : PrototypesParams
    watch : WatchParams
    """
    found: list[Memory] = []
    for memory in all_memories:
        if watch != WatchParams() and memory.component.endswith(_MEMORY):
            rows = memory.component.removesuffix("memory") + "rows"
            found += [own.within(rows) for own in memories(params, watch)]
        else:
            found.append(memory)
    return tuple(found)


def encoding_gates(params: PrototypesParams, watch: WatchParams) -> int:
    """Return the gates of two inputs that make the check bits of a row.

    A check bit is the exclusive or of the bits of its word whose columns have a one there.
    """
    code = SecdedParams(width=params.lanes)
    return watch.secded * (sum(map(int.bit_count, code.columns)) - code.checks)


def correcting_gates(params: PrototypesParams, watch: WatchParams) -> int:
    """Return the gates of two inputs that put a row right.

    The check bits are made again, and compared with those that were read. The syndrome is compared
    with the column of each bit, which is inverted if it is that.
    """
    code = SecdedParams(width=params.lanes)
    syndromes = encoding_gates(params, watch) + watch.secded * code.checks
    return syndromes + watch.secded * code.width * code.checks


def watched(tally: Tally, params: PrototypesParams, watch: WatchParams) -> Tally:
    """Return what a chip does if the rows of its prototypes are watched so.

    Parameters
    ----------
    tally : Tally
        What it does with a plain memory of rows.
    params : PrototypesParams
    watch : WatchParams
    """
    if watch == WatchParams():
        return tally
    found = Tally({a: n for a, n in tally.items() if not a.component.endswith(_MEMORY)})
    for action, count in tally.items():
        if action.component.endswith(_MEMORY):
            rows = action.component.removesuffix("memory") + "rows"
            found += Tally({action._replace(component=f"{rows}.memory"): count})
            if watch.secded:
                found += count * _beside(params, watch, action).within(rows)
            if watch.scrub and action.kind == "read":
                # The scrubber's reads change what the memory gives, so its readers' row is kept.
                held = Action("held", "register", params.row_width)
                found += Tally({held: count}).within(rows)
    return found


def scrub(params: PrototypesParams, watch: WatchParams, reads: int, writes: int) -> Tally:
    """Return what a scrubber does that reads so many rows, and writes so many of them back.

    Each row that comes is put right, and kept until it is known whether it is to be written back.

    Parameters
    ----------
    params : PrototypesParams
    watch : WatchParams
        With a scrubber.
    reads, writes : int
        Rows, 0 or more.

    Returns
    -------
    Tally
        Within a memory of rows.

    Raises
    ------
    ValueError
        If there is no scrubber.
    """
    if not watch.scrub:
        raise ValueError("Rows of prototypes have no scrubber: `scrub` must be true to price one")
    found = Tally()
    of: tuple[tuple[Kind, int], ...] = (("read", reads), ("write", writes))
    for kind, count in of:
        action = Action("memory", kind, params.row_width)
        found += Tally({action: count}) + count * _beside(params, watch, action)
    return found + Tally({Action("scrubber.back", "register", params.row_width): reads})


def _beside(params: PrototypesParams, watch: WatchParams, action: Action) -> Tally:
    """Return what the check bits add to an access to a row."""
    gates = (encoding_gates if action.kind == "write" else correcting_gates)(params, watch)
    return Tally({
        Action("checks", action.kind, watch.check_bits(params.lanes)): 1,
        Action("code", "logic"): gates,
    })  # fmt: skip
