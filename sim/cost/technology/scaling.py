# SPDX-License-Identifier: MIT
"""Scaling of values from one node to another, with one rule each for logic, memories and area.

Leakage is never scaled. It does not follow the node; it depends on the flavour of the device, which
changes it by up to four decades.
"""

from math import log
from typing import NamedTuple

import numpy as np

__all__ = ["JUMPS", "NODES", "Factor", "area_factor", "logic_factor", "memory_factor"]

#: Nodes (nm) of the tables below, the largest first.
NODES = (130, 90, 65, 45, 32, 20, 16, 14, 10, 7)

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

#: Neighbouring nodes with a large step in the published energies: they fall to 0.6 and 0.33 at
#: nominal voltages. A value scaled across such a step is uncertain by a factor of 2.
JUMPS = ((65, 45), (32, 20))

# Range of voltages (V) in which the polynomials always fall with the node.
_VOLTAGES = (0.5, 1.3)

# Energy (pJ) to read 64 bits of an SRAM at 45 nm (M. Horowitz, ISSCC 2014) and at 7 nm (N. Jouppi
# et al., ISCA 2021, table 2): 10 -> 7.5 for 8 KB, 20 -> 8.5 for 32 KB. The small SRAM gains little.
_MEMORY_NODES = (45, 7)
_MEMORY_GAINS = (8.5 / 20, 7.5 / 10)


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
        Old and new node (nm), in 7..130. Between two nodes of the table, energies are interpolated
        linearly.
    voltage, to_voltage : float
        Old and new supply (V), in 0.5..1.3. There is no default, because nominal voltages fall with
        the node.

    Raises
    ------
    ValueError
        If a node or a voltage is out of range.
    """
    nominal = _energy(to_node, to_voltage) / _energy(node, voltage)
    doubt = 2 ** sum(_crosses(node, to_node, *jump) for jump in JUMPS)
    return Factor(nominal / doubt, nominal, nominal * doubt)


def memory_factor(node: float, to_node: float) -> Factor:
    """Return the ratio of the energies of an access to an SRAM of up to 32 KB in two nodes.

    The ratio is a power of the node through two published points, each at the usual voltage of its
    node. The gains of 8 KB and of 32 KB are the bounds, and their geometric mean is the nominal
    factor.

    Parameters
    ----------
    node, to_node : float
        Old and new node (nm), in 7..45.

    Raises
    ------
    ValueError
        If a node is out of range.
    """
    first, last = _MEMORY_NODES
    for each in (node, to_node):
        if not last <= each <= first:
            raise ValueError(f"Node of a memory to scale must be in {last}..{first} nm, not {each}")
    share = log(to_node / node) / log(last / first)
    low, high = sorted(gain**share for gain in _MEMORY_GAINS)
    return Factor(low, (low * high) ** 0.5, high)


def area_factor(node: float, to_node: float) -> Factor:
    """Return the ratio of the areas of logic in two nodes (nm), in 7..130.

    Raises
    ------
    ValueError
        If a node is out of range.
    """
    areas = [_interpolated(each, np.array(_AREA, float)) for each in (node, to_node)]
    nominal = float(areas[1] / areas[0])
    return Factor(nominal, nominal, nominal)


def _energy(node: float, voltage: float) -> float:
    low, high = _VOLTAGES
    if not low <= voltage <= high:
        raise ValueError(f"Voltage to scale must be in {low}..{high} V, not {voltage}")
    return float(_interpolated(node, _ENERGY @ (voltage**2, voltage, 1)))


def _interpolated(node: float, values: np.ndarray) -> float:
    if not NODES[-1] <= node <= NODES[0]:
        raise ValueError(f"Node to scale must be in {NODES[-1]}..{NODES[0]} nm, not {node}")
    return float(np.interp(node, NODES[::-1], values[::-1]))


def _crosses(node: float, to_node: float, above: float, below: float) -> bool:
    return min(node, to_node) < above and max(node, to_node) > below
