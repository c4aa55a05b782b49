# SPDX-License-Identifier: MIT
"""Which file a name of a technology means: a built-in one, a package's, or the user's own."""

import os
from pathlib import Path

from sim.work.errors import UserError
from sim.work.files import built_in_or_own
from sim.work.plugins import TECHNOLOGY, offers

__all__ = ["BUILT_IN", "technology_file"]

#: Folder of the technologies that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "tables"


def technology_file(name: str) -> Path:
    """Return the file of a technology.

    Parameters
    ----------
    name : str
        Path of a YAML file, or the name of a technology: a built-in one, or one that a package
        offers as an entry point of the group ``engram.technology``, which leads to a path.

    Raises
    ------
    UserError
        If there is none of that name, or a package does not offer what it should.
    """
    return built_in_or_own(name, BUILT_IN, "Technology", _offered())


def _offered() -> dict[str, Path]:
    """Return the files that packages offer, by name."""
    found: dict[str, Path] = {}
    for offer in offers(TECHNOLOGY):
        if not isinstance(offer.value, (str, os.PathLike)) or not Path(offer.value).is_file():
            raise UserError(
                f"{offer.described} must lead to the path of a YAML file, not to {offer.value!r}"
            )
        if offer.name in found or (BUILT_IN / f"{offer.name}.yaml").exists():
            raise UserError(
                f"{offer.described} must have another name: there is a technology {offer.name!r} "
                "already"
            )
        found[offer.name] = Path(offer.value)
    return found
