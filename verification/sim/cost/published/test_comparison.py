# SPDX-License-Identifier: MIT
from fractions import Fraction
from pathlib import Path

import pytest

from sim.cost.counts.tally import Action
from sim.cost.published.chips import (
    OUT_OF_SCOPE,
    Chip,
    CycleMemory,
    Geometry,
    load_chip,
    load_chips,
)
from sim.cost.published.comparison import (
    CALIBRATED_ON,
    TECHNOLOGY,
    PublishedRow,
    calibrated,
    cycle,
    published_rows,
    summary,
)
from sim.cost.published.voltage_law import voltage_rows
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import load_technology

CHIPS = load_chips()
ROWS = published_rows(CHIPS)


def ratios(rows: list[PublishedRow]) -> dict[tuple[str, float | None, str], float]:
    return {(r.chip, r.voltage, r.scope): r.ratio for r in rows if r.ratio is not None}


def changed(name: str, **update: object) -> dict[str, Chip]:
    """Return the chips, with changes in the first modelled value of one of them."""
    chip = CHIPS[name]
    index = next(i for i, value in enumerate(chip.values) if value.model)
    values = list(chip.values)
    values[index] = values[index].model_copy(update=update)
    return {**CHIPS, name: chip.model_copy(update={"values": values})}


def test_the_table_is_reproduced() -> None:
    found = [(r.chip, r.voltage, round(r.ratio, 2)) for r in ROWS if r.ratio is not None]
    assert found == [
        ("ASU learning processor", 0.55, 2.19),
        ("Bankman et al.", 0.9, 1.48),
        ("BinarEye", 0.9, 1.0),
        ("Colonnade", 0.8, 1.0),
        ("Colonnade", 0.7, 1.22),
        ("Colonnade", 0.6, 2.25),
        ("CUTIE", 0.5, 1.22),
        ("Eyeriss", 1.0, 0.65),
        ("Moons et al.", 1.1, 0.77),
        ("UNPU", 0.63, 1.69),
        ("UNPU", 0.63, 2.62),
    ]


def test_the_band_of_what_is_held_out() -> None:
    off = summary(ROWS)
    assert off.rows == 9
    assert off.rows >= 2 * sum(row.role == "calibrated" for row in ROWS)
    assert off.mean == pytest.approx(1.66, abs=0.01)
    assert off.worst == pytest.approx(2.62, abs=0.01)


def test_the_model_meets_what_it_is_calibrated_on() -> None:
    rows = [row for row in ROWS if row.role == "calibrated"]
    assert [row.chip for row in rows] == ["BinarEye", "Colonnade"]
    # The constants of the technology have four digits.
    assert all(row.ratio == pytest.approx(1, rel=1e-3) for row in rows)


def test_the_constants_of_the_technology_are_those_of_two_chips() -> None:
    constants = calibrated(CHIPS)
    technology = load_technology(TECHNOLOGY)
    for name in ("wires", "control"):
        value = technology.overheads[name].nominal
        assert getattr(constants, name) == pytest.approx(value, abs=6e-4), name
    two_alone = {name: CHIPS[name] for name in CALIBRATED_ON}
    assert calibrated(two_alone) == constants


@pytest.mark.parametrize("name", sorted(path.stem for path in BUILT_IN.glob("*.yaml")))
def test_all_technologies_of_these_gates_have_these_constants(name: str) -> None:
    found, own = load_technology(name).overheads, load_technology(TECHNOLOGY).overheads
    if found:
        assert found["control"] == own["control"]
        assert found["wires"].source != "colonnade" or found["wires"] == own["wires"]


def test_the_bounds_of_control_are_the_band() -> None:
    control, band = load_technology(TECHNOLOGY).overheads["control"], summary(ROWS).mean
    assert control.nominal / control.low == pytest.approx(band, rel=0.03)
    assert control.high / control.nominal == pytest.approx(band, rel=0.03)


@pytest.mark.parametrize("name", ["asu", "bankman", "cutie", "eyeriss", "moons40", "unpu"])
def test_what_is_held_out_changes_no_constant_and_no_other_row(name: str) -> None:
    value = next(value for value in CHIPS[name].values if value.model)
    other = changed(name, value=value.value * 3)
    assert calibrated(other) == calibrated(CHIPS)
    title = CHIPS[name].title
    kept = {k: v for k, v in ratios(published_rows(other)).items() if k[0] != title}
    assert kept == {k: v for k, v in ratios(ROWS).items() if k[0] != title}


