# SPDX-License-Identifier: MIT
"""The section on memories at a supply where cells fail: what it says, and its picture."""

import pytest

from sim.cost.report.failing import accuracy_by_supply, failing_section
from sim.learn.cells import load_cells
from verification.sim.cost.test_failing import lines


def test_the_section_names_cells_method_and_the_best_supply() -> None:
    text = failing_section(list(lines().values()), "GBM K = 1, q = 8", load_cells("dpcs-45nm"))
    assert "The accuracy is that of GBM K = 1, q = 8 in the study, 50.0% with sound" in text
    assert "(a published model, not silicon). M. Gottscho" in text
    for name, shown in (("prototypes", "Prototypes"), ("both", "Both at one supply")):
        best = lines()[name].best
        assert (
            f"- {shown}: the least energy with at most 0.5 points lost is at {best.voltage:.3g} V"
            in text
        )
    assert "| prototypes | 0.9 | 0 | 0.00 |" in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("virtex7-28nm", "(counted in silicon). B. Salami"),
        ("illustrative", "**illustrative: no sil"),
    ],
)
def test_the_evidence_of_cells_is_told(name: str, said: str) -> None:
    assert said in failing_section(list(lines().values()), "GBM", load_cells(name))


def test_the_picture_has_every_line_by_task_and_by_memory() -> None:
    whole, own = accuracy_by_supply(list(lines().values())).axes
    named = {line.get_label(): line for line in whole.get_lines()}
    points = [p for p in lines()["weights"].points if p.lost <= 0.03]
    assert named["weights of the head"].get_xdata() == pytest.approx(
        [1e3 * p.energy.nominal for p in points]
    )
    assert named["weights of the head"].get_ydata() == pytest.approx(
        [100 * (0.5 - p.lost) for p in points]
    )
    assert own.get_lines()[0].get_xdata()[0] == pytest.approx(100)
