# SPDX-License-Identifier: MIT
"""The two simulators that run benches: Amaranth's own, and Verilator (or Icarus) through cocotb."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In
from amaranth.sim import Simulator

from rtl.verilog import convert
from verification.rtl.coverage import cover, record
from verification.rtl.engine import BenchError, Engine, Levels, Pauses, Step, Stream, Trace
from verification.rtl.models import model_of, tool_path

__all__ = [
    "cocotb_simulators", "forget", "payload", "run_cocotb", "run_pysim", "shared", "streams_of",
]  # fmt: skip

ROOT = Path(__file__).parent.parent.parent

# Verilog of the blocks that benches still hold: to make it takes longer than most benches.
_VERILOG: WeakKeyDictionary[wiring.Component, str] = WeakKeyDictionary()
# Simulations of the latest blocks, for blocks that are made alike: to make one takes longer than
# most benches. The first is the one that has not been used for longest.
_SIMULATIONS: "dict[Any, _Simulation]" = {}
MOST_SIMULATIONS = 8


def streams_of(component: wiring.Component) -> list[Stream]:
    """Return the stream ports of a block, and the taps: ports of a `valid` and a `payload`."""
    found = []
    for name, member in component.signature.members.items():
        if member.is_port:
            continue
        tap = set(member.signature.members) == {"valid", "payload"}
        if tap or isinstance(member.signature, stream.Signature):
            found.append(Stream(name, into=member.flow is In, tap=tap))
    return found


def payload(shape: Any, value: Any) -> int:
    """Return the bits of a payload: an integer, or a mapping for a structure."""
    if isinstance(value, int):
        return value
    return int(shape.const(value).as_value().value)


def run_pysim(
    component: wiring.Component,
    steps: list[Step],
    pauses: Pauses = Pauses(),  # noqa: B008  (frozen)
    counted: tuple[str, ...] = (),
) -> Trace:
    """Run a bench on Amaranth's simulator."""
    engine = Engine(streams_of(component), steps, pauses, counted)
    made = made_of(component)
    simulation = _SIMULATIONS.pop(made, None) or _Simulation(component)
    simulation.run(engine)
    _SIMULATIONS[made] = simulation  # not after an error
    if len(_SIMULATIONS) > MOST_SIMULATIONS:
        del _SIMULATIONS[next(iter(_SIMULATIONS))]
    _record(component, "pysim", steps, engine.trace)
    return engine.trace


class _Simulation:
    """A block on Amaranth's simulator, for one bench after another."""

    def __init__(self, component: wiring.Component) -> None:
        top, domain, reset = Module(), ClockDomain("sync"), Signal()
        top.submodules.dut = component
        top.domains += domain
        top.d.comb += domain.rst.eq(reset)
        self._ports, self._clock = {**_ports(component), "rst": reset}, domain.clk
        self._simulator = Simulator(top)
        self._simulator.add_testbench(self._bench)
        self._engine: Engine | None = None

    def run(self, engine: Engine) -> None:
        """Run a bench from the start."""
        if self._engine is not None:
            self._simulator.reset()
        self._engine = engine
        self._simulator.run()

    async def _bench(self, ctx: Any) -> None:
        """Play the engine and the clock: to wait for a clock takes as long as a small block.

        All that changes in a cycle, and the falling edge before it, is set at once, because the
        block settles after every set. Nothing in it happens at a falling edge.
        """
        ports, engine, simulator = self._ports, self._engine, ctx._engine
        assert engine is not None, "a simulation runs with its engine"
        state = simulator.state
        levels = Levels(
            {name: state.slots[state.get_signal(port)] for name, port in ports.items()},
            attrgetter("curr"),
        )
        driven: dict[str, int] = {}
        while not engine.done:
            for name, level in engine.drive().items():
                if driven.get(name) != level:
                    driven[name] = level
                    simulator.set_value(ports[name], level)
            ctx.set(self._clock, 0)
            engine.observe(levels)
            ctx.set(self._clock, 1)


def forget() -> None:
    """Keep no simulation and no block of earlier benches."""
    _SIMULATIONS.clear()
    shared.cache_clear()


def made_of(component: wiring.Component) -> Any:
    """Return what decides on the hardware of a block: its class, and what it was made with.

    That is all it has but ports. What cannot be compared makes a block like no other.
    """
    ports = component.signature.members
    own = ("_Component__signature", "_MustUse__used", "_MustUse__context")  # of Amaranth
    told = (pair for pair in vars(component).items() if pair[0] not in (*ports, *own))
    made = (type(component), *told)
    try:
        hash(made)
    except TypeError:
        return object()
    return made


