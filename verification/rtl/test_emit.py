# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from golden.params import LfsrParams, MvuParams, PrototypesParams, XnorParams
from rtl.catalogue import BLOCKS
from rtl.emit import Design, Memory, Port, emit
from rtl.prototypes import Prototypes
from rtl.registers import REGISTERS
from sim.hardware.tools import verilog_of
from verification.rtl.designs import tiny

PROTOTYPES = PrototypesParams(
    features=20, code_width=3, lanes=8, components=4, classes=3, class_components=2
)


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_has_a_module_with_ports(name: str) -> None:
    design = tiny(name)
    # A name that is a word of Verilog is escaped.
    assert f"module {name}(" in design.verilog or f"module \\{name} (" in design.verilog
    assert {port.direction for port in design.ports} == {"input", "output"}
    listed = design.verilog.partition(f"{name}")[2].partition("(")[2].partition(")")[0]
    assert {port.name for port in design.ports} == {name.strip() for name in listed.split(",")}


def test_memories_and_registers_are_counted() -> None:
    design = Design.of("prototypes", {"params": PROTOTYPES})
    memories = {memory.name: (memory.width, memory.depth) for memory in design.memories}
    assert memories["memory"] == (8 * 3, 4 * 3)
    assert design.memory_bits == sum(width * depth for width, depth in memories.values())
    lfsr = LfsrParams(width=16, taps=(16, 15, 13, 4), seed=1, step=4)
    assert Design.of("lfsr", {"params": lfsr}).register_bits == 16


@pytest.mark.parametrize("name", BLOCKS)
def test_no_signal_is_without_bits(name: str) -> None:
    """Yosys would declare it with the range -1:0, which has two bits."""
    text = tiny(name).verilog
    assert "[-1:0]" not in text
    # Every trigger is set when all processes wait; a value in its declaration would come too early.
    triggers = re.findall(r"^  reg (\\\$auto\S+ )(.*);$", text, re.MULTILINE)
    assert all(value == "" for _, value in triggers)
    assert all(f"\n  initial {trigger} <= 1'b0;\n" in text for trigger, _ in triggers)
    assert ("always @*" in text) == bool(triggers)


@pytest.mark.parametrize("inputs", [1, 2, 3, 7, 64])
def test_no_adder_is_without_bits(inputs: int) -> None:
    text = Design.of("xnor", {"params": XnorParams(inputs=inputs)}).verilog
    assert "[-1:0]" not in text


def test_memories_are_filled_with_zeros_only_where_asked() -> None:
    asked = Design.of("prototypes", {"params": PROTOTYPES}, memory_init=True)
    plain = Design.of("prototypes", {"params": PROTOTYPES})
    assert asked.memories == plain.memories
    fills = re.findall(r"^    \S+ ?\[\d+\] = \d+'h0+;$", asked.verilog, re.MULTILINE)
    assert len(fills) == sum(memory.depth for memory in asked.memories)
    assert "initial begin" not in plain.verilog


@pytest.mark.parametrize("simd", [31, 32, 33])
def test_memories_of_any_width_are_filled_only_where_asked(simd: int) -> None:
    """Yosys writes words of 32 bits as decimals, all others as hexadecimals."""
    params = MvuParams(pe=1, simd=simd, weight_depth=4, tile_depth=2)
    arguments = {"params": params, "tag": 1}
    asked = Design.of("mvu", arguments, memory_init=True).verilog
    assert len(re.findall(r"^    weights_0\[\d\] = \d+'[dh]0+;$", asked, re.MULTILINE)) == 4
    assert "weights_0[0] =" not in Design.of("mvu", arguments).verilog
    assert "weights_0[0] =" not in verilog_of(Design.of("mvu", arguments, memory_init=True))


def test_nothing_of_this_machine_is_in_the_files() -> None:
    for text in emit(tiny("sampler")).values():
        assert "rtl/" not in text
        assert ".py" not in text


def test_manifest_says_what_the_block_is() -> None:
    design = Design.of("prototypes", {"params": PROTOTYPES})
    manifest = json.loads(emit(design)["manifest.json"])
    assert manifest["parameters"]["features"] == 20
    assert (manifest["latency"], manifest["interval"]) == (Prototypes.latency, Prototypes.interval)
    assert [Port(**port) for port in manifest["ports"]] == list(design.ports)
    assert [Memory(**memory) for memory in manifest["memories"]] == list(design.memories)


def test_the_chip_comes_with_its_registers() -> None:
    design: Any = replace(tiny("lfsr"), name="chip", registers=REGISTERS)
    assert sorted(emit(design)) == [
        "chip.v", "component.xml", "engram.c", "engram.h", "manifest.json", "registers.h",
        "registers.md",
    ]  # fmt: skip
