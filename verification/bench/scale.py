# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Growth of the machine that runs networks: gates of its blocks at many PE and SIMD, and exponents.

``python -m verification.bench.scale --out DIR [--sizes PExSIMD ...]``

The machine is mapped to Yosys's own gates, memories left out, at every size; equal neurons are
mapped once and counted as often as they occur. Nothing is extrapolated. An exponent above 1 means
that a block grows faster than the synapses that it serves. Results of Yosys are kept under
``build/synth``. ``report.md``, ``results.json`` and ``gates.png`` are written into DIR.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from golden.params import AcceleratorParams, MvuParams
from rtl.emit import Design
from sim.hardware.gate_cells import FLIPFLOP
from sim.hardware.mapping import count_parts
from sim.hardware.tools import CACHE
from sim.work.errors import UserError
from sim.work.files import ensure_directory
from sim.work.folder import write_folder
from verification.bench.scale_report import Size, report_files

__all__ = ["main", "measure"]

SIZES = ("8x16", "16x32", "32x64", "64x128", "128x128", "256x128")
SHIPPED = AcceleratorParams(mvu=MvuParams(pe=16, simd=64))


def measure(pe: int, simd: int, cache: Path = CACHE) -> Size:
    """Map the machine at a size of the array, for networks as large as those of the shipped chip.

    The memories hold as many weights, thresholds and bits of a map as there, in rows of this size.

    Parameters
    ----------
    pe, simd : int
        PE and SIMD of the array.
    cache : Path
        Folder with the results of earlier runs.

    Raises
    ------
    UserError
        If Yosys is not installed.
    """
    mvu = SHIPPED.mvu
    params = replace(
        SHIPPED,
        mvu=replace(
            mvu,
            pe=pe,
            simd=simd,
            weight_depth=max(1, mvu.weight_depth * mvu.pe * mvu.simd // (pe * simd)),
            tile_depth=max(1, mvu.tile_depth * mvu.pe // pe),
        ),
        map_depth=max(1, SHIPPED.map_depth * mvu.simd // simd),
    )
    design = Design.of("network", {"params": params})
    parts = count_parts(design, cache=cache)
    return Size(
        pe,
        simd,
        gates={name: cells.total() for name, cells in parts.items()},
        flipflops={name: cells[FLIPFLOP] for name, cells in parts.items()},
        memory_bits=design.memory_bits,
    )


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Map the machine at all sizes and write the report."""
    parser = argparse.ArgumentParser(prog="python -m verification.bench.scale")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    parser.add_argument("--sizes", nargs="+", type=_size, default=[_size(s) for s in SIZES])
    options = parser.parse_args(arguments)
    products = [pe * simd for pe, simd in options.sizes]
    if products != sorted(set(products)) or len(products) < 2:
        told = " ".join(f"{pe}x{simd}" for pe, simd in options.sizes)
        parser.error(f"argument --sizes: must be two or more of growing PE x SIMD, not {told}")
    given = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "verification.bench.scale", *given])
    console, found = Console(), []
    try:
        ensure_directory(options.out)
        for pe, simd in options.sizes:
            found.append(measure(pe, simd))
            gates = sum(found[-1].gates.values())
            console.print(f"{pe} x {simd}: {gates:,} gates", highlight=False)
        files = report_files(found, command)
        write_folder(options.out, files)
    except UserError as error:
        parser.exit(2, f"scale: {error}\n")
    for name in files:
        console.print(f"wrote {options.out / name}")


if __name__ == "__main__":
    main()