def _ports(component: wiring.Component) -> dict[str, Any]:
    """Return the ports of a block as plain values, by the names they have in Verilog."""
    found: dict[str, Any] = {}
    for path, _, port in component.signature.flatten(component):
        value = port.as_value() if hasattr(port, "as_value") else port
        found["__".join(str(part) for part in path)] = value
    return found


def _inputs(component: wiring.Component) -> list[str]:
    """Return the names of the ports that the bench drives."""
    members = component.signature.flatten(component)
    return ["__".join(map(str, path)) for path, member, _ in members if member.flow is In]


@lru_cache(maxsize=16)
def shared(block: Callable[..., Any], *arguments: Any) -> Any:
    """Return a block, the same one for all benches that make it of the same arguments."""
    return block(*arguments)


def _verilog(component: wiring.Component) -> str:
    """Return the Verilog of a block, made once for all benches that share the block."""
    if component not in _VERILOG:
        _VERILOG[component] = convert(component, _top(component))
    return _VERILOG[component]


@cache
def cocotb_simulators() -> tuple[str, ...]:
    """Return the simulators at hand: Verilator always, Icarus where it is installed."""
    return ("verilator", "icarus") if shutil.which("iverilog") else ("verilator",)


def run_cocotb(
    component: wiring.Component,
    steps: list[Step],
    pauses: Pauses = Pauses(),  # noqa: B008  (frozen)
    counted: tuple[str, ...] = (),
    simulator: str = "verilator",
) -> Trace:
    """Run a bench on a simulator that cocotb knows; the compiled model is kept for the next one."""
    text = _verilog(component)
    case = {
        "streams": [asdict(s) for s in streams_of(component)],
        "ports": list(_ports(component)),
        "inputs": _inputs(component),
        "steps": [asdict(step) for step in steps],
        "pauses": asdict(pauses),
        "counted": counted,
    }
    result = run_module(text, _top(component), "verification.rtl.cocotb_bench", case, simulator)
    if "error" in result:
        raise BenchError(result["error"])
    trace = Trace(**result)
    _record(component, simulator, steps, trace)
    return trace


def run_module(
    text: str, top: str, module: str, case: dict[str, Any], simulator: str = "verilator"
) -> dict[str, Any]:
    """Build a model from Verilog, run a cocotb module on it; return the JSON that it leaves.

    The module finds ``case.json`` in its working folder and writes ``result.json`` there.
    """
    from cocotb_tools.runner import get_runner

    build = model_of(text, top, simulator)
    runner = get_runner(simulator)
    key = hashlib.sha256(json.dumps(case, sort_keys=True).encode()).hexdigest()[:16]
    work = build / f"{module.rsplit('.', 1)[-1]}-{key}-{os.getpid()}"
    work.mkdir(exist_ok=True)
    (work / "case.json").write_text(json.dumps(case))
    try:
        with tool_path():
            runner.test(
                test_module=module,
                hdl_toplevel=top,
                hdl_toplevel_lang="verilog",
                build_dir=build,
                test_dir=work,
                results_xml=str(work / "results.xml"),
                log_file=work / "log.txt",
                extra_env={
                    "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
                    # A bench tells what is wrong by itself; to rewrite the assertions of all that
                    # it imports takes almost half of a short run.
                    "COCOTB_REWRITE_ASSERTION_FILES": "",
                },
            )
        result = work / "result.json"
        if not result.exists():
            raise BenchError(f"{module} left no result: {(work / 'log.txt').read_text()[-4000:]}")
        return json.loads(result.read_text())
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _record(component: wiring.Component, simulator: str, steps: list[Step], trace: Trace) -> None:
    """Note a bench by what its block was made with, and what its steps met unless cut short."""
    record(
        _top(component),
        simulator,
        repr(getattr(component, "params", component.signature)),
        cycles=trace.cycles,
        transfers=sum(map(len, trace.transfers.values())),
        stalls=sum(trace.stalls.values()),
    )
    for step in steps:
        for point, hits in step.meets.items():
            cover(point, 0 if step.abandon else hits)


def _top(component: wiring.Component) -> str:
    """Return the name of a block's Verilog module."""
    return type(component).__name__.lower()
