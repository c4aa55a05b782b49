# SPDX-License-Identifier: MIT
"""How often the pins of a netlist's gates change while a bench runs on it.

Counting is hardware around the netlist, as the counters of `verification.rtl.strobes` are: the same
bench that holds the block to golden holds the netlist to it and counts. A net is seen once a cycle,
when it has settled, so that glitches do not count.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from amaranth.lib import wiring

from rtl.emit import Port
from sim.hardware.netlist import Netlist
from verification.rtl.engine import BenchError, Pauses, Step
from verification.rtl.simulators import run_module, streams_of

__all__ = ["Activity", "Group", "Switching", "measure"]

_TOP = "counted"
_CHUNK = 64  # nets that are compared at once


class Group(NamedTuple):
    """Gates of a kind in a part of the design; see `sim.hardware.netlist.Gate`."""

    component: str
    kind: str


@dataclass(frozen=True)
class Switching:
    """What a group of gates does in a run.

    Attributes
    ----------
    gates : int
    outputs, inputs : int
        Changes at their outputs, at their inputs.
    """

    gates: int
    outputs: int
    inputs: int


@dataclass(frozen=True)
class Activity:
    """What a netlist does in a run of so many `cycles`."""

    cycles: int
    groups: Mapping[Group, Switching]


def measure(
    netlist: Netlist,
    ports: Sequence[Port],
    component: wiring.Component,
    before: Sequence[Step],
    steps: Sequence[Step],
) -> Activity:
    """Run a bench on a netlist and count in a part of it.

    Parameters
    ----------
    netlist : Netlist
    ports : sequence of Port
        Of the netlist.
    component : wiring.Component
        The block it was made from, whose streams the bench drives.
    before, steps : sequence of Step
        What is done first, and what is counted, from its first cycle to its last.

    Raises
    ------
    BenchError
        If the netlist is not what the bench expects.
    """
    groups = _groups(netlist)
    nets = {
        f"{pins}_{n}": [net for gate in gates for net in getattr(gate, pins)]
        for n, gates in enumerate(groups.values())
        for pins in ("outputs", "inputs")
    }
    counted = ("counting", *nets)
    pins = [port for port in ports if port.name not in ("clk", "rst")]
    case = {
        "streams": [asdict(stream) for stream in streams_of(component)],
        "ports": [*(p.name for p in pins), *counted],
        "inputs": [*(p.name for p in pins if p.direction == "input"), "counting"],
        "steps": [asdict(_with_pin(step, 0)) for step in before]
        + [asdict(_with_pin(step, 1)) for step in steps],
        "pauses": asdict(Pauses()),
        "counted": counted,
    }
    text = netlist.verilog + _wrapper(netlist.name, ports, nets)
    result = run_module(text, _TOP, "verification.rtl.cocotb_bench", case)
    if "error" in result:
        raise BenchError(result["error"])
    counts = result["counts"]
    return Activity(
        counts["counting"],
        {
            group: Switching(len(gates), counts[f"outputs_{n}"], counts[f"inputs_{n}"])
            for n, (group, gates) in enumerate(groups.items())
        },
    )


def _groups(netlist: Netlist) -> dict[Group, list]:
    groups = defaultdict(list)
    for gate in netlist.gates:
        groups[Group(gate.component, gate.kind)].append(gate)
    return dict(sorted(groups.items()))


def _with_pin(step: Step, counting: int) -> Step:
    return replace(step, pins={**step.pins, "counting": counting})


def _wrapper(name: str, ports: Sequence[Port], nets: Mapping[str, Sequence[str]]) -> str:
    """Return a module around a netlist that tells how many of some nets changed in this cycle."""
    clocks = ("clk", "rst")
    declared = ["input clk", "input rst", "input counting"]
    declared += [f"{p.direction} [{p.width - 1}:0] {p.name}" for p in ports if p.name not in clocks]
    declared += [f"output [31:0] {output}" for output in nets]
    lines = [
        f"module {_TOP}({', '.join(declared)});",
        f"  \\{name} gates({', '.join(f'.{p.name}({p.name})' for p in ports)});",
    ]
    for output, counted in nets.items():
        lines += _counter(output, counted)
    return "\n".join([*lines, "endmodule", ""])


def _counter(output: str, nets: Sequence[str]) -> Iterator[str]:
    terms = ["0"]
    for n, first in enumerate(range(0, len(nets), _CHUNK)):
        chunk = [f"gates.{net}" for net in nets[first : first + _CHUNK]]
        now, before = f"{output}_now_{n}", f"{output}_before_{n}"
        yield f"  wire [{len(chunk) - 1}:0] {now} = {{{', '.join(chunk)}}};"
        yield f"  reg [{len(chunk) - 1}:0] {before};"
        yield f"  always @(posedge clk) {before} <= {now};"
        terms.append(f"$countones({now} ^ {before})")
    yield f"  assign {output} = counting ? {' + '.join(terms)} : 0;"
