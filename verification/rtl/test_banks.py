# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Registers that move in a run, against what must move."""

import json
from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from verification.bench.banks import Phase, main, report_files
from verification.rtl.banks import Moving
from verification.rtl.engine import BenchError, Step
from verification.rtl.simulators import run_pysim


class Parts(wiring.Component):
    """A counter that runs while `en`, two modules that copy bits of it, and a memory."""

    def __init__(self) -> None:
        super().__init__({"en": In(1), "n": Out(4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.If(self.en):
            m.d.sync += self.n.eq(self.n + 1)
        for number, bit in enumerate((1, 2)):
            m.submodules[f"copy_{number}"] = part = Module()
            copied = Signal(name=f"copied_{number}")
            part.d.sync += copied.eq(self.n[bit])
        m.submodules.memory = memory = Memory(shape=4, depth=4, init=[])
        port = memory.read_port()
        m.d.comb += [port.en.eq(self.n[0]), port.addr.eq(self.n)]
        return m


def test_a_bank_moves_in_the_cycles_that_change_a_bit_of_it() -> None:
    dut = Moving(Parts())
    assert dut.flipflops == {"moves_top": 4, "moves_copy": 2}
    # Bit 1 changes at 2, 4, 6 and 8, and bit 2 changes at 4 and 8. Both copies are one bank, and
    # the memory is read while the counter is odd.
    counted = {"n": 8, "moves_top": 8, "moves_copy": 4, "reads_memory": 4}
    run_pysim(dut, [
        Step(pins={"en": 1}, cycles=8),
        Step(pins={"en": 0}, cycles=5, reads=counted),
    ])  # fmt: skip


def test_report_weighs_banks_by_their_flipflops(tmp_path: Path) -> None:
    def phase(name: str, cycles: int, *counts: int) -> Phase:
        ports = "moves_core__a__b", "moves_top", "reads_core__m_0", "reads_core__m_1", "writes_w"
        return Phase(name, cycles, dict(zip(ports, counts, strict=True)))

    phases = [phase("idle", 10, 0, 0, 0, 0, 0), phase("work", 1000, 500, 250, 3, 40, 0)]
    files = report_files(phases, {"moves_core__a__b": 30, "moves_top": 10}, "A chip.", "command")
    page = files["report.md"]
    assert "idle 10, work 1,000." in page
    assert "| a.b | 30 | - | 50.0% |\n| top | 10 | - | 25.0% |" in page
    assert "| **needed** | 40 | **0.0%** | **43.8%** |" in page  # (30 * 0.5 + 10 * 0.25) / 40
    assert "| m, reads | - | 4.0% |" in page
    assert "| w, writes" not in page
    assert json.loads(files["results.json"])["needed"] == {"idle": 0, "work": 0.4375}


def test_a_folder_that_cannot_be_written_is_told_before_the_chip_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ran(*_: object) -> None:
        raise AssertionError("the chip ran")

    monkeypatch.setattr("verification.bench.banks.seen_in", ran)
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as caught:
        main(["--quick", "--out", str(tmp_path / "file")])
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith(f"banks: Directory {tmp_path / 'file'} cannot be created")
    assert told.count("\n") == 1


def test_a_chip_that_strays_from_golden_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def strays(*_: object) -> None:
        raise BenchError("results: 3 instead of 4")

    monkeypatch.setattr("verification.bench.banks.seen_in", strays)
    with pytest.raises(SystemExit) as caught:
        main(["--quick", "--out", str(tmp_path)])
    assert caught.value.code == 2
    assert capsys.readouterr().err == "banks: results: 3 instead of 4\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_small_chip_sends_what_golden_does_while_it_is_counted(tmp_path: Path) -> None:
    main(["--quick", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["needed"]["idle"] < 0.001 < found["needed"]["inference"]
    counts = {phase["name"]: phase["counts"] for phase in found["phases"]}
    assert counts["draws"]["moves_core__network__mvu"] == 0
    assert counts["draws"]["moves_core__learner__prototype_classifier"] == 0
    assert counts["inference"]["moves_core__sampler__lfsr"] == 0
