# SPDX-License-Identifier: MIT
"""Memories with a supply of their own: their prices there, and checks of a space's supplies."""

from collections.abc import Iterator
from typing import Any

import pydantic

from sim.cost.failing import COMPONENTS
from sim.cost.technology.operating import at_voltage
from sim.cost.technology.technology import Technology
from sim.documents.yaml_lines import Document, KeyPath, dotted
from sim.explore.designs.inputs import Inputs
from sim.explore.space.settings import HardwareConfig
from sim.explore.space.supply import NETWORK_SUPPLIES, SUPPLIES, has_supply
from sim.explore.space.vary import RangeSection
from sim.learn.cells import FailingCells
from sim.report.wording import listed
from sim.work.errors import UserError

__all__ = ["check_supplies", "tables"]

# Memories whose cells fail, by the key of the hardware that is their supply.
_SUPPLIED = {
    "past_voltage": (*COMPONENTS["prototypes"], "latent_buffer.rows"),
    "head_voltage": COMPONENTS["weights"],
    "network_voltage": COMPONENTS["network"],
    "map_voltage": COMPONENTS["maps"],
}


def tables(hardware: HardwareConfig, technology: Technology) -> dict[str, Technology]:
    """Return the technologies at the supplies of memories that have their own, by component.

    Parameters
    ----------
    hardware : HardwareConfig
    technology : Technology

    Raises
    ------
    ValueError
        If the technology states no supply, or cannot be scaled to one.
    """
    return {
        component: at_voltage(technology, voltage)
        for key, components in _SUPPLIED.items()
        if (voltage := getattr(hardware, key)) is not None
        for component in components
    }


def check_supplies(inputs: Inputs, document: Document) -> None:
    """Refuse supplies that no memory has, or at which nothing is known of cells or prices.

    Parameters
    ----------
    inputs : Inputs
    document : Document
        Document of the configuration. It gives the line of a fault.

    Raises
    ------
    UserError
        The message names key and line.
    """
    config = inputs.config
    own, cell = config.hardware, config.hardware.cell
    supplies = {key: list(_voltages(("hardware", key), getattr(own, key))) for key in SUPPLIES}
    if cell is not None and not any(supplies.values()):
        path = ("hardware", "cell")
        raise UserError(
            f"{document.where(path)}: {dotted(path)} must be left out: no memory has a supply of "
            f"its own, {listed([dotted(('hardware', key)) for key in SUPPLIES], 'or')}"
        )
    for key, values in supplies.items():
        if not values:
            continue
        _check_methods(config, key, document)
        given = getattr(own, key)
        if not isinstance(given, list) or None not in given:
            path = ("hardware", key)
            raise UserError(
                f"{document.where(path)}: {dotted(path)} must be a list with null, the supply of "
                "the technology, with which the same design at a lower one is compared"
            )
        for path, voltage in values:
            if cell is None:
                raise UserError(
                    f"{document.where(path)}: {dotted(path)} needs hardware.cell, which says how "
                    "many cells fail at a supply"
                )
            try:
                FailingCells(voltage=voltage, cell=cell)
                at_voltage(inputs.technology, voltage)
                full = inputs.technology.voltage
                if full is not None and voltage >= full:
                    raise ValueError(f"supply must be below that of the technology, {full:g} V")
            except pydantic.ValidationError as error:
                said = error.errors()[0]["msg"].removeprefix("Value error, ")
                raise UserError(f"{document.where(path)}: {dotted(path)}: {said}") from error
            except ValueError as error:
                raise UserError(f"{document.where(path)}: {dotted(path)}: {error}") from error


def _check_methods(config: Any, key: str, document: Document) -> None:
    """Refuse a supply of a memory that no method has, or whose faults a method gives itself."""
    path, faults = ("hardware", key), SUPPLIES[key]
    having = [place for place, m in enumerate(config.methods) if has_supply(m.replay, key)]
    heads = {p: getattr(config.methods[p], "head", None) or config.head for p in having}
    other = {p: head.kind for p, head in heads.items() if head.kind != "integer"}
    why = ""
    if key in NETWORK_SUPPLIES and config.data.name != "bank":
        why = f"no network embeds {config.data.name}, only a bank's"
    elif key == "head_voltage" and len(other) == len(having):
        why = "no method here has the integer head's weights"
    elif key == "head_voltage" and other:
        place, kind = next(iter(other.items()))
        why = f"the {kind} head of methods.{place} has no such weights, only the integer one"
    elif not having:
        why = "no method here has a past that can fail"
    if why:
        raise UserError(f"{document.where(path)}: {dotted(path)} must be left out: {why}")
    for place, entry in enumerate(config.methods):
        if getattr(entry, faults, None) is not None:
            own = ("methods", place, faults)
            raise UserError(
                f"{document.where(own)}: {dotted(own)} must be left out beside {dotted(path)}"
            )


def _voltages(path: KeyPath, given: Any) -> Iterator[tuple[KeyPath, float]]:
    """Yield the place and the value of every supply; of a range, those of its ends."""
    if isinstance(given, RangeSection):
        yield (*path, "low"), given.low
        yield (*path, "high"), given.high
    elif isinstance(given, list):
        yield from (((*path, i), v) for i, v in enumerate(given) if v is not None)
    elif given is not None:
        yield path, given
