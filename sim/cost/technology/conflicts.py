# SPDX-License-Identifier: MIT
"""Values of a technology that do not fit each other, in words: supplies, and nodes."""

from collections.abc import Iterator

from sim.cost.quantity import Range

__all__ = ["library_conflicts", "supply_conflict"]

# Cells of one node differ in height, so that their smallest NANDs differ by less than this factor.
# From one node to the next, areas fall to about a half.
_SAME_NODE = 2.0


def supply_conflict(logic: str, voltage: float | None, memories: str, at: float | None) -> str:
    """Return in words that logic and memories have different supplies; empty if they have not.

    Parameters
    ----------
    logic, memories : str
        Names of the two.
    voltage, at : float or None
        Their supplies (V); None where unknown.
    """
    if None in (voltage, at) or voltage == at:
        return ""
    return (
        f"{logic} is at {voltage:g} V, {memories} are at {at:g} V: "
        "their energies are added as they stand"
    )


def library_conflicts(
    library: str, found: Range | None, technology: str, node: float, wanted: Range | None
) -> Iterator[str]:
    """Yield in words that a library is of another node than a technology, as far as areas show.

    Liberty does not state the node. The area of a NAND of two inputs shows it.

    Parameters
    ----------
    library, technology : str
        Names of the two.
    found, wanted : Range or None
        Areas (m2) of a NAND of the library and of the technology; None where unknown.
    node : float
        nm of the technology.
    """
    if found is None or wanted is None:
        return
    if not wanted.low / _SAME_NODE < found.nominal < wanted.high * _SAME_NODE:
        yield (
            f"logic of {library} has NANDs of {found.nominal * 1e12:.3g} um2, "
            f"{technology} ({node:g} nm) has NANDs of {wanted.nominal * 1e12:.3g} um2: "
            "their nodes seem to differ"
        )
