# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Energy of gates that switch: by hand, of a small block in gates, and as a report."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from golden.lfsr import Lfsr as GoldenLfsr
from golden.params import LfsrParams
from rtl.catalogue import BLOCKS
from rtl.lfsr import Lfsr
from sim.cost.cells.cells import Cell, CellLibrary, Spread
from sim.cost.cells.table import read_table
from sim.cost.counts import lfsr
from sim.cost.counts.tally import Action
from sim.cost.quantity import Range
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import load_technology
from sim.hardware.gate_cells import FLIPFLOP
from sim.work.errors import UserError
from verification.bench.activity import compare, delays_of, main, steps_of
from verification.bench.activity_report import Comparison, report_files
from verification.bench.activity_works import Work, mvu_work, sampler_work
from verification.bench.switching import Energy, changes, clock_tree, energy_by_part
from verification.rtl.engine import Step
from verification.rtl.toggles import Activity, Group, Switching

NAND = Cell(
    name="NAND", kind="gate", function="!(A&B)", area=1.0, leakage=1.0, input_capacitance=0.5,
    output_edge=Spread(1, 2, 3),
)  # fmt: skip
FLOP = Cell(
    name="FLOP", kind="flipflop", function="D", area=1.0, leakage=1.0, input_capacitance=0.25,
    clock_capacitance=0.125, output_edge=Spread(10, 20, 30), clock_cycle=Spread(4, 5, 6),
    clock_fall=3.0, data_edge=2.0,
)  # fmt: skip
LIBRARY = CellLibrary(name="two", voltage=2.0, temperature=25, load=9.0, cells=(NAND, FLOP))
ACTIVITY = Activity(
    10,
    {
        Group("", "NAND"): Switching(gates=3, outputs=12, inputs=7),
        Group("part.inner", "$_NAND_"): Switching(gates=1, outputs=1, inputs=0),
        Group("part", "FLOP"): Switching(gates=2, outputs=6, inputs=4),
    },
)


def test_energy_of_switching_by_hand() -> None:
    assert energy_by_part(ACTIVITY, LIBRARY) == {
        # Pin and wire, 2 * 0.5, at (2 V)^2 / 2.
        "": Energy(gates=12 * 2, load=7 * 2),
        "part": Energy(
            gates=2,
            # Rising edges with the output and falling ones, in place of cycles that change nothing.
            flipflops=6 * (20 + 3 + 2 - 5),
            clock=2 * 10 * (5 + 0.125 * 4),
            load=4 * 1,
        ),
    }
    assert Energy(gates=1, flipflops=2, clock=3, load=4).total == 10


def test_changes_are_shares_of_outputs_and_cycles() -> None:
    assert changes(ACTIVITY, LIBRARY, "gate") == pytest.approx(13 / 40)
    assert changes(ACTIVITY, LIBRARY, "flipflop") == pytest.approx(6 / 20)
    assert changes(ACTIVITY, LIBRARY, "other") == 0


def test_a_cell_that_is_missing_is_named() -> None:
    activity = Activity(1, {Group("", "$_XOR_"): Switching(1, 1, 1)})
    with pytest.raises(UserError, match=r"^two must have a cell for \$_XOR_$"):
        energy_by_part(activity, LIBRARY)


def test_a_clock_tree_has_buffers_of_sixteen_sinks() -> None:
    buffer = Cell(
        name="BUF", kind="gate", function="A", area=1.0, leakage=1.0, input_capacitance=0.25,
        output_edge=Spread(1, 2, 3),
    )  # fmt: skip
    library = CellLibrary(
        name="tree", voltage=2.0, temperature=25, load=9.0, cells=(NAND, FLOP, buffer)
    )
    # Wires to 17 pins of 0.125; then two buffers and their root, with pin and wire of 0.25 each.
    assert clock_tree(17, library) == 17 * 0.125 * 4 + 3 * (2 * 2 + 2 * 0.25 * 4)
    assert clock_tree(1, library) == 0.125 * 4
    with pytest.raises(UserError, match=r"^two must have a flip-flop, and a buffer with its"):
        clock_tree(17, LIBRARY)


