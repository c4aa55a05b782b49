# SPDX-License-Identifier: MIT
"""The units of a Liberty library in SI."""

import math
import re
from typing import NamedTuple

from sim.cost.cells.liberty_tree import Attribute, LibertyGroup
from sim.cost.quantity import parse_unit
from sim.work.errors import UserError

__all__ = ["Units"]


class Units(NamedTuple):
    """SI values of the units of a library."""

    time: float
    voltage: float
    leakage: float
    capacitance: float

    @property
    def energy(self) -> float:
        """J."""
        # Liberty has no unit of energy; its tools use C V^2.
        return self.capacitance * self.voltage**2

    @classmethod
    def of(cls, library: LibertyGroup) -> "Units":
        """Return the units that a library states.

        Raises
        ------
        UserError
            If one is missing or is not a finite number above 0 of its dimension.
        """
        return cls(
            _unit(library.require("time_unit"), "s"),
            _unit(library.require("voltage_unit"), "V"),
            _unit(library.require("leakage_power_unit"), "W"),
            _unit(library.require("capacitive_load_unit"), "F"),
        )


def _unit(attribute: Attribute, dimension: str) -> float:
    text = "".join(attribute.values)
    match = re.fullmatch(r"([\d.]+)\s*([a-zA-Z]+)", text)
    # Units may be in lower case: pf, 1v.
    unit = re.sub("[fvw]$", lambda base: base[0].upper(), match[2]) if match else ""
    try:
        parsed = parse_unit(unit)
        if parsed.dimension != dimension or match is None:
            raise ValueError
        value = float(match[1]) * parsed.to_si(1.0)
    except ValueError:
        raise UserError(
            f"{attribute.where}: {attribute.name} must be a number of {dimension} with a prefix, "
            f"not {text[:40]!r}"
        ) from None
    if not 0 < value < math.inf:
        raise UserError(
            f"{attribute.where}: {attribute.name} must be finite and more than 0, not {text[:40]!r}"
        )
    return value
