# SPDX-License-Identifier: MIT
from fractions import Fraction

import pytest

from sim.cost.counts.tally import Action
from sim.cost.published.chips import Chip, Geometry, load_chips
from sim.cost.published.comparison import (
    CALIBRATED_ON,
    PublishedRow,
    calibrated,
    cycle,
    published_rows,
    summary,
)
from sim.cost.published.voltage_law import voltage_rows

CHIPS = load_chips()
ROWS = published_rows(CHIPS)


def modelled(rows: list[PublishedRow]) -> dict[str, float]:
    return {row.chip: row.ratio for row in rows if row.ratio is not None}


def changed(name: str, **update: object) -> dict[str, Chip]:
    """Return the chips, with changes in the first modelled value of one of them."""
    chip = CHIPS[name]
    index = next(i for i, value in enumerate(chip.values) if value.model)
    values = list(chip.values)
    values[index] = values[index].model_copy(update=update)
    return {**CHIPS, name: chip.model_copy(update={"values": values})}


def test_the_table_is_reproduced() -> None:
    assert {chip: round(ratio, 2) for chip, ratio in modelled(ROWS).items()} == {
        "Bankman et al.": 1.91,
        "BinarEye": 1.0,
        "CUTIE": 1.34,
        "ChewBaccaNN": 0.15,
        "Colonnade": 1.0,
        "XNORBIN": 0.56,
    }


def test_the_band_of_what_is_held_out() -> None:
    off = summary(ROWS)
    assert off.rows == 4
    assert off.mean == pytest.approx(2.34, abs=0.01)
    assert off.worst == pytest.approx(6.60, abs=0.01)
    # Within the supplies that the scaling knows; below 0.5 V it knows nothing.
    within = [row for row in ROWS if row.voltage is None or row.voltage >= 0.5]
    assert summary(within).worst < 2


def test_the_model_meets_what_it_is_calibrated_on() -> None:
    rows = [row for row in ROWS if row.role == "calibrated"]
    assert [row.chip for row in rows] == ["BinarEye", "Colonnade"]
    assert all(row.ratio == pytest.approx(1, rel=1e-12) for row in rows)


def test_the_constants_are_those_of_two_chips() -> None:
    constants = calibrated(CHIPS)
    assert constants.wires == pytest.approx(0.784, abs=1e-3)
    assert constants.clock == pytest.approx(1.470, abs=1e-3)
    two_alone = {name: CHIPS[name] for name in CALIBRATED_ON}
    assert calibrated(two_alone) == constants


@pytest.mark.parametrize("name", sorted({"xnorbin", "cutie", "chewbaccann", "bankman"}))
def test_what_is_held_out_changes_no_constant_and_no_other_row(name: str) -> None:
    other = changed(name, value=CHIPS[name].values[0].value * 3, unit="TOPS/W", model="core")
    assert calibrated(other) == calibrated(CHIPS)
    title = CHIPS[name].title
    kept = {k: v for k, v in modelled(published_rows(other)).items() if k != title}
    assert kept == {k: v for k, v in modelled(ROWS).items() if k != title}


def test_the_supply_assumed_of_binareye_decides_a_third() -> None:
    lower = modelled(published_rows(changed("binareye", voltage=0.6)))
    for chip in ("XNORBIN", "CUTIE", "ChewBaccaNN"):
        assert lower[chip] / modelled(ROWS)[chip] == pytest.approx(1.34, abs=0.01)


def test_a_synapse_is_an_xnor_and_a_full_adder() -> None:
    geometry = Geometry(
        neurons=4, inputs=9, cells=2, fresh=6, sureness="H", locator="3 x 3, ternary"
    )
    assert dict(cycle(geometry)) == {
        Action("array", "xnor"): Fraction(72),
        Action("array", "full_add"): Fraction(72),
        Action("sums", "register", 4): Fraction(4),
        Action("window", "register", 6): Fraction(1),
    }


def test_rows_without_a_model_say_why() -> None:
    silent = [row for row in ROWS if row.role == "not modelled"]
    assert {row.chip for row in silent} >= {"XNE", "YodaNN", "Jia et al.", "BrainTTA"}
    assert all(row.ratio is None and row.note for row in silent)
    notes = {row.chip: row.note for row in ROWS if row.role != "not modelled"}
    assert notes["ChewBaccaNN"] == "no law of voltages below 0.5 V, priced there"
    assert notes["XNORBIN"] == "geometry not found stated, that of its successor assumed"
    assert notes["BinarEye"] == "supply not found stated, the nominal 0.9 V assumed"


def test_how_energies_fall_with_the_supply_as_published_by_the_law_and_by_its_square() -> None:
    rows = {(row.chip, row.below): row for row in voltage_rows(CHIPS)}
    falls = {
        key: (round(row.reference, 2), round(row.law, 2), round(row.square, 2))
        for key, row in rows.items()
    }
    assert falls == {
        ("Colonnade", 0.7): (1.6, 1.17, 1.31),
        ("Colonnade", 0.6): (3.99, 1.25, 1.78),
        ("Jia et al.", 0.85): (2.08, 2.22, 1.99),
        ("YodaNN", 0.6): (6.2, 3.06, 4.0),
    }