def test_delays_of_cells_become_steps() -> None:
    assert steps_of({"fast": 1e-12, "slow": 126e-12}) == {"fast": 1, "slow": 13}
    with pytest.raises(UserError, match="at most 630 ps, not 640 ps as that of late$"):
        steps_of({"late": 640e-12})


def lfsr_work(cycles: int) -> tuple[Work, list[int]]:
    """Return a run of an LFSR, and the states it goes through."""
    params = LfsrParams(width=16, taps=(16, 15, 13, 4), seed=1, step=4)
    golden, states = GoldenLfsr(params), [params.seed]
    for _ in range(cycles - 1):
        golden.tick()
        states.append(int(golden.state))
    work = Work(
        name="an LFSR",
        block="lfsr",
        arguments={"params": params},
        component=Lfsr(params),
        before=[Step(pins={"en": 0}, cycles=3)],
        steps=[Step(pins={"en": 1}, cycles=cycles, reads={"word": states[-1] % 16})],
        tally=cycles * lfsr.word("lfsr", params),
    )
    return work, states


def test_a_cell_without_a_delay_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verification.bench.activity.read_delays", lambda _: {"A": 1e-12, "B": 1})
    assert delays_of(Path("x.lib"), ["A", "A"]) == {"A": 1e-12}
    with pytest.raises(UserError, match=r"^x\.lib must state the delay of C, D: cell_rise and"):
        delays_of(Path("x.lib"), ["D", "A", "C"])


def test_a_library_without_delays_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unused(*_: object) -> None:
        raise AssertionError("the work must not begin")

    monkeypatch.setattr("verification.bench.activity.read_delays", lambda _: {})
    for name in ("_technology", "map_block", "map_cells", "read_circuit"):
        made = SimpleNamespace(gates=SimpleNamespace(groups=[Group("", "NAND")]))
        found = (None, LIBRARY) if name == "_technology" else made
        monkeypatch.setattr(f"verification.bench.activity.{name}", lambda *_, it=found, **__: it)
    monkeypatch.setattr("verification.bench.activity.run_gates", unused)
    with pytest.raises(UserError, match=r"^x\.lib must state the delay of NAND: "):
        compare(lfsr_work(1)[0], Path("x.lib"), cache=tmp_path)


def test_flipflops_change_as_often_as_the_bits_of_golden(tmp_path: Path) -> None:
    work, states = lfsr_work(20)
    compared = compare(work, cache=tmp_path)
    assert compared.cycles == 20
    settled = compared.activities["none"]
    state = settled.groups[Group("", FLIPFLOP)]
    changed = sum((a ^ b).bit_count() for a, b in zip(states, states[1:], strict=False))
    assert (state.gates, state.outputs) == (16, changed)
    assert compared.flipflop_changes == pytest.approx(changed / 16 / 20)
    table = read_table(BUILT_IN / "sg13g2_stdcell.csv")
    assert compared.settled == energy_by_part(settled, table)
    # A block of XORs alone, each of which is as far from the flip-flops: still, some glitches.
    (without,), (with_delays,) = compared.settled.values(), compared.gates.values()
    assert with_delays.flipflops == without.flipflops
    assert with_delays.gates >= without.gates
    # All is counted as of the block itself, which has no parts.
    (foretold,) = compared.counts.values()
    technology = load_technology("open130")
    step = technology.energy(Action("lfsr", "lfsr_step"))
    register = technology.energy(Action("lfsr", "register", 16))
    assert step is not None
    assert register is not None
    assert foretold.nominal == pytest.approx(20 * (4 * step.nominal + register.nominal))
    assert 0.5 < compared.ratio < 2
    assert compare(work, cache=tmp_path) == compared


def test_works_do_what_is_counted() -> None:
    drawn = sampler_work(BLOCKS["sampler"].arguments("tiny")["params"], 10, 2)
    assert drawn.name.startswith("sampler L = 8, q = 3 parallel draws 10 exemplars of 2 random")
    assert drawn.tally.of("compare") == 10 * 3 * 8  # beats and lanes
    layer = mvu_work(BLOCKS["mvu"].arguments("tiny")["params"], 16, 8, 4)
    assert layer.name == "MVU 4 x 8, a layer of 8 random neurons on 4 vectors of 16 random inputs"
    assert len(layer.steps[0].inputs["i"]) == 4 * 2 * 2
    assert layer.tally.of("xnor") == 4 * 16 * 8


