# SPDX-License-Identifier: MIT
"""Memories and actions of the prototype memory and its class table (contract, 5).

Address arithmetic and row counters are left out; they have few bits compared with a row. In an
editable memory, classes can be replaced and removed: an entry has one bit more, and so has a small
memory of which classes are there, whose reads no port enables and nobody counts.
"""

from golden.params import PrototypesParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["append", "memories", "read_entry", "read_row", "remove", "replace"]

_THRESHOLD_BITS = 16


def memories(params: PrototypesParams, *, editable: bool = False) -> tuple[Memory, ...]:
    """Return the memories: rows of codes, the class table, and who is there if it is editable.

    Appends run in parallel to draws.
    """
    there = (Memory("present", params.classes, 1, ports=2),) if editable else ()
    return (
        Memory("memory", params.rows, params.row_width, ports=2),
        Memory("table", params.classes, _entry_bits(params, editable), ports=2),
        *there,
    )


def append(params: PrototypesParams, components: int, *, editable: bool = False) -> Tally:
    """Return the actions of appending a class: its rows and its entry are each written once.

    A class that is refused writes nothing.

    Parameters
    ----------
    params : PrototypesParams
    components : int
        K, number of components of the class.
    editable : bool
        Whether the memory is editable.

    Raises
    ------
    TypeError, ValueError
        If a class cannot have so many components.
    """
    check_integer("Components of a class", components, 1, params.class_components)
    rows = Tally({Action("memory", "write", params.row_width): components * params.beats})
    return rows + _write_entry(params, editable)


def replace(params: PrototypesParams, components: int) -> Tally:
    """Return the actions of replacing a class: its entry is read, then all is written.

    Parameters
    ----------
    params : PrototypesParams
        Of an editable memory.
    components : int
        K, number of components of the class.
    """
    return read_entry(params, editable=True) + append(params, components, editable=True)


def remove(params: PrototypesParams) -> Tally:
    """Return the actions of removing a class: its entry is read and written."""
    return read_entry(params, editable=True) + _write_entry(params, editable=True)


def read_entry(params: PrototypesParams, *, editable: bool = False) -> Tally:
    """Return the actions of looking up a class."""
    return Tally({Action("table", "read", _entry_bits(params, editable)): 1})


def read_row(params: PrototypesParams) -> Tally:
    """Return the actions of reading the codes of a beat, for any number of exemplars drawn."""
    return Tally({Action("memory", "read", params.row_width): 1})


def _write_entry(params: PrototypesParams, editable: bool) -> Tally:
    """Return the actions of writing the entry of a class, and that it is there or not."""
    entry = Tally({Action("table", "write", _entry_bits(params, editable)): 1})
    return entry + Tally({Action("present", "write"): int(editable)})


def _entry_bits(params: PrototypesParams, editable: bool) -> int:
    """Return the bits of an entry: first component, label, K, and thresholds for the largest K.

    An entry has room for at least one threshold, even if every class has one component. In an
    editable memory it also says whether the class is there.
    """
    return (
        field_bits(params.components - 1)
        + field_bits(params.classes - 1)
        + field_bits(params.class_components)
        + _THRESHOLD_BITS * max(1, params.class_components - 1)
        + editable
    )
