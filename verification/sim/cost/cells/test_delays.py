# SPDX-License-Identifier: MIT
"""Delays of cells, by hand and of a table at the slew and load of the energies."""

from pathlib import Path

import pytest

from sim.cost.cells.delays import read_delays
from sim.work.errors import UserError
from verification.sim.cost.small_library import TEXT

# A cell with two arcs, of which one states numbers and the other a table of slews.
CELL = """
  cell (SLOW) {
    area : 2;
    pin (A) { direction : input; capacitance : 1; }
    pin (Y) {
      direction : output; function : "A";
      timing () { related_pin : "A";
        cell_rise (scalar) { values ("30"); } cell_fall (scalar) { values ("50"); } }
      timing () { related_pin : "A"; timing_type : "clear";
        cell_fall (scalar) { values ("9000"); } }
      timing () { related_pin : "A";
        cell_rise (slews) { values ("%s"); } }
    }
  }
  lu_table_template (slews) {
    variable_1 : input_net_transition; index_1 ("0, 200");
  }
"""


def written(folder: Path, cell: str) -> Path:
    path = folder / "small.lib"
    path.write_text(TEXT.rstrip().removesuffix("}") + cell + "}\n")
    return path


def test_a_delay_is_the_mean_of_arcs_and_edges(tmp_path: Path) -> None:
    delays = read_delays(written(tmp_path, CELL % "0, 80"))
    assert set(delays) == {"SLOW"}  # other cells state none
    unit = 1e-12 if '"1ps"' in TEXT else 1e-9
    # The table is read at a slew of 0.1 ns.
    at = 80 * (100e-12 / unit) / 200
    assert delays["SLOW"] == pytest.approx((30 + 50 + min(at, 80)) / 3 * unit)


def test_a_delay_that_is_not_above_zero_is_left_out(tmp_path: Path) -> None:
    assert read_delays(written(tmp_path, (CELL % "0, 0").replace('"30"', '"-60"'))) == {}


def test_a_table_that_does_not_fit_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"small.lib:\d+: values must be 2 numbers, not 3$"):
        read_delays(written(tmp_path, CELL % "0, 80, 90"))
