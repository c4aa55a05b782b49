# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The slave with the chip's registers behind it, on every order of its channels."""

from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.axi_lite import OKAY, SLVERR, AxiLite, read_layout, write_layout
from rtl.register_file import RegisterFile
from rtl.registers import ADDRESS_WIDTH, REGISTERS
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

AT = {register.name: register.offset for register in REGISTERS}
RESET_VALUES = {
    r.name: sum(f.reset << f.low for f in r.fields if f.access in ("ro", "rw")) for r in REGISTERS
}
ALL = 0b1111


class Slave(wiring.Component):
    """The slave and the register file, some of whose ports are pins."""

    def __init__(self) -> None:
        super().__init__({
            "aw": In(stream.Signature(ADDRESS_WIDTH)),
            "w": In(stream.Signature(write_layout())),
            "b": Out(stream.Signature(2)),
            "ar": In(stream.Signature(ADDRESS_WIDTH)),
            "r": Out(stream.Signature(read_layout())),
            "packet": In(1),
            "n_classes": In(32),
            "draw": Out(1),
            "draw_count": Out(32),
            "label": Out(12),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.axi_lite = axi_lite = AxiLite()
        m.submodules.registers = registers = RegisterFile()
        for name in ("aw", "w", "ar"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(axi_lite, name))
        for name in ("b", "r"):
            wiring.connect(m, getattr(axi_lite, name), wiring.flipped(getattr(self, name)))
        wiring.connect(m, axi_lite.bus, registers.bus)
        m.d.comb += [
            registers.errors_packet.eq(self.packet),
            registers.n_classes.eq(self.n_classes),
            self.draw.eq(registers.control_draw),
            self.draw_count.eq(registers.draw_count),
            self.label.eq(registers.draw_source_label),
        ]
        return m


def write(*words: tuple[int, int] | tuple[int, int, int], response: int = OKAY) -> Step:
    """Write words of (address, data, strobes = all), all answered by one response."""
    data = [payload(write_layout(), {"data": w[1], "strb": (*w, ALL)[2]}) for w in words]
    return Step(
        inputs={"aw": [w[0] for w in words], "w": data}, outputs={"b": [response] * len(words)}
    )


def read(*words: tuple[int, int], response: int = OKAY) -> Step:
    """Read words of (address, data expected)."""
    data = [payload(read_layout(), {"data": data, "resp": response}) for _, data in words]
    return Step(inputs={"ar": [address for address, _ in words]}, outputs={"r": data})


def unmapped() -> list[int]:
    """Return addresses without a register: gaps, the window's end, and one bit off a register."""
    taken = set(AT.values())
    aliases = [AT["draw_count"] ^ 1 << bit for bit in range(2, ADDRESS_WIDTH)]
    return [a for a in [*range(0, 0x100, 4), 2**ADDRESS_WIDTH - 4, *aliases] if a not in taken]


def case() -> list[Step]:
    read_only = [r for r in REGISTERS if not r.writable]
    everything = read(*((AT[name], value) for name, value in RESET_VALUES.items()))
    return [
        everything,
        # Nothing that is refused changes anything, and every request is answered once.
        write(*((address, 2**32 - 1) for address in unmapped()), response=SLVERR),
        write(*((r.offset, 2**32 - 1) for r in read_only), response=SLVERR),
        write(*((AT["draw_count"], 9, strobes) for strobes in range(ALL)), response=SLVERR),
        write(*((AT["draw_count"] + i, 9) for i in (1, 2, 3)), response=SLVERR),
        read(*((address, 0) for address in unmapped()), response=SLVERR),
        read(*((AT["id"] + i, 0) for i in (1, 2, 3)), response=SLVERR),
        everything,
        write((AT["draw_count"], 0xDEADBEEF), (AT["draw_source"], 2**32 - 1)),
        read((AT["draw_count"], 0xDEADBEEF), (AT["draw_source"], 0x0FFF0003)),
        write(*((AT["draw_count"], i) for i in range(20))),
        read((AT["draw_count"], 19)),
        Step(reads={"draw_count": 19, "label": 0xFFF}, pins={"n_classes": 77}),
        read((AT["n_classes"], 77)),
        # A flag stays until it is cleared, and is set again while its cause lasts.
        Step(pins={"packet": 1}, cycles=2),
        Step(pins={"packet": 0}, cycles=2),
        read((AT["errors"], 1)),
        write((AT["errors"], 2)),
        read((AT["errors"], 1)),
        write((AT["errors"], 1)),
        read((AT["errors"], 0)),
        Step(pins={"packet": 1}, cycles=2),
        write((AT["errors"], 1)),
        read((AT["errors"], 1)),
        Step(reset=True, pins={"packet": 0, "n_classes": 0}, cycles=2),
        everything,
    ]


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_accesses_under_pauses(pauses: Pauses) -> None:
    run_pysim(Slave(), case(), pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_accesses_in_verilog(simulator: str) -> None:
    run_cocotb(Slave(), case(), PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("first", ["aw", "w"])
def test_address_and_data_come_in_either_order(first: str) -> None:
    inputs: dict[str, Any] = {
        "aw": [AT["draw_count"]],
        "w": [payload(write_layout(), {"data": 5, "strb": ALL})],
    }
    later = "w" if first == "aw" else "aw"
    run_pysim(Slave(), [
        Step(inputs={first: inputs[first]}, reads={"draw_count": 1}, cycles=9),
        Step(inputs={later: inputs[later]}, outputs={"b": [OKAY]}, reads={"draw_count": 5}),
        read((AT["draw_count"], 5)),
    ])  # fmt: skip


@pytest.mark.parametrize("cycles", range(1, 6))
def test_reset_forgets_an_access_under_way(cycles: int) -> None:
    half = [Step(inputs=write((AT["draw_count"], 9)).inputs | {other: []}) for other in ("aw", "w")]
    once = (AT["id"], RESET_VALUES["id"])
    reads = replace(read(once, once, once), cycles=cycles, abandon=True)
    after = [
        write((AT["draw_source"], 3)),
        read((AT["draw_source"], 3), (AT["draw_count"], RESET_VALUES["draw_count"])),
    ]
    for begun in (*half, reads):
        for pauses in (PAUSES["flowing"], PAUSES["stalled"]):
            run_pysim(Slave(), [begun, Step(reset=True), *after], pauses)


def test_command_lasts_one_cycle() -> None:
    trace = run_pysim(Slave(), [
        write((AT["control"], 2), (AT["control"], 0), (AT["control"], 2)),
        read((AT["control"], 0)),
    ], counted=("draw",))  # fmt: skip
    assert trace.counts["draw"] == 2


def test_latency_and_throughput() -> None:
    n = 20
    trace = run_pysim(Slave(), [
        write(*((AT["draw_count"], i) for i in range(n))),
        read(*((AT["id"], RESET_VALUES["id"]) for _ in range(n))),
    ])  # fmt: skip
    for asked, answered in (("w", "b"), ("ar", "r")):
        assert trace.offered[answered][0] - trace.transfers[asked][0] == AxiLite.latency
        assert trace.gaps(answered) == {AxiLite.interval}
