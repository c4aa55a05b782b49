# SPDX-License-Identifier: MIT
"""The digest of a configuration of `engram cost`, by which its reports name it."""

import hashlib
from dataclasses import fields
from typing import Any

from golden.params import AcceleratorParams, ChipParams

__all__ = ["digest"]

#: Fields of a chip that say how components compete. Where none do, they say nothing.
_COMPETING = frozenset({"slot_components", "handicap_shift"})


def digest(config: Any) -> str:
    """Return the SHA-256 of a dataclass: its fields and their values, as `repr` writes them.

    Of a chip it leaves out the fields of components that compete, if none do, and the number of
    matrix-vector units, if there is one: reports that were made before chips had them keep their
    digests.

    Parameters
    ----------
    config : dataclass
        One with a chip among its fields, such as a `sim.cost.configuration.CostConfig`.
    """
    return hashlib.sha256(_written(config).encode()).hexdigest()


def _written(value: Any) -> str:
    """Return the fields of a dataclass as `repr` does, without those that say nothing."""
    unused = _unused(value)
    parts: list[str] = []
    for name in (field.name for field in fields(value) if field.name not in unused):
        part = getattr(value, name)
        has_unused = isinstance(part, ChipParams | AcceleratorParams)
        parts.append(f"{name}={_written(part) if has_unused else repr(part)}")
    return f"{type(value).__qualname__}({', '.join(parts)})"


def _unused(value: Any) -> frozenset[str]:
    """Return the fields of a dataclass that say nothing."""
    if isinstance(value, ChipParams) and value.mixture is None:
        return _COMPETING
    if isinstance(value, AcceleratorParams) and value.units == 1:
        return frozenset({"units"})
    return frozenset()
