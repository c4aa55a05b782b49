# SPDX-License-Identifier: MIT
"""Base of the sections of a configuration: checked, frozen and without unknown keys."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from sim.documents.yaml_lines import KeyPath

__all__ = ["PlacedError", "Section", "first_repeat"]

Item = TypeVar("Item")


class PlacedError(ValueError):
    """A fault of one value inside the section that refuses it.

    A message about the document then has the line of that value, not of the section.

    Parameters
    ----------
    message : str
    path : tuple of str or int
        Keys from the section to the value.
    """

    def __init__(self, message: str, path: KeyPath) -> None:
        super().__init__(message)
        self.path = path


class Section(BaseModel):
    """Base of all sections.

    Attributes
    ----------
    beside : frozenset of str
        Keys that decide no result; the digest leaves them out.
    digests_nulls : bool
        Whether the digested text holds the keys without a value, and a blank after every comma and
        colon. It does for configurations of trainers that learn from images, and for no others.
    twin_of : type or None
        Model whose keys and meanings a section has that was made from it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    beside: ClassVar[frozenset[str]] = frozenset()
    digests_nulls: ClassVar[bool] = False
    twin_of: ClassVar[type | None] = None

    def document(self) -> dict[str, Any]:
        """Return the section as plain data, defaults filled in, keys without a value left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def digest(self, **more: Any) -> str:
        """Return the SHA-256, in hexadecimal, of all keys of the section that decide results.

        Reports, banks and cards hold such digests, so the digested text must not change.

        Parameters
        ----------
        more
            Further plain data that decide the results; each replaces the key of the same name.
        """
        nulls = self.digests_nulls
        about = self.model_dump(mode="json", exclude=set(self.beside), exclude_none=not nulls)
        separators = None if nulls else (",", ":")
        text = json.dumps(about | more, sort_keys=True, separators=separators)
        return hashlib.sha256(text.encode()).hexdigest()


def first_repeat(items: Sequence[Item]) -> Item | None:
    """Return the first item that equals an earlier one; None if all differ.

    Parameters
    ----------
    items : sequence
        Values of a key that must name each once, none of them None.
    """
    return next((item for place, item in enumerate(items) if item in items[:place]), None)
