# SPDX-License-Identifier: MIT
"""Configurations as a user names them: a built-in one or a file, with keys overridden."""

from collections.abc import Iterable
from pathlib import Path

from sim.documents.yaml_lines import Document, apply_override, parse
from sim.work.files import built_in_or_own, read_text

__all__ = ["read_document"]


def read_document(
    name: str, built_in: Path, overrides: Iterable[str] = (), what: str = "Configuration"
) -> Document:
    """Read a YAML file, not yet checked against a schema.

    Parameters
    ----------
    name : str
        Path of a YAML file, or the stem of one in `built_in`.
    built_in : Path
    overrides : iterable of str
        ``key.path=value`` assignments, applied in order.
    what : str
        What the file is, in messages.

    Raises
    ------
    UserError
        If there is no such file, it is no YAML, or an assignment does not fit it; the message names
        file and line, or the assignment.
    """
    path = built_in_or_own(name, built_in, what)
    document = parse(read_text(path), str(path))
    for assignment in overrides:
        document = apply_override(document, assignment)
    return document
