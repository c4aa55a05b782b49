# SPDX-License-Identifier: MIT
"""Cells that fail at a supply: a normal variable, published curves, and what they refuse."""

import math
from typing import Any

import pytest
from scipy.stats import norm

from sim.learn.cells import CellCurve, CellModel, cell_names, load_cells

ABOUT = {"title": "cells", "citation": "none", "locator": "none", "evidence": "silicon"}


@pytest.mark.parametrize("voltage", [0.3, 0.45, 0.5, 0.62, 1.1])
def test_a_voltage_gives_the_share_of_a_normal_variable_above_it(voltage: float) -> None:
    # The cell fails where its least supply lies above the voltage.
    expected = norm(0.45, 0.03).sf(voltage)
    share = CellModel(mean=0.45, deviation=0.03).share(voltage)
    assert share == pytest.approx(expected, rel=1e-9)


def test_the_curves_that_come_with_the_install() -> None:
    assert cell_names() == ("dpcs-45nm", "illustrative", "kintex7-28nm", "virtex7-28nm")
    evidence = [load_cells(name).evidence for name in cell_names()]
    assert evidence == ["model", "illustrative", "silicon", "silicon"]
    # What the sources print.
    assert load_cells("dpcs-45nm").share(0.4) == pytest.approx(1.80848e-2)
    assert load_cells("virtex7-28nm").share(0.56) == pytest.approx(2732 / (2060 * 16 * 1024))
    assert load_cells("kintex7-28nm").share(0.53) == pytest.approx(2274 / (890 * 16 * 1024))


@pytest.mark.parametrize("name", cell_names())
def test_more_cells_fail_at_a_lower_supply(name: str) -> None:
    cells = load_cells(name)
    low, high = cells.range
    supplies = [max(low, 0.3) + step * 0.005 for step in range(60)]
    shares = [cells.share(v) for v in supplies if v <= high]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]


def test_between_points_the_logarithm_lies_on_a_straight_line() -> None:
    curve = CellCurve.model_validate({**ABOUT, "points": [[0.5, 64], [0.6, 4]], "cells": 1024,
                                      "safe": 0.7})  # fmt: skip
    assert curve.share(0.5) == pytest.approx(64 / 1024)
    assert curve.share(0.55) == pytest.approx(math.sqrt(64 * 4) / 1024)
    assert [curve.share(v) for v in (0.6, 0.69)] == pytest.approx([4 / 1024] * 2)
    assert curve.share(0.7) == curve.share(1.5) == 0
    with pytest.raises(ValueError, match="voltage must be from 0.5 V on for cells, not 0.49"):
        curve.share(0.49)


def test_beyond_the_last_point_nothing_is_known_without_a_safe_supply() -> None:
    with pytest.raises(
        ValueError, match=r"from 0\.2 V to 1 V for 6T cells in 45 nm SOI.*, not 1\.1"
    ):
        load_cells("dpcs-45nm").share(1.1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "either points or normal must be given"),
        (
            {"points": [[0.5, 0.1]], "normal": {"mean": 0.5, "deviation": 0.1}},
            "either points or normal must be given",
        ),
        ({"points": [[0.5, 0.1], [0.5, 0.01]]}, r"points must rise .* not at 0\.5 V"),
        ({"points": [[0.5, 0.1], [0.6, 0.1]]}, r"points must rise .* not at 0\.6 V"),
        ({"points": [[0.5, 20]], "cells": 10}, "points must have at most the 10 cells"),
        ({"points": [[0.5, 0.1]], "safe": 0.5}, "safe must lie above the supplies of points"),
    ],
)
def test_curves_that_cannot_be(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CellCurve.model_validate({**ABOUT, **given})


def test_a_name_that_is_none_is_refused_with_the_names() -> None:
    with pytest.raises(ValueError, match="cell must be one of dpcs-45nm, illustrative"):
        load_cells("sram")
