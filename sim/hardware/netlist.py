# SPDX-License-Identifier: MIT
"""The gates of a flat netlist, each with the nets at its pins and the block it belongs to."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["Gate", "Netlist", "component_of"]

# Matches one part of a cell's path in the names that Yosys's `flatten` makes. Names of parts begin
# with a backslash. Gates have no names of their own.
_PART = re.compile(r"(?:\$flatten)?\\([^.\\]+)\.")


class Gate(NamedTuple):
    """A cell other than a memory.

    Attributes
    ----------
    kind : str
        Name of the cell in its library.
    component : str
        Parts of the design that contain it, from the outside in. Copies share one name: "xnor"
        stands for xnor_0, xnor_1, ... Empty if no part contains it.
    inputs, outputs : tuple of str
        Verilog names of the nets at its pins, without constants and the clock.
    """

    kind: str
    component: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """Gates of a design.

    Attributes
    ----------
    name : str
        Name of the module.
    verilog : str
        Verilog of the module. It contains every net of `gates`, and its memories are arrays.
    gates : tuple of Gate
    """

    name: str
    verilog: str
    gates: tuple[Gate, ...]

    @classmethod
    def of(cls, name: str, content: str, verilog: str) -> "Netlist":
        """Read a module from the outputs of Yosys's ``write_json`` and ``write_verilog``.

        Parameters
        ----------
        name : str
            Name of the module.
        content : str
            JSON that ``write_json`` wrote.
        verilog : str
            Verilog that ``write_verilog`` wrote.
        """
        module = json.loads(content)["modules"][name]
        nets = _nets(module["netnames"])
        gates = (
            _gate(path, cell, nets)
            for path, cell in module["cells"].items()
            if not cell["type"].startswith(("$mem", "$scopeinfo"))
        )
        return cls(name=name, verilog=verilog, gates=tuple(gates))


def _nets(names: Mapping[str, Any]) -> dict[int, str]:
    """Return the Verilog name of every net except the clock, by the net's number."""
    nets = {}
    for name, net in names.items():
        single = len(net["bits"]) == 1
        for place, bit in enumerate(net["bits"]):
            nets.setdefault(bit, name if single else f"{name}[{place}]")
    return {bit: net for bit, net in nets.items() if net != "clk"}


def _gate(path: str, cell: Mapping[str, Any], nets: Mapping[int, str]) -> Gate:
    pins: dict[str, list[str]] = {"input": [], "output": []}
    for pin, bits in cell["connections"].items():
        pins[cell["port_directions"][pin]] += [nets[bit] for bit in bits if bit in nets]
    return Gate(cell["type"], component_of(path), tuple(pins["input"]), tuple(pins["output"]))


def component_of(path: str) -> str:
    """Return the parts of the design on the path to a cell, joined by dots; see `Gate`.

    Parameters
    ----------
    path : str
        Name of the cell in a flat netlist of Yosys.
    """
    parts, place = [], 0
    while part := _PART.match(path, place):
        parts.append(re.sub(r"_\d+$", "", part[1]))
        place = part.end()
    return ".".join(parts)
