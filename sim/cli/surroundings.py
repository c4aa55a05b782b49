# SPDX-License-Identifier: MIT
"""What a command needs of its surroundings, checked before anything heavy is loaded."""

import os
import resource

from sim.work.errors import UserError

__all__ = ["check_surroundings", "need"]

# Megabytes of address space that a command takes on one core to do the least that it can do, and
# for each further core, whose thread of linear algebra has a buffer. They are the peaks of VmPeak
# on Linux with Python 3.11 and a few per cent more: of commands on the digits, of a study of three
# methods without kept machine code, of PyTorch alone for the commands that learn from images. For
# `rtl` and `simulate` it is the smallest limit under which the compiler to Verilog can reserve its
# memory.
_NEEDS = {
    "run": 980,
    "plot": 720,
    "cache": 135,
    "explore": 980,
    "pretrain": 3850,
    "native": 3850,
    "resnet": 3850,
    "binplay": 3850,
    "bank": 980,
    "samples": 400,
    "pictures": 980,
    "rtl": 4550,
    "simulate": 4550,
    "teach": 4550,
    "cost": 225,
    "report": 650,
    "import": 980,
    "export": 980,
}
_MOST_CORES = 64  # threads of linear algebra, at most
_EACH_CORE = 42

_MEGABYTE = 10**6


def check_surroundings(command: str) -> None:
    """Refuse settings of the system under which a command would end in the middle of a library.

    Parameters
    ----------
    command : str
        Name of the command.

    Raises
    ------
    UserError
        If the limit of address space is below what the command needs, or if the compiler of
        engram's loops is switched off.
    """
    if os.environ.get("NUMBA_DISABLE_JIT", "") not in ("", "0"):
        raise UserError(
            "NUMBA_DISABLE_JIT must be 0 or unset: engram has loops that exist only compiled"
        )
    # Engram opens no window, and a backend that matplotlib does not know ends its import.
    os.environ.pop("MPLBACKEND", None)
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < need(command):
        raise UserError(
            f"Not enough memory: engram {command} needs {need(command) // _MEGABYTE} MB of address "
            f"space here, and the limit is {limit // _MEGABYTE} MB: raise it to "
            f"ulimit -v {-(-need(command) // 1024)}"
        )


def need(command: str) -> int:
    """Return the bytes of address space without which a command cannot begin on this machine."""
    cores = min(len(os.sched_getaffinity(0)), _MOST_CORES)
    return (_NEEDS[command] + _EACH_CORE * (cores - 1)) * _MEGABYTE