def exact(value: float) -> Range:
    return Range.exactly(value, "cells")


SETTLED = {"": Energy(gates=15e-12, load=8e-12), "part": Energy(flipflops=1e-10, clock=2e-10)}
COMPARED = Comparison(
    work="a work", cells=6, flipflops=2, area=123e-12,
    activities={"none": ACTIVITY, "one step a gate": ACTIVITY},
    gate_changes={"none": 0.325, "one step a gate": 0.39}, flipflop_changes=0.3,
    energies={
        "none": SETTLED, "one step a gate": {**SETTLED, "": Energy(gates=20e-12, load=10e-12)},
    },
    clock_tree=11e-12, memories=(5e-10, 5e-10), beside=2.0,
    counts={"": exact(20e-12), "part": Range(low=1e-10, nominal=2e-10, high=4e-10, source="cells")},
)  # fmt: skip


def test_the_report_sets_gates_beside_counts() -> None:
    files = report_files([COMPARED], "the command", Path("folder/some.lib"))
    page = files["report.md"]
    for part in (
        "    the command\n",
        "some.lib; amaranth ",
        "| a work | 10 | 6 | 2 | 123 | 33.00 | 22.00 | 12.00 .. 42.00 | 1.50 |",
        "| a work | none | 32.5 % | 1.00 | 32.30 | 1.000 |",
        "| a work | one step a gate | 39.0 % | 1.20 | 33.00 | 1.022 |",
        "counts times 2.00, what the cost model adds",
        "| a work | 33.00 | 1.10 | 1.55 | 44.00 | 0.78 | 50.00 | 50.00 |",
        "Of the outputs of gates 32 % change in a cycle without delays, of flip-flops 30 %;",
        "| part | 0.00 | 10.00 | 20.00 | 0.00 | 0.00 | 30.00 | 20.00 | 1.50 |",
        "| beside them | 1.50 | 0.00 | 0.00 | 0.80 | 0.70 | 3.00 | 2.00 | 1.50 |",
        "| all | 1.50 | 10.00 | 20.00 | 0.80 | 0.70 | 33.00 | 22.00 | 1.50 |",
    ):
        assert part in page
    (work,) = json.loads(files["results.json"])["works"]
    assert work["ratio"] == pytest.approx(1.5)
    assert work["ratio_of_model"] == pytest.approx(341 / 440)
    assert work["least_beside"] == pytest.approx(341 / 220)
    assert work["gates_J"]["none"]["part"] == {
        "gates": 0,
        "flipflops": 1e-10,
        "clock": 2e-10,
        "load": 0,
    }
    assert work["changes"]["none"][0] == {
        "component": "", "kind": "NAND", "gates": 3, "outputs": 12, "inputs": 7,
    }  # fmt: skip


def test_what_is_not_counted_has_no_ratio() -> None:
    lone = Comparison(**{**COMPARED.__dict__, "counts": {"": exact(20e-12)}})
    page = report_files([lone], "the command", None)["report.md"]
    assert "Yosys's own gates, priced as cells of IHP SG13G2; amaranth " in page
    assert "| part | 0.00 | 10.00 | 20.00 | 0.00 | 0.00 | 30.00 | 0.00 |  |" in page


def test_faults_are_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.hardware.tools.find_spec", lambda _: None)
    with pytest.raises(SystemExit) as caught:
        main(["--quick", "--out", str(tmp_path / "out")])
    assert str(caught.value) == (
        "activity: Mapping sampler to gates needs Yosys: pip install -e '.[synth]' in the "
        "project's folder"
    )
    assert list((tmp_path / "out").iterdir()) == []


def test_the_command_writes_both_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("verification.bench.activity.compare", lambda work, liberty: COMPARED)
    main(["--quick", "--out", str(tmp_path)])
    assert capsys.readouterr().out == 2 * "a work: gates / counts = 1.50\n"
    command = f"python -m verification.bench.activity --quick --out {tmp_path}"
    assert f"    {command}\n" in (tmp_path / "report.md").read_text()
    assert json.loads((tmp_path / "results.json").read_text())["command"] == command
