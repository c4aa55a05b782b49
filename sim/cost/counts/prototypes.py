# SPDX-License-Identifier: MIT
"""Memories and actions of the prototype memory and its class table (contract, 5).

Address arithmetic and row counters are left out; they have few bits compared with a row.
"""

from golden.params import PrototypesParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["append", "memories", "read_entry", "read_row"]

_THRESHOLD_BITS = 16


def memories(params: PrototypesParams) -> tuple[Memory, ...]:
    """Return the memories: rows of codes, and the class table. Appends run in parallel to draws."""
    return (
        Memory("memory", params.rows, params.row_width, ports=2),
        Memory("table", params.classes, _entry_bits(params), ports=2),
    )


def append(params: PrototypesParams, components: int) -> Tally:
    """Return the actions of appending a class: its rows and its entry are each written once.

    A class that is refused writes nothing.

    Parameters
    ----------
    params : PrototypesParams
    components : int
        K, number of components of the class.

    Raises
    ------
    TypeError, ValueError
        If a class cannot have so many components.
    """
    check_integer("Components of a class", components, 1, params.class_components)
    return Tally({
        Action("memory", "write", params.row_width): components * params.beats,
        Action("table", "write", _entry_bits(params)): 1,
    })  # fmt: skip


def read_entry(params: PrototypesParams) -> Tally:
    """Return the actions of looking up a class."""
    return Tally({Action("table", "read", _entry_bits(params)): 1})


def read_row(params: PrototypesParams) -> Tally:
    """Return the actions of reading the codes of a beat, for any number of exemplars drawn."""
    return Tally({Action("memory", "read", params.row_width): 1})


def _entry_bits(params: PrototypesParams) -> int:
    """Return the bits of an entry: first component, label, K, and thresholds for the largest K.

    An entry has room for at least one threshold, even if every class has one component.
    """
    return (
        field_bits(params.components - 1)
        + field_bits(params.classes - 1)
        + field_bits(params.class_components)
        + _THRESHOLD_BITS * max(1, params.class_components - 1)
    )
