# SPDX-License-Identifier: MIT
"""Supplies of a space: whose memories have one, and the study that a supply stands for."""

from typing import Any

import pytest

pytest.importorskip("optuna")

from sim.explore.space.supply import faults_of, has_supply
from sim.learn.cells import load_cells
from verification.sim.small_space import space_of

SPACE = """\
data: {name: digits}
tasks: {base: 4, increment: 3}
head: {kind: integer, epochs: 1, lanes: 64}
methods:
  - {replay: gbm, code_width: 4}
  - {replay: herded, exemplars: 4}
  - {replay: likelihood, code_width: 4}
hardware: {past_voltage: [null, 0.6], head_voltage: [null, 0.7], cell: dpcs-45nm}
"""


@pytest.mark.parametrize(
    ("replay", "past", "head"),
    [
        ("gbm", True, True),
        ("latent", True, True),
        ("herded", False, True),
        ("hamming", True, False),
    ],
)
def test_a_method_has_the_supplies_of_the_memories_that_can_fail(
    replay: str, past: bool, head: bool
) -> None:
    assert (has_supply(replay, "past_voltage"), has_supply(replay, "head_voltage")) == (past, head)


def test_faults_of_a_supply_name_the_cells() -> None:
    assert faults_of({"past_voltage": 0.6, "head_voltage": None, "cell": "dpcs-45nm"}) == {
        "faults": {"voltage": 0.6, "cell": "dpcs-45nm"}
    }
    assert faults_of({"pe": 4}) == {}


def test_every_method_has_the_supplies_of_its_own_memories_as_parameters() -> None:
    found = {
        replay: [n for p in space_of(SPACE).points() if p["replay"] == replay for n in p]
        for replay in ("gbm", "herded", "likelihood")
    }
    supplies = {k: {n for n in names if n.endswith("voltage")} for k, names in found.items()}
    assert supplies == {
        "gbm": {"hardware.past_voltage", "hardware.head_voltage"},
        "herded": {"hardware.head_voltage"},
        "likelihood": {"hardware.past_voltage"},
    }


def test_the_study_of_a_design_runs_with_the_cells_that_fail_at_its_supplies() -> None:
    space, share = space_of(SPACE), load_cells("dpcs-45nm").share
    lowered = {"replay": "gbm", "hardware.past_voltage": 0.6, "hardware.head_voltage": 0.7}
    params: Any = space.point(lowered).method.params
    assert params.faults is not None
    assert params.head_faults is not None
    assert params.faults.probability == share(0.6)
    assert params.head_faults.probability == share(0.7)
    off = {"hardware.past_voltage": None, "hardware.head_voltage": None}
    sound: Any = space.point({**lowered, **off}).method.params
    assert (sound.faults, sound.head_faults) == (None, None)
    herded = space.point({"replay": "herded", "hardware.head_voltage": 0.7})
    assert herded.hardware.past_voltage is None


def test_a_fixed_supply_is_that_of_methods_with_such_a_memory_alone() -> None:
    text = SPACE.replace("[null, 0.6]", "0.6").replace("head_voltage: [null, 0.7], ", "")
    space = space_of(text)
    assert space.first("gbm").hardware.past_voltage == 0.6
    assert space.first("herded").hardware.past_voltage is None
    assert "0.6 V" in space.first("likelihood").label
    assert "past_voltage" not in space.first("likelihood").label
