# SPDX-License-Identifier: MIT
"""The benchmark harness: its fits, its clock, and reports that are written whole or not at all."""

import json
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import pytest

from verification.bench import head
from verification.bench.__main__ import main
from verification.bench.harness import Curve, Table, best_of, growth_exponent, growth_table
from verification.bench.report import Machine, format_cell, write_report

MACHINE = Machine("A CPU", 2, {"python": "3.11"})


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 1.0, 2.5])
def test_growth_exponent_of_a_power_is_its_exponent(exponent):
    sizes = [1, 3, 8, 20]
    assert growth_exponent(sizes, [7 * n**exponent for n in sizes]) == pytest.approx(exponent)


def test_best_of_times_one_call():
    start = perf_counter()
    assert 0.01 <= best_of(lambda: sleep(0.01), repeats=3) <= perf_counter() - start


def test_report_holds_every_table_and_the_figure(tmp_path: Path):
    curve = Curve("features D", (1, 2, 4), (1.0, 2.0, 4.0))
    tables = [growth_table("Growth", [curve]), Table("Ratio", ("a",), ((np.float64(2.5),),), "n")]
    out = tmp_path / "new" / "bench"
    files = write_report(out, {"mixture": tables}, "python -m verification.bench", MACHINE)
    assert [file.name for file in files] == ["growth.png", "report.md", "results.json"]
    page = (out / "report.md").read_text()
    for part in ("    python -m verification.bench\n", "A CPU, 2 threads", "| 2.5 |", "| 1 |"):
        assert part in page
    saved = json.loads((out / "results.json").read_text())["benchmarks"]["mixture"]
    assert saved[1]["rows"] == [[2.5]]
    assert list(out.parent.iterdir()) == [out]


def test_failed_report_leaves_the_old_one(tmp_path: Path):
    out = tmp_path / "bench"
    write_report(out, {"gemm": [Table("Old", ("a",), ((1,),))]}, "old", MACHINE)
    before = {file: file.read_bytes() for file in out.iterdir()}
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        write_report(out, {"gemm": [Table("New", ("a",), ((np.nan,),))]}, "new", MACHINE)
    assert {file: file.read_bytes() for file in out.iterdir()} == before
    assert list(tmp_path.iterdir()) == [out]


def test_cells_are_short():
    values = [12345.6, 0.012345, 7, 12345, "text", None]
    assert [format_cell(value) for value in values] == [
        "12,346",
        "0.0123",
        "7",
        "12,345",
        "text",
        "-",
    ]


def test_command_line_runs_a_benchmark(tmp_path: Path):
    pytest.importorskip("stepmix")
    main(["--quick", "--only", "mixture", "--out", str(tmp_path)])
    assert "--quick --only mixture" in (tmp_path / "report.md").read_text()


def test_steps_of_heads_are_measured_beside_the_plain_definition():
    table = head.run(quick=True)[0]
    assert [row[0] for row in table.rows] == list(head.HEADS)
    assert all(float(row[-1]) > 1 for row in table.rows)  # pyright: ignore[reportArgumentType]


def test_wrong_measurements_are_refused():
    with pytest.raises(ValueError, match=r"^Row of table 'T' must have 2 cells, not \(1,\)$"):
        Table("T", ("a", "b"), ((1,),))
    with pytest.raises(ValueError, match=r"^Growth must be given at two or more different positi"):
        growth_exponent([4], [1.0])
