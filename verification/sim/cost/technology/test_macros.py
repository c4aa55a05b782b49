# SPDX-License-Identifier: MIT
"""Memories of macros: the macros themselves, tilings against a naive search, and the fits."""

from dataclasses import replace
from itertools import combinations_with_replacement
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.cost.quantity import Range
from sim.cost.technology.bus import Bus
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import load_technology
from sim.cost.technology.macro_table import Macro, read_macros
from sim.cost.technology.macros import MacroSet
from sim.cost.technology.tiling import Tile
from sim.work.errors import UserError

IHP = MacroSet(read_macros(BUILT_IN / "ihp_sram.csv", "typ"), "ihp-sram")


def test_the_shipped_macros_are_those_of_the_open_pdk() -> None:
    assert sum(macro.ports == 1 for macro in IHP.macros) == 18
    assert sum(macro.ports == 2 for macro in IHP.macros) == 10
    large = next(macro for macro in IHP.macros if (macro.depth, macro.width) == (1024, 64))
    assert large.read == 91.8272e-12
    assert large.write == 110.9189e-12
    assert large.area == 263946.1408e-12
    assert large.leakage / large.bits == pytest.approx(12.09e-12, rel=1e-3)
    leakage, read = (large.over_corners(name, "") for name in ("leakage", "read"))
    assert leakage.low == leakage.nominal == large.leakage
    assert leakage.high / large.bits == pytest.approx(79.7e-12, rel=1e-3)
    assert (read.low, read.high) == (68.0395e-12, 118.3291e-12)
    assert IHP.hot == (125, pytest.approx(6.598, abs=1e-3))


@pytest.mark.parametrize(
    "macro", IHP.macros, ids=lambda macro: f"{macro.ports}P-{macro.depth}x{macro.width}"
)
def test_a_memory_that_is_a_macro_costs_what_the_macro_does(macro: Macro) -> None:
    plan = IHP.plan(macro.depth, macro.width, macro.ports)
    assert plan.tiles == (Tile(macro.depth, macro.width, 1),)
    assert plan.read.low < plan.read.nominal == macro.read < plan.read.high
    assert plan.write.nominal == macro.write
    assert plan.area is not None
    assert plan.area.nominal == macro.area
    assert plan.leakage is not None
    assert plan.leakage.nominal == macro.leakage
    assert plan.physical_bits == plan.bits == macro.bits
    assert plan.warning is None


