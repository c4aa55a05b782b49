# SPDX-License-Identifier: MIT
"""The report on networks from elsewhere says what their import gives."""

import json
from dataclasses import asdict
from pathlib import Path

from verification.extras import skip_without_onnx

skip_without_onnx()

from verification.foreign import DATA, Row, page, row_of

REPORT = Path(__file__).parents[1] / "reports" / "foreign"


def shipped() -> dict[str, Row]:
    results = json.loads((REPORT / "results.json").read_text())
    return {row["name"]: Row(**row) for row in results["networks"]}


def test_report_is_that_of_its_results_and_all_are_equal() -> None:
    rows = shipped()
    assert list(rows) == list(DATA)
    assert all(row.equal == row.images for row in rows.values())
    assert (REPORT / "report.md").read_text() == page(list(rows.values()))


def test_a_row_is_what_its_import_gives_now() -> None:
    assert asdict(row_of("tfc")) == asdict(shipped()["tfc"])
