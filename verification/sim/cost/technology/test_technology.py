# SPDX-License-Identifier: MIT
"""Technology tables: their values in SI, and errors that name file, line and key."""

from pathlib import Path

import pytest

from sim.cost.cells.gates import prices_of
from sim.cost.cells.liberty_cells import read_cells
from sim.cost.counts.tally import Action
from sim.cost.technology.loading import load_technology
from sim.cost.technology.scaling import area_factor, logic_factor, memory_factor
from sim.cost.technology.technology import Technology
from sim.work.errors import UserError
from verification.sim.cost import small_library

TEXT = """\
title: Nobody's process
node: 28
voltage: 0.9
sources:
  me: {citation: "measured on the kitchen table"}
logic:
  xnor: {value: 2, low: 1, high: 4, unit: fJ/bit, kind: model, source: me, locator: p. 1, sureness: M}
  lfsr_step: {value: 0.25, unit: pJ, kind: measured, source: me, locator: p. 2, sureness: H}
  register: {value: 5, unit: fJ/bit, kind: measured, source: me, locator: p. 3, sureness: H}
  gate_area: {value: 0.5, unit: um2, kind: measured, source: me, locator: p. 4, sureness: H}
  gate_leakage: {value: 3, unit: nW, kind: measured, source: me, locator: p. 5, sureness: H}
memory:
  kind: array
  points:
    - bits: 1024
      read: {value: 3.2, unit: pJ, access_width_bits: 32, kind: model, source: me, locator: p. 6, sureness: H}
      write: {value: 200, unit: fJ/bit, kind: model, source: me, locator: p. 7, sureness: H}
  leakage: {value: 4, unit: pW/bit, voltage: 0.4, kind: model, source: me, locator: p. 8, sureness: H}
  endurance: {value: 1.0e+6, low: 1.0e+4, high: 1.0e+9, unit: cycles, kind: model, source: me, locator: p. 9, sureness: M}
"""  # noqa: E501


def loaded(folder: Path, old: str = "", new: str = "") -> Technology:
    assert old in TEXT
    path = folder / "own.yaml"
    path.write_text(TEXT.replace(old, new) if old else TEXT)
    return load_technology(str(path))


def test_a_table_is_read_in_si(tmp_path: Path) -> None:
    own = loaded(tmp_path)
    assert (own.name, own.title, own.node, own.voltage) == ("own", "Nobody's process", 28, 0.9)
    assert own.sources["me"].citation == "measured on the kitchen table"
    xnor = own.energy(Action("a", "xnor", 3))
    assert xnor is not None
    assert (xnor.low, xnor.nominal, xnor.high) == pytest.approx((3e-15, 6e-15, 12e-15))
    assert (xnor.source, xnor.sureness) == ("me", "M")
    area, leakage = own.value("gate_area"), own.value("gate_leakage")
    assert area is not None
    assert area.nominal == 0.5e-12
    assert leakage is not None
    assert leakage.nominal == 3e-9
    assert own.endurance is not None
    assert (own.endurance.low, own.endurance.nominal, own.endurance.high) == (1e4, 1e6, 1e9)
    assert not own.nonvolatile


def test_an_energy_that_is_not_a_bit_is_the_action_s_whatever_its_width(tmp_path: Path) -> None:
    step = loaded(tmp_path).energy(Action("lfsr", "lfsr_step", 16))
    assert step is not None
    assert step.nominal == 0.25e-12


def test_an_access_becomes_bits(tmp_path: Path) -> None:
    plan = loaded(tmp_path).macro(128, 8)
    assert plan is not None
    assert plan.read.nominal == pytest.approx(8 * 0.1e-12)
    assert plan.write.nominal == pytest.approx(8 * 0.2e-12)
    assert plan.leakage is not None
    assert plan.leakage.nominal == pytest.approx(1024 * 4e-12)
    assert plan.area is None


def test_what_a_table_does_not_say_is_none_and_never_0(tmp_path: Path) -> None:
    own = loaded(tmp_path, TEXT[TEXT.index("memory:") :], "")
    assert own.energy(Action("a", "compare", 8)) is None
    assert own.value("clock") is None
    assert own.macro(64, 64) is None
    assert own.endurance is None


