# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The trial in standard cells: a path takes what its cells take, and faults are told."""

import json
import re
import shutil
from pathlib import Path

import pytest

from rtl.catalogue import BLOCKS
from rtl.emit import Design, Port
from sim.work.errors import UserError
from verification.asic import __main__ as command
from verification.asic.__main__ import TRIED, main
from verification.asic.trial import analysed, netlist_in

needs_opensta = pytest.mark.skipif(
    shutil.which("sta") is None, reason="OpenSTA is missing: apt-get install opensta"
)

#: Delays that depend on nothing: 0.1 ns a gate, 0.25 from a clock, 0.05 of setup. A wire of
#: the model 10k takes another 0.2 to a flip-flop, and nothing to a gate.
LIBRARY = """\
library (few) {
  delay_model : table_lookup; time_unit : "1ns"; voltage_unit : "1V"; current_unit : "1mA";
  capacitive_load_unit (1, pf); leakage_power_unit : "1nW"; nom_voltage : 1.2;
  nom_temperature : 25; pulling_resistance_unit : "1kohm";
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
  wire_load ("Zero") { capacitance : 0; resistance : 0; slope : 0; fanout_length (1, 0); }
  wire_load ("1k") { capacitance : 0; resistance : 0; slope : 0; fanout_length (1, 1); }
  wire_load ("10k") { capacitance : 0; resistance : 1; slope : 1; fanout_length (1, 1); }
  cell (inv) {
    area : 2; cell_leakage_power : 1;
    pin (A) { direction : input; capacitance : 1e-6; }
    pin (Y) { direction : output; function : "!A";
      timing () { related_pin : "A"; timing_sense : negative_unate;
        cell_rise (scalar) { values ("0.1"); } cell_fall (scalar) { values ("0.1"); }
        rise_transition (scalar) { values ("0"); } fall_transition (scalar) { values ("0"); } } }
  }
  cell (nand) {
    area : 3; cell_leakage_power : 2;
    pin (A) { direction : input; capacitance : 1e-6; }
    pin (B) { direction : input; capacitance : 1e-6; }
    pin (Y) { direction : output; function : "!(A * B)";
      timing () { related_pin : "A B"; timing_sense : negative_unate;
        cell_rise (scalar) { values ("0.1"); } cell_fall (scalar) { values ("0.1"); }
        rise_transition (scalar) { values ("0"); } fall_transition (scalar) { values ("0"); } } }
  }
  cell (dff) {
    area : 9; cell_leakage_power : 5;
    ff (IQ, IQN) { clocked_on : "CLK"; next_state : "D"; }
    pin (CLK) { direction : input; capacitance : 1e-6; clock : true; }
    pin (D) { direction : input; capacitance : 0.2;
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

_INV, _NAND, _DFF = (LIBRARY.index(f"  cell ({name})") for name in ("inv", "nand", "dff"))
_BUF = (
    LIBRARY[_INV:_NAND].replace("(inv)", "(buf)").replace("!A", "A").replace("negative", "positive")
)
_NOR = LIBRARY[_NAND:_DFF].replace("(nand)", "(nor)").replace("A * B", "A + B")
#: With all that Yosys needs to map a design.
CELLS = LIBRARY[:_INV] + _BUF + _NOR + LIBRARY[_INV:]


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
def test_a_wire_to_the_end_of_a_path_adds_no_cell(tmp_path: Path) -> None:
    library = tmp_path / "few.lib"
    library.write_text(LIBRARY)
    found = analysed(block(clocked=True), chain(3), [library], "10k")
    assert found.delay == pytest.approx(0.25 + 0.3 + 0.2 + 0.05)  # 1 kohm times 0.2 pF
    assert found.cells == ("dff", "inv", "inv", "inv")


@needs_opensta
@pytest.mark.parametrize("delay", [0.0, -0.01])
def test_a_cell_is_on_the_path_whatever_its_delay(tmp_path: Path, delay: float) -> None:
    library = tmp_path / "few.lib"
    library.write_text(LIBRARY.replace('"0.1"', f'"{delay}"'))
    found = analysed(block(clocked=True), chain(2), [library], "Zero")
    assert found.delay == pytest.approx(0.25 + 2 * delay + 0.05)
    assert found.cells == ("dff", "inv", "inv")


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


@needs_opensta
def test_the_command_writes_a_report(tmp_path: Path) -> None:
    library, out = tmp_path / "few.lib", tmp_path / "report"
    library.write_text(CELLS)
    assert main(["--liberty", str(library), "--size", "tiny", "--out", str(out)]) == 0
    rows = json.loads((out / "results.json").read_text())
    assert [row["block"] for row in rows] == list(TRIED)
    price = {"buf": 2, "inv": 2, "nand": 3, "nor": 3, "dff": 9}
    for row in rows:
        assert row["area_um2"] == pytest.approx(sum(price[c] * n for c, n in row["cells"].items()))
        assert row["cells"].get("dff", 0) == row["flipflops"]
        short, default, long = (row["timing"][wires] for wires in ("Zero", "1k", "10k"))
        assert short["delay"] == default["delay"] <= long["delay"]
        gates = len(default["cells"]) - default["cells"].count("dff")
        begins = 0.25 * default["cells"].count("dff")
        rest = default["delay"] - 0.1 * gates - begins
        assert min(abs(rest), abs(rest - 0.05)) < 1e-6  # what ends it is a port or a flip-flop
    lines = (out / "report.md").read_text().splitlines()
    shown = [line.split(" | ") for line in lines if line.startswith("| ") and "block" not in line]
    assert [cells[8] for cells in shown[1:]] == [str(len(r["timing"]["1k"]["cells"])) for r in rows]


def test_a_library_of_other_wires_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "netlist_in", None)  # nothing is mapped
    library, few = tmp_path / "few.lib", re.sub(r" *wire_load .*\n", "", LIBRARY)
    zero = 'wire_load ("Zero") { capacitance : 0; resistance : 0; slope : 0; }'
    texts = {"none": few, "Zero": few.replace("  cell (inv)", f"  {zero}\n  cell (inv)")}
    for has, text in texts.items():
        library.write_text(text)
        assert main(["--liberty", str(library), "--out", str(tmp_path / "out")]) == 2
        told = capsys.readouterr().err
        assert told == f"{library} must have the wire load models Zero, 1k, 10k; it has {has}\n"


def test_a_folder_that_cannot_be_written_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file")
    library = str(tmp_path / "not-looked-at.lib")
    assert main(["--liberty", library, "--out", str(tmp_path / "out")]) == 2
    assert f"{tmp_path / 'out'} cannot be created" in capsys.readouterr().err
