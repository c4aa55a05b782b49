# SPDX-License-Identifier: MIT

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from sim.cost.assessment import Assessment
from sim.cost.configuration import load_cost
from sim.cost.counts.tally import Action, Tally
from sim.cost.mapped_area import MappedArea
from sim.cost.overheads import idle_beside, idle_clocks
from sim.cost.phases import Phase
from sim.cost.priced import PricedPhase
from sim.cost.quantity import Range
from sim.cost.report.gate_level import gate_section
from sim.cost.technology.loading import load_technology
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total, total

Engram = Callable[..., tuple[int, str, str]]

TECHNOLOGY = load_technology("open130")
MAPPED = MappedArea(
    cells={"NAND": 40, "DFF": 10}, area=Range.exactly(2e-6, "cells"),
    leakage=Range.exactly(3e-6, "cells"), flipflops=10,
)  # fmt: skip


def phase(cycles: int | None) -> Phase:
    """Return a phase that clocks 4 + 3 bits of registers 5 times."""
    tally = Tally({
        Action("network.a", "register", 4): 5, Action("network.a", "accumulate", 3): 5,
        Action("network.a", "xnor"): 99, Action("elsewhere", "register", 100): 5,
    })  # fmt: skip
    known = None if cycles is None else Fraction(cycles)
    return Phase(name="work", unit="word", tally=tally, cycles=known)


def assessed(
    *cycles: int | None, mapped: MappedArea = MAPPED, technology: Technology = TECHNOLOGY
) -> Assessment:
    found = Assessment(config=load_cost("reference"), technology=technology, mapped=mapped)
    found.__dict__["phases"] = tuple(
        PricedPhase(phase(each), found.prices.bill(phase(each)), clock=50e6) for each in cycles
    )
    return found


@pytest.mark.parametrize(("cycles", "idle"), [(8, 80 - 35), (3, 0), (None, 0)])
def test_what_is_clocked_without_use(cycles: int | None, idle: float) -> None:
    assert idle_clocks(Total.exactly(10), phase(cycles)) == Total.exactly(idle)
    gated = idle_clocks(Total(nominal=10, high=20), phase(cycles))
    assert (gated.low, gated.nominal) == (0, idle)
    assert gated.high >= idle


@pytest.mark.parametrize(("cycles", "idle"), [(8, 800 - 500), (5, 0), (3, 600 - 500), (None, 0)])
def test_a_block_beside_is_clocked_as_long_as_the_phase(cycles: int | None, idle: float) -> None:
    """100 bits are clocked 5 times; in 3 cycles that takes 200 of them."""
    found = idle_beside(phase(cycles), 1.5)
    assert (found.low, found.nominal) == (0, idle)
    assert found.high == (0 if cycles is None else 1.5 * (idle + 500) - 500)
    assert idle_beside(phase(cycles), 1.5, ("network", "else")) == Total()


def test_section_adds_idle_clocks_and_leakage_to_the_actions() -> None:
    assessment = assessed(8, None)
    text = gate_section(assessment, MAPPED)
    assert "| gates | 50 | 2.000 | 3 uW |" in text
    assert "| of them flip-flops | 10 |" in text
    clock, control = TECHNOLOGY.value("clock"), TECHNOLOGY.overheads["control"]
    assert clock is not None
    bill = assessment.phases[0].bill
    # Those of the chip, and of a block of 100 bits that is not in it.
    idle = (45 + 300) * clock.nominal * control.nominal
    leaked = (total(line.leakage for line in assessment.memories).nominal + 3e-6) * 8 / 50e6
    row = next(line for line in text.splitlines() if line.startswith("| work | word |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")][2:]
    routed = bill.beside("wires", "clock and control").nominal
    actions = bill.actions.nominal
    expected = [actions, idle, leaked, actions + routed + idle + leaked]
    units = {"pJ": 1e-12, "fJ": 1e-15, "nJ": 1e-9}
    found = [float(c.split()[0]) * units[c.split()[1]] for c in cells]
    assert found == pytest.approx(expected, rel=5e-3)
    assert text.count("| work |") == 1  # of the other, no hardware says how long it takes


