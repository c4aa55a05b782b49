# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from golden.params import XnorParams
from rtl.registers import EVENTS, REGISTERS
from rtl.xnor import Xnor
from verification.rtl import coverage
from verification.rtl.chip_coverage import cover_comparisons, cover_resets, cover_run
from verification.rtl.chip_script import OFFSETS
from verification.rtl.chips import make_chip
from verification.rtl.coverage import cover, record, summary
from verification.rtl.engine import BenchError, Engine, Step, Stream
from verification.rtl.simulators import run_pysim

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Lines of this test alone, which are no evidence of anything."""
    fresh: list[dict[str, Any]] = []
    monkeypatch.setattr(coverage, "LINES", fresh)
    return fresh


def met(lines: list[dict[str, Any]]) -> dict[str, int]:
    hits = Counter[str]()
    for line in lines:
        if "point" in line:
            hits[f"{line['block']}: {line['point']}"] += line["hits"]
    return hits


def bench(agree: int, abandon: bool = False) -> list[Step]:
    """Read the count of a neuron of one lane, which is 1."""
    pins = {"en": 1, "x": 1, "w": 1, "mask": 1}
    asked = Step(pins=pins, meets={"xnor: all lanes agree": 2}, cycles=1, abandon=abandon)
    return [asked, Step(reads={"agree": agree}, cycles=2)]


@pytest.mark.parametrize("point", ["xnor: no such thing", "no_block: held", "held"])
def test_what_is_no_situation_is_refused(point: str) -> None:
    with pytest.raises(KeyError, match=f"'{point}' is no situation of a block: list it in POINTS"):
        cover(point, 0)


def test_the_page_counts_benches_and_names_what_was_never_met() -> None:
    for seed in (1, 2, 2):
        record("xnor", "pysim", f"seed {seed}", cycles=1000, transfers=5, stalls=1)
    everything = [
        f"{block}: {point}" for block, points in coverage.POINTS.items() for point in points
    ]
    for point in everything:
        cover(point, 0 if point == "xnor: held" else 3)
    page = summary(coverage.LINES)
    assert "| xnor | pysim | 3 | 2 | 3,000 | 15 | 3 |" in page
    assert "| bernoulli | serial: equal to the last plane | 3 |" in page
    assert page.count("**never**") == 1
    assert page.endswith("\n\nHoles: xnor: held.\n")
    cover("xnor: held")
    assert summary(coverage.LINES).endswith("\n\nHoles: none.\n")


def test_every_flag_and_every_event_of_the_chip_is_to_be_met() -> None:
    (errors,) = (register for register in REGISTERS if register.name == "errors")
    wanted = {f"error: {field.name}" for field in errors.fields}
    wanted |= {f"interrupt: {event}" for event in EVENTS}
    kinds = ("error: ", "interrupt: ")
    assert {point for point in coverage.POINTS["chip"] if point.startswith(kinds)} == wanted


def test_a_bench_notes_its_steps_once_it_has_passed(lines: list[dict[str, Any]]) -> None:
    run_pysim(Xnor(XnorParams(inputs=1)), bench(agree=1))
    assert met(lines) == {"xnor: all lanes agree": 2}


def test_a_bench_that_failed_has_met_nothing(lines: list[dict[str, Any]]) -> None:
    with pytest.raises(BenchError, match=r"^step 1: agree is 0x1, expected 0x0$"):
        run_pysim(Xnor(XnorParams(inputs=1)), bench(agree=0))
    assert lines == []


def test_a_step_that_is_cut_short_has_met_nothing(lines: list[dict[str, Any]]) -> None:
    run_pysim(Xnor(XnorParams(inputs=1)), bench(agree=1, abandon=True))
    assert met(lines) == {}


@pytest.mark.parametrize("cycles", [1, 5, 30])
def test_a_step_that_is_abandoned_ends_after_its_cycles_and_counts_what_was_left(
    cycles: int,
) -> None:
    words = [n % 2 for n in range(40)]
    passing = Step(inputs={"i": words}, cycles=cycles, abandon=True)
    engine = Engine([Stream("i", into=True)], [passing])
    while not engine.done:
        levels = engine.drive()
        engine.observe({**levels, "i__ready": 1})
    assert engine.trace.left == [40 - cycles]
    assert len(engine.trace.transfers["i"]) == cycles


def header(target: int, index: int = 0, address: int = 0, count: int = 0) -> int:
    """Return the header of a packet, as docs/chip.md has it."""
    return target | index << 4 | address << 16 | count << 40


@pytest.mark.parametrize(
    ("words", "situations"),
    [
        ([header(0, count=1), *[0] * 4], {"in: program"}),
        ([header(1, 3, 511, 1), 7], {"in: weights"}),
        ([header(1, 3, 511, 2), 7, 7], {"dropped: rows that are not there"}),
        ([header(1, 4, 0, 1), 7], {"dropped: neuron that is not there"}),
        ([header(2, count=2), 7], {"in: thresholds", "words missing"}),
        ([header(3, count=9), 7, 7], {"in: picture"}),
        ([header(3, 4, 1, 8), 7, 7], {"in: picture to learn", "words too many"}),
        ([header(3, 5, 1, 8), 7], {"dropped: class that is not there"}),
        ([header(3, 5, 0, 8), 7], {"in: picture"}),
        ([header(4, 2), *[7] * 7], {"in: append"}),
        ([header(4, 256), 7], {"dropped: K above 255"}),
        ([header(5, 4), *[7] * 3], {"in: learn"}),
        ([header(5, 5), *[7] * 3], {"dropped: class that is not there"}),
        ([header(6, count=5), *[7] * 5], {"in: class thresholds"}),
        ([header(7, address=19, count=4), *[7] * 4], {"in: seeds"}),
        ([header(7, address=20, count=4), *[7] * 4], {"dropped: streams that are not there"}),
        ([header(7, count=23), 7], {"in: seeds", "words missing"}),
        ([header(8)], {"dropped: unknown target"}),
        ([header(15)], {"dropped: unknown target"}),
    ],
)
def test_packets_are_told_apart(
    lines: list[dict[str, Any]], words: list[int], situations: set[str]
) -> None:
    cover_run([["send", words]], make_chip(), {"aborted": 0, "noted": [(0x58, 0)]})
    assert set(met(lines)) == {f"chip: {situation}" for situation in situations}


def test_answers_and_refusals_of_the_chip_are_told_apart(lines: list[dict[str, Any]]) -> None:
    script: list[list[Any]] = [
        ["read", OFFSETS["errors"], 0b110 << 8],
        ["read", OFFSETS["errors"], 0],
        ["poll", OFFSETS["errors"], 1, 1],
        ["read", OFFSETS["output"], 7],
        ["write", OFFSETS["errors"], 2],
        ["write", OFFSETS["id"], 2, "SLVERR"],
        ["write", 0xFFC, 2, "SLVERR"],
        ["read", 0xFFC, 0, "SLVERR"],
        ["write_bytes", OFFSETS["control"], [1], "SLVERR"],
        ["expect", 3, [[[5], [1]], [[6], [1]]]],
        ["expect", 1, []],
    ]
    cover_run(script, make_chip(), {"aborted": 2, "noted": [(0x58, 9), (0x0C, 5)]})
    assert met(lines) == dict.fromkeys([
        "chip: error: unknown", "chip: error: refused", "chip: error: packet",
        "chip: SLVERR: read-only register written", "chip: SLVERR: no register, written",
        "chip: SLVERR: no register, read", "chip: SLVERR: some of the bytes written",
    ], 1) | {
        "chip: out: latent": 2,
        "chip: out: ended by a soft reset": 2,
        "chip: out: made to wait": 9,
    }  # fmt: skip


@pytest.mark.parametrize(("operation", "hits"), [("picture", 1), ("draw", 2), ("load", 0)])
def test_a_reset_counts_where_status_showed_what_it_interrupts(
    lines: list[dict[str, Any]], operation: str, hits: int
) -> None:
    result = {"noted": [(OFFSETS["status"], value) for value in (0b010, 0b011, 0)]}
    cover_resets(operation, False, result)
    expected = {f"chip: soft reset: {operation} under way": hits} if hits else {}
    assert met(lines) == expected


@pytest.mark.parametrize(
    ("taken", "read", "hits"),
    # Rows of 3 beats: a third exemplar is compared; it is counted; a component begins; none came.
    [(3, 6, 1), (3, 7, 0), (2, 3, 0), (2, 6, 0)],
)
def test_a_reset_counts_where_an_exemplar_was_compared(
    lines: list[dict[str, Any]], taken: int, read: int, hits: int
) -> None:
    chip = make_chip(slots=1, slot_components=2)
    assert chip.sampler.prototypes.beats == 3
    before = [(OFFSETS["counted"], 5), (OFFSETS["count_reads"], 17)]
    result = {
        "noted": [*before, (OFFSETS["counted"], 5 + taken), (OFFSETS["count_reads"], 17 + read)]
    }
    cover_comparisons(chip, True, result)
    assert met(lines) == ({"chip: hard reset: compare under way": 1} if hits else {})


@pytest.mark.slow
def test_the_page_joins_the_processes_of_one_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2",
            "verification/rtl/test_xnor.py", "-k", "all_small_vectors", "--bench-report", str(page),
        ],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    assert "| xnor | pysim | 5 | 5 |" in page.read_text()
