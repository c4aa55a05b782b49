# SPDX-License-Identifier: MIT
"""The section on planes at two supplies: its rows, and what it says is left out."""

from sim.cost.formatting import nominal
from sim.cost.report.spared import spared_section
from sim.cost.spared import spared_points
from verification.sim.cost.test_failing import lines


def test_the_section_has_a_row_every_tenth_of_a_volt() -> None:
    line = lines()["prototypes"]
    text = spared_section(line, 8)
    assert "The upper planes of the 8 keep 0.9 V" in text
    assert "in the phase *learn a task, GBM, integer head*, each plane at its own supply" in text
    assert "level shifters" in text
    rows = [row.split(" | ") for row in text.splitlines() if row.startswith("| 0.")]
    assert [row[0] for row in rows] == ["| 0.9", "| 0.8", "| 0.7", "| 0.6", "| 0.5", "| 0.4"]
    (last,) = (p for p in spared_points(line, 8) if p.voltage == 0.5)
    assert " | ".join(nominal(energy, "J") for energy in last.memories) in text


def test_codes_of_two_planes_spare_at_most_one() -> None:
    text = spared_section(lines()["prototypes"], 2)
    assert "| 1 spared |" in text
    assert "2 spared" not in text