def test_calibrating_on_another_value_changes_the_constants() -> None:
    before = calibrated(CHIPS)
    twice = changed("colonnade", value=2 * CHIPS["colonnade"].values[0].value)
    assert calibrated(twice).wires == pytest.approx(2 * before.wires)
    half = changed("binareye", value=230 / 2)
    assert calibrated(half).control > 2 * before.control
    # If BinarEye ran at 0.6 V, all of this would be control.
    assert calibrated(changed("binareye", voltage=0.6)).control == pytest.approx(4.9, abs=0.1)


def test_a_synapse_is_an_xnor_and_a_full_adder() -> None:
    geometry = Geometry(
        neurons=4, inputs=9, cells=2.5, fresh=6, sureness="H", locator="3 x 3",
        memories=[CycleMemory(depth=64, width=8, reads=0.5)],
    )  # fmt: skip
    assert dict(cycle(geometry)) == {
        Action("array", "xnor"): Fraction(90),
        Action("array", "full_add"): Fraction(90),
        Action("memory 1", "read", 8): Fraction(1, 2),
        Action("sums", "register", 4): Fraction(4),
        Action("window", "register", 6): Fraction(1),
    }


def test_rows_without_a_model_say_why() -> None:
    silent = [row for row in ROWS if row.role == "not modelled"]
    assert {row.chip for row in silent} >= {"XNE", "YodaNN", "Jia et al.", "BrainTTA"}
    assert all(row.ratio is None and row.note for row in silent)
    notes = {row.chip: row.note for row in ROWS}
    for chip, kind in (("Jia et al.", "analogue"), ("Knag et al.", "in-memory"),
                       ("YodaNN", "latches"), ("Quentin", "processor")):  # fmt: skip
        assert notes[chip] == OUT_OF_SCOPE[kind]  # pyright: ignore[reportArgumentType]
    assert "supply not found stated, 1.1 V assumed" in notes["Moons et al."]


STRANGER = """\
title: Stranger
citation: A. Stranger, Our chip, 2031
kind: digital
node: 65
geometry:
  neurons: 32
  inputs: 128
  cells: 1
  fresh: 128
  memories: [{depth: 2048, width: 64, reads: 64}]
  sureness: H
  locator: section 3
values:
  - scope: core
    value: 30
    unit: fJ/op
    voltage: 1.0
    kind: measured
    sureness: H
    locator: table 1
    model: core
"""


def stranger(folder: Path, old: str = "", new: str = "") -> PublishedRow:
    path = folder / "stranger.yaml"
    assert old in STRANGER
    path.write_text(STRANGER.replace(old, new))
    (row,) = published_rows({"stranger": load_chip(path)})
    return row


def test_a_chip_of_a_stranger_is_one_file(tmp_path: Path) -> None:
    row = stranger(tmp_path)
    assert row.role == "held out"
    assert row.modelled is not None
    # Gates alone: 0.70875 + 1.701 fJ a synapse at 28 nm and 0.9 V, an operation each.
    assert row.modelled > (0.70875 + 1.701) / 2 * 1e-15


def test_a_stranger_pays_for_bits_supply_and_rows(tmp_path: Path) -> None:
    def energy(old: str, new: str) -> float:
        found = stranger(tmp_path, old, new).modelled
        assert found is not None
        return found

    own = energy("", "")
    assert energy("cells: 1", "cells: 16") > 1.5 * own
    assert energy("voltage: 1.0", "voltage: 0.5") == pytest.approx(own / 4)
    assert energy("reads: 64", "reads: 128") > own
    assert energy("node: 65", "node: 28") < own


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("node: 65", "node: 5", "Node to scale must be in 7..130 nm, not 5.0"),
        ("voltage: 1.0", "voltage: 0.3", "Voltage to scale must be in 0.4..1.65 V, not 0.3"),
    ],
)
def test_a_stranger_beyond_the_tables_is_told_so(
    tmp_path: Path, old: str, new: str, note: str
) -> None:
    row = stranger(tmp_path, old, new)
    assert (row.role, row.modelled, row.note) == ("not modelled", None, note)


def test_how_energies_fall_with_the_supply_as_published_and_by_the_law() -> None:
    rows = {(row.chip, row.below): row for row in voltage_rows(CHIPS)}
    falls = {
        key: (round(row.reference, 2), round(row.law, 2), round(row.most, 2))
        for key, row in rows.items()
    }
    assert falls == {
        ("Colonnade", 0.7): (1.6, 1.31, 1.42),
        ("Colonnade", 0.6): (3.99, 1.78, 2.11),
        ("Hyperdrive", 0.65): (1.91, 1.92, 2.33),
        ("Jia et al.", 0.85): (2.08, 1.99, 2.45),
        ("Quentin", 0.65): (1.61, 1.51, 1.72),
        ("YodaNN", 0.6): (6.2, 4.0, 6.06),
    }
