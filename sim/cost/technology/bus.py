# SPDX-License-Identifier: MIT
"""Energy of the wires between the banks of a memory and its port.

An access drives its address to one bank, and the row goes back. Banks lie in a square around the
middle of one edge, where the port is, so that the wires are 3/4 of the edge long on average. Half
of the bits toggle; a toggle takes C V^2 / 2. CACTI (HewlettPackard/cacti, htree2.cc) prices the
wires of a memory by the same length, capacitance and supply.
"""

from dataclasses import dataclass

from sim.cost.quantity import Range

__all__ = ["Bus"]

_ACTIVITY = 0.5
_REACH = 0.75  # mean distance of a point in a square from the middle of an edge, in edges


@dataclass(frozen=True)
class Bus:
    """The wires of a memory of several banks.

    Parameters
    ----------
    capacitance : Range
        F / m of a wire with its repeaters.
    voltage : float
        V.
    """

    capacitance: Range
    voltage: float

    def energy(self, *, area: float, depth: int, width: int) -> Range:
        """Return the energy (J) of the wires in an access.

        Parameters
        ----------
        area : float
            Area (m2) of all banks.
        depth, width : int
            Rows of the memory, and bits of a row.
        """
        wires = width + max(1, (depth - 1).bit_length())
        length = _REACH * area**0.5
        return self.capacitance * (wires * length * _ACTIVITY * self.voltage**2 / 2)
