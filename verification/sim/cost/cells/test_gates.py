# SPDX-License-Identifier: MIT
"""Energies of actions from cells, by hand, and those of the shipped cells by known values."""

from dataclasses import replace

import pytest

from sim.cost.cells.boolean import parse_function
from sim.cost.cells.cells import Cell, CellLibrary, Spread
from sim.cost.cells.gates import BILLS, GATES, prices_of
from sim.cost.cells.table import read_table
from sim.cost.counts.tally import KINDS
from sim.cost.technology.files import BUILT_IN


def gate(name: str, function: str, edge: float, area: float = 1.0) -> Cell:
    return Cell(
        name=name,
        kind="gate",
        function=function,
        area=area,
        leakage=area / 2,
        input_capacitance=1.0,
        output_edge=Spread(edge / 2, edge, 2 * edge),
    )


FLOP = Cell(
    name="flop",
    kind="flipflop",
    function="D",
    area=9.0,
    leakage=4.0,
    input_capacitance=1.0,
    clock_capacitance=2.0,
    output_edge=Spread(20, 30, 40),
    clock_cycle=Spread(8, 10, 12),
    clock_fall=5.0,
    data_edge=3.0,
)
CELLS = (
    gate("big_nand", "!(A&B)", 500.0, area=3.0),
    gate("nand", "!X+!Y", 2.0, area=1.5),
    gate("and", "A&B", 3.0),
    gate("xor", "A&!B + !A&B", 4.0),
    gate("xnor", "!(A^B)", 5.0),
    gate("inverter", "!I", 1.0),
    gate("nothing", "", 100.0),
    FLOP,
    replace(FLOP, name="scanned", function="(SE&SI)+(!SE&D)", area=8.0),
)
# Charging the load takes 0.5 * 4 * 2^2 / 2 = 4 at half the load, 8 nominally, 16 at twice.
LIBRARY = CellLibrary(name="l", voltage=2.0, temperature=25, load=4.0, cells=CELLS)


def test_an_action_is_half_an_edge_of_every_gate_and_of_its_load() -> None:
    prices = prices_of(LIBRARY, "s")
    xnor = prices["xnor"]
    assert xnor.nominal == 0.5 * ((5 + 8) + (3 + 8))
    assert xnor.low == 0.5 * ((2.5 + 4) + (1.5 + 4))
    assert xnor.high == 0.5 * ((10 + 16) + (6 + 16))
    assert (xnor.source, xnor.sureness) == ("s", "M")
    assert prices["full_add"].nominal == 0.5 * (2 * (4 + 8) + 3 * (2 + 8))
    assert prices["compare"].nominal == 0.5 * (4 * (2 + 8) + (1 + 8))
    assert prices["lfsr_step"].nominal == 0.5 * 3 * (4 + 8)
    assert prices["logic"].nominal == 0.5 * (2 + 8)


def test_a_gate_drives_two_inputs_of_its_own_kind_and_as_much_wire() -> None:
    heavy = tuple(replace(c, input_capacitance=3.0) if c.name == "xor" else c for c in CELLS)
    prices = prices_of(replace(LIBRARY, cells=heavy), "s")
    assert prices["lfsr_step"].nominal == 0.5 * 3 * (4 + 3 * 8)
    assert prices["logic"].nominal == 0.5 * (2 + 8)


def test_a_register_bit_changes_every_other_cycle() -> None:
    prices = prices_of(LIBRARY, "s")
    clock_pin = 2.0 * 2.0**2
    kept = 10 + clock_pin
    changed = 30 + 5 + 3 + 8 + clock_pin
    assert prices["clock"].nominal == kept
    assert prices["register"].nominal == (kept + changed) / 2
    assert prices["accumulate"] == prices["full_add"] + prices["register"]


