# SPDX-License-Identifier: MIT
"""The chip as a driver sees it, as a C header: registers, packets in and packets out."""

from collections.abc import Iterable, Iterator
from enum import IntEnum

from amaranth.lib.data import StructLayout

from golden.params.sampling import CHIP_STREAMS
from rtl.class_slots import Operation
from rtl.head_command import HeadOperation
from rtl.headers import (
    INTERNAL,
    Target,
    class_address_layout,
    head_address_layout,
    header_layout,
    hidden_address_layout,
    picture_address_layout,
)
from rtl.output import Kind, answer_word_layout, head_word_layout, user_layout
from rtl.registers import ALL_REGISTERS
from rtl.requests import Source

__all__ = ["c_header"]


def c_header() -> str:
    """Return the register map, and the numbers of docs/chip.md, as a C header."""
    return "\n".join([
        "#ifndef ENGRAM_REGISTERS_H", "#define ENGRAM_REGISTERS_H", "",
        *_registers(),
        "/* First word of a packet to the chip */",
        *_fields("HEADER", header_layout(), digits=16, suffix="ull"), "",
        "/* Targets of packets to the chip */",
        # The dispatch names some units by a target of their own; no header may.
        *_members("TARGET", (target for target in Target if target not in INTERNAL)), "",
        "/* Address of a picture: what its features are given to */",
        *_fields("PICTURE", picture_address_layout(), digits=8, suffix="u"), "",
        "/* Address of a class, unless it has the next number */",
        *_fields("CLASS", class_address_layout(), digits=8, suffix="u"), "",
        "/* Commands to a slot of the class counter */",
        *_members("OPERATION", (o for o in Operation if o is not Operation.NONE)), "",
        "/* Address of a command to the head that learns */",
        *_fields("HEAD_COMMAND", head_address_layout(), digits=8, suffix="u"), "",
        "/* Address of an exemplar for that head, or of a neuron of its hidden layer */",
        *_fields("HEAD_EXEMPLAR", hidden_address_layout(), digits=8, suffix="u"), "",
        "/* Commands to the head that learns */",
        *_members("HEAD_OPERATION", HeadOperation), "",
        "/* Random streams, for which a packet of seeds has a word each */",
        f"#define ENGRAM_STREAMS {CHIP_STREAMS}u", "",
        "/* Side information of packets from the chip, tuser */",
        *_fields("USER", user_layout(), digits=8, suffix="u"), "",
        "/* Word of an answer by prototypes */",
        *_fields("ANSWER", answer_word_layout(), digits=16, suffix="ull"), "",
        "/* Word of an answer of the head that learns */",
        *_fields("HEAD_ANSWER", head_word_layout(), digits=16, suffix="ull"), "",
        "/* Kinds of packets from the chip */",
        *_members("KIND", Kind), "",
        "/* Sources of exemplars, for draw_source */",
        *_members("SOURCE", Source), "",
        "#endif", "",
    ])  # fmt: skip


def _registers() -> Iterator[str]:
    for register in ALL_REGISTERS:
        name = f"ENGRAM_{register.name.upper()}"
        yield f"/* {register.text} */"
        yield f"#define {name} {register.offset:#05x}u"
        for field in register.fields:
            part = f"{name}_{field.name.upper()}"
            if len(register.fields) > 1:
                yield f"#define {part}_SHIFT {field.low}"
                yield f"#define {part}_MASK {field.mask:#010x}u"
                part += "_VALUE"
            if field.constant:
                yield f"#define {part} {field.reset:#x}u"
        yield ""


def _fields(group: str, layout: StructLayout, digits: int, suffix: str) -> Iterator[str]:
    """Yield the shift and the mask of every field of a word that has a meaning."""
    for name, field in layout:
        if name != "reserved":
            part = f"ENGRAM_{group}_{str(name).upper()}"
            mask = ((1 << field.width) - 1) << field.offset
            yield f"#define {part}_SHIFT {field.offset}"
            yield f"#define {part}_MASK 0x{mask:0{digits}x}{suffix}"


def _members(group: str, members: Iterable[IntEnum]) -> Iterator[str]:
    for member in members:
        yield f"#define ENGRAM_{group}_{member.name} {member.value}u"
