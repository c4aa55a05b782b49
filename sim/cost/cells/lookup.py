# SPDX-License-Identifier: MIT
"""Lookup in the tables of a Liberty library at one slew and load."""

from collections.abc import Mapping

import numpy as np

from sim.cost.cells.liberty_tree import Attribute, LibertyGroup
from sim.work.errors import UserError

__all__ = ["Lookup"]


class Lookup:
    """Lookup by linear interpolation at one point. Tables are held constant beyond their ends.

    Parameters
    ----------
    templates : mapping of str to LibertyGroup
        Templates by name. They define the axes of a table, and their points if the table itself
        does not state them.
    slew, load : float
        Point of the lookup, in units of the library.
    """

    def __init__(self, templates: Mapping[str, LibertyGroup], slew: float, load: float) -> None:
        self._templates = templates
        self._slew, self._load = slew, load

    def __call__(self, table: LibertyGroup) -> float:
        """Return the value of a table at the point, in units of the library.

        Raises
        ------
        UserError
            If the table does not fit its axes, or if an axis or a template is unknown.
        """
        attribute = table.require("values")
        axes = self._axes(table)
        values, shape = np.array(attribute.numbers), [len(axis) for axis, _ in axes]
        if values.size != np.prod(shape, dtype=int):
            raise UserError(
                f"{attribute.where}: values must be {' x '.join(map(str, shape)) or '1'} numbers, "
                f"not {values.size}"
            )
        values = values.reshape(shape)
        for axis, point in axes:
            position = np.interp(point, axis, np.arange(len(axis)))
            below = min(int(position), len(axis) - 1)
            above = min(below + 1, len(axis) - 1)
            values = values[below] + (position - below) * (values[above] - values[below])
        return float(values)

    def _axes(self, table: LibertyGroup) -> list[tuple[list[float], float]]:
        """Return the points of each axis, and the position of the lookup on it."""
        if table.title in ("", "scalar"):
            return []
        template = self._templates.get(table.title)
        if template is None:
            raise UserError(f"{table.where}: {table.title} must be a template of the library")
        axes = []
        for number in (1, 2, 3):
            variable = template.find(f"variable_{number}")
            if variable is not None:
                index = f"index_{number}"
                axis = (table.find(index) or template.require(index)).numbers
                axes.append((axis, self._point(variable)))
        return axes

    def _point(self, variable: Attribute) -> float:
        if "transition" in variable.text:
            return self._slew
        if "capacitance" in variable.text:
            return self._load
        raise UserError(
            f"{variable.where}: {variable.name} must be a transition or a capacitance, "
            f"not {variable.text}"
        )
