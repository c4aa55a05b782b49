# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The trial in standard cells: a path takes what its cells take, and faults are told."""

import shutil
from pathlib import Path

import pytest

from rtl.catalogue import BLOCKS
from rtl.emit import Design, Port
from sim.work.errors import UserError
from verification.asic.__main__ import main
from verification.asic.trial import analysed, netlist_in

needs_opensta = pytest.mark.skipif(
    shutil.which("sta") is None, reason="OpenSTA is missing: apt-get install opensta"
)

#: Delays that depend on nothing: 0.1 ns an inverter, 0.25 from a clock, 0.05 of setup.
LIBRARY = """\
library (few) {
  delay_model : table_lookup; time_unit : "1ns"; voltage_unit : "1V"; current_unit : "1mA";
  capacitive_load_unit (1, pf); nom_voltage : 1.2;
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
  wire_load ("Zero") { capacitance : 0; resistance : 0; slope : 0; fanout_length (1, 0); }
  cell (inv) {
    area : 2;
    pin (A) { direction : input; capacitance : 0; }
    pin (Y) { direction : output; function : "!A";
      timing () { related_pin : "A"; timing_sense : negative_unate;
        cell_rise (scalar) { values ("0.1"); } cell_fall (scalar) { values ("0.1"); }
        rise_transition (scalar) { values ("0"); } fall_transition (scalar) { values ("0"); } } }
  }
  cell (dff) {
    area : 9;
    ff (IQ, IQN) { clocked_on : "CLK"; next_state : "D"; }
    pin (CLK) { direction : input; capacitance : 0; clock : true; }
    pin (D) { direction : input; capacitance : 0;
      timing () { related_pin : "CLK"; timing_type : setup_rising;
        rise_constraint (scalar) { values ("0.05"); }
        fall_constraint (scalar) { values ("0.05"); } } }
    pin (Q) { direction : output; function : "IQ";
      timing () { related_pin : "CLK"; timing_type : rising_edge;
        cell_rise (scalar) { values ("0.25"); } cell_fall (scalar) { values ("0.25"); }
        rise_transition (scalar) { values ("0"); } fall_transition (scalar) { values ("0"); } } }
  }
}
"""


def chain(length: int) -> str:
    """Return the netlist of a flip-flop that reaches itself over inverters."""
    cells = [f"  inv i{n} (.A(n{n}), .Y(n{n + 1}));" for n in range(length)]
    nets = ", ".join(f"n{n}" for n in range(length + 1))
    first = f"  dff f (.CLK(clk), .D(n{length}), .Q(n0));"
    lines = [f"  wire {nets};", first, *cells, "  assign o = n0;"]
    return "\n".join(["module chain(clk, o);", "  input clk;", "  output o;", *lines, "endmodule"])


def block(*, clocked: bool) -> Design:
    ports = (Port("clk", "input", 1),) if clocked else ()
    return Design("chain", {}, None, None, "", ports, (), 0, "", 1)


@needs_opensta
@pytest.mark.parametrize("length", [1, 4, 120])
def test_a_path_takes_what_its_cells_take(tmp_path: Path, length: int) -> None:
    library = tmp_path / "few.lib"
    library.write_text(LIBRARY)
    found = analysed(block(clocked=True), chain(length), [library], "Zero")
    assert found.delay == pytest.approx(0.25 + 0.1 * length + 0.05)  # also beyond the period
    assert found.cells == ("dff", *["inv"] * length)
    assert (found.begins, found.ends) == ("f", "f")


@needs_opensta
def test_a_netlist_that_opensta_cannot_read_is_told(tmp_path: Path) -> None:
    library = tmp_path / "few.lib"
    library.write_text(LIBRARY)
    with pytest.raises(UserError, match=r"^chain: OpenSTA failed:\n"):
        analysed(block(clocked=True), "module other(); endmodule", [library], "Zero")


def test_a_block_with_memories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mvu must have no memory: a memory is no cell"):
        netlist_in(Design.of("mvu", BLOCKS["mvu"].arguments("tiny")), [tmp_path / "few.lib"])


def test_a_library_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--liberty", str(tmp_path / "no.lib"), "--size", "tiny"]) == 2
    assert "no.lib cannot be read" in capsys.readouterr().err
