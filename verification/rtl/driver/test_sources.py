# SPDX-License-Identifier: MIT
"""The driver in C: strict compilers take it, and its page and its twin in Python say the same."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rtl.driver.driver import Driver
from rtl.driver.fault import Fault
from verification.rtl.driver.library import PAGE, STRICT, programs_of_the_page, sources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in sources().items():
        (tmp_path / name).write_text(text)
    return tmp_path


def compiled(compiler: str, file: str, folder: Path, *options: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    command = [compiler, *STRICT, *options, "-c", file, "-o", "out.o"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize("options", [(), ("-O2", "-ffreestanding"), ("-std=c11",), ("-std=c17",)])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_a_strict_compiler_takes_it(compiler: str, options: tuple[str, ...], folder: Path) -> None:
    compiled(compiler, "engram.c", folder, *options)


def test_a_cpp_program_can_include_it(folder: Path) -> None:
    (folder / "program.cpp").write_text('#include "engram.h"\nengram chip;\n')
    subprocess.run(
        ["g++", "-Wall", "-Wextra", "-Werror", "-c", "program.cpp"], cwd=folder, check=True
    )


def test_it_needs_no_library(folder: Path) -> None:
    compiled("gcc", "engram.c", folder, "-O2", "-ffreestanding")
    done = subprocess.run(
        ["nm", "-u", "out.o"], cwd=folder, capture_output=True, text=True, check=True
    )
    # A compiler may copy a structure by calling these, which even a freestanding one must have.
    assert set(done.stdout.split()) <= {"U", "memcpy", "memset", "_GLOBAL_OFFSET_TABLE_"}


def test_programs_of_the_page_compile(folder: Path) -> None:
    programs = programs_of_the_page()
    assert len(programs) >= 2
    (folder / "page.c").write_text("\n".join(programs))
    compiled("gcc", "page.c", folder)


def test_errors_are_numbered_and_told_as_in_python() -> None:
    header, source = (sources()[name] for name in ("engram.h", "engram.c"))
    names = re.findall(r"^    ENGRAM_E_(\w+),? +/\* (.*) \*/$", header, re.M)
    *faults, (last, _) = names
    assert last == "COUNT"
    assert faults == [(fault.name, fault.text) for fault in sorted(Fault)]
    table = source.partition("TEXTS[ENGRAM_E_COUNT] = {")[2].partition("};")[0]
    assert re.findall(r'"(.*)"', table) == [text for _, text in faults]


def test_calls_have_the_same_names_in_both() -> None:
    calls = set(re.findall(r"^engram_error engram_(\w+)\(", sources()["engram.h"], re.M))
    methods = {name for name in dir(Driver) if not name.startswith("_")}
    assert calls == methods | {"open"}  # in Python, a driver opens itself


def test_page_has_every_call_and_every_error() -> None:
    for call in re.findall(r"\b(engram_\w+)\(", sources()["engram.h"]):
        assert f"`{call}" in PAGE, call
    for fault in Fault:
        assert f"| `ENGRAM_E_{fault.name}` |" in PAGE, fault
