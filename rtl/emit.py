# amaranth: UnusedElaboratable=no
# A block that refuses its arguments is created but never elaborated.
# SPDX-License-Identifier: MIT
"""Files of a block: Verilog, a manifest that describes it, and a network that it can load.

Equal parameters give equal bytes, in every process and every folder.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import amaranth
import numpy as np
from amaranth.hdl import Shape

from golden.params import AcceleratorParams, ChipParams
from rtl.c_header import c_header
from rtl.catalogue import BLOCKS, plain
from rtl.chip import Chip
from rtl.descriptor import load_layout
from rtl.driver import driver_sources
from rtl.driver.load_file import load_file
from rtl.ip_xact import ip_xact
from rtl.memories import Macros
from rtl.packets import Packet, change_packets, check_embedding, load_packets
from rtl.program import LoadWord, WeightedNetwork, compile_network
from rtl.registers import Register, chip_registers, markdown
from rtl.verilog import netlist_of, written

__all__ = [
    "Design",
    "Memory",
    "Port",
    "emit",
    "emit_head_packets",
    "emit_load_file",
    "emit_packets",
    "emit_program",
]

# Patterns of ports, memories and registers in RTLIL, the text form of Yosys, as Amaranth writes it.
_TOP = re.compile(r"^attribute \\top 1\n(?:attribute .*\n)*module .*\n((?:.*\n)*?)^end$", re.M)
_PORT = re.compile(r"^  wire width (\d+) (input|output) \d+ +(?:signed +)?\\(\S+)$", re.M)
_MEMORY = re.compile(r"^  memory width (\d+) size (\d+) \\(\S+)$", re.M)
_REGISTER = re.compile(r"^  cell \$a?dff .*\n(?:    .*\n)*?    parameter \\WIDTH (\d+)$", re.M)


@dataclass(frozen=True)
class Port:
    """A port of the Verilog module: its name, "input" or "output", and its bits."""

    name: str
    direction: str
    width: int


@dataclass(frozen=True)
class Memory:
    """A memory of the design: its name, and its `depth` rows of `width` bits."""

    name: str
    width: int
    depth: int

    @property
    def bits(self) -> int:
        """Number of bits."""
        return self.width * self.depth


@dataclass(frozen=True)
class Design:
    """An elaborated block.

    Parameters
    ----------
    name : str
        Name of the block, and of its Verilog module.
    parameters : dict
        Parameters as plain data.
    latency, interval : int, optional
        Cycles from input to output, and from one input to the next, as the block's docstring
        defines them; None if the block does not state them.
    verilog : str
        All modules of the block in one text.
    ports : tuple of Port
    memories : tuple of Memory
    register_bits : int
        Bits of state outside memories, before any optimisation.
    unit, units : str, int
        Unit by which its cost is divided, and the number of units; see `rtl.catalogue.Block`.
    registers : tuple of Register
        Registers of a chip; none of another block.
    macros : Macros, optional
        Memories that are modules of their own, which `verilog` does not have.
    """

    name: str
    parameters: dict[str, Any]
    latency: int | None
    interval: int | None
    verilog: str
    ports: tuple[Port, ...]
    memories: tuple[Memory, ...]
    register_bits: int
    unit: str
    units: int
    registers: tuple[Register, ...] = ()
    macros: Macros | None = None

    @classmethod
    def of(
        cls,
        name: str,
        arguments: Mapping[str, Any],
        memory_init: bool = False,
        macros: Macros | None = None,
    ) -> "Design":
        """Elaborate a block of the catalogue with the arguments of its constructor.

        Parameters
        ----------
        name : str
            Name of the block.
        arguments : mapping
            Arguments by name.
        memory_init : bool, optional
            Whether the Verilog fills memories with zeros at the start.
        macros : Macros, optional
            Takes the memories, which are then modules that the Verilog does not have.
        """
        block = BLOCKS[name]
        component = block.component(**arguments)
        netlist = netlist_of(component, name, macros)
        top = _TOP.search(netlist)
        assert top is not None, "Amaranth marks the outermost module"
        return cls(
            name=name,
            parameters=plain(arguments),
            latency=getattr(component, "latency", None),
            interval=getattr(component, "interval", None),
            verilog=written(netlist, memory_init),
            ports=tuple(Port(n, d, int(w)) for w, d, n in _PORT.findall(top[1])),
            memories=(
                *(Memory(n, int(w), int(d)) for w, d, n in _MEMORY.findall(netlist)),
                *(
                    Memory(macro.name, macro.width, macro.depth)
                    for macro in (macros.used.elements() if macros else ())
                ),
            ),
            register_bits=sum(map(int, _REGISTER.findall(netlist))),
            unit=block.unit,
            units=block.units(arguments),
            registers=chip_registers(component.params) if isinstance(component, Chip) else (),
            macros=macros,
        )

    @property
    def memory_bits(self) -> int:
        """Bits of all memories."""
        return sum(memory.bits for memory in self.memories)

    def manifest(self) -> dict[str, Any]:
        """Return the description of the block as plain data."""
        return {
            "block": self.name,
            "parameters": self.parameters,
            "latency": self.latency,
            "interval": self.interval,
            "memory_bits": self.memory_bits,
            "register_bits": self.register_bits,
            "memories": [asdict(memory) for memory in self.memories],
            "ports": [asdict(port) for port in self.ports],
            "amaranth": amaranth.__version__,
            "verilog_sha256": hashlib.sha256(self.verilog.encode()).hexdigest(),
        }


def emit(design: Design) -> dict[str, str]:
    """Return the contents of a design's files by name; a chip has those of its users beside it."""
    files = {
        f"{design.name}.v": design.verilog,
        "manifest.json": json.dumps(design.manifest(), indent=2, allow_nan=False) + "\n",
    }
    if design.macros is not None:
        about = json.dumps(design.macros.manifest, indent=2, allow_nan=False)
        files |= {"memories.v": design.macros.models, "memories.json": about + "\n"}
    if design.name == "chip":
        files |= {
            "registers.h": c_header(),
            "registers.md": markdown(),
            "component.xml": ip_xact(design.name, design.ports, design.registers),
            **driver_sources(),
        }
    return files


