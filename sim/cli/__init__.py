# SPDX-License-Identifier: MIT
"""Command line of engram."""

import shlex
import sys
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.console import Console

from sim.cli.chips import cost, explore, report, rtl
from sim.cli.data import bank, samples
from sim.cli.exchange import export, import_
from sim.cli.images import binplay, native, pretrain, resnet
from sim.cli.output import checked_output, discard
from sim.cli.simulation import simulate, teach
from sim.cli.studies import cache, pictures, plot, run
from sim.cli.surroundings import check_surroundings
from sim.commands.base import Command
from sim.work.ending import Ended, signals_end
from sim.work.errors import UserError
from sim.work.lock import sole_writer

__all__ = ["app", "main"]

_ENDED = (
    "ended by a signal. Give the same command again to go on, with --resume where it has that "
    "option"
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"engram {version('engram')}")
        raise typer.Exit


@app.callback()
def engram(
    _: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Class-incremental learning on fully binary networks: studies with bit-exact replay."""


def _name(declare: Callable[..., type[Command]]) -> str:
    """Return the name of a command; `import_` is a function's name for a word of Python's own."""
    return declare.__name__.rstrip("_")


def _executed(declare: Callable[..., type[Command]]) -> Callable[..., None]:
    """Return a function that executes the command that `declare` returns, with all its options."""

    @wraps(declare)
    def execute(**options: Any) -> None:
        check_surroundings(_name(declare))
        line = shlex.join(["engram", *sys.argv[1:]])
        command = declare(**options)(**options, command=line)
        with sole_writer(command.output):
            command.execute(Console())

    return execute


for _command in (
    run, plot, cache, explore, pretrain, native, resnet, binplay, bank, samples, pictures, rtl,
    simulate, teach, cost, report, import_, export,
):  # fmt: skip
    app.command(_name(_command))(_executed(_command))


def main() -> None:
    """Run the command line. A user's mistake gives one message and the exit status 2."""
    try:
        with signals_end(f"engram: {_ENDED}"), checked_output():
            app()
    except UserError as error:
        _end(str(error), 2)
    except MemoryError as error:
        # Without rich, which would need more memory.
        sys.stderr.write(f"engram: Not enough memory{f': {error}' if str(error) else ''}\n")
        sys.exit(2)
    except Ended as end:
        _end(_ENDED, end.status)


def _end(message: str, status: int) -> None:
    console = Console(stderr=True, soft_wrap=True)
    try:
        console.print(f"engram: {message}", markup=False, highlight=False)
    except OSError:  # nobody can be told; the status still says it
        discard(sys.stderr)
    sys.exit(status)