def test_accesses_are_priced_by_their_memory(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^A write must be priced by its memory, not by own$"):
        loaded(tmp_path).energy(Action("a", "write", 8))


@pytest.mark.parametrize(
    ("old", "row", "factor"),
    [
        ("value: 5, unit: fJ/bit", "node: 45, voltage: 1.0, scaled: true",
         logic_factor(45, 1.0, 28, 0.9)),
        ("value: 0.5, unit: um2", "node: 45, scaled: true", area_factor(45, 28)),
        ("value: 200, unit: fJ/bit", "node: 45, voltage: 1.0, scaled: true",
         memory_factor(45, 28)),
    ],
    ids=["logic", "area", "memory"],
)  # fmt: skip
def test_values_of_another_node_are_scaled_by_the_rule_of_their_kind(
    tmp_path: Path, old: str, row: str, factor: tuple[float, float, float]
) -> None:
    key = "gate_area" if "um2" in old else "register"

    def value(own: Technology) -> tuple[float, float, float]:
        plan = own.macro(128, 8)
        assert plan is not None
        found = plan.write if "200" in old else own.value(key)
        assert found is not None
        return found.low, found.nominal, found.high

    plain = value(loaded(tmp_path))
    assert value(loaded(tmp_path, old, f"{old}, {row}")) == pytest.approx(
        tuple(a * b for a, b in zip(plain, factor, strict=True))
    )


def test_a_scaled_value_is_less_sure(tmp_path: Path) -> None:
    old = "value: 5, unit: fJ/bit"
    scaled = loaded(tmp_path, old, f"{old}, node: 45, voltage: 1.0, scaled: true")
    register = scaled.energy(Action("a", "register", 1))
    assert register is not None
    assert register.sureness == "M"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("unit: fJ/bit, kind: model", "kind: model",
         r"own\.yaml:7: logic\.xnor\.unit is missing: it must be text"),
        ("unit: fJ/bit, kind: model", "unit: fj, kind: model",
         r"own\.yaml:7: logic\.xnor\.unit: unit must be one of J, W, .* such as fJ/bit, not 'fj'"),
        ("unit: fJ/bit, kind: model", "unit: nW, kind: model",
         r"own\.yaml:7: logic\.xnor\.unit: must be a unit of J or J/bit, not 'nW'"),
        ("value: 5, unit: fJ/bit", "value: 5, unit: fJ",
         r"own\.yaml:9: logic\.register\.unit: must be a unit of J/bit, not 'fJ'$"),
        ("  register: {value: 5, unit: fJ/bit", "  compare: {value: 5, unit: pJ",
         r"own\.yaml:9: logic\.compare\.unit: must be a unit of J/bit, not 'pJ'$"),
        ("  register: {value: 5, unit: fJ/bit", "  accumulate: {value: 5, unit: pJ",
         r"own\.yaml:9: logic\.accumulate\.unit: must be a unit of J/bit, not 'pJ'$"),
        ("unit: um2", "unit: um2/bit",
         r"own\.yaml:10: logic\.gate_area\.unit: must be a unit of m2, not 'um2/bit'$"),
        ("unit: nW", "unit: nW/bit",
         r"own\.yaml:11: logic\.gate_leakage\.unit: must be a unit of W, not 'nW/bit'$"),
        ("unit: pW/bit", "unit: uW",
         r"own\.yaml:18: memory\.leakage\.unit: must be a unit of W/bit, not 'uW'$"),
        ("  leakage: {value: 4, unit: pW/bit, voltage: 0.4", "  area: {value: 4, unit: um2",
         r"own\.yaml:18: memory\.area\.unit: must be a unit of m2/bit, not 'um2'$"),
        ("value: 2, low: 1", "value: -2, low: 1",
         r"own\.yaml:7: logic\.xnor\.value must be a number > 0, not -2"),
        ("value: 2, low: 1", "value: 0, low: 1",
         r"own\.yaml:7: logic\.xnor\.value must be a number > 0, not 0"),
        ("value: 2, low: 1", "value: '1e-12', low: 1",
         r"logic\.xnor\.value must be a number > 0, not '1e-12'$"),
        ("value: 2, low: 1", "value: .inf, low: 1",
         r"logic\.xnor\.value must be a finite number, not inf"),
        ("  xnor:", "  xnoor:",
         r"own\.yaml:7: logic\.xnoor is no known key: did you mean xnor\? the keys of logic are "),
        ("low: 1, high: 4, ", "",
         r"own\.yaml:7: logic\.xnor: low and high must be given at sureness M"),
        ("low: 1,", "low: 3,",
         r"own\.yaml:7: logic\.xnor: low <= value <= high must hold, not 3\.0, 2\.0, 4\.0"),
        ("kind: model, source: me, locator: p. 1", "kind: recalled, source: me, locator: p. 1",
         (r"logic\.xnor\.kind must be one of measured, post_layout, synthesis, liberty, model, "
          r"derived, not 'recalled'")),
        ("source: me, locator: p. 1,", "locator: p. 1,",
         r"own\.yaml:7: logic\.xnor\.source is missing: it must be text"),
        ("source: me, locator: p. 6", "source: you, locator: p. 6",
         (r"own\.yaml:16: memory\.points\.0\.read\.source must be a key of sources \(me\), "
          r"not 'you'")),
        ("locator: p. 1,", "", r"logic\.xnor\.locator is missing: it must be text"),
        (", sureness: M}\n  lfsr", ", sureness: X}\n  lfsr",
         r"logic\.xnor\.sureness must be one of H, M, L, not 'X'"),
        ("access_width_bits: 32, ", "",
         (r"own\.yaml:16: memory\.points\.0\.read: access_width_bits must be given with an energy "
          r"per access, not with one per bit")),
        ("value: 200,", "value: 200, access_width_bits: 8,",
         r"own\.yaml:17: memory\.points\.0\.write: access_width_bits must be given"),
        ("value: 5,", "value: 5, node: 45,",
         (r"own\.yaml:9: logic\.register: a value at 45 nm, 0\.9 V must be scaled to the 28 nm, "
          r"0\.9 V of the table: say scaled: true")),
        ("value: 5,", "value: 5, voltage: 1.0,",
         r"own\.yaml:9: logic\.register: a value at 28 nm, 1 V must be scaled"),
        ("value: 5,", "value: 5, node: 5, scaled: true,",
         r"own\.yaml:9: logic\.register: Node to scale must be in 7\.\.130 nm, not 5"),
        ("value: 3, unit: nW", "value: 3, unit: nW, node: 45, scaled: true",
         r"own\.yaml:11: logic\.gate_leakage: leakage and endurance must not be scaled"),
        ("    - bits: 1024\n", "    - bits: 0\n",
         r"own\.yaml:15: memory\.points\.0\.bits must be an integer >= 1, not 0"),
        ("kind: array", "kind: heap",
         r"own\.yaml:13: memory\.kind must be one of macros, array, not 'heap'"),
        ("node: 28\n", "", r"own\.yaml:1: node is missing: it must be a number > 0$"),
    ],
)  # fmt: skip
def test_faults_of_a_table_are_told_by_line_and_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        loaded(tmp_path, old, new)


