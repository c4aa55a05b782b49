# SPDX-License-Identifier: MIT
"""Configurations that a user names: a built-in one or a file, with overrides of its keys."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from sim.documents.section import Section
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document, apply_override, parse
from sim.work.files import built_in_or_own, read_text

__all__ = ["load", "read_document"]

Model = TypeVar("Model", bound=Section)


def load(
    model: type[Model], name: str, built_in: Path, overrides: Iterable[str] = ()
) -> tuple[Model, Document]:
    """Read a configuration and check it.

    Parameters
    ----------
    model : type of Section
        Schema of the file.
    name : str
        Path of a YAML file, or the name of a built-in configuration.
    built_in : Path
        Folder of the built-in configurations, one ``<name>.yaml`` each.
    overrides : iterable of str
        ``key.path=value`` assignments, applied in order.

    Returns
    -------
    config : Model
        The configuration.
    document : Document
        Data and the place of each value, for messages about it.

    Raises
    ------
    UserError
        If the file cannot be read or a value does not fit; the message names key and line.
    """
    document = read_document(name, built_in, overrides)
    return validate(model, document), document


def read_document(
    name: str, built_in: Path, overrides: Iterable[str] = (), what: str = "Configuration"
) -> Document:
    """Read a YAML file, not yet checked against a schema.

    Parameters
    ----------
    name : str
        Path of a YAML file, or the stem of one in `built_in`.
    built_in : Path
        Folder of the built-in files.
    overrides : iterable of str
        ``key.path=value`` assignments, applied in order.
    what : str
        Noun for the file in messages.

    Raises
    ------
    UserError
        If there is no such file, it is not YAML, or an assignment does not fit it. The message
        names file and line, or the assignment.
    """
    path = built_in_or_own(name, built_in, what)
    document = parse(read_text(path), str(path))
    for assignment in overrides:
        document = apply_override(document, assignment)
    return document
