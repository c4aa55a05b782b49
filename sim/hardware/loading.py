# SPDX-License-Identifier: MIT
"""The words and packets that load a network into the hardware."""

import os
from collections.abc import Mapping
from typing import Any

from golden.network import Network
from rtl.emit import emit_load_file, emit_packets, emit_program
from sim.data.embed import read_network
from sim.data.shipped import shipped_names, shipped_or_path
from sim.work.errors import UserError

__all__ = ["network_files", "open_network"]


def open_network(source: str) -> Network:
    """Return the network that a user names.

    Parameters
    ----------
    source : str
        Name of a shipped network, or a network file.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    path = shipped_or_path(source, "network.bin")
    if not os.path.lexists(path):
        raise UserError(
            f"--network must be a file or one of {', '.join(shipped_names())}, not {source!r}: "
            "no such file"
        )
    return read_network(path)[0]


def network_files(
    network: Network, source: str, name: str, arguments: Mapping[str, Any]
) -> dict[str, str | bytes]:
    """Return the files that load a network into the block ``network`` or ``chip``.

    Parameters
    ----------
    network : Network
    source : str
        What the user has named it, for messages.
    name : str
        Name of the block.
    arguments : mapping
        Arguments of its constructor.

    Raises
    ------
    UserError
        If the network does not fit the block.
    """
    params: Any = arguments["params"]
    weighted: Any = network
    try:
        if name == "network":
            return {**emit_program(weighted, params)}
        return {
            **emit_program(weighted, params.accelerator),
            **emit_packets(weighted, params),
            **emit_load_file(weighted, params),
        }
    except ValueError as error:
        raise UserError(f"{source}: {error}") from error
