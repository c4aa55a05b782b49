# SPDX-License-Identifier: MIT
"""What an exploration says of supplies: the least energy at no more than half a point lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("optuna")

from sim.explore.found.supply import lowered, supply_section, supply_sentence
from sim.explore.search.trials import TrialRecord
from sim.explore.space.rung import Rung
from verification.sim.small_space import config_of

Engram = Callable[..., tuple[int, str, str]]

SPACE = """\
data: {name: digits, features: 256}
tasks: {base: 4, increment: 3}
head: {kind: integer, epochs: 1, lanes: 64}
methods:
  - {replay: gbm, code_width: [4, 8]}
hardware: {technology: cmos28, past_voltage: [null, 0.6, 0.5, 0.45], cell: dpcs-45nm}
objectives: [accuracy, energy]
fidelity: {rungs: [{}]}
sampler: {name: grid}
"""


def record(
    number: int, volts: float | None, accuracy: float, energy: float, width: int = 4
) -> TrialRecord:
    return TrialRecord(
        number=number,
        state="complete",
        parameters={"replay": "gbm", "gbm.code_width": width, "hardware.past_voltage": volts},
        label=f"gbm {width} {volts}",
        static={"energy": energy},
        rungs=(Rung(0, (accuracy,), (accuracy,)),),
    )


SOUND = record(0, None, 90.0, 8.0)
TRIED = [
    SOUND,
    record(1, 0.6, 89.9, 7.0),
    record(2, 0.5, 89.5, 6.0),
    record(3, 0.45, 89.4, 5.0),
    record(4, 0.45, 95.0, 4.0, width=8),  # without a twin
]


def test_the_least_energy_that_loses_no_more_than_half_a_point_is_named() -> None:
    assert [pair.design.number for pair in lowered(TRIED)] == [3, 2, 1]
    assert supply_sentence(config_of(SPACE), TRIED) == (
        "Of 3 designs with a lower supply, 2 lose no more than 0.5 points, and of these the one "
        "with the memory of the past at 0.5 V has the least energy: 6 mJ in place of 8 mJ, at 0.50 "
        "points lost (gbm 4 None)."
    )
    table = supply_section(config_of(SPACE), TRIED)[-1].splitlines()
    assert table[2:] == [
        "| 0.45 | 0.60 | 5 | 8 | 3 | 0 |",
        "| 0.5 | 0.50 | 6 | 8 | 2 | 0 |",
        "| 0.6 | 0.10 | 7 | 8 | 1 | 0 |",
    ]


def test_nothing_is_made_up_where_no_twin_was_tried_or_all_lose_more() -> None:
    config = config_of(SPACE)
    assert supply_sentence(config, TRIED[1:]).startswith("Nothing can be said of supplies:")
    assert supply_section(config, TRIED[1:])[-1].startswith("A design is compared")
    assert supply_sentence(config, [SOUND, TRIED[3]]) == (
        "Every lower supply that was tried costs more than 0.5 points."
    )
    sound = SPACE.replace("past_voltage: [null, 0.6, 0.5, 0.45], cell: dpcs-45nm", "pe: [8, 16]")
    assert supply_sentence(config_of(sound), TRIED) == ""
    assert supply_section(config_of(sound), TRIED) == []


@pytest.mark.slow  # it starts a worker
def test_an_exploration_with_supplies_says_which_saves_most(engram: Engram, tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    text = SPACE.replace("gbm, code_width: [4, 8]", "likelihood")  # it trains no head
    path.write_text(text.replace("[null, 0.6, 0.5, 0.45]", "[null, 0.6]"))
    out = tmp_path / "out"
    status, told, err = engram(
        "explore", str(path), "--trials", "2", "--jobs", "1", "--out", str(out), "--no-cache"
    )
    assert (status, err) == (0, "")
    report = (out / "report.md").read_text()
    assert "## Supplies" in report
    assert "with a lower supply" in " ".join(told.split())
