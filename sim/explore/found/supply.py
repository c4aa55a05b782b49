# SPDX-License-Identifier: MIT
"""The supply of least energy at no more than half a point lost, of designs that were tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.explore.found.recommend import NEAR
from sim.explore.search.trials import TrialRecord
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.supply import SUPPLIES
from sim.report.tables import markdown_table
from sim.report.wording import listed

__all__ = ["Lowered", "lowered", "supply_section", "supply_sentence"]

_PREFIX = "hardware."
_WHAT = {
    "past_voltage": "the memory of the past",
    "head_voltage": "the head's weights",
    "network_voltage": "the network's weights",
    "map_voltage": "the network's maps",
}

_ABOUT = """\
A design is compared with its twin, which has all else alike and these memories at the supply of \
the technology, where no cell fails. The accuracy is that of runs whose cells fail. The energy is \
that of the design with these memories at their supply: clock and all else stay. Level shifters \
and further regulators are not in it."""


@dataclass(frozen=True)
class Lowered:
    """A design with memories at a lower supply, and its twin without.

    Attributes
    ----------
    design, twin : TrialRecord
    """

    design: TrialRecord
    twin: TrialRecord

    @property
    def supplies(self) -> dict[str, float]:
        """Supplies in V by their key."""
        return {k: v for k in SUPPLIES if (v := self.design.parameters.get(_PREFIX + k))}

    @property
    def lost(self) -> float:
        """Points of accuracy that the twin has more."""
        return self.twin.values["accuracy"] - self.design.values["accuracy"]

    @property
    def where(self) -> str:
        """The supplies in words."""
        return listed([f"{_WHAT[key]} at {volts:g} V" for key, volts in self.supplies.items()])


def lowered(designs: Sequence[TrialRecord]) -> list[Lowered]:
    """Return every design with a lower supply whose twin was tried, by energy.

    Parameters
    ----------
    designs : sequence of TrialRecord
        Trials that went through all rungs.
    """
    sound = {_others(d.parameters): d for d in designs if not _supplies(d.parameters)}
    found = [
        Lowered(design, sound[_others(design.parameters)])
        for design in designs
        if _supplies(design.parameters) and _others(design.parameters) in sound
    ]
    return sorted(found, key=lambda pair: (pair.design.values["energy"], pair.design.number))


def supply_sentence(config: ExploreConfig, designs: Sequence[TrialRecord]) -> str:
    """Return the supply of least energy at no more than half a point lost; empty without supplies.

    Parameters
    ----------
    config : ExploreConfig
    designs : sequence of TrialRecord
        Trials that went through all rungs.
    """
    if not _asked(config):
        return ""
    pairs = lowered(designs)
    bearable = [pair for pair in pairs if pair.lost <= NEAR]
    if not pairs:
        return (
            "Nothing can be said of supplies: no design was tried both at a lower supply and at "
            "that of the technology."
        )
    if not bearable:
        return f"Every lower supply that was tried costs more than {NEAR:g} points."
    best = bearable[0]
    own, twin = (record.values["energy"] for record in (best.design, best.twin))
    unit = next(o.unit for o in config.sought if o.name == "energy")
    return (
        f"Of {len(pairs)} designs with a lower supply, {len(bearable)} lose no more than {NEAR:g} "
        f"points, and of these the one with {best.where} has the least energy: {own:.3g} {unit} in "
        f"place of {twin:.3g} {unit}, at {best.lost:.2f} points lost ({best.twin.label})."
    )


def supply_section(config: ExploreConfig, designs: Sequence[TrialRecord]) -> list[str]:
    """Return the section on supplies; empty for a space that has none."""
    sentence = supply_sentence(config, designs)
    if not sentence:
        return []
    unit = next(o.unit for o in config.sought if o.name == "energy")
    keys = [key for key in SUPPLIES if getattr(config.hardware, key) is not None]
    columns = [
        *(f"{_WHAT[key]} (V)" for key in keys),
        "points lost",
        f"energy ({unit})",
        f"energy of the twin ({unit})",
        "trial",
        "twin",
    ]
    rows = [
        [
            *(f"{volts:g}" if (volts := pair.supplies.get(key)) else "technology" for key in keys),
            f"{pair.lost:.2f}",
            f"{pair.design.values['energy']:.4g}",
            f"{pair.twin.values['energy']:.4g}",
            str(pair.design.number),
            str(pair.twin.number),
        ]
        for pair in lowered(designs)
    ]
    table = [markdown_table(columns, rows)] if rows else []
    return ["## Supplies", f"**{sentence}**", _ABOUT, *table]


def _asked(config: ExploreConfig) -> bool:
    """Return whether a space has supplies, and energy among its objectives."""
    lists = [getattr(config.hardware, key) for key in SUPPLIES]
    return any(v is not None for v in lists) and any(o.name == "energy" for o in config.sought)


def _supplies(parameters: Mapping[str, Any]) -> bool:
    return any(parameters.get(_PREFIX + key) is not None for key in SUPPLIES)


def _others(parameters: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return all parameters but the supplies."""
    names = {_PREFIX + key for key in SUPPLIES}
    return tuple(sorted((k, v) for k, v in parameters.items() if k not in names))
