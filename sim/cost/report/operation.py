# SPDX-License-Identifier: MIT
"""The sections of a cost report on a chip in use: power at a frame rate, energy against supply."""

from matplotlib.figure import Figure

from sim.cost.assessment import Assessment
from sim.cost.formatting import bounds, nominal, si
from sim.cost.operation import SupplyPoint, duty, modes, supply_points
from sim.cost.technology.speed import slowest_supply
from sim.report.figure import house_style, new_figure
from sim.report.tables import markdown_table

__all__ = ["energy_by_supply", "known_supplies", "rate_section", "supply_section"]


_SUPPLIES = (
    "An image at other supplies, each with the clock at which timing closes, if it closes at"
)
_LAW = "Gates follow the alpha-power law; that memories keep up is assumed."


def rate_section(assessment: Assessment, rate: float) -> str:
    """Return the section on power at a frame rate (1 / s), in Markdown.

    Raises
    ------
    ValueError
        If the chip cannot compute so many frames.
    """
    busy = duty(assessment, rate)
    rows = [
        [mode.name, *bounds(mode.power, "W"), nominal(mode.pause, "W"), mode.what]
        for mode in modes(assessment, rate)
    ]
    parts = (
        f"## At {rate:g} frames a second",
        f"The chip computes {busy:.1%} of the time.",
        markdown_table(("between frames", "low", "mean power", "high", "in a pause", "note"), rows),
    )
    return "\n\n".join(parts)


def known_supplies(assessment: Assessment) -> list[SupplyPoint]:
    """Return an image at all supplies of a sweep; none if no clock is known there."""
    technology = assessment.technology
    if technology.faster is None or technology.voltage is None:
        return []
    if technology.voltage <= slowest_supply(technology):
        return []
    return list(supply_points(assessment))


def supply_section(assessment: Assessment) -> str:
    """Return the section on the energy of an image against supply, in Markdown."""
    points = known_supplies(assessment)
    if not points:
        return (
            f"## Supply\n\nHow fast gates of {assessment.technology.name} are at another supply is "
            "not known, so that there is no clock and no energy for it."
        )
    rows = [
        [f"{p.voltage:g}", si(p.clock, "Hz"), *bounds(p.energy, "J"), nominal(p.leakage, "J")]
        for p in points
    ]
    parts = (
        "## Supply",
        f"{_SUPPLIES} {si(points[-1].clock, 'Hz')} and {points[-1].voltage:g} V. {_LAW}",
        markdown_table(("supply (V)", "clock", "low", "energy", "high", "leakage"), rows),
        "![Energy of an image against supply](energy_by_supply.png)",
    )
    return "\n\n".join(parts)


@house_style()
def energy_by_supply(points: list[SupplyPoint]) -> Figure:
    """Draw the energy of an image and the clock against the supply."""
    figure = new_figure(7, 4.4)
    axes = figure.add_subplot()
    volts = [point.voltage for point in points]
    axes.plot(volts, [1e6 * p.energy.nominal for p in points], "o-", color="tab:orange",
              label="energy of an image")  # fmt: skip
    axes.fill_between(
        volts, [1e6 * p.energy.low for p in points], [1e6 * p.energy.high for p in points],
        color="tab:orange", alpha=0.15, lw=0,
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.set_xlabel("supply (V)")
    axes.set_ylabel("energy of an image (uJ)")
    axes.grid(alpha=0.3)
    clocks = axes.twinx()
    clocks.plot(volts, [p.clock / 1e6 for p in points], "s--", color="0.35", label="clock")
    clocks.set_ylim(bottom=0)
    clocks.set_ylabel("clock (MHz)")
    lines = [*axes.get_lines(), *clocks.get_lines()]
    axes.legend(lines, [str(line.get_label()) for line in lines], fontsize=8, loc="lower right")
    return figure
