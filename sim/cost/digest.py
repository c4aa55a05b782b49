# SPDX-License-Identifier: MIT
"""The digest of a configuration of `engram cost`, by which its reports name it."""

import hashlib
from dataclasses import fields
from typing import Any

from golden.params import ChipParams

__all__ = ["digest"]

#: Fields of a chip that say how components compete. Where none do, they say nothing.
_COMPETING = frozenset({"slot_components", "handicap_shift"})


def digest(config: Any) -> str:
    """Return the SHA-256 of a dataclass: its fields and their values, as `repr` writes them.

    Of a chip it leaves out the fields of components that compete, if none do: reports that were
    made before chips had them keep their digests.

    Parameters
    ----------
    config : dataclass
        One with a chip among its fields, such as a `sim.cost.configuration.CostConfig`.
    """
    return hashlib.sha256(_written(config).encode()).hexdigest()


def _written(value: Any) -> str:
    """Return the fields of a dataclass as `repr` does, those of a chip without unused ones."""
    unused = _COMPETING if isinstance(value, ChipParams) and value.mixture is None else frozenset()
    parts: list[str] = []
    for name in (field.name for field in fields(value) if field.name not in unused):
        part = getattr(value, name)
        parts.append(f"{name}={_written(part) if isinstance(part, ChipParams) else repr(part)}")
    return f"{type(value).__qualname__}({', '.join(parts)})"
