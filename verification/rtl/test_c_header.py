# SPDX-License-Identifier: MIT
"""The C header: a compiler takes it, and it says what docs/chip.md and the registers say."""

import re
import subprocess
from pathlib import Path

from rtl.c_header import c_header
from rtl.headers import INTERNAL
from rtl.registers import ALL_REGISTERS

CHIP = (Path(__file__).parent.parent.parent / "docs" / "chip.md").read_text()


def defined() -> dict[str, int]:
    found = re.findall(r"^#define ENGRAM_(\w+) (\w+?)u?l*$", c_header(), re.MULTILINE)
    names = [name for name, _ in found]
    assert len(names) == len(set(names)) == c_header().count("#define") - 1
    return {name: int(value, 0) for name, value in found}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table of docs/chip.md that begins with a heading."""
    lines = CHIP.partition(f"\n| {heading} |")[2].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_compiler_takes_it_and_finds_every_offset(tmp_path: Path) -> None:
    (tmp_path / "engram.h").write_text(c_header())
    lines = "\n".join(
        f'_Static_assert(ENGRAM_{r.name.upper()} == {r.offset}, "{r.name}");' for r in ALL_REGISTERS
    )
    others = "\n".join(
        f'_Static_assert(ENGRAM_{name} == {value}ull, "{name}");'
        for name, value in defined().items()
    )
    (tmp_path / "check.c").write_text(f'#include "engram.h"\n{lines}\n{others}\n')
    subprocess.run(
        ["gcc", "-std=c11", "-Wall", "-Werror", "-pedantic", "-c", "check.c"],
        cwd=tmp_path,
        check=True,
    )


def test_masks_and_shifts_are_those_of_the_bits() -> None:
    found = defined()
    assert found["ERRORS_OVERFLOW_MASK"] == 1 << found["ERRORS_OVERFLOW_SHIFT"] == 1 << 8
    for bits, field in rows("bits | header"):
        high, low = map(int, bits.split(".."))
        assert found[f"HEADER_{field.upper()}_SHIFT"] == low
        assert found[f"HEADER_{field.upper()}_MASK"] == (1 << high + 1) - (1 << low)
    user = {name: found[name] for name in found if name.startswith("USER_")}
    assert user == {
        "USER_KIND_SHIFT": 0, "USER_KIND_MASK": 7,
        "USER_ABORTED_SHIFT": 3, "USER_ABORTED_MASK": 8,
        "USER_LABEL_SHIFT": 4, "USER_LABEL_MASK": 0xFFF0,
    }  # fmt: skip


def test_addresses_and_answers_are_those_of_the_page() -> None:
    found = {
        name: value
        for name, value in defined().items()
        if name.startswith(
            (
                "PICTURE_",
                "CLASS_",
                "ANSWER_",
                "HEAD_COMMAND_",
                "HEAD_EXEMPLAR_",
                "HEAD_ANSWER_",
            )
        )
        and name.endswith("_MASK")
    }
    assert found == {
        "PICTURE_LEARN_MASK": 1, "PICTURE_COUNT_MASK": 2, "PICTURE_SLOT_MASK": 0xFFF000,
        "PICTURE_TRAIN_MASK": 4,
        "HEAD_COMMAND_CLASSES_MASK": 0xFFF, "HEAD_COMMAND_DRAWS_MASK": 0xFFF000,
        "HEAD_EXEMPLAR_ROW_MASK": 0x7FFFFF, "HEAD_EXEMPLAR_HIDDEN_MASK": 0x800000,
        "HEAD_ANSWER_SUM_MASK": 2**52 - 1, "HEAD_ANSWER_LABEL_MASK": 2**64 - 2**52,
        "CLASS_LABEL_MASK": 0xFFF, "CLASS_NUMBERED_MASK": 0x1000,
        "ANSWER_COST_MASK": 2**52 - 1, "ANSWER_LABEL_MASK": 2**64 - 2**52,
    }  # fmt: skip


def test_streams_are_those_of_the_contract() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "contract.md").read_text()
    users = page.partition("\n| stream | user |\n")[2].split("\n\n")[0].splitlines()[1:]
    first, last = (re.findall(r"\d+", users[n].split("|")[1]) for n in (0, -1))
    assert (int(first[0]), int(last[-1]) + 1) == (0, defined()["STREAMS"])


def test_constants_of_the_map_are_values_to_compare_with() -> None:
    found = defined()
    assert found["ID_VALUE"].to_bytes(4, "big") == b"engr"
    assert (found["VERSION_MAJOR_VALUE"], found["VERSION_MINOR_VALUE"]) == (2, 7)


def test_targets_kinds_and_sources_are_numbered_as_in_the_page() -> None:
    def numbers(group: str) -> dict[int, str]:
        names = {name: value for name, value in defined().items() if name.startswith(f"{group}_")}
        return {value: name.removeprefix(f"{group}_") for name, value in names.items()}

    def titles(heading: str) -> dict[int, str]:
        cells = (row[0].partition(" ") for row in rows(heading))
        return {int(number): title for number, _, title in cells}

    assert numbers("TARGET") == {
        number: {"picture": "PIXELS"}.get(title, title.upper().replace(" ", "_"))
        for number, title in titles("target | index").items()
    }
    assert not set(INTERNAL) & numbers("TARGET").keys()
    assert numbers("KIND") == {
        number: {"latent exemplar": "LATENT"}.get(title, title.upper().replace(" ", "_"))
        for number, title in titles("kind | words").items()
    }
    (text,) = (
        field.text
        for register in ALL_REGISTERS
        if register.name == "draw_source"
        for field in register.fields
        if field.name == "source"
    )
    assert numbers("OPERATION") == {0: "OPEN", 1: "REOPEN", 2: "CLOSE"}
    assert numbers("HEAD_OPERATION") == {
        number: title.upper().replace(" ", "_")
        for number, title in titles("command | exemplars").items()
    }
    assert numbers("SOURCE") == {0: "SAMPLER", 1: "SELECTOR", 2: "LATENT", 3: "NONE"}
    assert [int(part.split()[0]) for part in text.split("; ")] == [0, 1, 2, 3]
