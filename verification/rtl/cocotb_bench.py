# SPDX-License-Identifier: MIT
"""What runs inside a simulator: the engine of a bench, on the ports of any block."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, First, ReadOnly, Timer, ValueChange
from cocotb.utils import get_sim_time

from verification.rtl.engine import PATIENCE, BenchError, Engine, Levels, Pauses, Step, Stream

PERIOD = 2  # ns of a cycle


@cocotb.test()
async def bench(dut: Any) -> None:
    """Run the bench of ``case.json``; inputs change at the falling edge of the clock."""
    case = json.loads(Path("case.json").read_text())
    engine = Engine(
        [Stream(**s) for s in case["streams"]],
        [Step(**step) for step in case["steps"]],
        Pauses(**case["pauses"]),
        tuple(case["counted"]),
    )
    ports = {name: getattr(dut, name) for name in case["ports"]}
    for name in case["inputs"]:  # as on Amaranth's simulator, an input that no step names is 0
        ports[name].value = 0
    clock = getattr(dut, "clk", None)
    if clock is not None:
        ports["rst"] = dut.rst
        Clock(clock, PERIOD, "ns").start()
    result: dict[str, Any]
    try:
        await play(engine, ports, clock)
        result = engine.trace.as_dict()
    except BenchError as error:
        result = {"error": str(error)}
    Path("result.json").write_text(json.dumps(result))


async def play(engine: Engine, ports: Mapping[str, Any], clock: Any) -> None:
    """Run a bench on ports; inputs change at the falling edge of the clock.

    Parameters
    ----------
    engine : Engine
    ports : mapping of str to port
        By the names that the engine has for them. A port has a `value` like a handle of cocotb.
    clock : handle or None
        The running clock, of period `PERIOD`; None for a block without one.

    Raises
    ------
    BenchError
        If the block does what it must not.
    """
    levels, driven = Levels(ports, _level), {}
    while not engine.done:
        await (Timer(PERIOD, "ns") if clock is None else FallingEdge(clock))
        for name, level in engine.drive().items():
            if name in ports and driven.get(name) != level:
                ports[name].value = driven[name] = level
        await ReadOnly()
        engine.observe(levels)
        if clock is not None and (names := engine.awaited):
            engine.skip(await _unchanged([ports[name] for name in names]))


async def _unchanged(ports: list[Any]) -> int:
    """Wait until a port changes, after the settled first half of a cycle; return whole cycles.

    No Python runs meanwhile. An early end does no harm: the next cycle is observed.
    """
    begun = get_sim_time("ns")
    await First(*map(ValueChange, ports), Timer(PATIENCE * PERIOD + 1, "ns"))
    return int(get_sim_time("ns") - begun) // PERIOD


def _level(port: Any) -> int:
    """Return the level of a port that the bench asks for, all of whose bits must be 0 or 1."""
    value = port.value
    if not value.is_resolvable:
        raise BenchError(f"{port._name} is {value}: nothing has set all of its bits")
    return int(value)