def test_area_and_leakage_are_those_of_the_smallest_cell_that_will_do() -> None:
    prices = prices_of(LIBRARY, "s")
    assert (prices["gate_area"].nominal, prices["gate_leakage"].nominal) == (1.5, 0.75)
    assert (prices["flipflop_area"].nominal, prices["flipflop_leakage"].nominal) == (9, 4)
    assert prices["gate_area"].sureness == "H"


@pytest.mark.parametrize(
    ("lacking", "missing"),
    [
        ("xnor", {"xnor"}),
        ("inverter", {"compare"}),
        ("xor", {"full_add", "accumulate", "lfsr_step"}),
        (
            "flop",
            {"register", "accumulate", "clock", "flipflop_area", "flipflop_leakage"},
        ),
    ],
)
def test_what_a_library_lacks_has_no_price(lacking: str, missing: set[str]) -> None:
    less = replace(LIBRARY, cells=tuple(cell for cell in CELLS if cell.name != lacking))
    assert prices_of(LIBRARY, "s").keys() - prices_of(less, "s").keys() == missing


@pytest.mark.parametrize(
    ("cell", "field", "missing"),
    [
        ("xnor", "output_edge", {"xnor"}),
        ("nand", "output_edge", {"full_add", "accumulate", "compare", "logic"}),
        ("nand", "leakage", {"gate_leakage"}),
        ("flop", "output_edge", {"register", "accumulate"}),
        ("flop", "data_edge", {"register", "accumulate"}),
        ("flop", "clock_cycle", {"register", "accumulate", "clock"}),
        ("flop", "leakage", {"flipflop_leakage"}),
    ],
)
def test_what_a_cell_does_not_state_has_no_price(cell: str, field: str, missing: set[str]) -> None:
    silent = tuple(replace(c, **{field: None}) if c.name == cell else c for c in CELLS)
    prices = prices_of(replace(LIBRARY, cells=silent), "s")
    assert prices_of(LIBRARY, "s").keys() - prices.keys() == missing


def test_every_action_of_logic_has_a_price() -> None:
    prices = prices_of(read_table(BUILT_IN / "sg13g2_stdcell.csv"), "s")
    assert set(KINDS) - {"read", "write"} <= prices.keys()
    assert {name for bill in BILLS.values() for name in bill} <= GATES.keys()


def test_the_gates_of_a_full_adder_add() -> None:
    xor, nand = parse_function(GATES["xor2"]), parse_function(GATES["nand2"])
    for bits in range(8):
        a, b, c = (bool(bits >> i & 1) for i in range(3))
        half = xor({"A": a, "B": b})
        total = xor({"A": half, "B": c})
        carry = nand({
            "A": nand({"A": a, "B": b}),
            "B": nand({"A": half, "B": c}),
        })  # fmt: skip
        assert 2 * carry + total == a + b + c


def test_the_gates_of_a_comparison_carry() -> None:
    xor, nand = parse_function(GATES["xor2"]), parse_function(GATES["nand2"])
    for bits in range(8):
        a, b, carry = (bool(bits >> i & 1) for i in range(3))
        differ = xor({"A": a, "B": b})
        following = nand({
            "A": nand({"A": differ, "B": b}),
            "B": nand({"A": not differ, "B": carry}),
        })  # fmt: skip
        assert following == (b and not a or (a == b and carry))


def test_shipped_prices_are_in_the_range_estimated_by_hand() -> None:
    prices = prices_of(read_table(BUILT_IN / "sg13g2_stdcell.csv"), "s")
    # An LFSR bit a cycle at half activity: 38 fJ inside and 5 fJ of load; idle 21 to 31 fJ, and
    # 4 fJ of its clock pin.
    assert prices["register"].nominal == pytest.approx(43e-15, rel=0.05)
    assert prices["clock"].low == pytest.approx((20.8 + 4.0) * 1e-15, rel=0.01)
    assert prices["clock"].high == pytest.approx((31.4 + 4.0) * 1e-15, rel=0.01)