def test_arrays_come_by_growing_capacity(tmp_path: Path) -> None:
    point = TEXT[TEXT.index("    - bits") : TEXT.index("  leakage: {value: 4")]
    with pytest.raises(
        UserError, match=r"memory\.points: points must be in order of growing bits, not \[1024, 10"
    ):
        loaded(tmp_path, point, point + point)


def test_logic_without_a_voltage_is_not_scaled(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    text = TEXT[: TEXT.index("memory:")].replace("voltage: 0.9\n", "")
    path.write_text(text.replace("value: 5,", "value: 5, node: 45, voltage: 1.0, scaled: true,"))
    with pytest.raises(UserError, match=r"register: logic must not be scaled without the voltages"):
        load_technology(str(path))


def test_an_unknown_technology_lists_the_known() -> None:
    with pytest.raises(
        UserError, match=r"^Technology must be a \.yaml file or one of .*open130, .* not 'tsmc5'$"
    ):
        load_technology("tsmc5")


def test_a_liberty_file_replaces_the_logic_and_not_the_memories(tmp_path: Path) -> None:
    path = tmp_path / "small.lib"
    path.write_text(small_library.TEXT)
    own = loaded(tmp_path)
    other = own.with_liberty(path)
    assert other.voltage == 2.0
    assert other.title == "Nobody's process; logic of small (small.lib)"
    assert other.sources["liberty"].citation == "small, small.lib"
    assert other.macro(128, 8) == own.macro(128, 8)
    assert other.energy(Action("a", "xnor")) is None  # the library has no such gate
    expected = prices_of(read_cells(path), "liberty")["register"]
    assert other.energy(Action("a", "register", 4)) == 4 * expected


@pytest.mark.parametrize(
    ("voltage", "differs"),
    [("voltage: 2.0\n", False), ("", False), ("voltage: 0.9\n", True)],
    ids=["same", "unknown", "other"],
)
def test_a_library_of_another_supply_is_a_conflict(
    tmp_path: Path, voltage: str, differs: bool
) -> None:
    path = tmp_path / "small.lib"
    # Its NAND is then as large as that of the technology.
    path.write_text(small_library.TEXT.replace("area : 4;", "area : 0.5;"))
    own = loaded(tmp_path, "voltage: 0.9\nsources", f"{voltage}sources")
    said = (
        "logic of small (small.lib) is at 2 V, memories of own are at 0.9 V: their energies are "
        "added as they stand"
    )
    assert own.with_liberty(path).conflicts == ((said,) if differs else ())
