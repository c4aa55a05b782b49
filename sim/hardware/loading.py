# SPDX-License-Identifier: MIT
"""The words and packets that load a network into the hardware."""

import os
from collections.abc import Mapping
from typing import Any

from golden.network import Network
from rtl.emit import emit_head_packets, emit_load_file, emit_packets, emit_program
from sim.data.embed import read_network
from sim.data.shipped import shipped_names, shipped_or_path
from sim.work.errors import UserError

__all__ = ["head_files", "network_files", "open_network"]


def open_network(source: str, option: str = "--network") -> Network:
    """Return the network that a user names.

    Parameters
    ----------
    source : str
        Name of a shipped network, or a network file.
    option : str
        The option that names it, for messages.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    path = shipped_or_path(source, "network.bin")
    if not os.path.lexists(path):
        raise UserError(
            f"{option} must be a file or one of {', '.join(shipped_names())}, not {source!r}: "
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


def head_files(
    network: Network, retrained: Network, source: str, name: str, arguments: Mapping[str, Any]
) -> dict[str, str]:
    """Return the file that gives a chip with a loaded network another head over the same layers.

    Parameters
    ----------
    network, retrained : Network
        The network that is loaded, and the one with the head that is wanted.
    source : str
        What the user has named the second, for messages.
    name : str
        Name of the block.
    arguments : mapping
        Arguments of its constructor.

    Raises
    ------
    UserError
        If the block is no chip, the head does not fit it, or the layers are others.
    """
    if name != "chip":
        raise UserError(f"--head must go with the block chip, not {name}")
    loaded: Any = network
    wanted: Any = retrained
    try:
        return emit_head_packets(loaded, wanted, arguments["params"])
    except ValueError as error:
        raise UserError(f"{source}: {error}") from error
