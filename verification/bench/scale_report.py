# SPDX-License-Identifier: MIT
"""Files of the growth of the machine: tables with exponents, the numbers, and a figure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from sim.report.figure import figure_bytes, house_style, new_figure
from sim.report.tables import markdown_table
from verification.bench.harness import growth_exponent

__all__ = ["Growth", "Size", "growths", "report_files"]

WHOLE = "all"  # the row of the whole machine
_HOW_TO_READ = (
    "Gates are cells of Yosys's own library, flip-flops among them, after `abc`; memories are left "
    "out. `mvu` is the array of neurons; `network` is what lies between the blocks. Every size "
    "runs networks as large as the shipped chip does: maps have up to 512 channels, and the "
    "memories hold as many weights, thresholds and bits of a map, in rows of the size. Every size "
    "is mapped, none extrapolated. Modules that are alike, such as the adder trees of the neurons, "
    "are mapped once and counted as often as they occur. Clock rates need place and route; those "
    "of the blocks in three sizes are in [the report of the blocks](../report.md)."
)
_HOW_TO_READ_EXPONENTS = (
    "*Exponent* is the slope of gates against the synapses of the array, PE x SIMD, by least "
    "squares on logarithms over all sizes. A block with a large fixed part has a small one, so the "
    "*steepest step* is the largest slope between neighbouring sizes. Above 1, a block grows "
    "faster than the synapses that it serves."
)


@dataclass(frozen=True)
class Size:
    """The machine at a size of the array.

    Parameters
    ----------
    pe, simd : int
        PE and SIMD of the array.
    gates, flipflops : mapping of str to int
        Gates of each block, and the flip-flops among them.
    memory_bits : int
        Bits of all memories.
    """

    pe: int
    simd: int
    gates: Mapping[str, int]
    flipflops: Mapping[str, int]
    memory_bits: int

    @property
    def synapses(self) -> int:
        """Synapses of the array."""
        return self.pe * self.simd


@dataclass(frozen=True)
class Growth:
    """Exponents of a block: of gates, of flip-flops, and of gates in the steepest step.

    `flipflops` is None of a block that has none at some size.
    """

    gates: float
    flipflops: float | None
    steepest: float


def growths(sizes: Sequence[Size]) -> dict[str, Growth]:
    """Return the growth of each block and of the whole machine, the fastest of the blocks first.

    Parameters
    ----------
    sizes : sequence of Size
        Two or more, of growing PE x SIMD, with the same blocks.
    """
    synapses = [size.synapses for size in sizes]
    gates = {name: [size.gates[name] for size in sizes] for name in sizes[0].gates}
    flipflops = {name: [size.flipflops[name] for size in sizes] for name in sizes[0].gates}
    blocks = {name: _growth(synapses, gates[name], flipflops[name]) for name in gates}
    whole = _growth(
        synapses,
        [sum(size.gates.values()) for size in sizes],
        [sum(size.flipflops.values()) for size in sizes],
    )
    return {**dict(sorted(blocks.items(), key=lambda item: -item[1].gates)), WHOLE: whole}


def _growth(synapses: Sequence[int], gates: Sequence[int], flipflops: Sequence[int]) -> Growth:
    steps = zip(pairwise(synapses), pairwise(gates), strict=True)
    return Growth(
        growth_exponent(synapses, gates),
        growth_exponent(synapses, flipflops) if all(flipflops) else None,
        max(growth_exponent(x, y) for x, y in steps),
    )


def report_files(sizes: Sequence[Size], command: str) -> dict[str, str | bytes]:
    """Return the page, the numbers and the figure, by the names of their files."""
    found = growths(sizes)
    page = [
        "# Growth of the machine with its array",
        f"    {command}",
        _HOW_TO_READ,
        "![Gates of the blocks against PE x SIMD](gates.png)",
        "## Gates",
        _table(sizes, [*found], [size.gates for size in sizes]),
        "## Flip-flops",
        _table(sizes, [*found], [size.flipflops for size in sizes]),
        "## Whole machine",
        markdown_table(
            ("PE x SIMD", "synapses", "gates a synapse", "flip-flops a synapse", "memory (kb)"),
            [
                (
                    f"{size.pe} x {size.simd}",
                    f"{size.synapses:,}",
                    f"{sum(size.gates.values()) / size.synapses:.2f}",
                    f"{sum(size.flipflops.values()) / size.synapses:.2f}",
                    f"{size.memory_bits / 1000:,.1f}",
                )
                for size in sizes
            ],
        ),
        "## Exponents",
        _HOW_TO_READ_EXPONENTS,
        markdown_table(
            ("block", "exponent", "steepest step", "exponent of flip-flops"),
            [
                (
                    name,
                    f"{growth.gates:.2f}",
                    f"{growth.steepest:.2f}",
                    "" if growth.flipflops is None else f"{growth.flipflops:.2f}",
                )
                for name, growth in found.items()
            ],
        ),
        _conclusion(found),
    ]
    numbers = {
        "command": command,
        "sizes": [asdict(size) for size in sizes],
        "exponents": {name: asdict(growth) for name, growth in found.items()},
    }
    return {
        "report.md": "\n\n".join(page) + "\n",
        "results.json": json.dumps(numbers, indent=1, allow_nan=False) + "\n",
        "gates.png": _figure(sizes, found),
    }


def _table(sizes: Sequence[Size], names: list[str], counts: Sequence[Mapping[str, int]]) -> str:
    """Return a table with a row for each block and a column for each size."""
    heads = ("block", *(f"{size.pe} x {size.simd}" for size in sizes))
    wholes = [{**count, WHOLE: sum(count.values())} for count in counts]
    rows = [(name, *(f"{count[name]:,}" for count in wholes)) for name in names]
    return markdown_table(heads, rows)


def _conclusion(found: Mapping[str, Growth]) -> str:
    """Return the sentence that says which blocks grow faster than the synapses."""
    fast = [name for name, each in found.items() if name != WHOLE and each.steepest > 1]
    if not fast:
        return "No block grows faster than the synapses of the array, in any step."
    told = ", ".join(f"`{name}` ({found[name].steepest:.3f})" for name in fast)
    return f"In their steepest step these grow faster than the synapses of the array: {told}."


@house_style()
def _figure(sizes: Sequence[Size], found: Mapping[str, Growth]) -> bytes:
    """Return the figure of gates against synapses, the fastest growth first."""
    figure = new_figure(7.2, 4.8)
    ax = figure.subplots()
    synapses = [size.synapses for size in sizes]
    colours = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
    for n, (name, growth) in enumerate(found.items()):
        if name != WHOLE:
            ax.plot(
                synapses,
                [size.gates[name] for size in sizes],
                color=colours[n % len(colours)],
                marker="osD^vP*"[n % 7],
                linestyle="-" if n < len(colours) else ":",
                label=f"{name}: {growth.gates:.2f}",
            )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    names = [f"{size.pe} x {size.simd}" for size in sizes]
    ax.set_xticks(synapses, names, rotation=30, ha="right")
    ax.set_xlabel("PE x SIMD")
    ax.set_ylabel("gates, flip-flops among them")
    ax.grid(color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, title="block: exponent")
    return figure_bytes(figure, resolution=150)
