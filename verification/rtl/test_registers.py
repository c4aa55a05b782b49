# SPDX-License-Identifier: MIT
"""The register map: sound in itself, and what is committed is what it makes."""

import re
import subprocess
from pathlib import Path

from rtl.registers import ADDRESS_WIDTH, REGISTERS, c_header, markdown

PAGE = Path(__file__).parent.parent.parent / "docs" / "registers.md"


def test_offsets_rise_by_words_within_the_window() -> None:
    offsets = [register.offset for register in REGISTERS]
    assert offsets == sorted(set(offsets))
    assert all(offset % 4 == 0 and offset < 2**ADDRESS_WIDTH for offset in offsets)


def test_names_are_unique_and_fields_do_not_overlap() -> None:
    names = [register.port(field) for register in REGISTERS for field in register.fields]
    assert len(names) == len(set(names))
    for register in REGISTERS:
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


def test_header_compiles_and_holds_every_offset(tmp_path: Path) -> None:
    (tmp_path / "engram.h").write_text(c_header())
    lines = "\n".join(
        f'_Static_assert(ENGRAM_{r.name.upper()} == {r.offset}, "{r.name}");' for r in REGISTERS
    )
    masks = '_Static_assert(ENGRAM_ERRORS_OVERFLOW_MASK == 1u << 8, "mask");'
    shifts = '_Static_assert(ENGRAM_ERRORS_OVERFLOW_SHIFT == 8, "shift");'
    (tmp_path / "check.c").write_text(f'#include "engram.h"\n{lines}\n{masks}\n{shifts}\n')
    subprocess.run(
        ["gcc", "-std=c11", "-Wall", "-Werror", "-pedantic", "-c", "check.c"],
        cwd=tmp_path,
        check=True,
    )


def test_table_has_a_row_for_every_field() -> None:
    rows = re.findall(r"^\| .*`(ro|rw|w1c|w1s)` \|", markdown(), re.MULTILINE)
    assert len(rows) == sum(len(register.fields) for register in REGISTERS)
