# SPDX-License-Identifier: MIT
"""Gates of a flat netlist one by one, with the nets at their pins and the block they belong to."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["Gate", "Netlist"]

# The path of a cell in names that Yosys's `flatten` makes: parts of a design have names of their
# own, which a backslash begins, gates have not.
_PART = re.compile(r"(?:\$flatten)?\\([^.\\]+)\.")


class Gate(NamedTuple):
    """A cell that is no memory.

    Attributes
    ----------
    kind : str
        Name of the cell in its library.
    component : str
        Parts of the design it lies in, from the outside in, copies under one name: "xnor" is all
        of xnor_0, xnor_1, ...; empty if it lies in none.
    inputs, outputs : tuple of str
        Nets at its pins as Verilog names them; constants and the clock left out.
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
        Of the module.
    verilog : str
        The module, with every net of `gates` in it; memories as arrays.
    gates : tuple of Gate
    """

    name: str
    verilog: str
    gates: tuple[Gate, ...]

    @classmethod
    def of(cls, name: str, content: str, verilog: str) -> "Netlist":
        """Read a module from what ``write_json`` and ``write_verilog`` of Yosys tell of it.

        Parameters
        ----------
        name : str
            Of the module.
        content : str
            JSON of ``write_json``.
        verilog : str
            Verilog of ``write_verilog``.
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
    """Return the Verilog of every net but the clock by its number."""
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
    return Gate(cell["type"], _component(path), tuple(pins["input"]), tuple(pins["output"]))


def _component(path: str) -> str:
    """Return the parts that lead to a cell."""
    parts, place = [], 0
    while part := _PART.match(path, place):
        parts.append(re.sub(r"_\d+$", "", part[1]))
        place = part.end()
    return ".".join(parts)
