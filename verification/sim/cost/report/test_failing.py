# SPDX-License-Identifier: MIT
"""The section on memories at a supply where cells fail: what it says, and its picture."""

from dataclasses import replace

import numpy as np
import pytest

from sim.cost.report.failing import accuracy_by_supply, failing_section
from sim.learn.cells import load_cells
from verification.sim.cost.test_failing import lines


def test_the_section_names_cells_method_and_the_best_supply() -> None:
    text = failing_section(list(lines().values()), "GBM K = 1, q = 8", load_cells("dpcs-45nm"), 28)
    assert "**These cells are of 45 nm, and the energies of 28 nm:" in text
    assert "The accuracy is that of GBM K = 1, q = 8 in the study, 50.0% with sound" in text
    assert "(a published model, not silicon). M. Gottscho" in text
    for name, shown in (("prototypes", "Prototypes"), ("both", "Both at one supply")):
        best = lines()[name].best
        assert best is not None
        assert (
            f"- {shown}: the least energy with at most 0.5 points lost is at "
            f"{best.voltages[0]:.3g} V" in text
        )
    assert "| prototypes | 0.9 | 5.2e-09 | 0.00 |" in text
    apart = lines()["each"].best
    assert apart is not None
    volts = "{:.3g} and {:.3g}".format(*apart.voltages)
    assert f"| both, each at its own supply | {volts} |" in text


def test_cells_of_the_node_of_the_energies_need_no_warning() -> None:
    text = failing_section(list(lines().values()), "GBM", load_cells("dpcs-45nm"), 45)
    assert "These cells are of" not in text


def test_a_memory_that_loses_too_much_everywhere_has_a_line_and_a_sentence() -> None:
    found = lines()["weights"]
    lossy = replace(found, points=tuple(replace(p, lost=p.lost + 0.01) for p in found.points))
    text = failing_section([lossy], "GBM", load_cells("dpcs-45nm"), 28)
    assert "- Weights of the head: no supply here loses at most 0.5 points." in text
    assert text.count("| weights of the head |") == 1
    assert len(accuracy_by_supply([lossy]).axes) == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("virtex7-28nm", "(counted in silicon). B. Salami"),
        ("illustrative", "**illustrative: no sil"),
    ],
)
def test_the_evidence_of_cells_is_told(name: str, said: str) -> None:
    assert said in failing_section(list(lines().values()), "GBM", load_cells(name), 28)


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
    assert np.asarray(own.get_lines()[0].get_xdata())[0] == pytest.approx(100)
