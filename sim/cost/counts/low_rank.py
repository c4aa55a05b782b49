# SPDX-License-Identifier: MIT
"""Estimated counts of the low-rank discriminant, which no block of the chip has yet.

They follow from the contract, section 18: a unit projects the bits of a picture, and the planes of
a prototype when its class is appended, with a tree over the entries of L features. The squares of
all features are those of the classifier by prototypes with the table of the nearest mean. One
multiplier, of a sum for each bit, squares differences and applies factors.
"""

from golden.params import LowRankParams, PrototypeClassifierParams
from golden.params.checks import check_integer
from sim.cost.counts import prototype_classifier
from sim.cost.counts.adder_tree import tree_of
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["append", "append_rows", "classify", "classify_rows", "memories"]

_COST_BITS = 54  # with its sign


def memories(params: LowRankParams, stored: int) -> tuple[Memory, ...]:
    """Return the memories beside the prototypes': the metric, projections, and the classifier's.

    Parameters
    ----------
    params : LowRankParams
    stored : int
        Number of prototypes of all classes.
    """
    own = prototype_classifier.memories(_classifier(params))
    squares = tuple(memory.within("squares") for memory in own)
    if not params.rank:
        return squares
    return (
        Memory("basis", params.rank * params.prototypes.beats, _row_bits(params)),
        Memory("factors", params.rank, params.factor_width),
        Memory("projections", params.rank * stored, params.projection_width),
        *squares,
    )


def append_rows(params: LowRankParams) -> int:
    """Return the rows of entries that are read when a prototype is projected."""
    planes = params.prototypes.code_width + 1
    return planes * params.rank * params.prototypes.beats


def append(params: LowRankParams) -> Tally:
    """Return the actions of projecting a prototype: its codes are read for every direction."""
    memory, width = params.prototypes, params.projection_width
    codes = Tally({Action("prototypes.memory", "read", memory.row_width): 1})
    written = Tally({Action("projections", "write", width): params.rank})
    rows = params.rank * memory.beats
    return append_rows(params) * _row(params) + rows * codes + written


def classify_rows(params: LowRankParams, stored: int) -> int:
    """Return the rows that the busiest memory gives for a picture, after those of its projection.

    A component takes its rows of codes and the projections of its directions side by side.
    """
    beats = params.prototypes.beats
    return params.rank * beats + stored * max(beats, params.rank)


def classify(params: LowRankParams, stored: int) -> Tally:
    """Return the actions that classify one embedding.

    Parameters
    ----------
    params : LowRankParams
    stored : int
        Number of prototypes of all classes, each of a class of its own.
    """
    check_integer("Prototypes", stored, 0)
    width = params.projection_width
    squares = prototype_classifier.classify(
        _classifier(params), 1, classes=stored, components=stored
    )
    direction = Tally({
        Action("projections", "read", width): 1,
        Action("factors", "read", params.factor_width): 1,
        Action("difference", "full_add"): width,
        Action("square", "accumulate", 2 * width): width,
        Action("factor", "accumulate", _COST_BITS): params.factor_width,
        Action("cost", "accumulate", _COST_BITS): 1,
    })  # fmt: skip
    projected = params.rank * params.prototypes.beats * _row(params)
    compared = Tally({Action("least", "compare", _COST_BITS): stored})
    return squares.within("squares") + projected + stored * params.rank * direction + compared


def _row(params: LowRankParams) -> Tally:
    """Return the actions of a row of entries: it is read, masked by L bits and added up."""
    lanes, width = params.prototypes.lanes, params.basis_width
    adders, registers = tree_of(lanes, width)
    return Tally({
        Action("basis", "read", _row_bits(params)): 1,
        Action("mask", "logic"): lanes * width,
        Action("projection", "accumulate", params.projection_width): 1,
        **({Action("tree", "full_add"): adders} if adders else {}),
        **({Action("tree", "register", registers): 1} if registers else {}),
    })  # fmt: skip


def _row_bits(params: LowRankParams) -> int:
    return params.prototypes.lanes * params.basis_width


def _classifier(params: LowRankParams) -> PrototypeClassifierParams:
    """Return the classifier by prototypes with room for the table of the nearest mean."""
    width = 2 * params.prototypes.code_width + 1
    return PrototypeClassifierParams(prototypes=params.prototypes, table_width=width)
