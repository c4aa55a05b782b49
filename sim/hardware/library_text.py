# SPDX-License-Identifier: MIT
"""The Liberty text for Yosys: one library, even if its cells lie in several files.

Yosys takes several files, but its ABC refuses a first file that alone could not map a design, such
as one of inverters only. So the files are joined, after a check that they mean the same.
"""

from collections.abc import Sequence
from pathlib import Path

from sim.cost.cells.liberty import joined_text, liberty_text, parse_liberty
from sim.cost.cells.liberty_tree import LibertyGroup
from sim.cost.cells.liberty_units import Units
from sim.work.errors import UserError

__all__ = ["library_text"]

_UNITS = {
    "time": "time_unit",
    "voltage": "voltage_unit",
    "leakage": "leakage_power_unit",
    "capacitance": "capacitive_load_unit",
}


def library_text(paths: Sequence[Path]) -> str:
    """Return the text of a library that lies in one or several files, plain or gzip.

    Parameters
    ----------
    paths : sequence of Path
        Files that `sim.cost.cells.liberty_cells.read_cells` accepts.

    Raises
    ------
    UserError
        If the files differ in a unit, or in a template of one name; the message names the line.
    """
    texts = [liberty_text(path) for path in paths]
    if len(texts) == 1:
        return texts[0]
    libraries = [parse_liberty(text, str(path)) for text, path in zip(texts, paths, strict=True)]
    for library in libraries[1:]:
        _check_units(libraries[0], library)
    _check_templates(libraries)
    return joined_text(texts)


def _check_units(first: LibertyGroup, other: LibertyGroup) -> None:
    wanted, found = Units.of(first), Units.of(other)
    for name, attribute in _UNITS.items():
        if getattr(wanted, name) != getattr(found, name):
            raise UserError(
                f"{other.require(attribute).where}: {attribute} must be that of "
                f"{first.require(attribute).where} to map designs to both files"
            )


def _check_templates(libraries: Sequence[LibertyGroup]) -> None:
    seen: dict[tuple[str, str], LibertyGroup] = {}
    for library in libraries:
        for group in library.groups:
            if group.name.endswith("_template"):
                known = seen.setdefault((group.name, group.title), group)
                if _content(known) != _content(group):
                    raise UserError(
                        f"{group.where}: {group.name} {group.title} must be that of "
                        f"{known.where} to map designs to both files"
                    )


def _content(template: LibertyGroup) -> dict[str, object]:
    return {
        attribute.name: attribute.numbers
        if attribute.name.startswith("index_")
        else attribute.values
        for attribute in template.attributes
    }
