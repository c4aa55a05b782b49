# SPDX-License-Identifier: MIT
"""A phase, and a layer of a picture, with their bills."""

from dataclasses import dataclass

from sim.cost.counts.layer import Layer
from sim.cost.phases import Phase
from sim.cost.pricing import Bill

__all__ = ["LayerCost", "PricedPhase"]


@dataclass(frozen=True)
class PricedPhase:
    """A phase and its bill.

    Attributes
    ----------
    phase : Phase
    bill : Bill
    clock : float
        Hz.
    """

    phase: Phase
    bill: Bill
    clock: float

    @property
    def seconds(self) -> float | None:
        """Duration (s) of the phase; None where no hardware defines its cycles."""
        return None if self.phase.cycles is None else float(self.phase.cycles) / self.clock


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """The cost of one layer of the machine's program.

    Attributes
    ----------
    layer : Layer
    cycles : int
    utilisation : float
        Share of the PE x SIMD synapses of all cycles that belong to the network, in 0..1.
    memory_bits : int
        Bits read from and written to memories.
    bill : Bill
        Energies (J) of one picture in this layer.
    """

    layer: Layer
    cycles: int
    utilisation: float
    memory_bits: int
    bill: Bill

    @property
    def stalls(self) -> int:
        """Cycles without a step: descriptor read, pipeline fill, and waits for a tile's store."""
        return self.cycles - self.layer.own_steps

    @property
    def intensity(self) -> float:
        """Operations per bit of memory traffic."""
        return 2 * self.layer.synapses / self.memory_bits
