# SPDX-License-Identifier: MIT
"""What peers said, kept in `reports/cost/peer`, and our side of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from verification.peers import scalesim
from verification.peers.scalesim import Counts

FOLDER = Path(__file__).parent.parent / "reports" / "cost" / "peer"

# The layer: 32 x 32 pixels, 64 outputs of 3 x 3 x 64 inputs, on 16 neurons of 64 inputs.
PIXELS, OUTPUTS, INPUTS, PE, SIMD = 32 * 32, 64, 9 * 64, 16, 64
STEPS = PIXELS * (OUTPUTS // PE) * (INPUTS // SIMD)


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return json.loads((FOLDER / "scalesim.json").read_text())


def test_our_side_still_holds(results: dict[str, Any]) -> None:
    assert Counts(**results["ours"]) == scalesim.ours()


def test_our_side_is_the_layer() -> None:
    ours = scalesim.ours()
    rows_inside = 3 * 32 - 2  # of 32 windows of 3 rows, one row lies outside at either edge
    assert ours.inputs == rows_inside**2 * (OUTPUTS // PE) * SIMD
    assert ours.weights == STEPS * PE * SIMD
    assert ours.outputs == PIXELS * OUTPUTS
    assert STEPS < ours.cycles < 1.001 * STEPS


@pytest.mark.parametrize(
    ("dataflow", "folds", "cycles", "weights"),
    [
        ("ws", INPUTS // SIMD * (OUTPUTS // PE), PIXELS + 2 * SIMD + PE - 2, INPUTS * OUTPUTS),
        ("os", PIXELS // SIMD * (OUTPUTS // PE), INPUTS + SIMD + PE - 2, STEPS * PE),
    ],
)
def test_the_peer_differs_by_what_the_page_says(
    results: dict[str, Any], dataflow: str, folds: int, cycles: int, weights: int
) -> None:
    peer = Counts(**results[dataflow])
    assert peer.cycles == folds * cycles - 1  # it counts from 0
    assert peer.inputs == STEPS * SIMD
    assert peer.weights == weights


def test_the_page_is_that_of_the_results(results: dict[str, Any]) -> None:
    assert (FOLDER / "scalesim.md").read_text() == scalesim.page(results)
