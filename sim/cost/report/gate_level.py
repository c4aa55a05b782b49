# SPDX-License-Identifier: MIT
"""What a netlist of the whole chip adds: area and leakage of gates, clocks of idle flip-flops."""

from dataclasses import dataclass

from sim.cost.assessment import Assessment, PricedPhase
from sim.cost.formatting import nominal, number, square_millimetres
from sim.cost.mapped_area import MappedArea
from sim.cost.pricing import Total
from sim.report.tables import markdown_table

__all__ = ["GateCost", "gate_costs", "gate_section"]

# Actions that clock as many bits of registers as they are wide.
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
    """What the gates add to a phase (J).

    Attributes
    ----------
    priced : PricedPhase
        Whose cycles are known.
    idle : Total
        Clocks of flip-flops that only keep their bit.
    leakage : Total
        Of memories and gates.
    """

    priced: PricedPhase
    idle: Total
    leakage: Total

    @property
    def whole(self) -> Total:
        """J of actions, idle clocks and leakage."""
        return self.priced.bill.total + self.idle + self.leakage


def idle_clocks(mapped: MappedArea, priced: PricedPhase) -> float | None:
    """Return how many flip-flops of all cycles of a phase only keep their bit.

    None where no hardware says how many cycles it takes.
    """
    if priced.phase.cycles is None:
        return None
    used = sum(n * a.width for a, n in priced.phase.tally.items() if a.kind in _CLOCKING)
    return max(0.0, float(mapped.flipflops * priced.phase.cycles - used))


def gate_costs(assessment: Assessment, mapped: MappedArea) -> tuple[GateCost, ...]:
    """Return what the gates add to the phases whose cycles are known."""
    clock = assessment.technology.value("clock")
    leakage = assessment.leakage + Total.of(mapped.leakage)
    return tuple(
        GateCost(priced=priced, idle=Total.of(clock, idle), leakage=leakage * priced.seconds)
        for priced in assessment.phases
        if (idle := idle_clocks(mapped, priced)) is not None and priced.seconds is not None
    )


def gate_section(assessment: Assessment, mapped: MappedArea) -> str:
    """Return the section of a report, in Markdown."""
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
