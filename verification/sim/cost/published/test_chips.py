# SPDX-License-Identifier: MIT
from pathlib import Path

import pytest

from sim.cost.published.chips import load_chip, load_chips
from sim.work.errors import UserError

PEAK = """\
title: A chip
citation: Somebody, somewhere
kind: digital
node: 65
geometry: {neurons: 4, inputs: 8, cells: 1, fresh: 8, sureness: M, locator: page 1}
values:
  - scope: core
    value: 50
    unit: TOPS/W
    voltage: 1.0
    kind: measured
    sureness: H
    locator: page 2
    model: core
"""


def chip_file(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "chip.yaml"
    assert old in PEAK
    path.write_text(PEAK.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("unit", "value", "energy"),
    [
        ("TOPS/W", 50, 20e-15),
        ("fJ/op", 20, 20e-15),
        ("fJ/MAC", 40, 20e-15),
    ],
    ids=["efficiency", "operation", "multiply-accumulate"],
)
def test_values_of_every_unit_are_joules_an_operation(
    tmp_path: Path, unit: str, value: float, energy: float
) -> None:
    path = chip_file(tmp_path, "value: 50\n    unit: TOPS/W", f"value: {value}\n    unit: {unit}")
    assert load_chip(path).values[0].reference == pytest.approx(energy)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 50", "value: 0", ":8: values.0.value must be a number > 0, not 0"),
        (
            "sureness: H",
            "sureness: sure",
            ":12: values.0.sureness must be one of H, M, L, not 'sure'",
        ),
        ("kind: measured", "kind: recalled", ":11: values.0.kind must be one of measured, "),
        ("    locator: page 2\n", "", ":7: values.0.locator is missing"),
        ("unit: TOPS/W", "unit: TOPS", ":9: values.0.unit must be one of TOPS/W, fJ/op, "),
        ("neurons: 4", "neurones: 4", ":5: geometry.neurones is no known key: did you mean neuron"),
        ("    model: core\n", "", ":1: one of model and not_modelled must be given for each value"),
        (
            "    model: core\n",
            "    model: core\n    not_modelled: because\n",
            ":7: values.0: only one of model and not_modelled must be given",
        ),
        ("TOPS/W", "mJ/frame", ":7: values.0: operations must be given with model and a value in "),
        ("TOPS/W", "pJ/cycle", ":7: values.0: model core must not have a value in pJ/cycle"),
        (
            "kind: digital",
            "kind: analogue",
            ":1: values of a chip of kind analogue must not have a model",
        ),
        (
            "kind: digital",
            "kind: quantum",
            ":3: kind must be one of digital, analogue, in-memory, ",
        ),
        ("    voltage: 1.0\n", "", ":7: values.0: voltage must be given with model"),
        ("TOPS/W", "share", ":7: values.0: model core must not have a value in share"),
        ("node: 65", "node: null", ":1: node and geometry must be given for values with a model"),
    ],
    ids=[
        "value",
        "sureness",
        "kind",
        "locator",
        "unit",
        "unknown",
        "model",
        "both",
        "operations",
        "cycle",
        "refused kind",
        "unknown kind",
        "voltage",
        "share",
        "node",
    ],
)
def test_faults_name_file_line_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = chip_file(tmp_path, old, new)
    with pytest.raises(UserError) as caught:
        load_chip(path)
    assert f"{path}{message}" in str(caught.value)


def test_chips_that_come_with_the_install_are_read_and_cited() -> None:
    chips = load_chips()
    assert list(chips) == [
        "asu",
        "bankman",
        "binareye",
        "braintta",
        "brein",
        "chewbaccann",
        "colonnade",
        "cutie",
        "eyeriss",
        "hdbinarycore",
        "hyperdrive",
        "jia",
        "knag",
        "moons40",
        "quentin",
        "unpu",
        "xne",
        "xnorbin",
        "yodann",
    ]
    assert all("," in chip.citation for chip in chips.values())


def test_a_cell_of_colonnade_takes_the_same_from_every_width_of_weights() -> None:
    # A weight of b bits takes b + 7 columns; values of the macro at 0.8 V, fJ/MAC.
    measured = {1: 68.3, 2: 77.8, 4: 105.3, 8: 144.4, 16: 243.2}
    cells = {bits: energy / (bits + 7) for bits, energy in measured.items()}
    assert round(cells[1], 1) == 8.5
    assert max(cells.values()) / min(cells.values()) < 1.25


def test_the_values_of_colonnade_are_those_of_its_abstract_and_of_its_cells() -> None:
    chip = load_chips()["colonnade"]
    macro = {f.voltage: f for f in chip.values if f.scope == "macro"}
    assert chip.geometry is not None
    cell = {v: 2 * f.reference / chip.geometry.cells for v, f in macro.items()}
    assert round(cell[0.8] * 1e15, 1) == 8.5
    assert round(cell[0.6] * 1e15, 1) == 2.1
    # 117.3 TOPS/W in the abstract.
    assert 1e-12 / macro[0.6].reference == pytest.approx(117.3, rel=0.004)
    # Array and drivers, without control, registers and decoder.
    array = next(f for f in chip.values if f.model)
    assert array.reference / macro[0.8].reference == pytest.approx(0.602 + 0.288, abs=1e-3)


def test_the_twins_agree_on_what_their_network_takes() -> None:
    chips = load_chips()
    mixed_signal, share = chips["bankman"].values
    digital = chips["binareye"].values[1].reference
    system, array = 4, 12.9
    assert system * mixed_signal.reference == pytest.approx(digital, rel=0.06)
    saved = (system - 1) * mixed_signal.reference / (1 - 1 / array)
    assert 1 - saved / (system * mixed_signal.reference) == pytest.approx(share.reference, abs=1e-3)