def naive_plan(depth: int, width: int) -> tuple[float, float]:
    """Return area and read energy of the best tiling by the rule of `MacroSet`, trying all."""
    found = []
    for rows in {macro.depth for macro in IHP.macros if macro.ports == 1}:
        macros = [m for m in IHP.macros if m.ports == 1 and m.depth == rows]
        most = -(-width // min(m.width for m in macros))
        sets = [
            row
            for n in range(1, most + 1)
            for row in combinations_with_replacement(macros, n)
            if sum(m.width for m in row) >= width
        ]
        area, read = min((sum(m.area for m in row), sum(m.read for m in row)) for row in sets)
        found.append((-(-depth // rows) * area, read))
    least = min(area for area, _ in found)
    return min((read, area) for area, read in found if area <= 1.05 * least)[::-1]


@given(st.integers(1, 20_000), st.integers(1, 40))
def test_no_tiling_is_better(depth: int, width: int) -> None:
    plan = IHP.plan(depth, width, 1)
    if plan.tiles:
        assert plan.area is not None
        area, read = naive_plan(depth, width)
        assert plan.area.nominal == pytest.approx(area)
        assert plan.read.nominal == pytest.approx(read)
        assert plan.physical_bits >= plan.bits


def bussed(capacitance: float) -> MacroSet:
    bus = Range.exactly(capacitance, "wires")
    return MacroSet(IHP.macros, "ihp-sram", bus)


def test_wires_to_the_banks_by_hand() -> None:
    one, many = IHP.plan(1024, 64, 1), IHP.plan(4096, 64, 1)
    wired = bussed(0.5e-9)
    assert wired.plan(1024, 64, 1).read == one.read  # one macro: its wires are its own
    assert many.text == "2 x 2048x64"
    assert many.area is not None
    length = 0.75 * many.area.nominal**0.5
    # 64 bits back and 12 of the address, half of which toggle, at 1.2 V.
    wires = (64 + 12) / 2 * 0.5e-9 * length * 1.44 / 2
    found = wired.plan(4096, 64, 1)
    assert found.read.nominal == pytest.approx(many.read.nominal + wires)
    assert found.write.nominal == pytest.approx(many.write.nominal + wires)


@given(st.integers(1025, 200_000), st.integers(1, 100), st.floats(1e-11, 1e-8))
def test_longer_wires_take_more(depth: int, width: int, capacitance: float) -> None:
    near, far = bussed(capacitance), bussed(2 * capacitance)
    least, more = (macros.plan(depth, width, 1).read for macros in (near, far))
    assert IHP.plan(depth, width, 1).read.nominal <= least.nominal <= more.nominal


def test_a_larger_memory_of_the_same_banks_takes_more() -> None:
    wired = bussed(0.6e-9)
    reads = [wired.plan(rows * 1024, 64, 1) for rows in (2, 25, 400)]
    assert [r.read.nominal for r in reads] == sorted(r.read.nominal for r in reads)
    # 25.6 Mb take 2.8 times as much as 64 kb, whose banks they have.
    assert reads[-1].read.nominal / IHP.plan(1024, 64, 1).read.nominal == pytest.approx(
        2.8, abs=0.1
    )


def test_the_wires_of_1_MB_are_those_that_a_published_array_adds_to_its_banks() -> None:
    # 7 nm: 64 bits of 1 MB take 14 pJ, of 32 KB 8.5 pJ (ISCA 2021, table 2). A dense cell has 0.03
    # um2 ("Demonstration of a sub-0.03 um2 high density 6-T SRAM", VLSI Technology 2016), half of
    # an array. A wire has 0.25 pF/mm (CACTI, 22nm.dat), and repeaters as much again.
    published = 14e-12 - 8.5e-12
    bus = Bus(Range(low=0.093e-9, nominal=0.5e-9, high=1.2e-9, source="cacti"), 0.7)
    found = bus.energy(area=2**23 * 2 * 0.03e-12, depth=2**17, width=64)
    assert found.low < published < found.high
    assert 1 / 3 < found.nominal / published < 1


def test_tilings_mix_widths_and_stack_banks() -> None:
    assert IHP.plan(1024, 80, 1).text == "1 x 1024x64 + 1 x 1024x16"
    stack = IHP.plan(1500, 64, 1)
    assert stack.text == "3 x 512x64"
    assert stack.read.nominal == IHP.plan(512, 64, 1).read.nominal  # one bank wakes
    assert stack.physical_bits == 3 * 512 * 64


def test_a_few_per_cent_of_area_do_not_buy_four_times_the_energy() -> None:
    plan = IHP.plan(8192, 512, 1)
    assert plan.text == "32 x 2048x64"
    assert plan.area is not None
    deepest = 16 * next(m for m in IHP.macros if m.depth == 8192).area
    assert deepest < plan.area.nominal < 1.05 * deepest


def test_the_fits_are_those_of_the_literature() -> None:
    read, write, area = IHP.fits(1).values()
    assert [c * 1e12 for c in read.coefficients] == pytest.approx([4.64, 0.4984, 7.84e-4], rel=1e-3)
    assert [c * 1e12 for c in write.coefficients] == pytest.approx(
        [6.54, 0.6263, 9.29e-4], rel=1e-3
    )
    assert [c * 1e12 for c in area.coefficients] == pytest.approx([4845, 492, 8.66, 3.32], rel=1e-3)
    errors = [(fit.mean, fit.worst) for fit in (read, write, area)]
    assert errors[0] == pytest.approx((0.047, 0.138), abs=5e-4)
    assert errors[1] == pytest.approx((0.034, 0.103), abs=6e-4)
    assert errors[2] == pytest.approx((0.020, 0.092), abs=5e-4)
    assert IHP.fits(1)["read"](8192, 32) == pytest.approx(230.4e-12, rel=0.1)


def test_a_memory_smaller_than_any_macro_is_fitted_and_says_so() -> None:
    plan = IHP.plan(16, 12, 1)
    assert plan.warning == (
        "16 x 12 bits are fewer than those of the smallest macro, 256 x 8: priced by the fit of "
        "the macros"
    )
    assert plan.tiles == ()
    assert plan.text == ""
    assert plan.read.nominal == pytest.approx((4.64 + 12 * (0.4984 + 7.84e-4 * 16)) * 1e-12, 1e-3)
    assert plan.read.sureness == "L"
    # The worst error of the fit, and the fast corner of the smallest macro beside its typical one.
    fast = 11.9622 / 10.2035
    assert plan.read.high == pytest.approx(plan.read.nominal * 1.138 * fast, rel=1e-3)
    assert plan.leakage is not None
    assert plan.leakage.nominal == pytest.approx(192 * 12.09e-12, rel=1e-3)


def test_ports_that_no_macro_has_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^Ports must be 1 or 2, not 3$"):
        IHP.plan(64, 64, 3)


@pytest.mark.parametrize(
    ("only", "asked", "said"),
    [(1, 2, "two ports priced as one port"), (2, 1, "one port priced as two ports")],
)
def test_macros_of_the_other_kind_stand_in_and_say_so(only: int, asked: int, said: str) -> None:
    macros = MacroSet([macro for macro in IHP.macros if macro.ports == only], "mine")
    plan, own = macros.plan(1024, 32, asked), macros.plan(1024, 32, only)
    assert (plan.ports, plan.warning) == (asked, said)
    assert plan.tiles == own.tiles
    assert plan.read == replace(own.read, sureness="L")
    assert (plan.read.nominal, plan.write.sureness) == (own.read.nominal, "L")
    small = macros.plan(16, 8, asked).warning
    assert small is not None
    assert small.startswith("16 x 8 bits are fewer than")
    assert small.endswith(f"priced by the fit of the macros; {said}")


def test_macros_that_are_all_deep_are_fitted_all_the_same() -> None:
    deep = [replace(macro, depth=64 * macro.depth) for macro in IHP.macros if macro.ports == 1]
    energy = MacroSet(deep, "mine").fits(1)["read"]
    assert energy.samples == len(deep) == 18
    assert MacroSet(deep, "mine").plan(16, 12, 1).read.nominal > 0


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_too_few_macros_to_fit_are_tiles_of_small_memories(number: int) -> None:
    few = [macro for macro in IHP.macros if macro.ports == 1 and macro.depth == 256][:number]
    plan = MacroSet(few, "mine").plan(16, 12, 1)
    assert plan.warning is None
    assert plan.bits == 16 * 12 < plan.physical_bits
    assert plan.read.nominal >= min(macro.read for macro in few)


@given(
    st.lists(st.sampled_from(IHP.macros), min_size=1, unique=True),
    st.integers(1, 5000),
    st.integers(1, 80),
    st.sampled_from([1, 2]),
)
def test_any_macros_make_any_memory(
    macros: list[Macro], depth: int, width: int, ports: int
) -> None:
    plan = MacroSet(macros, "mine").plan(depth, width, ports)
    assert plan.physical_bits >= plan.bits
    for value in (plan.read, plan.write, plan.area, plan.leakage):
        assert value is not None
        assert 0 < value.low <= value.nominal <= value.high


def test_what_the_shipped_macros_with_two_ports_are_said_to_take() -> None:
    """The note of the technology counts them."""
    one, two = ({(m.depth, m.width): m for m in IHP.macros if m.ports == n} for n in (1, 2))
    both = [(one[size], two[size]) for size in one.keys() & two.keys()]
    same = [b for a, b in both if (a.read, a.write) == (b.read, b.write)]
    less = [b for a, b in both if a.read > b.read and a.write > b.write]
    assert (len(both), len(same), len(less)) == (8, 6, 2)
    assert all(1.88 < b.area / a.area < 2.2 for a, b in both)
    note = load_technology("open130").note
    assert note is not None
    assert note.startswith("Of the eight macros with two ports (2P) that there are with one port")
    assert "six are stated to take the same energies, digit for digit, and two take less" in note


HEAD = "# from a PDK\nports,words,width,corner,area_um2,leak_nW,clk_read_pJ,clk_write_pJ\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3P,64,8,typ,1,1,1,1", r"m\.csv:3: a macro must have ports, .*: '3P'$"),
        ("1P,64,8,typ,1,1,-1,1", r"m\.csv:3: .* clk_read_pJ must be > 0, not -1$"),
        ("1P,64,8,typ,1,nan,1,1", r"m\.csv:3: .* leak_nW must be > 0, not nan$"),
        ("1P,0,8,typ,1,1,1,1", r"m\.csv:3: .* words must be >= 1, not 0$"),
        ("1P,64,-8,typ,1,1,1,1", r"m\.csv:3: .* width must be >= 1, not -8$"),
        ("1P,many,8,typ,1,1,1,1", r"m\.csv:3: .* invalid literal for int"),
        ("1P,64,8,typ,1,1,1", r"m\.csv:3: a macro must have"),
        ("", r"m\.csv must be a table of macros, not empty$"),
        ("1P,64,8,slow,1,1,1,1", r"m\.csv: corner must be one of slow, not 'typ'$"),
    ],
)
def test_faults_of_a_table_of_macros_are_told(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(HEAD + line + "\n")
    with pytest.raises(UserError, match=message):
        read_macros(path, "typ")
