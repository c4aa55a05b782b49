# SPDX-License-Identifier: MIT
"""The settings in which one configuration differs from another, as text."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

__all__ = ["changed_settings"]


def changed_settings(
    own: Mapping[str, Any], reference: Mapping[str, Any], left_out: Collection[str] = ()
) -> list[str]:
    """Return every setting that differs from a reference, one line of text for each.

    Parameters
    ----------
    own, reference : mapping
        Configurations as plain data, nested. ``auto`` in the reference leaves the choice open, so
        that no value differs from it.
    left_out : collection of str
        Dotted keys to leave out.
    """
    mine, theirs = dict(_flat(own)), dict(_flat(reference))
    return [
        f"{key}: {_text(mine.get(key))}, not {_text(theirs.get(key))}"
        for key in dict.fromkeys([*mine, *theirs])
        if key not in left_out
        and theirs.get(key) not in (mine.get(key), "auto")
        and _counts(key, mine)
    ]


def _counts(key: str, values: Mapping[str, Any]) -> bool:
    """Return whether a setting has an effect; a plateau's has none with a cosine schedule."""
    section, _, inner = key.partition(".plateau.")
    return not inner or values.get(f"{section}.schedule") != "cosine"


def _text(value: Any) -> str:
    """Return a value in the form of YAML."""
    if value is None:
        return "null"
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of every setting."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
