# SPDX-License-Identifier: MIT
"""The words and packets that load a network into the hardware."""

import os
from collections.abc import Mapping
from typing import Any

from rtl.emit import emit_load_file, emit_packets, emit_program
from sim.data.embed import read_network
from sim.data.shipped import shipped_names, shipped_or_path
from sim.work.errors import UserError

__all__ = ["network_files"]


def network_files(source: str, name: str, arguments: Mapping[str, Any]) -> dict[str, str | bytes]:
    """Return the files that load a network into the block ``network`` or ``chip``.

    Parameters
    ----------
    source : str
        Name of a shipped network, or a network file.
    name : str
        Name of the block.
    arguments : mapping
        Arguments of its constructor.

    Raises
    ------
    UserError
        If the block is another one, or if the network cannot be read or does not fit the block.
    """
    if name not in ("chip", "network"):
        raise UserError(f"--network must go with the block network or chip, not {name}")
    params: Any = arguments["params"]
    path = shipped_or_path(source, "network.bin")
    if not os.path.lexists(path):
        raise UserError(
            f"--network must be a file or one of {', '.join(shipped_names())}, not {source!r}: "
            "no such file"
        )
    network: Any = read_network(path)[0]
    try:
        if name == "network":
            return {**emit_program(network, params)}
        return {
            **emit_program(network, params.accelerator),
            **emit_packets(network, params),
            **emit_load_file(network, params),
        }
    except ValueError as error:
        raise UserError(f"{source}: {error}") from error
