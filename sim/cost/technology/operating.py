# SPDX-License-Identifier: MIT
"""A technology at another supply and temperature."""

from dataclasses import dataclass, replace
from math import exp, log

from sim.cost.quantity import Range
from sim.cost.technology.scaling import (
    Factor,
    area_factor,
    leakage_factor,
    logic_factor,
    memory_factor,
)
from sim.cost.technology.technology import Hot, Memories, Price, Technology
from sim.cost.technology.tiling import MemoryPlan

__all__ = ["at_temperature", "at_voltage", "scaled"]

_SAME = Factor(1, 1, 1)
_ANY = 45.0  # nm, a node that the scaling of memories knows


@dataclass(frozen=True)
class _Scaled:
    """Memories whose energies and leakages are multiplied by factors.

    Without a factor of leakage they are of another node, whose leakages and areas are not known.
    """

    memories: Memories
    access: Factor
    leakage: Factor | None

    def plan(self, depth: int, width: int, ports: int) -> MemoryPlan:
        plan = self.memories.plan(depth, width, ports)
        return replace(
            plan,
            read=_times(plan.read, self.access),
            write=_times(plan.write, self.access),
            area=plan.area if self.leakage else None,
            leakage=_times(plan.leakage, self.leakage) if plan.leakage and self.leakage else None,
        )


def at_voltage(technology: Technology, voltage: float) -> Technology:
    """Return a technology at another supply (V), as `scaled` does at its own node.

    Raises
    ------
    ValueError
        If the technology states no supply, or the voltage is out of range.
    """
    found = scaled(technology, technology.node, voltage)
    return replace(found, title=f"{technology.title}, at {voltage:g} V")


def scaled(technology: Technology, node: float, voltage: float) -> Technology:
    """Return a technology at another node and supply.

    Energies of logic, memories and wires follow the square of the supply, leakages a higher power;
    `sim.cost.technology.scaling` has the laws and their bounds. Input and output are not scaled,
    because pads have a supply of their own. At another node leakages, and areas of
    memories, are not known.

    Parameters
    ----------
    technology : Technology
    node : float
        nm.
    voltage : float
        V, in 0.4..1.65.

    Raises
    ------
    ValueError
        If the technology states no supply, or the node or the voltage is out of range.
    """
    if technology.voltage is None:
        raise ValueError(f"technology {technology.name} states no supply to scale from")
    same, here = node == technology.node, technology.voltage
    energy = logic_factor(technology.node, here, node, voltage)
    leakage = leakage_factor(here, voltage) if same else None
    area = _SAME if same else area_factor(technology.node, node)
    volts = technology.memory_voltage or here, voltage
    # An SRAM of the same node gains by its supply alone, wherever the node lies.
    nodes = (_ANY, _ANY) if same else (technology.node, node)
    memories = technology.memories
    if memories is not None:
        memories = _Scaled(memories, memory_factor(*nodes, *volts), leakage)
    return replace(
        technology,
        node=node,
        voltage=voltage,
        memory_voltage=None if technology.memory_voltage is None else voltage,
        logic=_logic(technology, energy, leakage, area),
        memories=memories,
        hot=technology.hot if same else None,
    )


def at_temperature(technology: Technology, temperature: float) -> Technology:
    """Return a technology at another temperature, which changes its leakages alone.

    Between the temperature of the technology and that of its hot corner, leakage is exponential in
    the temperature.

    Parameters
    ----------
    technology : Technology
    temperature : float
        Degrees Celsius.

    Raises
    ------
    ValueError
        If the technology does not state leakages at two temperatures, or the temperature is not
        between them.
    """
    here, hot = technology.temperature, technology.hot
    if here is None or hot is None:
        raise ValueError(f"technology {technology.name} does not state leakage at two temperatures")
    if not here <= temperature <= hot.temperature:
        raise ValueError(
            f"temperature must be {here:g}..{hot.temperature:g} degrees Celsius, those of "
            f"{technology.name}, not {temperature:g}"
        )
    share = (temperature - here) / (hot.temperature - here)
    memory, gates = (exp(share * log(factor)) for factor in (hot.memory, hot.gates))
    return replace(
        technology,
        title=f"{technology.title}, at {temperature:g} degrees Celsius",
        temperature=temperature,
        hot=Hot(hot.temperature, hot.memory / memory, hot.gates / gates),
        logic=_logic(technology, _SAME, Factor(gates, gates, gates), _SAME),
        memories=None
        if technology.memories is None
        else _Scaled(technology.memories, _SAME, Factor(memory, memory, memory)),
    )


def _logic(
    technology: Technology, energy: Factor, leakage: Factor | None, area: Factor
) -> dict[str, Price]:
    """Return the values of logic times the factor of their kind, without leakages if it is None."""
    found = {}
    for key, price in technology.logic.items():
        kind = key.rpartition("_")[2]
        factor = {"area": area, "leakage": leakage}.get(kind, energy)
        if factor is not None:
            found[key] = replace(price, range=_times(price.range, factor))
    return found


def _times(value: Range, factor: Factor) -> Range:
    return replace(
        value,
        low=value.low * factor.low,
        nominal=value.nominal * factor.nominal,
        high=value.high * factor.high,
    )
