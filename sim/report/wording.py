# SPDX-License-Identifier: MIT
"""Parts of the sentences of reports."""

from collections.abc import Sequence

__all__ = ["listed"]


def listed(items: Sequence[object]) -> str:
    """Return one item or more as in "a, b and c"."""
    *rest, last = map(str, items)
    return f"{', '.join(rest)} and {last}" if rest else last
