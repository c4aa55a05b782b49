# SPDX-License-Identifier: MIT
"""Programs in C on the system in Verilator (docs/system.md).

    python -m verification.rtl.system

runs the example, and holds what it prints to the golden models.

    python -m verification.rtl.system PROGRAM.c --size SIZE [--load FILE]

runs a program of yours beside a chip of the catalogue; `load.h` has the load file, as LOAD_FILE.
"""

import argparse
import sys
from pathlib import Path

from rtl.catalogue import BLOCKS
from sim.work.errors import UserError
from sim.work.files import read_bytes, read_text
from verification.rtl.system.example import CHIP, Example, results
from verification.rtl.system.machine import (
    CYCLES,
    EXAMPLE,
    Ended,
    Machine,
    ProgramError,
    compiled,
    missing,
)

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run a program; return its status, 1 if the example prints what it must not, 2 for a fault."""
    parser = argparse.ArgumentParser(prog="python -m verification.rtl.system")
    parser.add_argument("program", nargs="?", type=Path, help="a program in C; the example without")
    parser.add_argument("--size", choices=("tiny", "small", "full"), help="small unless given")
    parser.add_argument("--load", type=Path, help="a load file, load_packets.bin of engram rtl")
    parser.add_argument("--cycles", type=_positive, default=CYCLES, help="after which it is ended")
    given = parser.parse_args(arguments)
    for option in ("size", "load"):
        if given.program is None and getattr(given, option) is not None:
            parser.error(f"--{option} must come with a PROGRAM: the example has its own")
    if missing():
        return _fault(missing())
    try:
        if given.program is None:
            return _example(given.cycles)
        ended = _own(given.program, given.size or "small", given.load, given.cycles)
    except (OSError, UserError, ProgramError) as error:
        return _fault(str(error))
    _show(ended)
    return ended.status


def _example(cycles: int) -> int:
    example = Example()
    text = EXAMPLE.read_text(encoding="utf-8")
    ended = Machine(CHIP).run(compiled(text, {"data.h": example.header()}), cycles)
    _show(ended)
    printed, expected = results(ended.text)[0], example.expected()
    for line, (came, right) in enumerate(zip(printed, expected, strict=False), 1):
        if came != right:
            return _fault(f"line {line} must be {right!r}, not {came!r}", 1)
    if len(printed) != len(expected):
        return _fault(f"it must print {len(expected)} lines, not {len(printed)}", 1)
    sys.stdout.write("every line equals golden\n")
    return ended.status


def _own(program: Path, size: str, load: Path | None, cycles: int) -> Ended:
    """Run a program beside a chip of the catalogue."""
    content = b"" if load is None else read_bytes(load)
    listed = ",".join(map(str, content or b"\0"))
    header = (
        "#pragma once\n#include <stdint.h>\n"
        f"static const uint8_t LOAD_FILE[] __attribute__((unused)) = {{{listed}}};\n"
    )
    image = compiled(read_text(program), {"load.h": header})
    return Machine(BLOCKS["chip"].arguments(size)["params"]).run(image, cycles)


def _show(ended: Ended) -> None:
    sys.stdout.write(ended.text)
    sys.stdout.write(f"status {ended.status} after {ended.cycles} cycles\n")


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**64:
        raise argparse.ArgumentTypeError(f"must be an integer from 1 to 2^64 - 1, not {text!r}")
    return int(text)


def _fault(what: str, status: int = 2) -> int:
    sys.stderr.write(f"{what}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
