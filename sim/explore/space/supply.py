# SPDX-License-Identifier: MIT
"""Supplies of memories as parameters of a space: the cells that fail at them."""

from collections.abc import Mapping
from typing import Any

from sim.replay import SOURCES
from sim.study.methods import NETWORK_KEYS

__all__ = ["NETWORK_SUPPLIES", "SUPPLIES", "faults_of", "has_supply"]

#: Keys of the hardware that are supplies, and the parameter of a method that lets cells fail.
SUPPLIES = {
    "past_voltage": "faults",
    "head_voltage": "head_faults",
    "network_voltage": "network_faults",
    "map_voltage": "map_faults",
}

#: Those of memories of the network that embeds, which every method has.
NETWORK_SUPPLIES = tuple(key for key, faults in SUPPLIES.items() if faults in NETWORK_KEYS)


def has_supply(replay: str, key: str) -> bool:
    """Return whether a method has the memory whose supply a key of the hardware is.

    Parameters
    ----------
    replay : str
        Name of the source.
    key : str
        One of `SUPPLIES`.
    """
    return key in NETWORK_SUPPLIES or SUPPLIES[key] in SOURCES[replay].Params.model_fields


def faults_of(hardware: Mapping[str, Any]) -> dict[str, Any]:
    """Return the faults of a method whose memories have supplies of their own, as plain data.

    Parameters
    ----------
    hardware : mapping
        Plain data of a `sim.explore.space.settings.HardwareConfig`.
    """
    return {
        faults: {"voltage": hardware[key], "cell": hardware.get("cell")}
        for key, faults in SUPPLIES.items()
        if hardware.get(key) is not None
    }