def emit_program(network: WeightedNetwork, params: AcceleratorParams) -> dict[str, str]:
    """Return a network as files for a machine: the words to load, and a description of them.

    ``load.hex`` has one word of the machine's `load` stream per line, in the format of
    ``$readmemh``.

    Raises
    ------
    ValueError
        If the network does not fit the machine.
    """
    program, layout = compile_network(network, params), load_layout(params)
    digits = -(-layout.size // 4)
    offsets = [layout[name].offset for name in LoadWord._fields]
    words = [
        sum(_number(value) << offset for value, offset in zip(word, offsets, strict=True))
        for word in program.words(params)
    ]
    about = {
        "layers": [
            {"cycles": cycles, **{name: _number(value) for name, value in layer.items()}}
            for layer, cycles in zip(program.layers, program.layer_cycles(params), strict=True)
        ],
        "cycles": program.cycles(params),
        "weight_rows": len(program.weights),
        "tiles": len(program.limits),
        "load_words": len(words),
        "load_fields": {
            name: {"offset": offset, "width": Shape.cast(layout[name].shape).width}
            for name, offset in zip(LoadWord._fields, offsets, strict=True)
        },
    }
    return {
        "load.hex": "".join(f"{word:0{digits}x}\n" for word in words),
        "program.json": json.dumps(about, indent=1, allow_nan=False) + "\n",
    }


def emit_packets(network: WeightedNetwork, params: ChipParams) -> dict[str, str]:
    """Return a network as a file for the chip: the packets that load it.

    ``load_packets.hex`` has one 64-bit word of `s_axis` per line, in the format of ``$readmemh``.
    An empty line ends each packet. The word before it has `tlast`.

    Raises
    ------
    ValueError
        If the network does not fit the chip.
    """
    check_embedding(network.params.layers[-1].output, params)
    packets = load_packets(compile_network(network, params.accelerator), params)
    return {"load_packets.hex": _hex(packets)}


def emit_head_packets(
    network: WeightedNetwork, retrained: WeightedNetwork, params: ChipParams
) -> dict[str, str]:
    """Return the packets that give a chip with a loaded network the head of another one.

    ``head_packets.hex`` has the format of ``load_packets.hex``.

    Parameters
    ----------
    network : WeightedNetwork
        The network that is loaded.
    retrained : WeightedNetwork
        The same layers with another head.
    params : ChipParams
        The chip.

    Raises
    ------
    ValueError
        If a network does not fit the chip, has no head, or the layers are not the same.
    """
    if network.head is None or retrained.head is None:
        raise ValueError("both networks must have a head")
    if network.params.layers != retrained.params.layers:
        raise ValueError("layers must be those of the network that is loaded")
    for index, (old, new) in enumerate(zip(network.layers, retrained.layers, strict=True)):
        for name in ("weights", "thresholds", "polarity"):
            if not np.array_equal(getattr(old, name, None), getattr(new, name, None)):
                raise ValueError(
                    f"{name} of layer {index} must be those of the network that is loaded"
                )
    before, after = (compile_network(each, params.accelerator) for each in (network, retrained))
    return {"head_packets.hex": _hex(change_packets(before, after, params))}


def emit_load_file(network: WeightedNetwork, params: ChipParams) -> dict[str, bytes]:
    """Return the same packets as the file that a driver loads (`rtl.driver.load_file`).

    Raises
    ------
    ValueError
        If the network does not fit the chip.
    """
    check_embedding(network.params.layers[-1].output, params)
    packets = load_packets(compile_network(network, params.accelerator), params)
    return {"load_packets.bin": load_file(packets, network.params, params)}


def _hex(packets: Iterable[Packet]) -> str:
    """Return packets with a word on each line and an empty line behind each packet."""
    return "".join("".join(f"{word:016x}\n" for word in packet.stream) + "\n" for packet in packets)


def _number(value: Any) -> int:
    return value.value if isinstance(value, Enum) else int(value)
