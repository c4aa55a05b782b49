# SPDX-License-Identifier: MIT
"""What the prototype memory and its class table hold and do (contract, 5).

The arithmetic of addresses and the counters of rows are left out: a few bits beside a row.
"""

from golden.params import PrototypesParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["append", "memories", "read_entry", "read_row"]

_THRESHOLD_BITS = 16


def memories(params: PrototypesParams) -> tuple[Memory, ...]:
    """Return the memories: rows of codes, and the class table; appends run beside draws."""
    return (
        Memory("memory", params.rows, params.row_width, ports=2),
        Memory("table", params.classes, _entry_bits(params), ports=2),
    )


def append(params: PrototypesParams, components: int) -> Tally:
    """Return what appending a class does: each of its rows and its entry are written once.

    A class that is refused writes nothing.

    Parameters
    ----------
    params : PrototypesParams
    components : int
        K of the class.

    Raises
    ------
    TypeError, ValueError
        If a class cannot have so many.
    """
    check_integer("Components of a class", components, 1, params.class_components)
    return Tally({
        Action("memory", "write", params.row_width): components * params.beats,
        Action("table", "write", _entry_bits(params)): 1,
    })  # fmt: skip


def read_entry(params: PrototypesParams) -> Tally:
    """Return what looking up a class does."""
    return Tally({Action("table", "read", _entry_bits(params)): 1})


def read_row(params: PrototypesParams) -> Tally:
    """Return what reading the codes of a beat does, from however many exemplars they are drawn."""
    return Tally({Action("memory", "read", params.row_width): 1})


def _entry_bits(params: PrototypesParams) -> int:
    """Return the bits of an entry: first component, label, K, and the thresholds of the largest K.

    Where no class has a second component there is room for one threshold all the same.
    """
    return (
        field_bits(params.components - 1)
        + field_bits(params.classes - 1)
        + field_bits(params.class_components)
        + _THRESHOLD_BITS * max(1, params.class_components - 1)
    )
