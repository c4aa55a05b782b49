# SPDX-License-Identifier: MIT
"""Conversion of the rows of a technology table to ranges in SI, at the node of the table."""

from sim.cost.quantity import Range, parse_unit
from sim.cost.technology.rows import (
    AreaRow,
    EnergyRow,
    FactorRow,
    LeakageRow,
    MemoryEnergyRow,
    PadRow,
    SourcedRow,
    WireRow,
)
from sim.cost.technology.scaling import Factor, area_factor, logic_factor, memory_factor
from sim.cost.technology.table import TechnologyTable

__all__ = ["range_of"]

_SAME = Factor(1, 1, 1)
# Rows that are taken as they stand, whatever their node and voltage.
_AS_THEY_STAND = (LeakageRow, FactorRow, PadRow, WireRow)


def range_of(row: SourcedRow, table: TechnologyTable) -> Range:
    """Return a row as a range in SI. The energy of an access is divided by its width.

    A value of another node is scaled to the table's node, and so are its bounds. Scaling lowers
    sureness "H" to "M".

    Raises
    ------
    ValueError
        If the row has another node or voltage and is not marked as scaled, or if it cannot be
        scaled.
    """
    unit = parse_unit(row.unit)
    width = row.access_width_bits if isinstance(row, MemoryEnergyRow) else None
    low = row.value if row.low is None else row.low
    high = row.value if row.high is None else row.high
    factor = _factor(row, table)
    return Range(
        low=unit.to_si(low) * factor.low / (width or 1),
        nominal=unit.to_si(row.value) * factor.nominal / (width or 1),
        high=unit.to_si(high) * factor.high / (width or 1),
        source=row.source,
        sureness="M" if row.scaled and row.sureness == "H" else row.sureness,
    )


def _factor(row: SourcedRow, table: TechnologyTable) -> Factor:
    node = table.node if row.node is None else row.node
    voltage = table.voltage if row.voltage is None else row.voltage
    if not row.scaled:
        same = node == table.node and voltage == table.voltage
        if not same and not isinstance(row, _AS_THEY_STAND):
            raise ValueError(
                f"a value at {_at(node, voltage)} must be scaled to the "
                f"{_at(table.node, table.voltage)} of the table: say scaled: true"
            )
        return _SAME
    if isinstance(row, EnergyRow):
        if voltage is None or table.voltage is None:
            raise ValueError("logic must not be scaled without the voltages of row and table")
        return logic_factor(node, voltage, table.node, table.voltage)
    if isinstance(row, MemoryEnergyRow):
        return memory_factor(node, table.node, voltage, table.voltage)
    if isinstance(row, AreaRow):
        return area_factor(node, table.node)
    raise ValueError("leakage and endurance must not be scaled: they do not follow the node")


def _at(node: float, voltage: float | None) -> str:
    return f"{node:g} nm" if voltage is None else f"{node:g} nm, {voltage:g} V"
