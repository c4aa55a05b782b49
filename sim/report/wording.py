# SPDX-License-Identifier: MIT
"""Parts of the sentences of reports."""

from collections.abc import Sequence

__all__ = ["listed"]


def listed(items: Sequence[object], joint: str = "and") -> str:
    """Return one item or more as in "a, b and c", with `joint` before the last."""
    *rest, last = map(str, items)
    return f"{', '.join(rest)} {joint} {last}" if rest else last
