# SPDX-License-Identifier: MIT
"""Whatever a report writes as JSON is JSON, which has neither NaN nor Infinity."""

import re
from pathlib import Path

import pytest

import sim
from sim.report.files import json_text

ROOT = Path(sim.__file__).parent.parent
# The writers of reports put an indent, and so do those of cards and manifests.
INDENTED = re.compile(r"json\.dumps\([^\n]*indent=[^\n]*")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]], ids=str)
def test_results_without_a_number_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant"):
        json_text({"accuracy": value})


def test_every_indented_writer_is_strict() -> None:
    found = [
        line
        for folder in ("sim", "rtl", "golden")
        for path in (ROOT / folder).rglob("*.py")
        for line in INDENTED.findall(path.read_text())
    ]
    assert len(found) >= 5
    assert [line for line in found if "allow_nan=False" not in line] == []
