# SPDX-License-Identifier: MIT
"""Run the benchmarks: ``python -m verification.bench [--out DIR] [--quick] [--only NAME ...]``."""

import argparse
import importlib
import shlex
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from verification.bench.harness import Table
from verification.bench.report import Machine, format_cell, write_report

__all__ = ["main"]

BENCHMARKS = ("sampler", "gemm", "mixture", "inference", "head", "growth", "rtl", "explore")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks of a command line, show the results, and write them with ``--out``."""
    present = [name for name in BENCHMARKS if find_spec(f"verification.bench.{name}")]
    options = _parse(arguments, present)
    console, machine = Console(), Machine.current()
    console.print(f"[bold]{machine.cpu}[/], {machine.threads} threads")
    results: dict[str, list[Table]] = {}
    for name in options.only or present:
        with console.status(f"{name} ..."):
            results[name] = importlib.import_module(f"verification.bench.{name}").run(options.quick)
        for table in results[name]:
            _show(console, table)
    if options.out is not None:
        given = sys.argv[1:] if arguments is None else arguments
        command = shlex.join(["python", "-m", "verification.bench", *given])
        for path in write_report(options.out, results, command, machine):
            console.print(f"wrote {path}")


def _parse(arguments: Sequence[str] | None, present: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verification.bench", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the report into this folder")
    parser.add_argument("--quick", action="store_true", help="small sizes, for a quick check")
    parser.add_argument(
        "--only", nargs="+", action="extend", choices=present, help="run these benchmarks only"
    )
    return parser.parse_args(arguments)


def _show(console: Console, table: Table) -> None:
    shown = RichTable(
        *table.columns, title=table.title, caption=table.note or None, title_justify="left"
    )
    for row in table.rows:
        shown.add_row(*map(format_cell, row))
    console.print(shown)


if __name__ == "__main__":
    main()
