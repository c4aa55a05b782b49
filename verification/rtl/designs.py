# SPDX-License-Identifier: MIT
"""The blocks of the catalogue at their tiniest, each elaborated once a process."""

from functools import cache

from rtl.catalogue import BLOCKS
from rtl.emit import Design

__all__ = ["tiny"]


@cache
def tiny(name: str) -> Design:
    """Return a block at its tiny size; to elaborate one takes seconds."""
    return Design.of(name, BLOCKS[name].arguments("tiny"))
