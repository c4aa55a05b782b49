# SPDX-License-Identifier: MIT
"""The report section on gates: their area and leakage, and the clocking of idle flip-flops."""

from sim.cost.assessment import Assessment
from sim.cost.formatting import nominal, number, square_millimetres
from sim.cost.mapped_area import MappedArea
from sim.cost.priced import PricedPhase
from sim.cost.totals import Total, total
from sim.report.tables import markdown_table

__all__ = ["gate_section"]

_READING = (
    "No flip-flop is gated: each is clocked in every cycle, and those that keep their bit are "
    "idle. All sums above are those of these flip-flops and of the leakage of these gates. Wiring, "
    "clock tree and what placement adds are not in the area."
)
_GENERIC = (
    "Cells are generic gates, each of as many NANDs of two inputs as the smallest cell of its "
    "function in IHP SG13G2; area and leakage are those of the technology's NAND and flip-flop."
)


def gate_section(assessment: Assessment, mapped: MappedArea) -> str:
    """Return the section of the report on gates, in Markdown."""
    memories = total(line.leakage for line in assessment.memories)
    rows = [
        ["memories", "", square_millimetres(assessment.area), nominal(memories, "W")],
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
            [_row(priced) for priced in assessment.phases if priced.phase.cycles is not None],
        ),
    )
    return "\n\n".join(parts)


def _row(priced: PricedPhase) -> list[str]:
    bill = priced.bill
    energies = (bill.actions, bill.beside("idle clocks"), bill.beside("leakage"), bill.total)
    return [
        priced.phase.name,
        priced.phase.unit,
        *(nominal(energy, "J") for energy in energies),
    ]
