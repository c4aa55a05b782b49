# SPDX-License-Identifier: MIT
"""Scaling of values from one node and supply to another: a rule each for logic, memories and area.

The node decides the capacitance, and the energy of a capacitance is C V^2. Published polynomials of
energy against supply rise again below 0.6 V, where silicon falls, so that their value at the usual
supply of each node is used alone. Leakage does not follow the node; it depends on the flavour of
the device, which changes it by up to four decades. It is scaled with the supply only.
"""

from math import exp, log
from typing import NamedTuple

import numpy as np

__all__ = [
    "JUMPS",
    "NODES",
    "Factor",
    "area_factor",
    "leakage_factor",
    "logic_factor",
    "memory_factor",
    "usual_supply",
]

#: Nodes (nm) of the tables below, the largest first.
NODES = (130, 90, 65, 45, 32, 20, 16, 14, 10, 7)

# Usual supply (V) of each node.
_SUPPLIES = (1.2, 1.1, 1.1, 1.0, 0.97, 0.9, 0.8, 0.8, 0.75, 0.7)

# Energy of an operation at V volts is a V^2 + b V + c in arbitrary units: A. Stillmaker, B. Baas,
# "Scaling equations for the accurate prediction of CMOS device performance from 180 nm to 7 nm",
# Integration 58 (2017) 74-81, doi 10.1016/j.vlsi.2017.02.002; table as in hwcomponents
# (Accelergy-Project/hwcomponents, hwcomponents/scaling/techscaling.py, commit 373ccd99).
_ENERGY = np.array([
    (7.171, -6.709, 2.904),
    (4.762, -4.781, 2.092),
    (3.755, -4.398, 1.975),
    (1.103, -0.362, 0.2767),
    (0.9559, -0.7823, 0.471),
    (0.373, -0.1582, 0.04104),
    (0.2958, -0.1241, 0.03024),
    (0.2363, -0.09675, 0.02239),
    (0.2068, -0.09311, 0.02375),
    (0.1776, -0.09097, 0.02447),
])  # fmt: skip
# Area relative to 7 nm, same paper and file.
_AREA = (110, 48, 25, 17, 7.8, 3.6, 3.2, 2.9, 1.7, 1)

# Capacitance of each node in these units.
_CAPACITANCE = [
    float(np.array(row) @ (v * v, v, 1)) / v**2 for row, v in zip(_ENERGY, _SUPPLIES, strict=True)
]

#: Neighbouring nodes with a large step in the published energies: they fall to 0.6 and 0.33 at
#: nominal voltages. A value scaled across such a step is uncertain by a factor of 2.
JUMPS = ((65, 45), (32, 20))

# Supplies (V) at which energies are those of a capacitance. Below, slow edges and leakage decide.
_VOLTAGES = (0.4, 1.65)

# Energy is proportional to the supply to this power: low and nominal. C V^2 is the law. The cells
# of IHP SG13G2 take 1.633 times as much at 1.5 V as at 1.2 V, at 25 degrees, a power of 2.2;
# YodaNN's core falls with a power of 2.6 from 1.2 V to 0.6 V, the steepest published of a core.
_POWERS = (2.6, 2.0)

# Leakage power is proportional to the supply to this power. The NAND of IHP SG13G2 (sg13g2_stdcell,
# Liberty, 5cccb161) leaks 81.2 pW at 1.2 V and 234 pW at 1.5 V, both at 25 degrees, a power of 4.8;
# 316 pW at 1.08 V and 506 pW at 1.35 V, both slow at 125 degrees, a power of 2.1.
_LEAKAGE_POWERS = (2.1, 3.2, 4.8)

# Energy (pJ) to read 64 bits of an SRAM of 8 KB and of 32 KB, and the usual supply (V), at 130 nm
# (IHP SG13G2: a macro 1024x64, and one of 2048x64 of two banks), at 45 nm (M. Horowitz, ISSCC 2014)
# and at 7 nm (N. Jouppi et al., ISCA 2021, table 2). The small SRAM gains little below 45 nm.
_MEMORY_NODES = (130, 45, 7)
_MEMORIES = ((91.8272, 10, 7.5), (122.4, 20, 8.5))
_MEMORY_SUPPLIES = (1.2, 0.9, 0.7)


def usual_supply(node: float) -> float:
    """Return the usual supply (V) of a node (nm); between two nodes of `NODES`, linear in its log.

    Raises
    ------
    ValueError
        If the node is not in 7..130.
    """
    if not NODES[-1] <= node <= NODES[0]:
        raise ValueError(f"node must be {NODES[-1]} to {NODES[0]} nm, not {node:g}")
    return float(np.interp(log(node), np.log(NODES[::-1]), _SUPPLIES[::-1]))


class Factor(NamedTuple):
    """A factor to multiply by: its nominal value between two bounds."""

    low: float
    nominal: float
    high: float


