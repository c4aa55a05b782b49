# SPDX-License-Identifier: MIT
"""A script of a bench as one of `engram simulate`, and what golden and the chip answer to it."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from rtl.output import Kind

__all__ = ["answers_of", "expected_of", "lines_of"]


def lines_of(operations: list[list[Any]]) -> Iterator[str]:
    """Yield a script of the bench as one of the command."""
    for name, *arguments in operations:
        if name in ("write", "read"):
            yield " ".join([name, *map(hex, arguments[: 2 if name == "write" else 1])])
        elif name == "poll":
            yield " ".join([name, *map(hex, arguments)])
        elif name == "send":
            yield from (f"{word:016x}" for word in arguments[0])
            yield ""
        elif name == "cycles":
            yield f"wait {arguments[0]}"
        elif name == "expect":
            yield "idle"
        else:
            assert name == "sent", "every line waits until the words before it have gone"


def expected_of(operations: list[list[Any]]) -> dict[str, list[Any]]:
    """Return what golden answers to a script, in order: packets by kind, and what is read."""
    found: dict[str, list[Any]] = defaultdict(list)
    for name, *arguments in operations:
        if name == "read":
            found["read"].append(list(arguments))
        elif name == "expect":
            kind, packets = arguments
            found[Kind(kind).name.lower()] += [
                list(zip(*packet, strict=True)) for packet in packets
            ]
    return found


def answers_of(text: str) -> dict[str, list[Any]]:
    """Return the packets of an output by kind, and what was read."""
    found: dict[str, list[Any]] = defaultdict(list)
    packet: list[tuple[int, int]] = []
    kind = ""
    for line in text.splitlines():
        if line.startswith("read"):
            found["read"].append([int(part, 16) for part in line.split()[1:]])
        elif line:
            word, kind, label = line.split()
            packet.append((int(word, 16), int(label)))
        else:
            found[kind].append(packet)
            packet = []
    assert packet == []
    return found
