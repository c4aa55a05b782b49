# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Simulation speed of the blocks: Verilator and Amaranth's own simulator on the same benches."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from amaranth.lib import wiring

from golden.network import Network as GoldenNetwork
from golden.params import AcceleratorParams, NetworkParams
from rtl.catalogue import BLOCKS
from rtl.network import Network
from rtl.sampler import Sampler
from verification.bench.chip import chip_table
from verification.bench.harness import Table
from verification.rtl.engine import Step, Trace
from verification.rtl.simulators import run_cocotb, run_pysim
from verification.rtl.test_network import bench as network_bench
from verification.rtl.test_sampler import Plan

__all__ = ["run"]

Bench = Callable[[int], tuple[wiring.Component, list[Step]]]

RUNS: dict[str, Callable[..., Trace]] = {"Amaranth": run_pysim, "Verilator": run_cocotb}
NETWORK: dict[str, Any] = {
    "input": {"height": 8, "width": 8, "channels": 3, "bits": 7},
    "layers": [
        {"kind": "thermometer", "levels": 8},
        {"kind": "conv", "outputs": 24, "thresholds": True},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 32, "thresholds": True},
    ],
}


def run(quick: bool = False) -> list[Table]:
    """Compare the simulators on the sampler, on the network and on the chip."""
    size, scale = ("small", 1) if quick else ("full", 10)
    sampler = BLOCKS["sampler"].arguments(size)["params"]
    machine = BLOCKS["network"].arguments(size)["params"]
    cases: list[tuple[str, Bench, dict[str, int]]] = [
        (f"sampler, {size}", lambda n: _draws(sampler, n), {"Amaranth": 40, "Verilator": 4000}),
        (
            f"sampler, serial, {size}",
            lambda n: _draws(replace(sampler, mode="serial"), n),
            {"Amaranth": 10, "Verilator": 1000},
        ),
        (f"network, {size}", lambda n: _pictures(machine, n), {"Amaranth": 1, "Verilator": 20}),
    ]
    rows: list[tuple[object, ...]] = []
    for name, bench, counts in cases:
        peer = 0.0
        for simulator, count in counts.items():
            cycles, items = _rates(bench, RUNS[simulator], max(1, count * scale // 10))
            peer = peer or cycles
            rows.append((name, simulator, cycles, items, cycles / peer if peer else None))
    return [
        Table(
            "Simulation of the blocks, one thread",
            ("block", "simulator", "cycles/s", "exemplars or pictures/s", "x Amaranth's simulator"),
            tuple(rows),
            "With driver, monitor and scoreboard in Python, which are most of the time on "
            "Verilator. They see every cycle on Amaranth's simulator, on Verilator those in which "
            "something can happen. Without start and compilation. Pictures of 8 x 8 pixels "
            "through two convolutions.",
        ),
        chip_table(quick),
    ]


def _rates(bench: Bench, simulate: Callable[..., Trace], count: int) -> tuple[float, float]:
    """Return cycles and items a second, from the time that a bench of triple length adds."""
    seconds, cycles = [], []
    for items in (count, 3 * count):
        simulate(*bench(items))  # compiles the model
        start = perf_counter()
        trace = simulate(*bench(items))
        seconds.append(perf_counter() - start)
        cycles.append(trace.cycles)
    difference = seconds[1] - seconds[0]
    if difference <= 0:  # only noise, as happens with small benches
        return 0.0, 0.0
    return (cycles[1] - cycles[0]) / difference, 2 * count / difference


def _draws(params: Any, count: int) -> tuple[wiring.Component, list[Step]]:
    """Append two classes and draw `count` exemplars."""
    plan, rng = Plan(params), np.random.default_rng(0)
    for _ in range(2):
        plan.append(rng, 1)
    plan.draw([n % 2 for n in range(count)])
    return Sampler(params), plan.steps


def _pictures(params: AcceleratorParams, count: int) -> tuple[wiring.Component, list[Step]]:
    """Load a random network and run `count` pictures through it."""
    shape = NetworkParams.from_description(NETWORK)
    rng = np.random.default_rng(0)
    network = GoldenNetwork.random(shape, rng)
    images = rng.integers(0, 2**shape.bits, (count, *shape.input.array_shape), np.uint8)
    return Network(params), network_bench(network, params, images)  # pyright: ignore[reportArgumentType]
