# SPDX-License-Identifier: MIT
"""Drivers of the chip: in C for firmware, and the same calls in Python (docs/driver.md)."""

from pathlib import Path

__all__ = ["driver_sources"]


def driver_sources() -> dict[str, str]:
    """Return the driver in C by file name; it needs `registers.h` of `rtl.c_header` beside it."""
    folder = Path(__file__).parent
    return {name: (folder / name).read_text(encoding="utf-8") for name in ("engram.h", "engram.c")}
