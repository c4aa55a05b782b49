# SPDX-License-Identifier: MIT
"""What failing cells cost, from results written by hand, and between their shares."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from sim.cost.failing_results import Loss, read_losses
from sim.work.errors import UserError

ROOT = Path(__file__).parents[3]


def run(accuracy: float, seed: int = 0, label: str = "GBM", **given: Any) -> dict[str, Any]:
    parameters = {"components": 1, "code_width": 8, "faults": None, "head_faults": None, **given}
    return {
        "method": "gbm",
        "label": label,
        "parameters": parameters,
        "seed": seed,
        "average_incremental": accuracy,
        "confusion": [[1]],
    }


STUDY = [
    run(0.50), run(0.52, 1),
    run(0.48, faults={"share": 0.1}), run(0.49, 1, faults={"share": 0.1}),
    run(0.499, faults={"share": 0.01}), run(0.521, 1, faults={"share": 0.01}),
    run(0.30, head_faults={"share": 0.1}), run(0.30, 1, head_faults={"share": 0.1}),
    # None of these is all cells of one memory, for good, of this method.
    run(0.1, faults={"share": 0.1, "plane": 0}), run(0.1, faults={"share": 0.1, "spared": 1}),
    run(0.1, faults={"share": 0.1, "secded": 1}), run(0.1, faults={"share": 0.1, "parity": 1}),
    run(0.1, faults={"share": 0.1, "transient": True}), run(0.1, faults={"share": 0}),
    run(0.1, faults={"share": 0.1}, head_faults={"share": 0.2}),
    {**run(0.1, faults={"share": 0.1}), "network_faults": {"share": 0}},
    run(0.1, faults={"share": 0.1}, code_width=4), run(0.1, faults={"share": 0.1}, rate=3),
]  # fmt: skip


def written(folder: Path, runs: list[dict[str, Any]]) -> Path:
    path = folder / "results.json"
    path.write_text(json.dumps({"runs": runs}))
    return path


def test_losses_are_means_run_by_run(tmp_path: Path) -> None:
    prototypes, weights = read_losses(written(tmp_path, STUDY), 1, 8)
    assert (prototypes.members, prototypes.label) == (("prototypes",), "GBM")
    assert prototypes.accuracy == pytest.approx(0.51)
    assert [s for s, _ in prototypes.points] == [0.01, 0.1]
    assert [lost for _, lost in prototypes.points] == pytest.approx([0, 0.025])
    assert weights.members == ("weights",)
    assert weights.points == ((0.1, pytest.approx(0.21)),)


def test_the_networks_memories_fail_alone_or_at_once_with_others(tmp_path: Path) -> None:
    network, maps = ({key: {"share": 0.1}} for key in ("network_faults", "map_faults"))
    study = [
        run(0.50),
        {**run(0.46), **network, **maps}, {**run(0.47, faults={"share": 0.1}), **network},
        {**run(0.49), **network}, {**run(0.48), **maps}, run(0.45, faults={"share": 0.1}),
        {**run(0.3), **network, "map_faults": {"share": 0.2}},
        {**run(0.3, rate=3), **network},
    ]  # fmt: skip
    found = read_losses(written(tmp_path, study), 1, 8)
    assert [loss.members for loss in found] == [
        ("prototypes",),
        ("network",),
        ("maps",),
        ("prototypes", "network"),
        ("network", "maps"),
    ]
    assert [loss.points for loss in found] == [
        ((0.1, pytest.approx(lost)),) for lost in (0.05, 0.01, 0.02, 0.03, 0.04)
    ]


def test_all_losses_are_of_one_method(tmp_path: Path) -> None:
    study = [
        run(0.50), run(0.40, label="slow", rate=3),
        run(0.1, label="slow", rate=3, head_faults={"share": 0.1}),
        run(0.49, faults={"share": 0.1}),
    ]  # fmt: skip
    (loss,) = read_losses(written(tmp_path, study), 1, 8)
    assert (loss.members, loss.label, loss.accuracy) == (("prototypes",), "GBM", 0.5)


def test_the_report_on_failing_networks_has_its_memories_alone_and_at_once() -> None:
    found = read_losses(ROOT / "reports/faults_network/results.json", 1, 8)
    assert [loss.members for loss in found] == [
        ("prototypes",),
        ("network",),
        ("maps",),
        ("prototypes", "network"),
        ("network", "maps"),
    ]
    for loss in found:
        assert loss.accuracy == found[0].accuracy
        assert loss.points[-1][1] == max(lost for _, lost in loss.points) > 0


def test_between_shares_the_loss_lies_on_a_straight_line_over_the_logarithm() -> None:
    loss = Loss(("prototypes",), "GBM", 0.5, ((0.001, 0.002), (0.01, 0.004), (0.1, 0.1)))
    assert loss.at(0) == 0
    assert loss.at(1e-6) == loss.at(0.001) == 0.002
    assert loss.at(math.sqrt(0.001 * 0.01)) == pytest.approx(0.003)
    assert loss.at(0.1) == pytest.approx(0.1)
    assert loss.at(0.11) is None


def test_what_failing_cells_seem_to_win_is_no_loss_and_no_loss_falls() -> None:
    points = ((0.001, -0.003), (0.01, 0.004), (0.1, 0.002))
    loss = Loss(("network",), "GBM", 0.5, points)
    assert loss.at(1e-6) == loss.at(0.001) == 0
    assert loss.at(math.sqrt(0.001 * 0.01)) == pytest.approx(0.002)
    assert loss.at(0.05) == loss.at(0.1) == pytest.approx(0.004)
    assert loss.points == points


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (STUDY[:2], "must have GBM with K = 1 and q = 8 on failing and on sound memories"),
        (STUDY[2:], "must have GBM with K = 1 and q = 8 on failing and on sound memories"),
        ([{"seed": 0}], "must be the results.json of a study, but is not: runs.0.method"),
        (
            [*STUDY[:2], run(0.4, label="GBM, x", faults={"share": 2})],
            "GBM, x: faults: Input should be less than or equal to 1",
        ),
        (
            [*STUDY[:2], {**run(0.4, label="GBM, y"), "map_faults": {"share": 0.1, "plane": 0}}],
            "GBM, y: map_faults: Extra inputs are not permitted",
        ),
    ],
)
def test_results_without_such_runs_are_refused(
    tmp_path: Path, runs: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read_losses(written(tmp_path, runs), 1, 8)
