# SPDX-License-Identifier: MIT
"""The register map: sound in itself, and what is committed is what it makes."""

import re
from pathlib import Path

from rtl.registers import ADDRESS_WIDTH, ALL_REGISTERS, markdown

PAGE = Path(__file__).parent.parent.parent / "docs" / "registers.md"


def test_offsets_rise_by_words_within_the_window() -> None:
    offsets = [register.offset for register in ALL_REGISTERS]
    assert offsets == sorted(set(offsets))
    assert all(offset % 4 == 0 and offset < 2**ADDRESS_WIDTH for offset in offsets)


def test_names_are_unique_and_fields_do_not_overlap() -> None:
    names = [register.port(field) for register in ALL_REGISTERS for field in register.fields]
    assert len(names) == len(set(names))
    for register in ALL_REGISTERS:
        low = 0
        for field in register.fields:
            assert field.low >= low, f"{register.name}.{field.name}"
            low = field.low + field.width
            assert 0 <= field.reset < 2**field.width
        assert low <= 32


def test_committed_page_is_made_from_the_table() -> None:
    assert PAGE.read_text() == markdown(), (
        "docs/registers.md is written by: "
        "python -c \"from rtl.registers import markdown; print(markdown(), end='')\""
    )


def test_table_has_a_row_for_every_field() -> None:
    rows = re.findall(r"^\| .*`(ro|rw|w1c|w1s|wc)` \|", markdown(), re.MULTILINE)
    assert len(rows) == sum(len(register.fields) for register in ALL_REGISTERS)
