# SPDX-License-Identifier: MIT
"""Figures of a cost report: each function draws results in a matplotlib figure."""

from collections.abc import Sequence

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from sim.cost.assessment import Assessment
from sim.cost.formatting import nominal
from sim.cost.priced import PricedPhase
from sim.cost.replay import BreakEven
from sim.cost.sensitivity import swings
from sim.report.figure import house_style, new_figure

__all__ = ["breakdown", "energy_by_draws", "plain_logs", "roofline", "tornado"]

# Parts of a chip in the breakdown, from the left: reads and writes of the largest memories, the
# rest of the memories, logic, and what comes beside. Memories are blue, logic and its overheads
# warm, and what runs with the time green and grey.
_MEMORIES = ("network.mvu.weights", "network.fetch.map", "sampler.prototypes.memory")
_WATCHED = ("memory", "checks")
_BESIDE = ("wires", "clock and control", "idle clocks", "input and output", "leakage")
_PARTS = {
    "weights (SRAM)": "#08519c",
    "maps (SRAM)": "#3182bd",
    "prototypes (SRAM)": "#6baed6",
    "other SRAM": "#bdd7e7",
    "logic": "#d94801",
    "wires": "#fd8d3c",
    "clock and control": "#fdbe85",
    "idle clocks": "#c7e9c0",
    "input and output": "#74c476",
    "leakage": "0.6",
}
_SWINGS = 6  # most bars in a tornado plot


@house_style()
def breakdown(phases: Sequence[PricedPhase]) -> Figure:
    """Draw the shares of memories, logic and overheads in the energy of each phase, and its sum."""
    figure = new_figure(9.5, 0.4 * len(phases) + 1.8)
    axes = figure.add_subplot()
    shares = [_shares(phase) for phase in phases]
    lefts = [0.0] * len(phases)
    for name, colour in _PARTS.items():
        widths = [100 * share[name] for share in shares]
        axes.barh(range(len(phases)), widths, left=lefts, color=colour, label=name)
        lefts = [left + width for left, width in zip(lefts, widths, strict=True)]
    for row, phase in enumerate(phases):
        axes.text(101, row, nominal(phase.bill.total, "J"), va="center", fontsize=8)
    axes.set_yticks(range(len(phases)), [f"{p.phase.name} ({p.phase.unit})" for p in phases])
    axes.invert_yaxis()
    axes.set_xlim(0, 113)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel("share of the energy (%), and all of it")
    figure.legend(loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    return figure


@house_style()
def roofline(assessment: Assessment) -> Figure:
    """Draw the operations per cycle of each layer against its operations per bit of traffic."""
    figure = new_figure(7, 4.6)
    axes = figure.add_subplot()
    array = assessment.config.chip.accelerator.array
    peak = 2 * array.pe * array.simd
    bandwidth = assessment.bandwidth
    layers = [cost for cost in assessment.layers if cost.layer.synapses]
    low = 0.5 * min(cost.intensity for cost in layers)
    ridge = peak / bandwidth
    axes.plot([low, ridge, 4 * ridge], [low * bandwidth, peak, peak], color="0.3")
    axes.text(4 * ridge, peak * 1.04, f"{peak} operations a cycle", ha="right", fontsize=8)
    axes.text(
        low * 1.05, low * bandwidth * 1.3, f"{bandwidth} bits a cycle", fontsize=8, rotation=38
    )
    for index, cost in enumerate(layers):
        reached = 2 * cost.layer.synapses / cost.cycles
        label = f"{cost.layer.name}: {cost.utilisation:.0%} in use"
        axes.plot(cost.intensity, reached, "o", color=f"C{index}", label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_logs(axes.xaxis)
    plain_logs(axes.yaxis)
    axes.set_xlabel("operations a bit read or written")
    axes.set_ylabel("operations a cycle")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")
    return figure


@house_style()
def tornado(phases: Sequence[PricedPhase]) -> Figure:
    """Draw how far each value, between its bounds, moves the energy of some phases."""
    figure = new_figure(7, 1.9 * len(phases) + 0.6)
    for axes, priced in zip(figure.subplots(len(phases), squeeze=False)[:, 0], phases, strict=True):
        whole = priced.bill.total.nominal
        shown = [s for s in swings(priced.bill)[:_SWINGS] if s.high > s.low]
        for row, swing in enumerate(shown):
            axes.barh(row, 100 * swing.low / whole, color="tab:blue")
            axes.barh(row, 100 * swing.high / whole, color="tab:orange")
        axes.set_yticks(range(len(shown)), [swing.name for swing in shown])
        axes.invert_yaxis()
        axes.axvline(0, color="0.3", lw=0.8)
        axes.set_title(f"{priced.phase.name}, {nominal(priced.bill.total, 'J')}", fontsize=9)
    figure.supxlabel(
        "change of the sum (%) with the figure at its low and high bound", fontsize="medium"
    )
    return figure


@house_style()
def energy_by_draws(found: BreakEven) -> Figure:
    """Draw the energy of a pseudo-exemplar against M, and that of latent replay of equal bits."""
    figure = new_figure(7, 4.4)
    axes = figure.add_subplot()
    lines = (
        (found.draws, "tab:orange", "drawn, taken at once"),
        (found.buffered, "tab:red", "drawn, kept in a buffer of M, read"),
    )
    for series, colour, label in lines:
        draws = [m for m, _ in series]
        axes.plot(draws, [1e9 * e.nominal for _, e in series], color=colour, label=label)
        axes.fill_between(
            draws, [1e9 * e.low for _, e in series], [1e9 * e.high for _, e in series],
            color=colour, alpha=0.15, lw=0,
        )  # fmt: skip
    label = f"latent replay, E = {found.exemplars} (as many bits)"
    axes.axhline(1e9 * found.latent.nominal, color="tab:blue", label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(lambda m, _: f"{m:g}")
    plain_logs(axes.yaxis)
    axes.set_xlabel("M, pseudo-exemplars drawn a prototype read")
    axes.set_ylabel("energy of an exemplar (nJ)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def plain_logs(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(NullFormatter())


def _shares(phase: PricedPhase) -> dict[str, float]:
    """Return the shares of all `_PARTS` in the energy of a phase."""
    bill = phase.bill
    known: dict[str, str] = dict(zip(_MEMORIES, _PARTS, strict=False))
    # Rows that are watched over have memories of their own.
    known |= {f"sampler.prototypes.rows.{name}": known[_MEMORIES[2]] for name in _WATCHED}
    sums = dict.fromkeys(_PARTS, 0.0)
    for line in bill.lines:
        name = known.get(line.action.component, "other SRAM") if line.is_memory else "logic"
        sums[name] += line.total.nominal
    for name in _BESIDE:
        sums[name] = bill.beside(name).nominal
    all_of_it = sum(sums.values()) or 1.0
    return {name: part / all_of_it for name, part in sums.items()}
