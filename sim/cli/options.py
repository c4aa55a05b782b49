# SPDX-License-Identifier: MIT
"""The options that several commands share; each is defined once, here."""

import os
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "Config",
    "Data",
    "DataDir",
    "DataOfNetwork",
    "Device",
    "Jobs",
    "JobsOnDevice",
    "JobsOrCluster",
    "Plugins",
    "Resize",
    "Resume",
    "Set",
    "finite",
    "folder_option",
]

_EACH = 8  # processes for each core, at most


def folder_option(home: str, what: str = "Folder of the report", name: str = "CONFIG") -> Any:
    """Return the option --out of a command that reads a configuration.

    Parameters
    ----------
    home : str
        Parent of the default folder; the default has the name of the configuration.
    what : str
        Description of the folder, for the help.
    name : str
        Placeholder for the name of the configuration, in the help.
    """

    def named(context: typer.Context, out: Path | None) -> Path:
        return out or Path(home) / Path(context.params["config"]).stem

    return typer.Option(
        "--out", metavar="DIR", help=f"{what}.", callback=named, show_default=f"{home}/{name}"
    )


def finite(value: float | None) -> float | None:
    """Return the value of an option; refuse infinity and what is no number."""
    if value is not None and not isfinite(value):
        raise typer.BadParameter(f"must be a finite number, not {value}")
    return value


def _cores() -> int:
    return os.cpu_count() or 1


Config = Annotated[
    str,
    typer.Argument(metavar="CONFIG", help="A YAML file, or the name of a built-in configuration."),
]

Set = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Give a key of the configuration another value. Repeat it for further keys.",
        default_factory=list,
        show_default=False,
    ),
]

Plugins = Annotated[
    list[Path],
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="Load methods of replay from a Python file. Repeat it for further files.",
        default_factory=list,
        show_default=False,
    ),
]

_DATA_SETS = (
    "Name of the data set: digits, mnist, fashion-mnist, cifar10, cifar100 or tiny-imagenet; or "
    "the path of images of your own, with a / or the ending .npz."
)

Data = Annotated[str, typer.Option("--data", metavar="NAME|PATH", help=_DATA_SETS)]

DataOfNetwork = Annotated[
    str | None,
    typer.Option("--data", metavar="NAME|PATH", help=_DATA_SETS, show_default="cifar100"),
]

Resize = Annotated[
    str | None,
    typer.Option(
        "--resize",
        metavar="HxW",
        help="Height and width that images of your own are given, such as 32x32.",
        show_default="none: all images have one size",
    ),
]

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Folder of the data archives. Every data set of images but digits needs it.",
    ),
]

Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the unfinished work in DIR.partial.")
]


def _bounded(jobs: int | None) -> int | None:
    """Return the number of processes that is wanted, or the largest that a machine can bear."""
    most = _EACH * _cores()
    if jobs is None or jobs <= most:
        return jobs
    typer.echo(
        f"engram: --jobs {jobs} is too many: {most} processes are used, {_EACH} for each of the "
        f"{_cores()} cores",
        err=True,
    )
    return most


def _jobs(text: str = "Number of processes.", **default: Any) -> Any:
    """Return the option --jobs."""
    return typer.Option("--jobs", metavar="N", help=text, min=1, callback=_bounded, **default)


_ALL_CORES = "the number of cores"

Jobs = Annotated[int, _jobs(default_factory=_cores, show_default=_ALL_CORES)]

JobsOrCluster = Annotated[int | None, _jobs(show_default=_ALL_CORES)]

JobsOnDevice = Annotated[int, _jobs("Number of processes; a GPU can serve several.")]

Device = Annotated[
    str, typer.Option("--device", metavar="cpu|cuda", help="Device that PyTorch computes on.")
]
