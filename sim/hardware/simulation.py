# SPDX-License-Identifier: MIT
"""A run of the chip's simulator: scripts in, packets and answers out, whole or not at all."""

import json
import os
import subprocess
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sim.work.errors import UserError
from sim.work.files import reason_of, remove_file
from sim.work.refusals import check_target, refusals_told

__all__ = ["Counts", "check_outputs", "simulate"]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a simulation did.

    Parameters
    ----------
    cycles : int
    words_in, packets_in : int
        Words and packets that the chip took.
    words_out, packets_out : int
        Words and packets that it sent.
    seconds : float
        Time from the start of the program to its end.
    """

    cycles: int
    words_in: int
    packets_in: int
    words_out: int
    packets_out: int
    seconds: float


def simulate(
    program: Path,
    scripts: Sequence[str],
    *,
    out: Path | None = None,
    trace: Path | None = None,
    threads: int = 1,
    patience: int,
) -> Counts:
    """Run scripts, one after the other, on a chip that was just reset (docs/simulate.md).

    Parameters
    ----------
    program : Path
        Program that `sim.hardware.simulator.Simulator.build` returned.
    scripts : sequence of str
        Files; ``-`` is the standard input.
    out : Path, optional
        File of the output, written whole or not at all. By default, the standard output.
    trace : Path, optional
        File of the trace. A simulation that fails leaves it, too, since it shows why.
    threads : int, optional
        Threads that the program was compiled for.
    patience : int
        Cycles without a word in or out after which the simulation fails.

    Returns
    -------
    Counts

    Raises
    ------
    UserError
        If a script is at fault, if the chip stalls, or if a file cannot be read or written.
    """
    unfinished = {path: _unfinished(path) for path in (out, trace) if path is not None}
    traced = "" if trace is None else str(unfinished[trace])
    command = [str(program), str(patience), str(threads), traced, *scripts]
    try:
        with nullcontext() if out is None else unfinished[out].open("wb") as sink:
            status, told = _run(command, sink, takes_input="-" in scripts)
            if sink is not None:
                os.fsync(sink.fileno())
        for path, part in unfinished.items():
            if status == 0 or (path == trace and status > 0):
                part.replace(path)
    except OSError as error:
        raise UserError(f"{error.filename or out} cannot be written: {reason_of(error)}") from error
    finally:
        for part in unfinished.values():
            remove_file(part)
    if status < 0:
        raise UserError(f"The simulator was ended by signal {-status}")
    if status > 0:
        raise UserError(told)
    return Counts(**json.loads(told))


def check_outputs(*paths: Path | None) -> None:
    """Refuse files that cannot be written, before long work.

    Parameters
    ----------
    *paths : Path, optional
        Files that are going to be written; None is left out.

    Raises
    ------
    UserError
        If one of them cannot.
    """
    for path in paths:
        if path is not None:
            remove_file(_unfinished(path))


def _unfinished(path: Path) -> Path:
    """Return an empty file beside one that is going to be written; it takes its place later."""
    check_target(path)
    part = path.with_name(f".{path.name}.new")
    with refusals_told(path, "cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(b"")
    return part


def _run(command: Sequence[str], sink: BinaryIO | None, *, takes_input: bool) -> tuple[int, str]:
    """Return the exit status of a program and what it says on its standard error output."""
    with subprocess.Popen(
        command,
        stdin=None if takes_input else subprocess.DEVNULL,
        stdout=sink,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as child:
        try:
            _, told = child.communicate()
        except BaseException:
            child.kill()
            raise
    return child.returncode, told.strip()
