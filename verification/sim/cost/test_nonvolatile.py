# SPDX-License-Identifier: MIT
"""Pay-back times of non-volatile memories, with round numbers."""

from dataclasses import replace
from pathlib import Path

import pytest

from golden.params import WatchParams
from sim.cost.nonvolatile import PayBack, pay_back, pay_backs
from sim.cost.technology.technology import Technology
from verification.sim.cost.small_chip import TECHNOLOGY, small_config, small_technology

# Rows of 32 bits: 6 classes of 2 rows and an entry of 25 bits. Memories of 24 x 32 + 6 x 25 bits.
WRITTEN = 6 * (2 * 32 + 25)
BITS = 24 * 32 + 6 * 25

OTHER = (
    TECHNOLOGY.replace("kind: array", "kind: array\n  nonvolatile: true")
    .replace("write: {value: 2,", "write: {value: 52,")
    .replace("leakage: {value: 10,", "leakage: {value: 2,")
)
ENDURANCE = (
    "  endurance: {value: 1.0e+4, low: 1.0e+3, high: 1.0e+9, unit: cycles, kind: model, "
    "source: me, locator: p. 2, sureness: M}\n"
)


def compared(folder: Path, text: str = OTHER, sram: str = TECHNOLOGY) -> PayBack:
    technologies: list[Technology] = []
    for name, content in (("sram", sram), ("other", text)):
        technologies.append(small_technology(folder, TECHNOLOGY, content, name))
    return pay_back(small_config(folder), *technologies)


def test_check_bits_of_a_watched_chip_are_kept_too(tmp_path: Path) -> None:
    plain = compared(tmp_path)
    config = small_config(tmp_path)
    watch = WatchParams(secded=2, self_test=True)
    own = replace(config, chip=replace(config.chip, watch=watch))
    pay = pay_back(own, plain.sram, plain.other)
    checks = 24 * 2 * 5  # of 24 rows, two planes of 8 lanes each
    assert pay.leakage.nominal - plain.leakage.nominal == pytest.approx(checks * 2e-12)
    assert pay.write.nominal - plain.write.nominal > 6 * 2 * 10 * 52e-12
    assert pay.read.nominal - plain.read.nominal > 2 * 10 * 1e-12


def test_writing_is_paid_back_by_leakage(tmp_path: Path) -> None:
    pay = compared(tmp_path)
    assert (pay.sram.name, pay.other.name) == ("sram", "other")
    assert pay.write.nominal == pytest.approx(WRITTEN * 52e-12)
    assert pay.sram_write.nominal == pytest.approx(WRITTEN * 2e-12)
    assert pay.read.nominal == pytest.approx(2 * 32 * 1e-12)
    assert (pay.leakage.nominal, pay.sram_leakage.nominal) == pytest.approx(
        (BITS * 2e-12, BITS * 10e-12)
    )
    assert pay.seconds == pytest.approx(WRITTEN * 50 / (BITS * 8))
    assert pay.off_seconds == pytest.approx(WRITTEN * 50 / (BITS * 10))
    assert pay.years(1.0) is None


def test_a_memory_that_leaks_as_much_never_pays_back_unless_it_is_off(tmp_path: Path) -> None:
    pay = compared(tmp_path, OTHER.replace("leakage: {value: 2,", "leakage: {value: 10,"))
    assert pay.seconds is None
    assert pay.off_seconds == pytest.approx(WRITTEN * 50 / (BITS * 10))


def test_a_memory_that_writes_for_less_pays_back_at_once(tmp_path: Path) -> None:
    pay = compared(tmp_path, OTHER.replace("write: {value: 52,", "write: {value: 1,"))
    assert pay.seconds == pay.off_seconds == 0


@pytest.mark.parametrize("who", ["sram", "other"])
def test_nothing_is_said_of_an_unknown_leakage(tmp_path: Path, who: str) -> None:
    text = {"sram": TECHNOLOGY, "other": OTHER}
    row = next(r for r in text[who].splitlines(keepends=True) if r.startswith("  leakage:"))
    text[who] = text[who].replace(row, "")
    pay = compared(tmp_path, text["other"], text["sram"])
    assert pay.seconds is None
    assert (pay.off_seconds is None) == (who == "sram")


def test_an_sram_that_is_unknown_pays_for_nothing(tmp_path: Path) -> None:
    pay = compared(tmp_path, sram=TECHNOLOGY[: TECHNOLOGY.index("memory:")])
    assert (pay.seconds, pay.off_seconds) == (None, None)


def test_the_weakest_cell_says_how_long_a_memory_lasts(tmp_path: Path) -> None:
    pay = compared(tmp_path, OTHER + ENDURANCE)
    assert pay.years(2.0) == pytest.approx(1e3 / 2 / 365.25)


def test_memories_of_one_model_are_compared_with_each_other(tmp_path: Path) -> None:
    pairs = pay_backs(small_config(tmp_path), small_technology(tmp_path))
    assert [(pay.sram.name, pay.other.name) for pay in pairs] == [
        ("round", "rram22"), ("round", "mram22"), ("round", "emram14"),
        ("sram22", "rram22"), ("sram22", "mram22"),
    ]  # fmt: skip
    assert all(pay.other.nonvolatile for pay in pairs)
    assert all(pay.sram.node == pay.other.node for pay in pairs[3:])