def test_what_a_technology_does_not_say_is_no_zero() -> None:
    silent = replace(MAPPED, area=None, leakage=None)
    text = gate_section(assessed(8, mapped=silent), silent)
    assert "| gates | 50 | - | - |" in text
    row = next(line for line in text.splitlines() if line.startswith("| work | word |"))
    *_, idle, leakage, whole = row.strip("| ").split(" | ")
    assert [cell.endswith("*") for cell in (idle, leakage, whole)] == [False, True, True]
    logic = {key: price for key, price in TECHNOLOGY.logic.items() if key != "clock"}
    unclocked = replace(TECHNOLOGY, logic=logic)
    text = gate_section(assessed(8, technology=unclocked), MAPPED)
    row = next(line for line in text.splitlines() if line.startswith("| work | word |"))
    *_, idle, leakage, whole = row.strip("| ").split(" | ")
    assert (idle, leakage.endswith("*"), whole.endswith("*")) == ("-", False, True)


def test_the_sums_of_the_gates_lie_within_the_bounds_without_them() -> None:
    # The flip-flops and the leakage that Yosys finds in the reference chip.
    gates = replace(MAPPED, flipflops=10_479, leakage=Range.exactly(11.1e-6, "cells"))
    config = load_cost("reference")
    plain = Assessment(config=config, technology=TECHNOLOGY)
    mapped = Assessment(config=config, technology=TECHNOLOGY, mapped=gates)
    for without, own in zip(plain.phases, mapped.phases, strict=True):
        bounds = without.bill.total
        assert bounds.low < own.bill.total.nominal < bounds.high, own.phase.name


@pytest.mark.parametrize("library", [None, "sg13g2"])
def test_the_section_says_what_the_cells_are(library: str | None) -> None:
    text = gate_section(assessed(), replace(MAPPED, library=library))
    assert ("Cells are generic gates, each of as many NANDs of two inputs" in text) == (not library)
    assert ("Cells are those of the library sg13g2, with its areas" in text) == bool(library)


def test_what_gates_need_and_nobody_says_is_a_gap() -> None:
    plain = Assessment(config=load_cost("reference"), technology=load_technology("cmos28"))
    mapped = replace(MAPPED, leakage=None, missing=("gate_leakage", "leakage of NAND2"))
    assert [gap for gap in replace(plain, mapped=mapped).gaps if gap not in plain.gaps] == [
        "gate_leakage (gates of the chip)",
        "leakage of NAND2 (gates of the chip)",
    ]
    known = Assessment(config=load_cost("reference"), technology=TECHNOLOGY, mapped=MAPPED)
    assert known.gaps == ()


def test_gaps_of_gates_are_refused_if_strict(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mapped = replace(MAPPED, leakage=None, missing=("flipflop_leakage",))
    monkeypatch.setattr("sim.commands.cost.map_chip", lambda *_, **__: mapped)
    status, out, err = engram("cost", "--map", "--strict", "--out", tmp_path / "cost")
    assert (status, out) == (2, "")
    assert err.endswith(
        "engram: Technology open130 must say, and does not: flipflop_leakage (gates of the chip)\n"
    )
    assert not (tmp_path / "cost").exists()


def test_map_adds_the_gates_to_the_report(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = []

    def map_chip(*arguments: object, jobs: int, **_: object) -> MappedArea:
        told.append((arguments, jobs))
        return MAPPED

    monkeypatch.setattr("sim.commands.cost.map_chip", map_chip)
    assert engram("cost", "--format", "md")[0] == 0
    assert told == []
    assert json.loads(engram("cost", "--format", "json")[1])["gates"] is None
    status, out, _ = engram("cost", "--map", "--jobs", "3", "--format", "md", "--out", tmp_path)
    assert status == 0
    assert "| gates | 50 | 2.000 | 3 uW |" in out
    assert out == (tmp_path / "report.md").read_text()
    gates = json.loads((tmp_path / "cost.json").read_text())["gates"]
    assert (gates["library"], gates["cells"], gates["flipflops"]) == (None, MAPPED.cells, 10)
    assert gates["area_m2"]["nominal"] == 2e-6
    (((params, technology, liberty), jobs),) = told
    wanted = (load_cost("reference").chip, "open130", [], 3)
    assert (params, technology.name, liberty, jobs) == wanted
