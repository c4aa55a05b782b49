# SPDX-License-Identifier: MIT
"""What a netlist of the whole chip adds: area and leakage of gates, clocks of idle flip-flops."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sim.cost.assessment import Assessment, PricedPhase
from sim.cost.formatting import number, si
from sim.cost.pricing import total
from sim.cost.quantity import Range
from sim.report.tables import markdown_table

__all__ = ["MappedArea", "gate_section"]

# Actions that clock as many bits of registers as they are wide.
_CLOCKING = ("register", "accumulate")

_READING = (
    "Every flip-flop is clocked in every cycle, as none is gated: a phase pays for those that keep "
    "their bit, beside its actions, and for the leakage of memories and gates while it lasts. "
    "Wiring, clock tree and what placement adds are not in the area."
)


@dataclass(frozen=True, kw_only=True)
class MappedArea:
    """Gates of a design without its memories.

    Attributes
    ----------
    cells : mapping of str to int
        Cells by kind, flip-flops included: of Yosys's own library, or of a Liberty file.
    area, leakage : Range or None
        Sum over the cells (m2, W), wiring not included; None if the technology does not say.
    flipflops : int
    """

    cells: Mapping[str, int]
    area: Range | None
    leakage: Range | None
    flipflops: int


def idle_clocks(mapped: MappedArea, priced: PricedPhase) -> float | None:
    """Return how many flip-flops of all cycles of a phase only keep their bit.

    None where no hardware says how many cycles it takes.
    """
    if priced.phase.cycles is None:
        return None
    used = sum(n * a.width for a, n in priced.phase.tally.items() if a.kind in _CLOCKING)
    return max(0.0, float(mapped.flipflops * priced.phase.cycles - used))


def gate_section(assessment: Assessment, mapped: MappedArea) -> str:
    """Return the section of a report, in Markdown."""
    memories = total(line.area for line in assessment.memories)
    rows = [
        ["memories", "", _square_millimetres(memories.nominal),
         si(assessment.leakage.nominal, "W")],
        ["gates", number(sum(mapped.cells.values())), _area(mapped.area), _power(mapped.leakage)],
        ["of them flip-flops", number(mapped.flipflops), "", ""],
    ]  # fmt: skip
    parts = (
        "## Gates",
        markdown_table(("part of the chip", "cells", "area (mm2)", "leakage"), rows),
        _READING,
        markdown_table(
            ("phase", "unit", "actions", "idle flip-flops", "leakage", "all"),
            list(_phases(assessment, mapped)),
        ),
    )
    return "\n\n".join(parts)


def _phases(assessment: Assessment, mapped: MappedArea) -> Iterable[list[str]]:
    """Yield the phases whose cycles are known, with what their actions leave out."""
    clock = assessment.technology.figure("clock")
    leakage = mapped.leakage.nominal if mapped.leakage else None
    for priced in assessment.phases:
        idle = idle_clocks(mapped, priced)
        if idle is None or priced.seconds is None:
            continue
        kept = None if clock is None else idle * clock.nominal
        leaked = None
        if leakage is not None:
            leaked = (assessment.leakage.nominal + leakage) * priced.seconds
        actions = priced.bill.total.nominal
        known = None if kept is None or leaked is None else actions + kept + leaked
        yield [
            priced.phase.name, priced.phase.unit,
            *(si(value, "J") for value in (actions, kept, leaked, known)),
        ]  # fmt: skip


def _area(area: Range | None) -> str:
    return "-" if area is None else _square_millimetres(area.nominal)


def _power(power: Range | None) -> str:
    return "-" if power is None else si(power.nominal, "W")


def _square_millimetres(area: float) -> str:
    return f"{area * 1e6:.3f}"
