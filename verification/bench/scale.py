# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Growth of the inference array: gates of its blocks at many PE and SIMD, and the exponents.

``python -m verification.bench.scale --out DIR [--sizes PExSIMD ...] [--blocks NAME ...]``

Each block is mapped to Yosys's own gates, memories left out, at every size; nothing is
extrapolated. An exponent above 1 means that a block grows faster than the synapses that it serves.
Results of Yosys are kept under ``build/synth``. ``report.md`` and ``results.json`` are written into
DIR.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from golden.params import AcceleratorParams, MvuParams
from rtl.emit import Design
from sim.cost.technology.loading import DEFAULT, load_technology
from sim.hardware.mapping import map_block
from sim.hardware.tools import CACHE
from sim.report.tables import markdown_table
from sim.work.errors import UserError
from sim.work.files import ensure_directory
from sim.work.folder import write_folder
from verification.bench.harness import growth_exponent

__all__ = ["Size", "main", "measure", "report_files"]

BLOCKS = ("mvu", "window", "collector", "head")
SIZES = ("8x16", "16x32", "16x64", "32x64", "64x128")
_TAG = 16  # bits beside a step of the array
_HOW_TO_READ = (
    "Gates are cells of Yosys's own library, flip-flops among them, after `abc`; memories are left "
    "out. *Exponent* is the slope of gates against the synapses of the array, PE x SIMD, by least "
    "squares on logarithms over the sizes of the table. Maps have up to 512 channels at every size."
)


@dataclass(frozen=True)
class Size:
    """A block at a size of the array, with its gates and the flip-flops among them."""

    block: str
    pe: int
    simd: int
    gates: int
    flipflops: int

    @property
    def synapses(self) -> int:
        """Synapses of the array."""
        return self.pe * self.simd


def measure(block: str, pe: int, simd: int, cache: Path = CACHE) -> Size:
    """Map a block at a size of the array.

    Parameters
    ----------
    block : str
        One of `BLOCKS`.
    pe, simd : int
        PE and SIMD of the array.
    cache : Path
        Folder with the results of earlier runs.

    Raises
    ------
    UserError
        If Yosys is not installed.
    """
    unit = MvuParams(pe=pe, simd=simd)
    arguments = (
        {"params": unit, "tag": _TAG} if block == "mvu" else {"params": AcceleratorParams(mvu=unit)}
    )
    mapped = map_block(Design.of(block, arguments), load_technology(DEFAULT), cache=cache)
    return Size(block, pe, simd, sum(mapped.cells.values()), mapped.flipflops)


def report_files(sizes: Sequence[Size], command: str) -> dict[str, str]:
    """Return the page and the numbers, by the names of their files."""
    exponents = _exponents(sizes)
    rows = [
        (
            size.block,
            f"{size.pe} x {size.simd}",
            f"{size.synapses:,}",
            f"{size.gates:,}",
            f"{size.flipflops:,}",
            f"{size.gates / size.synapses:.2f}",
        )
        for size in sizes
    ]
    columns = ("block", "PE x SIMD", "synapses", "gates", "flip-flops", "gates a synapse")
    page = [
        "# Growth of the inference array",
        f"    {command}",
        _HOW_TO_READ,
        markdown_table(columns, rows),
        "## Exponents",
        markdown_table(
            ("block", "exponent"), [(block, f"{e:.2f}") for block, e in exponents.items()]
        ),
    ]
    numbers = {
        "command": command,
        "sizes": [vars(size) for size in sizes],
        "exponents": exponents,
    }
    return {
        "report.md": "\n\n".join(page) + "\n",
        "results.json": json.dumps(numbers, indent=1, allow_nan=False) + "\n",
    }


def _exponents(sizes: Sequence[Size]) -> Mapping[str, float]:
    """Return the growth of each block's gates."""
    found = {}
    for block in dict.fromkeys(size.block for size in sizes):
        own = [size for size in sizes if size.block == block]
        found[block] = growth_exponent([s.synapses for s in own], [s.gates for s in own])
    return found


def _size(text: str) -> tuple[int, int]:
    """Return PE and SIMD."""
    pe, by, simd = text.partition("x")
    if not (by and pe.isdecimal() and simd.isdecimal()):
        raise argparse.ArgumentTypeError(f"must be PExSIMD, such as 16x64, not {text!r}")
    try:
        MvuParams(pe=int(pe), simd=int(simd))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return int(pe), int(simd)


def _given_again(values: Sequence[str] | Sequence[tuple[int, int]]) -> str:
    """Return the first value that is given twice as it is written, or nothing."""
    for number, value in enumerate(values):
        if value in values[:number]:
            return value if isinstance(value, str) else "x".join(map(str, value))
    return ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Map the blocks at all sizes and write the report."""
    parser = argparse.ArgumentParser(prog="python -m verification.bench.scale")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    parser.add_argument("--sizes", nargs="+", type=_size, default=[_size(s) for s in SIZES])
    parser.add_argument("--blocks", nargs="+", choices=BLOCKS, default=list(BLOCKS))
    options = parser.parse_args(arguments)
    if len({pe * simd for pe, simd in options.sizes}) < 2:
        parser.error("argument --sizes: must be two or more sizes that differ in PE x SIMD")
    for name in ("sizes", "blocks"):
        if again := _given_again(getattr(options, name)):
            parser.error(f"argument --{name}: must name each once, not {again} again")
    given = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "verification.bench.scale", *given])
    console, found = Console(), []
    try:
        ensure_directory(options.out)
        for block in options.blocks:
            for pe, simd in options.sizes:
                found.append(measure(block, pe, simd))
                console.print(f"{block} {pe} x {simd}: {found[-1].gates:,} gates", highlight=False)
        files = report_files(found, command)
        write_folder(options.out, files)
    except UserError as error:
        parser.exit(2, f"scale: {error}\n")
    for name in files:
        console.print(f"wrote {options.out / name}")


if __name__ == "__main__":
    main()
