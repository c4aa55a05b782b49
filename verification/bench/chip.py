# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Simulation speed of the chip: `engram simulate`, and cocotb with others' buses, on one script."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

from golden.network import Network
from golden.params import ChipParams
from rtl.catalogue import BLOCKS
from rtl.chip import Chip
from rtl.verilog import convert
from sim.data.embed import read_network
from sim.data.samples import read_samples
from sim.data.shipped import shipped_file
from sim.hardware.simulation import simulate
from sim.hardware.simulator import Simulator
from verification.bench.harness import Table
from verification.rtl.chip_script import Script
from verification.rtl.engine import BenchError
from verification.rtl.script_text import answers_of, expected_of, lines_of
from verification.rtl.simulators import run_module

__all__ = ["chip_table"]

PATIENCE = 1_000_000  # cycles; a picture takes an eighth of them
SMALL: dict[str, Any] = {
    "input": {"height": 8, "width": 8, "channels": 3, "bits": 7},
    "layers": [
        {"kind": "thermometer", "levels": 8},
        {"kind": "conv", "outputs": 24, "thresholds": True},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 32, "thresholds": True},
        {"kind": "pool", "size": 2},
    ],
    "head": {"classes": 20},
}


def chip_table(quick: bool) -> Table:
    """Compare both simulations of the chip on pictures through a network.

    The full chip runs the shipped network on shipped images; a quick run takes a smaller chip with
    a random network.
    """
    size = "small" if quick else "full"
    chip = BLOCKS["chip"].arguments(size)["params"]
    rows: list[tuple[object, ...]] = []
    peer = 0.0
    for name, run, count in (("cocotb", _in_cocotb, 2), ("engram simulate", _by_itself, 10)):
        run(chip, _script(chip, quick, 1))  # compiles
        few, many = _timed(run, chip, quick, count), _timed(run, chip, quick, 3 * count)
        cycles, seconds = many[0] - few[0], many[1] - few[1]
        rate = 2 * count / seconds if seconds > 0 else 0.0  # noise, as happens when quick
        peer = peer or rate
        rows.append(
            (
                f"chip, {size}", name, cycles / seconds if seconds > 0 else 0.0, rate,
                rate / peer if peer else None,
            )
        )  # fmt: skip
    return Table(
        "Simulation of the chip, one thread",
        ("block", "simulator", "cycles/s", "pictures/s", "x cocotb"),
        tuple(rows),
        "Each result is compared with the golden model. Time is what further pictures add: start, "
        "compilation and loading the network are left out. The full chip runs the shipped network "
        "on shipped images of 32 x 32 pixels.",
    )


def _timed(run: Callable[..., int], chip: ChipParams, quick: bool, count: int) -> tuple[int, float]:
    """Return the cycles and the seconds of a script with so many pictures."""
    host = _script(chip, quick, count)
    start = perf_counter()
    return run(chip, host), perf_counter() - start


def _script(chip: ChipParams, quick: bool, count: int) -> Script:
    """Load a network and classify pictures."""
    host = Script(chip, SMALL)
    images = host.images(count)
    if not quick:
        host.network = _shipped()
        samples = read_samples(shipped_file("cifar100", "samples.bin")).images[:count]
        images = samples >> (8 - host.network.params.bits)
    host.load()
    host.classes_seen = chip.accelerator.classes
    host.write("classes_seen", host.classes_seen)
    host.pictures(images)
    return host


@cache
def _shipped() -> Network:
    return read_network(shipped_file("cifar100", "network.bin"))[0]


def _in_cocotb(chip: ChipParams, host: Script) -> int:
    case = {"script": host.operations, "pauses": 0.0, "seed": 0, "patience": PATIENCE}
    result = run_module(_verilog(chip), "chip", "verification.rtl.cocotb_chip", case)
    if "error" in result:
        raise BenchError(result["error"])
    return result["cycles"]


@cache
def _verilog(chip: ChipParams) -> str:
    return convert(Chip(chip), "chip")


def _by_itself(chip: ChipParams, host: Script) -> int:
    program = Simulator(params=chip).build(lambda line: None)
    with tempfile.TemporaryDirectory() as name:
        script, out = Path(name) / "script.hex", Path(name) / "out.hex"
        script.write_text("".join(f"{line}\n" for line in lines_of(host.operations)))
        counts = simulate(program, [str(script)], out=out, patience=PATIENCE)
        if answers_of(out.read_text()) != expected_of(host.operations):
            raise BenchError("A result differs from that of the golden model")
    return counts.cycles
