# SPDX-License-Identifier: MIT
"""A mapped netlist as arrays: gates in an order in which they settle, flip-flops and memories."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.cost.cells.boolean import Function, parse_function
from sim.cost.cells.cells import CellLibrary
from sim.hardware.gate_cells import FLIPFLOP, FUNCTIONS
from sim.hardware.netlist import component_of
from verification.rtl.toggles import Group

__all__ = ["CLOCK", "Cells", "Circuit", "MemoryNets", "read_circuit"]

#: Name of the only clock.
CLOCK = "clk"
_CONSTANTS = {"0": 0, "1": 1, "x": 0}  # what is not defined is 0, as in a simulator of two states
_MOST_INPUTS = 6  # of a gate, whose truth table is a word of 64 bits


@dataclass(frozen=True)
class Cells:
    """Gates, or flip-flops, with one output each.

    Attributes
    ----------
    groups : tuple of Group
        Part of the design and name of each cell.
    first : ndarray of shape (n + 1,), int32
        Where the pins of a cell begin in `pins`; those of cell i end at ``first[i + 1]``.
    pins : ndarray, int32
        Nets at the inputs without the clock, in the order of the truth table. A pin that is tied
        to a constant has the net 0 or 1.
    tables : ndarray of shape (n,), uint64
        Bit v is the output, or next state, for pins of which pin j is bit j of v.
    outputs : ndarray of shape (n,), int32
        Nets.
    """

    groups: tuple[Group, ...]
    first: NDArray[np.int32]
    pins: NDArray[np.int32]
    tables: NDArray[np.uint64]
    outputs: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.outputs)


class MemoryNets(NamedTuple):
    """A memory of synchronous ports. A read sees what was written in earlier cycles.

    Attributes
    ----------
    name : str
        Its path in the design.
    depth, width : int
    read_enable, write_enable, read_address, write_address, read_data, write_data : ndarray
        Nets, int32, of shape (ports, 1) or (ports, width) for the enables of reads and of writes,
        and (ports, bits) for the others.
    """

    name: str
    depth: int
    width: int
    read_enable: NDArray[np.int32]
    write_enable: NDArray[np.int32]
    read_address: NDArray[np.int32]
    write_address: NDArray[np.int32]
    read_data: NDArray[np.int32]
    write_data: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """A netlist of one clock. Nets 0 and 1 are the constants.

    Attributes
    ----------
    nets : int
        Number of nets.
    gates : Cells
        Every gate stands after those that drive it.
    flipflops : Cells
    memories : tuple of MemoryNets
    ports : dict of str to ndarray
        Nets of each port without the clock, lowest bit first.
    inputs : frozenset of str
        Names of the ports that lead into the design.
    """

    nets: int
    gates: Cells
    flipflops: Cells
    memories: tuple[MemoryNets, ...]
    ports: dict[str, NDArray[np.int32]]
    inputs: frozenset[str]

    @property
    def sources(self) -> NDArray[np.int32]:
        """Nets that change with the clock: of inputs, flip-flops and rows that were read."""
        driven = [
            *(self.ports[name] for name in sorted(self.inputs)),
            self.flipflops.outputs,
            *(memory.read_data.ravel() for memory in self.memories),
        ]
        return np.unique(np.concatenate(driven)).astype(np.int32)


def read_circuit(name: str, content: str, library: CellLibrary | None) -> Circuit:
    """Read what `sim.hardware.mapping.map_cells` returns.

    Parameters
    ----------
    name : str
        Name of the module.
    content : str
        JSON of Yosys's ``write_json``.
    library : CellLibrary or None
        Cells that it is mapped to; None for Yosys's own gates.

    Raises
    ------
    ValueError
        If a cell has no known function, or more than one output that is used; if a memory has
        ports of another kind; or if gates drive each other in a circle.
    """
    module = json.loads(content)["modules"][name]
    functions = _functions(library)
    clock = module["ports"][CLOCK]["bits"][0] if CLOCK in module["ports"] else None
    gates, flipflops, memories = [], [], []
    for path, cell in module["cells"].items():
        if cell["type"] == "$scopeinfo":
            continue
        if cell["type"] == "$mem_v2":
            memories.append(_memory(path, cell))
            continue
        kind, function = cell["type"], functions(cell["type"])
        made = _made(path, cell, function, clock)
        (flipflops if _is_flipflop(kind, library) else gates).append(made)
    ports = {port: _nets(told["bits"]) for port, told in module["ports"].items() if port != CLOCK}
    numbers = [bit for told in module["netnames"].values() for bit in told["bits"]]
    return Circuit(
        nets=1 + max([1, *(bit for bit in numbers if isinstance(bit, int))]),
        gates=_cells(_settling(gates)),
        flipflops=_cells(flipflops),
        memories=tuple(memories),
        ports=ports,
        inputs=frozenset(
            port for port in ports if module["ports"][port]["direction"] == "input"
        ),
    )  # fmt: skip


class _Cell(NamedTuple):
    group: Group
    pins: list[int]
    table: int
    output: int


def _functions(library: CellLibrary | None) -> Callable[[str], Function]:
    """Return what finds the function of a cell, or the next state of a flip-flop, by its name."""
    texts = dict(FUNCTIONS) | {FLIPFLOP: "D"}
    if library is not None:
        texts |= {cell.name: cell.function for cell in library.cells}
    known: dict[str, Function] = {}

    def of(kind: str) -> Function:
        if kind not in known:
            if not texts.get(kind):
                raise ValueError(f"Cell {kind} must have one output with a known function")
            known[kind] = parse_function(texts[kind])
        return known[kind]

    return of


def _is_flipflop(kind: str, library: CellLibrary | None) -> bool:
    stored = {FLIPFLOP}
    if library is not None:
        stored |= {cell.name for cell in library.cells if cell.kind == "flipflop"}
    return kind in stored


def _made(path: str, cell: Mapping[str, Any], function: Function, clock: int | None) -> _Cell:
    """Return a cell with its truth table; what its function does not name must be constant."""
    kind, nets = cell["type"], {pin: bits[0] for pin, bits in cell["connections"].items() if bits}
    outputs = [pin for pin in nets if cell["port_directions"][pin] == "output"]
    if len(outputs) != 1:
        raise ValueError(f"Cell {kind} must have one output, not {len(outputs)}")
    if len(function.inputs) > _MOST_INPUTS:
        raise ValueError(
            f"Cell {kind} must have at most {_MOST_INPUTS} inputs, not {len(function.inputs)}"
        )
    beside = set(nets) - set(function.inputs) - set(outputs)
    changing = [pin for pin in beside if nets[pin] not in _CONSTANTS and nets[pin] != clock]
    if changing:
        raise ValueError(f"Cell {kind} must have {changing[0]} tied, which its function lacks")
    table = sum(
        1 << number
        for number in range(2 ** len(function.inputs))
        if function({pin: bool(number >> j & 1) for j, pin in enumerate(function.inputs)})
    )
    return _Cell(
        Group(component_of(path), kind),
        [_net(nets[pin]) for pin in function.inputs],
        table,
        _net(nets[outputs[0]]),
    )


def _settling(gates: list[_Cell]) -> list[_Cell]:
    """Return the gates in an order in which each stands after those that drive it."""
    drivers = {gate.output: n for n, gate in enumerate(gates)}
    sorter = TopologicalSorter({
        n: {drivers[pin] for pin in gate.pins if pin in drivers} for n, gate in enumerate(gates)
    })  # fmt: skip
    try:
        return [gates[n] for n in sorter.static_order()]
    except CycleError as error:
        kinds = ", ".join(gates[n].group.kind for n in error.args[1][:4])
        raise ValueError(f"Gates must not drive each other in a circle, as {kinds} do") from error


def _cells(cells: list[_Cell]) -> Cells:
    lengths = [len(cell.pins) for cell in cells]
    return Cells(
        groups=tuple(cell.group for cell in cells),
        first=np.cumsum([0, *lengths], dtype=np.int32),
        pins=np.array([pin for cell in cells for pin in cell.pins], np.int32),
        tables=np.array([cell.table for cell in cells], np.uint64),
        outputs=np.array([cell.output for cell in cells], np.int32),
    )


def _memory(path: str, cell: Mapping[str, Any]) -> MemoryNets:
    """Return a memory; its ports must be those that `rtl` uses."""
    values = {key: int(text.replace("x", "0"), 2) for key, text in cell["parameters"].items()
              if set(text) <= set("01x")}  # fmt: skip
    reads, writes = values["RD_PORTS"], values["WR_PORTS"]
    width, bits = values["WIDTH"], values["ABITS"]
    pins = {pin: _nets(nets) for pin, nets in cell["connections"].items()}
    plain = (
        values["RD_CLK_ENABLE"] == 2**reads - 1 and values["WR_CLK_ENABLE"] == 2**writes - 1,
        not values["RD_TRANSPARENCY_MASK"],
        not any(values[f"{side}_WIDE_CONTINUATION"] for side in ("RD", "WR")),
        not (pins["RD_ARST"].any() or pins["RD_SRST"].any()),
    )
    if not all(plain):
        raise ValueError(
            f"Memory {path} must have synchronous ports without reset, whose reads do not see "
            "what is written in the same cycle"
        )
    return MemoryNets(
        path,
        values["SIZE"],
        width,
        read_enable=pins["RD_EN"].reshape(reads, 1),
        write_enable=pins["WR_EN"].reshape(writes, width),
        read_address=pins["RD_ADDR"].reshape(reads, bits),
        write_address=pins["WR_ADDR"].reshape(writes, bits),
        read_data=pins["RD_DATA"].reshape(reads, width),
        write_data=pins["WR_DATA"].reshape(writes, width),
    )


def _nets(bits: list[int | str]) -> NDArray[np.int32]:
    return np.array([_net(bit) for bit in bits], np.int32)


def _net(bit: int | str) -> int:
    return bit if isinstance(bit, int) else _CONSTANTS[bit]
