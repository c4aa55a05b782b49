# SPDX-License-Identifier: MIT
"""The report section on gates: their area and leakage, and the clocking of idle flip-flops."""

from dataclasses import dataclass

from sim.cost.assessment import Assessment, PricedPhase
from sim.cost.formatting import nominal, number, square_millimetres
from sim.cost.mapped_area import MappedArea
from sim.cost.pricing import Total
from sim.report.tables import markdown_table

__all__ = ["GateCost", "gate_costs", "gate_section"]

# Kinds of actions whose width is the number of register bits that they clock.
_CLOCKING = ("register", "accumulate")

_READING = (
    "Every flip-flop is clocked in every cycle, as none is gated: a phase pays for those that keep "
    "their bit, beside its actions, and for the leakage of memories and gates while it lasts. "
    "Wiring, clock tree and what placement adds are not in the area."
)
_GENERIC = (
    "Cells are generic gates, each of as many NANDs of two inputs as the smallest cell of its "
    "function in IHP SG13G2; area and leakage are those of the technology's NAND and flip-flop."
)


@dataclass(frozen=True, kw_only=True)
class GateCost:
    """The energies (J) that the gates add to a phase.

    Attributes
    ----------
    priced : PricedPhase
        Phase with a known number of cycles.
    idle : Total
        J to clock the flip-flops that only keep their bit.
    leakage : Total
        J that memories and gates leak.
    """

    priced: PricedPhase
    idle: Total
    leakage: Total

    @property
    def whole(self) -> Total:
        """Energy (J) of actions, idle flip-flops and leakage together."""
        return self.priced.bill.total + self.idle + self.leakage


def idle_clocks(mapped: MappedArea, priced: PricedPhase) -> float | None:
    """Return how often, over all cycles of a phase, a flip-flop is clocked and keeps its bit.

    The result is None if no hardware defines the cycles of the phase.
    """
    if priced.phase.cycles is None:
        return None
    used = sum(n * a.width for a, n in priced.phase.tally.items() if a.kind in _CLOCKING)
    return max(0.0, float(mapped.flipflops * priced.phase.cycles - used))


def gate_costs(assessment: Assessment, mapped: MappedArea) -> tuple[GateCost, ...]:
    """Return the energies that the gates add to each phase with a known number of cycles."""
    clock = assessment.technology.value("clock")
    leakage = assessment.leakage + Total.of(mapped.leakage)
    return tuple(
        GateCost(priced=priced, idle=Total.of(clock, idle), leakage=leakage * priced.seconds)
        for priced in assessment.phases
        if (idle := idle_clocks(mapped, priced)) is not None and priced.seconds is not None
    )


def gate_section(assessment: Assessment, mapped: MappedArea) -> str:
    """Return the section of the report on gates, in Markdown."""
    rows = [
        ["memories", "", square_millimetres(assessment.area), nominal(assessment.leakage, "W")],
        ["gates", number(sum(mapped.cells.values())), square_millimetres(Total.of(mapped.area)),
         nominal(Total.of(mapped.leakage), "W")],
        ["of them flip-flops", number(mapped.flipflops), "", ""],
    ]  # fmt: skip
    library = f"Cells are those of the library {mapped.library}, with its areas and leakages."
    parts = (
        "## Gates",
        _GENERIC if mapped.library is None else library,
        markdown_table(("part of the chip", "cells", "area (mm2)", "leakage"), rows),
        _READING,
        markdown_table(
            ("phase", "unit", "actions", "idle flip-flops", "leakage", "all"),
            [_row(cost) for cost in gate_costs(assessment, mapped)],
        ),
    )
    return "\n\n".join(parts)


def _row(cost: GateCost) -> list[str]:
    phase = cost.priced.phase
    energies = (cost.priced.bill.total, cost.idle, cost.leakage, cost.whole)
    return [phase.name, phase.unit, *(nominal(energy, "J") for energy in energies)]
