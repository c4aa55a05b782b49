# SPDX-License-Identifier: MIT
"""Command line: ``engram run``."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sim.errors import UserError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Class-incremental learning on fully binary networks: studies with bit-exact replay.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _engram() -> None:
    """Keep `run` a command of its own while it is the only one."""


@app.command()
def run(
    config: Annotated[
        str, typer.Argument(help="YAML file, or the name of a built-in configuration.")
    ] = "digits",
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, as in head.hidden=64."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Runs a method, seeds 0, 1, ...")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Processes; all cores by default.", min=1)
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished study.")
    ] = False,
) -> None:
    """Run a class-incremental study and report what replay is worth its bits.

    While it runs, DIR.partial beside the report's DIR holds a checkpoint after every task; a study
    that was interrupted goes on, bit for bit, with --resume.
    """
    # Imported here, so that --help and mistakes of syntax answer at once.
    from sim.commands import RunCommand

    RunCommand(
        config=config,
        assignments=assignments or [],
        seeds=seeds,
        out=out or Path("reports") / Path(config).stem,
        jobs=jobs or os.cpu_count() or 1,
        data_dir=data_dir,
        resume=resume,
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


def main() -> None:
    """Run the command line; a mistake of the user ends in one message and exit status 2."""
    try:
        app()
    except UserError as error:
        Console(stderr=True, soft_wrap=True).print(
            f"engram: {error}", markup=False, highlight=False
        )
        sys.exit(2)
    except MemoryError as error:
        Console(stderr=True, soft_wrap=True).print(
            f"engram: Not enough memory for this study: {error}", markup=False, highlight=False
        )
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("engram: interrupted; go on with --resume")
        sys.exit(130)
