# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the classifier by prototypes (contract, 15).

What is read of the prototype memory is counted here as actions of its own, by component
"prototypes". The counters of beats, components and classes and the marks beside the stages are left
out; they have few bits compared with a row.
"""

from golden.params import PrototypeClassifierParams
from golden.params.checks import check_integer
from sim.cost.counts import prototypes
from sim.cost.counts.adder_tree import tree_of
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["classify", "classify_cycles", "load", "memories"]


def memories(params: PrototypeClassifierParams) -> tuple[Memory, ...]:
    """Return the memories: the rows of a picture, and the tables of costs."""
    memory = params.prototypes
    return (
        Memory("picture", memory.beats, memory.lanes),
        Memory("table", params.table_rows, 2 * params.table_width, copies=params.tables),
    )


def load(params: PrototypeClassifierParams, rows: int) -> Tally:
    """Return the actions of loading rows of the table: each is written into every table."""
    check_integer("Rows of a table", rows, 0)
    return Tally({Action("table", "write", 2 * params.table_width): rows * params.tables})


def classify(
    params: PrototypeClassifierParams,
    pictures: int,
    *,
    classes: int,
    components: int,
    editable: bool = True,
) -> Tally:
    """Return the actions of classifying pictures, with the reads of the prototype memory.

    Parameters
    ----------
    params : PrototypeClassifierParams
    pictures : int
    classes, components : int
        Classes in the memory, with those that were removed, and components of those that are there.
    editable : bool
        Whether an entry of the prototype memory tells if its class is there.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer >= 0.
    """
    for name, number in (("Pictures", pictures), ("Classes", classes), ("Components", components)):
        check_integer(name, number, 0)
    memory, width = params.prototypes, params.table_width
    kept = Tally({Action("picture", "write", memory.lanes): memory.beats})
    tables, wide = params.tables, 2 * params.table_width
    adders, registers = tree_of(tables, width + 1)
    part = Tally({
        Action("part", "register", tables * (memory.code_width + 1)): 1,
        Action("table", "read", wide): tables,
        Action("differs", "register", tables): 1,
        Action("entry", "register", tables * wide): 1,
        Action("cost", "full_add"): tables * width,
        Action("cost", "register", tables * (width + 1)): 1,
        Action("tree", "full_add"): adders,
        **({Action("tree", "register", registers): 1} if registers else {}),
        Action("sum", "accumulate", params.cost_width): 1,
    })  # fmt: skip
    row = Tally({Action("picture", "read", memory.lanes): 1}) + params.fold * part
    read = components * memory.beats * prototypes.read_row(memory)
    looked_up = classes * prototypes.read_entry(memory, editable=editable)
    compared = Tally({Action("least", "compare", params.cost_width): components})
    own = kept + components * memory.beats * row + compared
    return pictures * (own + (read + looked_up).within("prototypes"))


def classify_cycles(
    params: PrototypeClassifierParams, pictures: int, *, components: int, removed: int = 0
) -> int:
    """Return the cycles of pictures that arrive without gaps, with answers taken without waiting.

    The first cycle counted offers the first beat. The last one takes the last answer. The beats are
    taken and the first class is looked up; then a row is read every `fold` cycles. The last part of
    the last row takes a cycle each for its codes, its choice, its tables, their entries, its costs,
    every level of the tree, its sum and the comparison. A class that was removed takes a cycle.
    Without a class, the answer follows the last beat.

    Parameters
    ----------
    params : PrototypeClassifierParams
    pictures : int
    components, removed : int
        Components of all classes that are there, and classes that were removed.
    """
    for name, number in (("Pictures", pictures), ("Components", components), ("Removed", removed)):
        check_integer(name, number, 0)
    beats, levels = params.prototypes.beats, (params.tables - 1).bit_length()
    if not components + removed:
        return pictures * (beats + 1)
    scanned = components * beats * params.fold + removed
    return pictures * (beats + 1 + scanned + 7 + levels)
