# SPDX-License-Identifier: MIT
"""The chip as a component that system builders import: IP-XACT (IEEE 1685-2014)."""

from collections.abc import Iterable, Sequence
from typing import Protocol
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from rtl.register_fields import Field, Register
from rtl.registers import ADDRESS_WIDTH

__all__ = ["NAMESPACE", "ip_xact"]

#: Namespace of the 2014 edition.
NAMESPACE = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"

_VENDOR, _LIBRARY = "engram", "chips"
#: Bus, its mode, and what its signals are called before their names in AMBA.
_BUSES = (
    ("s_axil", "AXI4-Lite", "slave", "s_axil_"),
    ("s_axis", "AXI4Stream", "slave", "s_axis_"),
    ("m_axis", "AXI4Stream", "master", "m_axis_"),
)
_ACCESS = {
    "ro": ("read-only", None),
    "rw": ("read-write", None),
    "w1c": ("read-write", "oneToClear"),
    "w1s": ("write-only", "oneToSet"),  # it reads 0
    "wc": ("read-write", "clear"),
}


class _Port(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def direction(self) -> str: ...
    @property
    def width(self) -> int: ...


def ip_xact(name: str, ports: Sequence[_Port], registers: Sequence[Register]) -> str:
    """Return the description of a chip: buses, ports, registers and the file of its Verilog.

    Its version is that of the register map.

    Parameters
    ----------
    name : str
        Name of the Verilog module; its file is ``NAME.v``.
    ports : sequence of rtl.emit.Port
        Ports of the module.
    registers : sequence of Register
        Those of the chip, `rtl.registers.chip_registers`.
    """
    ElementTree.register_namespace("ipxact", NAMESPACE)
    (parts,) = (r.fields for r in registers if r.name == "version")
    version = ".".join(str(part.reset) for part in sorted(parts, key=lambda p: -p.low))
    top = Element(_tag("component"))
    _texts(top, vendor=_VENDOR, library=_LIBRARY, name=name, version=version)
    buses = SubElement(top, _tag("busInterfaces"))
    for bus in _BUSES:
        _bus(buses, *bus, ports)
    _clock_and_reset(buses)
    _registers(SubElement(top, _tag("memoryMaps")), registers)
    _model(SubElement(top, _tag("model")), name, ports)
    files = _child(top, "fileSets", "fileSet")
    _texts(files, name="verilog")
    _texts(SubElement(files, _tag("file")), name=f"{name}.v", fileType="verilogSource")
    _texts(top, description="Binary network that learns classes and draws their exemplars")
    ElementTree.indent(top)
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=True) + "\n"


def _bus(
    buses: Element, name: str, kind: str, mode: str, prefix: str, ports: Iterable[_Port]
) -> None:
    """Describe a bus of AMBA; each of its ports is named as its signal, behind a prefix."""
    wires = [
        (p.name.removeprefix(prefix).upper(), p.name) for p in ports if p.name.startswith(prefix)
    ]
    bus = _bus_of_type(buses, name, "amba.com", "AMBA4", kind, wires)
    inside = SubElement(bus, _tag(mode))
    if name == "s_axil":
        SubElement(inside, _tag("memoryMapRef"), {"memoryMapRef": "registers"})


def _clock_and_reset(buses: Element) -> None:
    about = {
        "clk": {"ASSOCIATED_BUSIF": ":".join(bus[0] for bus in _BUSES), "ASSOCIATED_RESET": "rst"},
        "rst": {"POLARITY": "ACTIVE_HIGH"},
    }
    for port, kind in (("clk", "clock"), ("rst", "reset")):
        bus = _bus_of_type(buses, port, "xilinx.com", "signal", kind, [(port.upper(), port)])
        SubElement(bus, _tag("slave"))
        parameters = SubElement(bus, _tag("parameters"))
        for name, value in about[port].items():
            place = {"parameterId": f"{port}_{name.lower()}", "type": "string"}
            _texts(SubElement(parameters, _tag("parameter"), place), name=name, value=value)


def _bus_of_type(
    buses: Element, name: str, vendor: str, library: str, kind: str, wires: list[tuple[str, str]]
) -> Element:
    bus = SubElement(buses, _tag("busInterface"))
    _texts(bus, name=name)
    version = "r0p0_0" if vendor == "amba.com" else "1.0"
    about = {"vendor": vendor, "library": library, "version": version}
    SubElement(bus, _tag("busType"), {**about, "name": kind})
    abstraction = _child(bus, "abstractionTypes", "abstractionType")
    SubElement(abstraction, _tag("abstractionRef"), {**about, "name": f"{kind}_rtl"})
    maps = SubElement(abstraction, _tag("portMaps"))
    for logical, physical in wires:
        pair = SubElement(maps, _tag("portMap"))
        _texts(SubElement(pair, _tag("logicalPort")), name=logical)
        _texts(SubElement(pair, _tag("physicalPort")), name=physical)
    return bus


def _registers(maps: Element, registers: Iterable[Register]) -> None:
    memory = SubElement(maps, _tag("memoryMap"))
    _texts(memory, name="registers")
    block = SubElement(memory, _tag("addressBlock"))
    _texts(block, name="all", baseAddress="0", range=str(2**ADDRESS_WIDTH), width="32")
    _texts(block, usage="register", access="read-write")
    for register in registers:
        _register(block, register)
    _texts(memory, addressUnitBits="8")


def _register(block: Element, register: Register) -> None:
    entry = SubElement(block, _tag("register"))
    _texts(entry, name=register.name, description=register.text)
    _texts(entry, addressOffset=f"'h{register.offset:x}", size="32")
    for field in register.fields:
        _field(entry, field)


def _field(register: Element, field: Field) -> None:
    access, modified = _ACCESS[field.access]
    entry = SubElement(register, _tag("field"))
    _texts(entry, name=field.name, description=field.text, bitOffset=str(field.low))
    fixed = field.constant or field.access == "rw"  # what the chip does not change
    if fixed or modified is not None:
        _texts(_child(entry, "resets", "reset"), value=f"'h{field.reset:x}")
    _texts(entry, bitWidth=str(field.width), volatile=str(not fixed).lower(), access=access)
    if modified is not None:
        _texts(entry, modifiedWriteValue=modified)


def _model(model: Element, name: str, ports: Iterable[_Port]) -> None:
    view = _child(model, "views", "view")
    _texts(view, name="rtl", componentInstantiationRef="verilog")
    instance = _child(model, "instantiations", "componentInstantiation")
    _texts(instance, name="verilog", language="verilog", moduleName=name)
    _texts(SubElement(instance, _tag("fileSetRef")), localName="verilog")
    all_ports = SubElement(model, _tag("ports"))
    for port in ports:
        entry = SubElement(all_ports, _tag("port"))
        _texts(entry, name=port.name)
        wire = SubElement(entry, _tag("wire"))
        _texts(wire, direction={"input": "in", "output": "out"}[port.direction])
        if port.width > 1:
            _texts(_child(wire, "vectors", "vector"), left=str(port.width - 1), right="0")


def _child(parent: Element, *names: str) -> Element:
    """Add an element within new elements; return the innermost."""
    for name in names:
        parent = SubElement(parent, _tag(name))
    return parent


def _texts(parent: Element, **texts: str) -> None:
    """Add elements that hold nothing but a text, in this order: the schema prescribes it."""
    for name, text in texts.items():
        SubElement(parent, _tag(name)).text = text


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
