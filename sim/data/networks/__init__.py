# SPDX-License-Identifier: MIT
"""Descriptions of networks, in YAML or in network files; messages on a fault name the line."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from golden.params import NetworkParams
from sim.documents.yaml_lines import Document, KeyPath, apply_override, parse
from sim.work.errors import UserError
from sim.work.files import built_in_or_own, read_text

__all__ = ["BUILT_IN", "load_network"]

#: Folder of the networks that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent

#: First key of the overrides that change the description.
_KEY = "network"


def load_network(name: str, overrides: Iterable[str] = ()) -> NetworkParams:
    """Read the description of a network.

    Parameters
    ----------
    name : str
        Path of a YAML file that holds a description (contract, 9), the name of a built-in one, or
        the path of a network file, ``.bin``, which holds its description.
    overrides : iterable of str
        Assignments such as ``network.layers.0.levels=8``, applied in order.

    Returns
    -------
    NetworkParams

    Raises
    ------
    UserError
        If the file cannot be read or a layer is at fault; the message names key and line.
    """
    document = _described(name)
    for assignment in overrides:
        document = apply_override(document, assignment)
    try:
        return NetworkParams.from_description(document.data[_KEY])
    except (TypeError, ValueError) as error:
        raise UserError(f"{document.where_within(_blame(str(error)))}: {error}") from error


def _described(name: str) -> Document:
    """Return the description below the key of the network."""
    if name.endswith(".bin"):
        from sim.data.embed import read_network

        return Document({_KEY: read_network(Path(name))[0].params.describe()}, name, {})
    path = built_in_or_own(name, BUILT_IN, "Network", further=", a .bin file of a network")
    inner = parse(read_text(path), str(path))
    return Document({_KEY: inner.data}, inner.source, _below(inner.lines))


def _below(lines: Mapping[KeyPath, int]) -> dict[KeyPath, int]:
    """Return the lines of a text after its content moves below the key of the network."""
    return {(_KEY, *path): line for path, line in lines.items()}


def _blame(message: str) -> KeyPath:
    """Return the part of a description that the message of `NetworkParams` names first."""
    if layer := re.match(r"Layer (\d+)", message):
        return (_KEY, "layers", int(layer[1]))
    part = message.partition(" ")[0].lower()
    return (_KEY, part) if part in ("head", "input") else (_KEY,)
