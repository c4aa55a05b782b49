# SPDX-License-Identifier: MIT
"""Cells of a library computed by hand, and the shipped values compared with their library."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sim.cost.cells.cells import Cell, Spread
from sim.cost.cells.liberty_cells import read_cells
from sim.cost.cells.table import cells_as_table, read_table, table_text
from sim.cost.technology.loading import BUILT_IN
from sim.work.errors import UserError
from verification.sim.cost.small_library import TEXT

SHIPPED = BUILT_IN / "sg13g2_stdcell.csv"


def library_file(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in TEXT
    path = folder / "small.lib"
    path.write_text(TEXT.replace(old, new) if old else TEXT)
    return path


def femto(spread: Spread | None) -> object:
    assert spread is not None
    return pytest.approx([value * 1e15 for value in spread])


def values(cell: Cell) -> list[float]:
    """Return the values that are stated, in their order."""
    fields = [getattr(cell, field.name) for field in dataclasses.fields(cell)[3:]]
    return [value for field in fields if field is not None for value in np.atleast_1d(field)]


@pytest.fixture
def cells(tmp_path: Path) -> dict[str, Cell]:
    return {cell.name: cell for cell in read_cells(library_file(tmp_path)).cells}


def test_a_library_has_its_corner_and_loads_cells_with_four_inverters(tmp_path: Path) -> None:
    library = read_cells(library_file(tmp_path))
    assert (library.name, library.voltage, library.temperature) == ("small", 2.0, 27)
    assert library.load == pytest.approx(4e-15)


def test_a_gate_has_area_leakage_and_capacitance(cells: dict[str, Cell]) -> None:
    nand = cells["NAND"]
    assert (nand.kind, nand.function) == ("gate", "!A + !B")
    assert nand.area == pytest.approx(4e-12)
    assert nand.leakage == pytest.approx(5e-9)
    assert nand.input_capacitance == pytest.approx(1.5e-15)


def test_leakage_is_the_mean_of_states_where_no_total_stands(cells: dict[str, Cell]) -> None:
    assert cells["INV_LARGE"].leakage == pytest.approx(3e-9)


def test_energies_are_interpolated_and_averaged_over_edges(cells: dict[str, Cell]) -> None:
    assert femto(cells["INV"].output_edge) == [1, 2, 3]
    # What no state tells apart counts only where no states are told apart.
    assert femto(cells["NAND"].output_edge) == [6, 7, 8]


def test_a_flipflop_tells_apart_what_clock_data_and_output_take(cells: dict[str, Cell]) -> None:
    flop = cells["FLOP"]
    assert (flop.kind, flop.function) == ("flipflop", "D")
    assert flop.clock_capacitance == pytest.approx(1.5e-15)
    assert flop.input_capacitance == pytest.approx(1.5e-15)
    assert femto(flop.output_edge) == [10, 10, 10]  # the reset apart
    assert femto(flop.clock_cycle) == [3, 5, 7]
    assert flop.clock_fall == pytest.approx(3e-15)
    assert flop.data_edge == pytest.approx(2e-15)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('  voltage_unit : "1V";\n', "", r"small\.lib:3: library small must state voltage_unit$"),
        ('"1nW"', '"1nX"', r":6: leakage_power_unit must be a number of W with a .* not '1nX'$"),
        ('"1ns"', '"1V"', r":4: time_unit must be a number of s with a prefix, not '1V'$"),
        ('"!A + !B"', '"!A + ?B"', r":47: function: Function must join names by"),
        ("area : 2;", "area : -2;", r":21: area must be 0 or more, not -2$"),
        ("area : 2;", "area : nan;", r":21: area must be a finite number, not nan$"),
        ("capacitance : 1.0", "capacitance : -1", r":23: capacitance must be more than 0, not -1$"),
        ("capacitance : 2.0", "capacitance : -2", r":45: capacitance must be 0 or more, not -2$"),
        ("nom_voltage : 2.0", "nom_voltage : 0", r":8: nom_voltage must be more than 0, not 0$"),
        ("nom_voltage : 2.0", "nom_voltage : nan", r":8: nom_voltage must be a finite number"),
        (
            "nom_temperature : 27",
            "nom_temperature : -300",
            r":9: nom_temperature must be -273.15 or more, not -300$",
        ),
        ('"1ns"', '"0ns"', r":4: time_unit must be finite and more than 0, not '0ns'$"),
        ("(1, ff)", "(0, ff)", r":7: capacitive_load_unit must be finite and more than 0, not"),
        ("cell_leakage_power : 3", "cell_leakage_power : -3", r":22: cell_leakage_power must be 0"),
        (
            "value : 4;",
            "value : -4;",
            r":36: leakage_power of cell INV_LARGE must be 0 or",
        ),
        (
            '"!A + !B"',
            '"!A + !Z"',
            r":47: function: cell NAND must have a pin 'Z', which",
        ),
        ("area : 2;", "area : big;", r":21: area must be a number, not 'big'$"),
        ('"!A";', '"!A &";', r":25: function: Function must join names by"),
        ('("1, 3", \\\n', "(\\\n", r":28: values must be 2 x 2 numbers, not 2$"),
        ("rise_power (edge)", "rise_power (x)", r":28: x must be a template of the library$"),
        (
            'next_state : "D"',
            'next_state : "DATA"',
            r":56: next_state: cell FLOP must have a pin 'DATA', which it names$",
        ),
        (
            "variable_1 : input_transition_time;\n    variable_2",
            "variable_1 : weather;\n    variable_2",
            r":11: variable_1 must be a transition or a capacitance, not weather$",
        ),
    ],
)
def test_faults_of_a_library_are_told_by_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read_cells(library_file(tmp_path, old, new))


def test_units_may_be_written_small(tmp_path: Path) -> None:
    plain = read_cells(library_file(tmp_path))
    assert read_cells(library_file(tmp_path, '"1V"', '"1v"')) == plain


def test_energies_are_in_units_of_capacitance_and_voltage_squared(tmp_path: Path) -> None:
    library = read_cells(library_file(tmp_path, '"1V"', '"100mV"'))
    assert library.voltage == pytest.approx(0.2)
    assert femto(library.cells[0].output_edge) == [0.01, 0.02, 0.03]


def test_values_of_several_supplies_add_up(tmp_path: Path) -> None:
    leakage = 'leakage_power () { value : 4; when : "!A"; }'
    more = "leakage_power () { value : 10; related_pg_pin : VSS; }"
    cells = read_cells(library_file(tmp_path, leakage, leakage + more)).cells
    assert cells[1].leakage == pytest.approx(13e-9)
    power = 'internal_power () { when : "B"; power (scalar) { values ("6"); } }'
    ground = 'internal_power () { related_pg_pin : VSS; power (scalar) { values ("-1"); } }'
    cells = read_cells(library_file(tmp_path, power, power + ground)).cells
    assert femto(cells[2].output_edge) == [5, 6, 7]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ff (IQ, IQN)", "latch (L, LN) { data_in : D; }\n    ff (IQ, IQN)"),
        ("ff (IQ, IQN)", "ff_bank (IQ, IQN, 4)"),
    ],
    ids=["retention", "bank"],
)
def test_other_cells_are_not_taken_for_gates_or_flipflops(
    tmp_path: Path, old: str, new: str
) -> None:
    assert read_cells(library_file(tmp_path, old, new)).cells[3].kind == "other"


def test_a_driver_of_a_bus_is_no_gate(tmp_path: Path) -> None:
    path = library_file(tmp_path, 'function : "!A + !B";', 'function : "!A + !B"; three_state : B;')
    assert read_cells(path).cells[2].kind == "other"


@pytest.mark.parametrize(
    ("old", "new", "cell", "silent"),
    [
        ("cell_leakage_power : 5;", "", "NAND", {"leakage"}),
        ("internal_power", "timing", "NAND", {"output_edge"}),
        ("power (scalar)", "fall_constraint (scalar)", "NAND", {"output_edge"}),
        ("cell_leakage_power : 7;", "", "FLOP", {"leakage"}),
        ("internal_power", "timing", "FLOP", {"output_edge", "clock_cycle", "data_edge"}),
        ('related_pin : "CK"', 'related_pin : "D"', "FLOP", {"output_edge"}),
        ('when : "!CK"', "", "FLOP", set()),
        ("!D * RN * !Q", "!RN", "FLOP", set()),
        ('clocked_on : "CK"', 'clocked_on : "Q"', "FLOP", {"clock_cycle"}),
    ],
)
def test_what_a_cell_does_not_state_is_none_and_never_0(
    tmp_path: Path, old: str, new: str, cell: str, silent: set[str]
) -> None:
    start = TEXT.index(f"  cell ({cell})")
    assert old in TEXT[start:]
    path = tmp_path / "small.lib"
    path.write_text(TEXT[:start] + TEXT[start:].replace(old, new))
    (found,) = (each for each in read_cells(path).cells if each.name == cell)
    names = {field.name for field in dataclasses.fields(found)}
    none = {name for name in names if getattr(found, name) is None}
    assert none - ({"clock_cycle", "data_edge"} if cell == "NAND" else set()) == silent
    assert (found.change is None) == bool(silent - {"leakage"} or cell == "NAND")


def test_states_of_which_nothing_is_stated_do_not_count_as_0(tmp_path: Path) -> None:
    path = library_file(tmp_path, 'when : "!D * RN * !Q"', 'when : "D * RN * !Q"')
    flop = read_cells(path).cells[3]
    assert femto(flop.clock_cycle) == [7, 7, 7]  # of D * RN * Q alone


def test_a_library_without_an_inverter_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.lib"
    path.write_text(TEXT[: TEXT.index("  cell (INV)")] + TEXT[TEXT.index("  cell (NAND)") :])
    with pytest.raises(
        UserError,
        match=r"small\.lib:3: library small must have an inverter, whose input capacitance sets "
        r"the load of all cells$",
    ):
        read_cells(path)


def test_a_library_without_cells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.lib"
    path.write_text(TEXT[: TEXT.index("  cell (INV)")] + "}\n")
    with pytest.raises(UserError, match=r"small\.lib:3: library small must have cells$"):
        read_cells(path)


def test_a_table_gives_the_cells_back(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_text(table_text(cells_as_table(library_file(tmp_path)), "Nobody's cells,\nby hand."))
    assert path.read_text().startswith("# Nobody's cells,\n# by hand.\nname,kind,function,")
    back, library = read_table(path), read_cells(tmp_path / "small.lib")
    assert (back.name, back.voltage, back.temperature) == ("small", 2.0, 27)
    assert back.load == pytest.approx(library.load)
    assert [cell.function for cell in back.cells] == [cell.function for cell in library.cells]
    for read, cell in zip(back.cells, library.cells, strict=True):
        assert values(read) == pytest.approx(values(cell))
        assert (
            (read.output_edge is None) == (cell.output_edge is None) == (cell.name == "INV_LARGE")
        )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("gate", "door", r"small\.csv:3: .*kind must be one of gate, flipflop, other, not 'door'$"),
        ("area_um2", "area", r"small\.csv:3: a row must have the columns of a table of cells"),
        ("2.0,27.0", "2.0,27.0,much", r"small\.csv:3: a row must have .* 'much'$"),
    ],
)
def test_faults_of_a_table_are_told_by_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "small.csv"
    text = table_text(cells_as_table(library_file(tmp_path)), "x")
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(UserError, match=message):
        read_table(path)


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text("# nothing\n")
    with pytest.raises(UserError, match=r"none\.csv must be a table of cells, not empty$"):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "area", "leakage", "capacitance", "low", "high"),
    [
        ("inv_1", 5.44, 63, 2.9, 1.5, 1.8),
        ("nand2_1", 7.26, 81, 2.9, 1.5, 4.2),
        ("xnor2_1", 14.5, 195, 5.35, 3.1, 7.9),
        ("xor2_1", 14.5, 185, 5.4, 3.7, 8.6),
        ("mux2_1", 18.1, 246, 3.6, 8.4, 9.8),
        ("dfrbpq_1", 49.0, 511, 3.25, 24.8, 25.9),
    ],
)
def test_shipped_cells_have_the_values_known_of_them(
    name: str, area: float, leakage: float, capacitance: float, low: float, high: float
) -> None:
    cell = {cell.name: cell for cell in read_table(SHIPPED).cells}[f"sg13g2_{name}"]
    assert cell.area * 1e12 == pytest.approx(area, abs=0.05)
    assert cell.leakage == pytest.approx(leakage * 1e-12, abs=0.6e-12)
    assert cell.input_capacitance * 1e15 == pytest.approx(capacitance, abs=0.06)
    assert cell.output_edge is not None
    assert low <= cell.output_edge.low * 1e15 <= cell.output_edge.high * 1e15 <= high


def test_a_shipped_flipflop_takes_what_its_clock_edges_do() -> None:
    cell = {cell.name: cell for cell in read_table(SHIPPED).cells}["sg13g2_dfrbpq_1"]
    # Rising 10.4 or 10.7 fJ, falling 10.4 or 20.8, by what the bit is.
    assert cell.clock_cycle is not None
    assert [edge * 1e15 for edge in cell.clock_cycle] == pytest.approx([20.8, 26.1, 31.4], abs=0.1)


def test_shipped_cells_come_from_their_library(request: pytest.FixtureRequest) -> None:
    path = request.config.getoption("--liberty")
    if path is None:
        pytest.skip("the Liberty file of the cells is absent: give it with --liberty")
    text = SHIPPED.read_text()
    comment = "".join(line[2:] for line in text.splitlines(keepends=True) if line[0] == "#")
    assert table_text(cells_as_table(path), comment) == text


def test_a_cell_without_area_is_left_out_and_told(tmp_path: Path) -> None:
    path = library_file(tmp_path, "area : 4;", "")
    library = read_cells(path)
    assert [cell.name for cell in library.cells] == ["INV", "INV_LARGE", "FLOP"]
    assert library.warnings == (f"{path}:41: cell NAND states no area and is left out",)


def test_one_edge_below_zero_is_halved_with_the_other(tmp_path: Path) -> None:
    library = read_cells(library_file(tmp_path, '"1, 100", "1, 100"', '"-1, 100", "-1, 100"'))
    assert femto(library.cells[0].output_edge) == [1, 1, 1]  # (3 - 1) / 2
    assert library.warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "cell", "field", "words"),
    [
        ('"1, 100", "1, 100"', '"-4, 9", "-4, 9"', 0, "output_edge", "an output edge"),
        ('values ("2");', 'values ("-2");', 3, "clock_cycle", "a clock cycle"),
        ('"!CK"; power (scalar) { values ("3")', '"!CK"; power (scalar) { values ("-3")',
         3, "data_edge", "a data edge"),
    ],
)  # fmt: skip
def test_energies_below_zero_are_not_stated_and_told(
    tmp_path: Path, old: str, new: str, cell: int, field: str, words: str
) -> None:
    path = library_file(tmp_path, old, new)
    library = read_cells(path)
    found = library.cells[cell]
    assert getattr(found, field) is None
    line = {0: 20, 3: 53}[cell]
    assert library.warnings == (
        (
            f"{path}:{line}: cell {found.name}: the energy of {words} is below zero in the sum of "
            "both edges, so it counts as not stated"
        ),
    )


def test_a_flipflop_that_stores_the_inverse_is_one(tmp_path: Path) -> None:
    flop = read_cells(library_file(tmp_path, 'next_state : "D"', 'next_state : "!D"')).cells[3]
    assert flop.stores_a_pin
    assert flop.clock_cycle is None  # states are told of D == Q, which now change the bit
    held = read_cells(library_file(tmp_path, 'next_state : "D"', 'next_state : "D & RN"')).cells[3]
    assert not held.stores_a_pin


def two_files(folder: Path, old: str = "", new: str = "") -> tuple[Path, Path]:
    """Return the library as two files: inverters, and the rest with a change."""
    start, rest = TEXT.index("  cell (INV)"), TEXT.index("  cell (NAND)")
    one, two = folder / "one.lib", folder / "two.lib"
    one.write_text(TEXT[:rest] + "}\n")
    two.write_text((TEXT[:start] + TEXT[rest:]).replace(old, new) if old else
                   TEXT[:start] + TEXT[rest:])  # fmt: skip
    return one, two


def test_files_of_one_library_are_read_as_one(tmp_path: Path) -> None:
    whole = read_cells(library_file(tmp_path))
    assert read_cells(*two_files(tmp_path)) == whole
    assert set(read_cells(*reversed(two_files(tmp_path))).cells) == set(whole.cells)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nom_voltage : 2.0", "nom_voltage : 1",
         r"two\.lib:8: nom_voltage must be that of .*one\.lib:8, 2 V, not 1$"),
        ("nom_temperature : 27", "nom_temperature : 85",
         r"two\.lib:9: nom_temperature must be that of .*one\.lib:9, 27 degrees Celsius, not 85$"),
        ("cell (NAND)", "cell (INV)", r"two\.lib:20: cell INV must not be that of .*one\.lib:20$"),
    ],
)  # fmt: skip
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read_cells(*two_files(tmp_path, old, new))
