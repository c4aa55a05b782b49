# SPDX-License-Identifier: MIT
"""The trained networks that a recipe names: the one it starts from, and its teachers."""

import hashlib
from dataclasses import dataclass
from typing import Any

from golden.network import Network
from golden.params import NetworkParams
from sim.data.embed import card_path, read_card, read_network
from sim.data.shipped import shipped_names, shipped_or_path
from sim.documents.yaml_lines import Document, KeyPath
from sim.work.errors import UserError

__all__ = ["Named", "read_start", "read_teacher"]


@dataclass(frozen=True, kw_only=True)
class Named:
    """A trained network that a recipe names.

    Parameters
    ----------
    name : str
        As the recipe names it.
    network : Network
    sha256 : str
        Of its file.
    pretraining : dict
        Plain data on its training, by the card beside its file; empty without one.
    """

    name: str
    network: Network
    sha256: str
    pretraining: dict[str, Any]


def read_start(name: str, params: NetworkParams, document: Document) -> Named:
    """Return the network that a training of `params` starts from.

    Parameters
    ----------
    name : str
        Name of a shipped network, or path of a network file.
    params : NetworkParams
        Network to be trained.
    document : Document
        Place of every value, for messages.

    Raises
    ------
    UserError
        If its file or card cannot be read, its layers are others, or it has what no twin can
        have; the message names the line.
    """
    where = document.where(("start",))
    named = _read(name, f"{where}: start")
    if named.network.params.layers != params.layers:
        raise UserError(
            f"{where}: start must name a network of the layers of `network`, thresholds and levels "
            f"included, and those of {name} are others"
        )
    for layer in named.network.layers:
        polarity = getattr(layer, "polarity", None)
        if polarity is not None and not polarity.all():
            raise UserError(
                f"{where}: start must name a network whose neurons fire from their threshold up, "
                f"and {name} has others"
            )
    return named


def read_teacher(name: str, place: int, params: NetworkParams, document: Document) -> Named:
    """Return network `place` of the teachers of a training of `params`.

    Parameters
    ----------
    name : str
        Name of a shipped network, or path of a network file.
    place : int
        Index in the list of teachers.
    params : NetworkParams
        Network to be trained, with a head.
    document : Document
        Place of every value, for messages.

    Raises
    ------
    UserError
        If its file or card cannot be read, or its pixels are others, or its number of
        classes; the message names the line.
    """
    path: KeyPath = ("distillation", "networks", place)
    where = f"{document.where(path)}: distillation.networks.{place}"
    named = _read(name, where)
    found, head = named.network.params, named.network.params.head
    assert params.head is not None
    if (found.input, found.bits) != (params.input, params.bits):
        raise UserError(f"{where} must take the pixels of `network`, and {name} takes others")
    if head is None or head.classes != params.head.classes:
        has = "no head" if head is None else f"{head.classes}"
        raise UserError(
            f"{where} must have a head of the {params.head.classes} base classes, and {name} "
            f"has {has}"
        )
    return named


def _read(name: str, where: str) -> Named:
    try:
        path = shipped_or_path(name, "network.bin")
        network, content = read_network(path)
        shipped = name in shipped_names()
        card = shipped_or_path(name, "network.json") if shipped else card_path(path)
        pretraining = read_card(card, content)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    return Named(name=name, network=network, sha256=sha256, pretraining=pretraining)
