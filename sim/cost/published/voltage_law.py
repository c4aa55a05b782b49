# SPDX-License-Identifier: MIT
"""The fall of energy with the supply: published pairs of values, compared with `scaling`.

A chip with values at two supplies checks the scaling law without a model of its architecture.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sim.cost.published.chips import Chip, ChipValue, load_chips
from sim.cost.technology.scaling import logic_factor

__all__ = ["VoltageRow", "voltage_rows"]


@dataclass(frozen=True, kw_only=True)
class VoltageRow:
    """The energy that a chip gains from a lower supply.

    Attributes
    ----------
    chip, scope : str
    node : float
        nm.
    above, below : float
        Higher and lower supply (V).
    reference : float
        Published energy at `above`, divided by that at `below`.
    law, most : float
        The same ratio from `logic_factor`: its nominal value and its high bound.
    """

    chip: str
    scope: str
    node: float
    above: float
    below: float
    reference: float
    law: float
    most: float


def voltage_rows(chips: Mapping[str, Chip] | None = None) -> list[VoltageRow]:
    """Return the rows of all chips that state one energy at several supplies.

    The highest supply of each scope is compared with every lower one.

    Parameters
    ----------
    chips : mapping of str to Chip, optional
        Chips by name; by default those of `sim.data.published`.
    """
    chips = load_chips() if chips is None else chips
    return [row for chip in chips.values() for row in _rows(chip)]


def _rows(chip: Chip) -> list[VoltageRow]:
    by_scope: dict[str, list[tuple[float, ChipValue]]] = {}
    for value in chip.values:
        stated = value.kind != "derived" or value.unit == "pJ/cycle"
        if stated and not value.of_frame and value.voltage is not None:
            by_scope.setdefault(value.scope, []).append((value.voltage, value))
    rows = []
    for scope, values in by_scope.items():
        (above, high), *others = sorted(values, key=lambda pair: -pair[0])
        for below, low in others:
            assert chip.node is not None
            law = logic_factor(chip.node, below, chip.node, above)
            rows.append(
                VoltageRow(
                    chip=chip.title,
                    scope=scope,
                    node=chip.node,
                    above=above,
                    below=below,
                    reference=high.reference / low.reference,
                    law=law.nominal,
                    most=law.high,
                )
            )
    return rows
