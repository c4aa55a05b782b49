# SPDX-License-Identifier: MIT
"""The section on memories at a supply where cells fail: what it says, and its picture."""

from dataclasses import replace

import numpy as np
import pytest

from sim.cost.report.failing import accuracy_by_supply, failing_section
from sim.learn.cells import load_cells
from verification.sim.cost.test_failing import LOSSES, NETWORK, lines, network_lines

ESTIMATE = "both at one supply (estimate)"


def test_the_section_names_cells_method_and_the_best_supply() -> None:
    own = [replace(loss, label="GBM K = 1, q = 8") for loss in LOSSES]
    text = failing_section(list(lines().values()), own, load_cells("dpcs-45nm"), 28)
    assert "**These cells are of 45 nm, and the energies of 28 nm:" in text
    assert "The accuracy is that of GBM K = 1, q = 8 in the study, 50.0% with sound" in text
    assert "(a published model, not silicon). M. Gottscho" in text
    for name, shown in (("prototypes", "Prototypes"), ("both", "Both at one supply (estimate)")):
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
    assert f"| both, each at its own supply (estimate) | {volts} |" in text


def test_memories_that_no_study_let_fail_are_named() -> None:
    text = failing_section(list(lines().values()), LOSSES, load_cells("dpcs-45nm"), 28)
    assert "No study of weights of the network and maps of the network is in these" in text
    assert "| memories |" not in text
    text = failing_section(network_lines(), NETWORK, load_cells("dpcs-45nm"), 28)
    assert "Of prototypes, weights of the network and maps of the network, one" in text
    assert "No study of" not in text


def test_losses_at_once_are_measured_and_beside_the_sum() -> None:
    text = failing_section(network_lines(), NETWORK, load_cells("dpcs-45nm"), 28)
    assert "| prototypes and weights of the network | 0.0001 | 0.00 | 0.05 |" in text
    assert "| prototypes and weights of the network | 0.01 | 0.90 | 1.20 |" in text
    assert "- Prototypes and weights of the network at one supply, measured at once: the" in text
    assert "- All 3 at one supply (estimate): the least energy" in text
    pair = failing_section(network_lines(), NETWORK[2:], load_cells("dpcs-45nm"), 28)
    assert "| prototypes and weights of the network | 0.01 | 0.90 | - |" in pair
    each = network_lines()[-1].best
    assert each is not None
    volts = "{:.3g}, {:.3g} and {:.3g}".format(*each.voltages)
    assert f"| all 3, each at its own supply (estimate) | {volts} |" in text


def test_cells_of_the_node_of_the_energies_need_no_warning() -> None:
    text = failing_section(list(lines().values()), LOSSES, load_cells("dpcs-45nm"), 45)
    assert "These cells are of" not in text


def test_a_memory_that_loses_too_much_everywhere_has_a_line_and_a_sentence() -> None:
    found = lines()["weights"]
    lossy = replace(found, points=tuple(replace(p, lost=p.lost + 0.01) for p in found.points))
    text = failing_section([lossy], LOSSES, load_cells("dpcs-45nm"), 28)
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
    assert said in failing_section(list(lines().values()), LOSSES, load_cells(name), 28)


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
    assert [named[name].get_linestyle() for name in ("prototypes", ESTIMATE)] == ["-", "--"]
    assert np.asarray(own.get_lines()[0].get_xdata())[0] == pytest.approx(100)
