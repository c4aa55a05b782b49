# SPDX-License-Identifier: MIT
"""The YAML file of a block: ``block: NAME``, and under ``parameters`` what is not the default."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_type_hints

import pydantic

from sim.documents.parameters import NOTHING, Check, ParametersSection, values_section
from sim.documents.section import Section
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document, parse
from sim.work.errors import UserError
from sim.work.files import read_text

__all__ = ["arguments_section", "check_name", "read_block"]


def check_name(name: str, known: Collection[str]) -> None:
    """Refuse a name on the command line that is none of a block."""
    if name not in known:
        raise UserError(f"BLOCK must be one of {', '.join(known)}, not {name!r}")


def read_block(
    config: Path,
    wanted: str | None,
    known: Collection[str],
    schema: Callable[[str, Mapping[str, Any]], type[ParametersSection]],
) -> tuple[str, dict[str, Any]]:
    """Read the file of a block.

    Parameters
    ----------
    config : Path
    wanted : str or None
        Name of the block in the command line.
    known : collection of str
        Names of all blocks.
    schema : callable
        Returns the schema of the parameters, from the name of a block and the content of the file,
        which is not yet checked.

    Returns
    -------
    name : str
    arguments : dict of str to Any

    Raises
    ------
    UserError
        If the block is unknown or a value does not fit; the message names key and line.
    """
    document = parse(read_text(config), str(config))
    name = _block(document, wanted, known)
    section = schema(name, document.data)
    content: dict[str, Any] = {"block": (Literal[name], name), "parameters": (section, section())}
    model = pydantic.create_model("BlockFile", __base__=Section, **content)
    return name, validate(model, document).parameters.value()  # pyright: ignore[reportAttributeAccessIssue]


def arguments_section(
    arguments: Mapping[str, Any],
    check: Check,
    most: Mapping[str, int],
    larger: Mapping[type, type] = NOTHING,
) -> type[ParametersSection]:
    """Return the schema of a block's arguments: the fields of `params`, then all others.

    Parameters
    ----------
    arguments : mapping of str to Any
        Their defaults.
    check, most, larger
        As for `sim.documents.parameters.values_section`.
    """
    others = {name: value for name, value in arguments.items() if name != "params"}
    if "params" not in arguments:
        return values_section(others, {}, dict, check, most)
    kind = type(arguments["params"])
    own = {f.name: getattr(arguments["params"], f.name) for f in fields(kind)}

    def build(**given: Any) -> dict[str, Any]:
        params = kind(**{name: given[name] for name in own})
        check(params)
        return {"params": params, **{name: given[name] for name in others}}

    return values_section(own | others, get_type_hints(kind), build, check, most, larger)


def _block(document: Document, wanted: str | None, known: Collection[str]) -> str:
    """Return the name of the block, from the file, the command line or both."""
    name = document.data.get("block", wanted)
    if name is None:
        raise UserError(
            f"{document.where(())}: block is missing: it must be one of {', '.join(known)}"
        )
    if not isinstance(name, str) or name not in known:
        place = f"{document.where(('block',))}: block" if "block" in document.data else "BLOCK"
        raise UserError(f"{place} must be one of {', '.join(known)}, not {name!r}")
    if wanted not in (None, name):
        raise UserError(
            f"{document.where(('block',))}: block must be {wanted!r} as in the command line, "
            f"not {name!r}"
        )
    return name
