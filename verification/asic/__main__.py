# SPDX-License-Identifier: MIT
"""Blocks in the cells of a library: area by Yosys, timing by OpenSTA, beside the cost model's area.

python -m verification.asic --liberty FILE --out reports/rtl/asic
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rtl.catalogue import BLOCKS
from rtl.emit import Design
from sim.cost.cells.liberty import read_liberty
from sim.cost.technology.loading import load_technology
from sim.hardware.mapping import map_block
from sim.report.tables import markdown_table
from sim.work.errors import UserError
from sim.work.files import ensure_directory
from sim.work.folder import write_folder
from verification.asic.trial import analysed, netlist_in, opensta

__all__ = ["main"]

#: What makes random bits of codes, for all lanes, and the popcount of a neuron; each has no memory.
TRIED = ("lfsr", "bernoulli", "xnor")
#: Wire load models of IHP's library: none, its default, and that of a block ten times as large.
WIRES = ("Zero", "1k", "10k")
MODEL = "open130"
UM2 = 1e12  # um2 of a m2

_HEAD = """\
# Blocks in standard cells

`python -m verification.asic` maps blocks of the hardware, in size *{size}*, to the cells of \
{library}, by Yosys, and finds their longest path by OpenSTA, with wire load models of the \
library: `Zero`, which has hardly any wires, its default `1k`, and `10k`. The path has the setup \
of a flip-flop where one ends it, which is none of the cells on it. The area is that of the cells, \
without the space between them. Beside it stands the area that the cost model has without a \
library, from the equivalents of gates of `{model}`.

"""
_TAIL = """

*What this is not.* Nothing is placed or routed. Both need the abstract of each cell (LEF: its \
size, pins and blockages) and the rules of the wires; a Liberty file has neither. No buffers are \
inserted: ABC chooses cells by area, mostly in their smallest drive, and a net of many gates is as \
slow as it then is. Ports have a whole cycle. A wire load model knows how many gates a net has, \
and not where they lie.
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the report; return 2 if an argument or a tool is at fault."""
    parser = argparse.ArgumentParser(prog="python -m verification.asic")
    parser.add_argument("--liberty", type=Path, required=True, help="cells, plain or gzip")
    parser.add_argument("--size", choices=("tiny", "small", "full"), default="full")
    parser.add_argument("--out", type=Path, default=Path("build") / "asic")
    given = parser.parse_args(arguments)
    try:
        ensure_directory(given.out)
        _check_wires(given.liberty)
        opensta()
        rows = [_row(name, given.size, given.liberty) for name in TRIED]
        files = _files(rows, given.size)
        write_folder(given.out, files)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"Written: {given.out}: {', '.join(files)}\n")
    return 0


def _check_wires(liberty: Path) -> None:
    """Refuse a library without the wire load models, before it is worked with."""
    has = [group.title for group in read_liberty(liberty).groups if group.name == "wire_load"]
    if not set(WIRES) <= set(has):
        raise UserError(
            f"{liberty} must have the wire load models {', '.join(WIRES)}; it has "
            f"{', '.join(has) or 'none'}"
        )


def _row(name: str, size: str, liberty: Path) -> dict[str, Any]:
    """Return what is found about a block."""
    design = Design.of(name, BLOCKS[name].arguments(size))
    netlist = netlist_in(design, [liberty])
    model = map_block(design, load_technology(MODEL))
    found = map_block(design, load_technology(MODEL), [liberty])
    assert model.area is not None
    assert found.area is not None
    return {
        "block": name,
        "parameters": design.parameters,
        "cells": dict(found.cells),
        "flipflops": found.flipflops,
        "area_um2": UM2 * found.area.nominal,
        "library": found.library,
        "model_um2": UM2 * model.area.nominal,
        "timing": {wires: asdict(analysed(design, netlist, [liberty], wires)) for wires in WIRES},
    }


def _files(rows: list[dict[str, Any]], size: str) -> dict[str, str]:
    """Return the files of the report."""
    columns = ["block", "cells", "flip-flops", "area (um2)", "cost model (um2)"]
    columns += [f"longest path, `{wires}` (ns)" for wires in WIRES]
    columns += ["cells on it", "from", "to"]
    table = [_cells_of(row) for row in rows]
    head = _HEAD.format(size=size, library=f"`{rows[0]['library']}`", model=MODEL)
    text = head + markdown_table(columns, table) + _TAIL
    return {"report.md": text, "results.json": json.dumps(rows, indent=1, allow_nan=False) + "\n"}


def _cells_of(row: dict[str, Any]) -> list[str]:
    default = row["timing"][WIRES[1]]
    return [
        row["block"],
        f"{sum(row['cells'].values()):,}",
        f"{row['flipflops']:,}",
        f"{row['area_um2']:,.0f}",
        f"{row['model_um2']:,.0f}",
        *(f"{row['timing'][wires]['delay']:.2f}" for wires in WIRES),
        str(len(default["cells"])),
        f"`{default['begins']}`",
        f"`{default['ends']}`",
    ]


if __name__ == "__main__":
    sys.exit(main())