def logic_factor(node: float, voltage: float, to_node: float, to_voltage: float) -> Factor:
    """Return the ratio of the energies of a logic operation in two technologies.

    Parameters
    ----------
    node, to_node : float
        Old and new node (nm), in 7..130. Between two nodes of the table, the capacitance is a power
        of the node.
    voltage, to_voltage : float
        Old and new supply (V), in 0.4..1.65. There is no default, because nominal voltages fall
        with the node.

    Raises
    ------
    ValueError
        If a node or a voltage is out of range.
    """
    for each in (voltage, to_voltage):
        _check_voltage(each)
    nominal = _interpolated(to_node, _CAPACITANCE) / _interpolated(node, _CAPACITANCE)
    doubt = 2 ** sum(_crosses(node, to_node, *jump) for jump in JUMPS)
    supply = _supply(voltage, to_voltage)
    return Factor(
        nominal / doubt * supply.low, nominal * supply.nominal, nominal * doubt * supply.high
    )


def memory_factor(
    node: float, to_node: float, voltage: float | None = None, to_voltage: float | None = None
) -> Factor:
    """Return the ratio of the energies of an access to an SRAM of up to 32 KB in two technologies.

    The ratio of capacitances is a power of the node between published points. The gains of 8 KB and
    of 32 KB are the bounds, and their geometric mean is the nominal factor.

    Parameters
    ----------
    node, to_node : float
        Old and new node (nm), in 7..130.
    voltage, to_voltage : float, optional
        Old and new supply (V), in 0.4..1.65; by default the usual ones of the nodes.

    Raises
    ------
    ValueError
        If a node or a voltage is out of range.
    """
    first, last = _MEMORY_NODES[0], _MEMORY_NODES[-1]
    for each in (node, to_node):
        if not last <= each <= first:
            raise ValueError(f"Node of a memory to scale must be in {last}..{first} nm, not {each}")
    volts = [_memory_supply(n) if v is None else v for n, v in ((node, voltage),
                                                               (to_node, to_voltage))]  # fmt: skip
    for each in volts:
        _check_voltage(each)
    gains = [
        _capacitance_of(energies, to_node) / _capacitance_of(energies, node)
        for energies in _MEMORIES
    ]
    low, high = sorted(gains)
    supply = _supply(*volts)
    if voltage is None and to_voltage is None:  # the published points, with nothing to extrapolate
        supply = Factor(supply.nominal, supply.nominal, supply.nominal)
    return Factor(low * supply.low, (low * high) ** 0.5 * supply.nominal, high * supply.high)


def leakage_factor(voltage: float, to_voltage: float) -> Factor:
    """Return the ratio of the leakage powers (W / W) of a circuit at two supplies (V), >= 0.4.

    Raises
    ------
    ValueError
        If a voltage is out of range.
    """
    for each in (voltage, to_voltage):
        _check_voltage(each)
    return Factor(*sorted((to_voltage / voltage) ** power for power in _LEAKAGE_POWERS))


def area_factor(node: float, to_node: float) -> Factor:
    """Return the ratio of the areas of logic in two nodes (nm), in 7..130.

    Raises
    ------
    ValueError
        If a node is out of range.
    """
    nominal = _interpolated(to_node, _AREA) / _interpolated(node, _AREA)
    return Factor(nominal, nominal, nominal)


def _supply(voltage: float, to_voltage: float) -> Factor:
    """Return the ratio of the energies at two supplies (V) of one technology."""
    steep, square = ((to_voltage / voltage) ** power for power in _POWERS)
    return Factor(min(steep, square), square, max(steep, square))


def _check_voltage(voltage: float) -> None:
    low, high = _VOLTAGES
    if not low <= voltage <= high:
        raise ValueError(f"Voltage to scale must be in {low}..{high} V, not {voltage}")


def _interpolated(node: float, values: "list[float] | tuple[float, ...]") -> float:
    if not NODES[-1] <= node <= NODES[0]:
        raise ValueError(f"Node to scale must be in {NODES[-1]}..{NODES[0]} nm, not {node}")
    return _power_law(node, NODES, values)


def _capacitance_of(energies: tuple[float, ...], node: float) -> float:
    per_volt = tuple(e / v**2 for e, v in zip(energies, _MEMORY_SUPPLIES, strict=True))
    return _power_law(node, _MEMORY_NODES, per_volt)


def _memory_supply(node: float) -> float:
    return _power_law(node, _MEMORY_NODES, _MEMORY_SUPPLIES)


def _power_law(
    node: float, nodes: tuple[int, ...], values: "list[float] | tuple[float, ...]"
) -> float:
    """Return a value at a node (nm), as a power of the node between its neighbours."""
    for known, value in zip(nodes, values, strict=True):
        if node == known:
            return float(value)
    logs = [log(value) for value in reversed(values)]
    return exp(float(np.interp(log(node), [log(n) for n in reversed(nodes)], logs)))


def _crosses(node: float, to_node: float, above: float, below: float) -> bool:
    return node != to_node and min(node, to_node) < above and max(node, to_node) > below
