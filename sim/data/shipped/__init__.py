# SPDX-License-Identifier: MIT
"""Networks shipped with engram: weights, embedding bank and labelled images, checked on load.

Each network is a folder of this package with these files:

================ =============================================================
name             content
================ =============================================================
``network.bin``  network file (contract, 9)
``network.json`` how the weights were trained, as `engram pretrain` wrote it
``bank.bin``     embeddings of the whole data set (`sim.data.bank_file`)
``samples.bin``  raw test images with their labels (`sim.data.samples`), where a card names it
``card.json``    the SHA-256 of each of these, origin, licence and commands
================ =============================================================
"""

import hashlib
import json
from pathlib import Path

from sim.work.errors import UserError
from sim.work.files import read_bytes, read_text

__all__ = ["FOLDER", "shipped_file", "shipped_names", "shipped_or_path"]

#: Folder of the shipped networks.
FOLDER = Path(__file__).parent


def shipped_names() -> list[str]:
    """Return the names of the shipped networks, sorted."""
    return sorted(card.parent.name for card in FOLDER.glob("*/card.json"))


def shipped_file(name: str, file: str) -> Path:
    """Return the path of a shipped file after a check against the SHA-256 on its card.

    Parameters
    ----------
    name : str
        One of `shipped_names`.
    file : str
        Name of the file in its folder.

    Raises
    ------
    UserError
        If the file or its card cannot be read, or is not the one that was shipped.
    """
    path, card = FOLDER / name / file, FOLDER / name / "card.json"
    try:
        wanted = str(json.loads(read_text(card))["files"][file])
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise UserError(f"{card} must name the SHA-256 of {file}, and it is damaged") from error
    found = hashlib.sha256(read_bytes(path)).hexdigest()
    if found != wanted:
        raise UserError(
            f"{path} must be the file that was shipped, of SHA-256 {wanted[:12]}, not "
            f"{found[:12]}: install engram anew"
        )
    return path


def shipped_or_path(name: str, file: str) -> Path:
    """Return the file of a shipped network, or the path that a user gives in place of its name.

    Parameters
    ----------
    name : str
        One of `shipped_names`, or a path.
    file : str
        Name of the file in the folder of a shipped network.

    Raises
    ------
    UserError
        If a shipped file is not the one that was shipped.
    """
    return shipped_file(name, file) if name in shipped_names() else Path(name)
