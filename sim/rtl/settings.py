# SPDX-License-Identifier: MIT
"""Parameters of a block from a YAML file, checked key by key against the block's own dataclasses.

The file holds ``block: NAME`` and under ``parameters`` what differs from a size of the catalogue.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_type_hints

import pydantic

from rtl.catalogue import BLOCKS
from sim.errors import UserError
from sim.files import read_text
from sim.section import Section
from sim.validation import validate
from sim.yaml_lines import Document, parse

__all__ = ["load_block"]


def load_block(name: str | None, size: str, config: Path | None) -> tuple[str, dict[str, Any]]:
    """Return the name of a block and the arguments of its constructor.

    Parameters
    ----------
    name : str, optional
        Block; the one of the file, or the last of the catalogue, which holds all others.
    size : str
        One of `rtl.catalogue.SIZES`.
    config : Path, optional
        YAML file of what differs from that size.

    Raises
    ------
    UserError
        If the block is unknown or a value does not fit; the message names key and line.
    """
    if config is None:
        name = name or list(BLOCKS)[-1]
        if name not in BLOCKS:
            raise UserError(f"BLOCK must be one of {', '.join(BLOCKS)}, not {name!r}")
        return name, BLOCKS[name].arguments(size)
    document = parse(read_text(config), str(config))
    name = _block(document, name)
    section = _arguments_section(BLOCKS[name].arguments(size))
    content: dict[str, Any] = {"block": (Literal[name], name), "parameters": (section, section())}
    model = pydantic.create_model("BlockFile", __base__=Section, **content)
    return name, validate(model, document).parameters.value()  # pyright: ignore[reportAttributeAccessIssue]


def _block(document: Document, wanted: str | None) -> str:
    """Return the block that a file, the command line or both name."""
    name = document.data.get("block", wanted)
    if name is None:
        raise UserError(
            f"{document.where(())}: block is missing: it must be one of {', '.join(BLOCKS)}"
        )
    if not isinstance(name, str) or name not in BLOCKS:
        place = f"{document.where(('block',))}: block" if "block" in document.data else "BLOCK"
        raise UserError(f"{place} must be one of {', '.join(BLOCKS)}, not {name!r}")
    if wanted not in (None, name):
        raise UserError(
            f"{document.where(('block',))}: block must be {wanted!r} as in the command line, "
            f"not {name!r}"
        )
    return name


class _Parameters(Section):
    """Section that stands for parameters, which `build` makes of its fields."""

    build: ClassVar[Callable[..., Any]]

    def value(self) -> Any:
        """Return the parameters."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).build(
            **{k: v.value() if isinstance(v, _Parameters) else v for k, v in given.items()}
        )

    @pydantic.model_validator(mode="after")
    def _fit(self) -> "_Parameters":
        try:
            self.value()
        except TypeError as error:
            raise ValueError(str(error)) from error
        return self


def _arguments_section(arguments: Mapping[str, Any]) -> type[_Parameters]:
    """Return the schema of a constructor's arguments: fields of `params`, others beside them."""
    others = {name: value for name, value in arguments.items() if name != "params"}
    if "params" not in arguments:
        return _section(others, {}, dict)
    kind = type(arguments["params"])
    own = {f.name: getattr(arguments["params"], f.name) for f in fields(kind)}

    def build(**given: Any) -> dict[str, Any]:
        return {
            "params": kind(**{name: given[name] for name in own}),
            **{name: given[name] for name in others},
        }

    return _section(own | others, get_type_hints(kind), build)


def _section(
    values: Mapping[str, Any], kinds: Mapping[str, Any], build: Callable[..., Any]
) -> type[_Parameters]:
    """Return the schema of some values, which are its defaults; dataclasses become sections."""
    content: dict[str, Any] = {}
    for name, value in values.items():
        if is_dataclass(value) and not isinstance(value, type):
            own = {f.name: getattr(value, f.name) for f in fields(value)}
            inner = _section(own, get_type_hints(type(value)), type(value))
            content[name] = (inner, inner())
        else:
            content[name] = (kinds.get(name, type(value)), value)
    model = pydantic.create_model("Parameters", __base__=_Parameters, **content)
    model.build = staticmethod(build)  # pyright: ignore[reportAttributeAccessIssue]
    return model
