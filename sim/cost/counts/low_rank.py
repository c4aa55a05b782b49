# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the low-rank discriminant (contract, 18).

What is read of the prototype memory is counted here as actions of its own, by component
"prototypes". The counters of beats, directions, planes and classes and the marks beside the stages
are left out; they have few bits compared with a row.
"""

from golden.params import LowRankParams
from golden.params.checks import check_integer
from sim.cost.counts import prototypes
from sim.cost.counts.adder_tree import tree_of
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["classify", "classify_cycles", "load", "memories", "project", "project_cycles"]

_COST_BITS = 54  # with its sign
_WEIGHING = 5  # stages of a direction: its numbers, difference, square, product and their sum
_COMPARING = 3  # stages of a component: its distance, that in the unit of costs, its cost


def memories(params: LowRankParams) -> tuple[Memory, ...]:
    """Return the memories: picture, metric, and the projections of pictures and prototypes.

    Raises
    ------
    ValueError
        If R is 0, for which there is no such block.
    """
    check_integer("Rank R of a block", params.rank, 1)
    memory, rank = params.prototypes, params.rank
    return (
        Memory("picture", memory.beats, memory.lanes),
        Memory("basis", rank * memory.beats, _row_bits(params)),
        Memory("factors", rank, params.factor_width),
        Memory("measured", rank, _measured_bits(params)),
        Memory("projections", rank * memory.components, params.projection_width),
        Memory("norms", memory.components, _norm_bits(params)),
    )


def load(params: LowRankParams) -> Tally:
    """Return the actions of loading a metric."""
    rows = params.rank * params.prototypes.beats
    return Tally({
        Action("basis", "write", _row_bits(params)): rows,
        Action("factors", "write", params.factor_width): params.rank,
    })  # fmt: skip


def project(params: LowRankParams, *, classes: int, components: int) -> Tally:
    """Return the actions of projecting classes, with the reads of the prototype memory.

    The codes of a row are read for every direction, and once more for themselves; each plane of
    theirs is then added up.

    Parameters
    ----------
    params : LowRankParams
    classes, components : int
        Classes that are looked up, and components of those that are there.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer >= 0.
    """
    check_integer("Classes", classes, 0)
    check_integer("Components", components, 0)
    memory, rank = params.prototypes, params.rank
    planes = memory.code_width + 1
    read = prototypes.read_row(memory).within("prototypes")
    own = memory.beats * ((rank + 1) * (read + planes * (_row(params) + _levels(params))))
    own += Tally({
        Action("basis", "read", _row_bits(params)): planes * rank * memory.beats,
        Action("projections", "write", params.projection_width): rank,
        Action("norms", "write", _norm_bits(params)): 1,
    })  # fmt: skip
    looked_up = prototypes.read_entry(memory, editable=True).within("prototypes")
    return classes * looked_up + components * own


def classify(params: LowRankParams, pictures: int, *, classes: int, components: int) -> Tally:
    """Return the actions of classifying pictures, with the reads of the prototype memory.

    Parameters
    ----------
    params : LowRankParams
    pictures : int
    classes, components : int
        Classes in the memory, with those that were removed, and components of those that are there.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer >= 0.
    """
    for name, number in (("Pictures", pictures), ("Classes", classes), ("Components", components)):
        check_integer(name, number, 0)
    memory, rank, width = params.prototypes, params.rank, params.projection_width
    taken = Tally({Action("picture", "write", memory.lanes): memory.beats})
    picture = Tally({Action("picture", "read", memory.lanes): 1})
    projected = (rank + 1) * memory.beats * (picture + _row(params)) + Tally({
        Action("basis", "read", _row_bits(params)): rank * memory.beats,
        Action("measured", "write", _measured_bits(params)): rank,
        Action("ones", "register", field_bits(memory.features)): 1,
    })  # fmt: skip
    direction = Tally({
        Action("projections", "read", width): 1,
        Action("measured", "read", _measured_bits(params)): 1,
        Action("factors", "read", params.factor_width): 1,
        Action("factor", "register", params.factor_width): 2,
        Action("difference", "full_add"): width,
        Action("difference", "register", width): 1,
        Action("square", "full_add"): width**2,
        Action("square", "register", 2 * width - 1): 1,
        Action("weighted", "full_add"): (2 * width - 1) * params.factor_width,
        Action("weighted", "register", 2 * width - 1 + params.factor_width): 1,
        Action("penalty", "accumulate", _COST_BITS): 1,
    })  # fmt: skip
    component = Tally({
        Action("norms", "read", _norm_bits(params)): 1,
        Action("distance", "full_add"): 2 * (2 * memory.code_width + field_bits(memory.features)),
        Action("cost", "full_add"): _COST_BITS,
        Action("cost", "register", _COST_BITS): _COMPARING,
        Action("least", "compare", _COST_BITS): 1,
    })  # fmt: skip
    read = prototypes.read_row(memory).within("prototypes")
    component += memory.beats * (read + picture + _row(params) + _levels(params))
    looked_up = prototypes.read_entry(memory, editable=True).within("prototypes")
    named = projected if classes else Tally()
    compared = components * (component + rank * direction)
    return pictures * (taken + named + classes * looked_up + compared)


def project_cycles(params: LowRankParams, components: int) -> int:
    """Return the cycles from the command to project a class that is there until the next one.

    It is taken, and the class is looked up. Each plane of each row takes a cycle for every
    direction, and one for itself; the last goes through all stages.
    """
    check_integer("Components", components, 1)
    memory = params.prototypes
    rows = (params.rank + 1) * memory.beats * (memory.code_width + 1)
    return 2 + components * rows + _stages(params)


def classify_cycles(
    params: LowRankParams, pictures: int, *, components: int, removed: int = 0
) -> int:
    """Return the cycles of pictures that arrive without gaps, with answers taken without waiting.

    The first cycle counted offers the first beat. The last one takes the last answer. The beats are
    taken. A row takes a cycle for each direction, and one for itself; the last goes through all
    stages. The first class is looked up. A component takes a cycle for each row or direction,
    whichever are more; the last goes through all stages. A class that was removed takes a cycle.
    Without a class, the answer follows the last beat.

    Parameters
    ----------
    params : LowRankParams
    pictures : int
    components, removed : int
        Components of all classes that are there, and classes that were removed.
    """
    for name, number in (("Pictures", pictures), ("Components", components), ("Removed", removed)):
        check_integer(name, number, 0)
    beats = params.prototypes.beats
    if not components + removed:
        return pictures * (beats + 1)
    projected = (params.rank + 1) * beats + _stages(params)
    compared = components * max(beats, params.rank) + removed + _stages(params)
    return pictures * (beats + projected + 1 + compared + 1)


def _row(params: LowRankParams) -> Tally:
    """Return the actions of adding a row up: its numbers are masked by L bits, and go to a tree."""
    lanes, width = params.prototypes.lanes, _entry_bits(params)
    adders, registers = tree_of(lanes, width)
    return Tally({
        Action("term", "logic"): lanes * width,
        Action("term", "register", lanes * width): 1,
        Action("total", "accumulate", _total_bits(params)): 1,
        **({Action("tree", "full_add"): adders} if adders else {}),
        **({Action("tree", "register", registers): 1} if registers else {}),
    })  # fmt: skip


def _levels(params: LowRankParams) -> Tally:
    """Return the actions that make levels of the codes of a row."""
    memory = params.prototypes
    return Tally({Action("level", "full_add"): memory.lanes * (memory.code_width + 1)})


def _stages(params: LowRankParams) -> int:
    """Return the stages of a row: memory, term, the levels of the tree, its sum, and the cost."""
    levels = (params.prototypes.lanes - 1).bit_length()
    return max(3 + levels, _WEIGHING) + _COMPARING


def _row_bits(params: LowRankParams) -> int:
    return params.prototypes.lanes * params.basis_width


def _entry_bits(params: LowRankParams) -> int:
    """Return the bits of a number that a lane adds, with its sign: an entry or a level."""
    return max(params.basis_width, params.prototypes.code_width + 2)


def _measured_bits(params: LowRankParams) -> int:
    """Return the bits of the projection of a picture, with its sign."""
    return field_bits(params.highest_entry * params.prototypes.features) + 1


def _norm_bits(params: LowRankParams) -> int:
    return field_bits(params.prototypes.features * 4**params.prototypes.code_width)


def _total_bits(params: LowRankParams) -> int:
    return max(_norm_bits(params) + 1, params.projection_width)
