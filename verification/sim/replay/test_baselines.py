# SPDX-License-Identifier: MIT
"""Runs of the baselines: they end, and stopped after a task they go on with the same bits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.replay import SOURCES
from sim.study.experiment import Experiment
from sim.study.methods import Method
from sim.study.summary import summarize
from verification.sim.small_study import small_bank, small_config


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("fecam", {"rank": 3}),
        ("fetril", {"code_width": 4}),
        ("fetril", {"translation": "threshold", "serves": "random"}),
        ("herded", {"exemplars": 3, "requests": "uniform"}),
        ("herded", {"budget": 37, "normalized": True}),
        ("hyperdimensional", {"accumulator_width": 9}),
        ("hyperdimensional", {"similarity": "hamming", "epochs": 0}),
        ("icarl", {"budget": 37}),
        ("ncm", {"code_width": 3, "components": 2}),
        ("low_rank", {"rank": 5, "code_width": 3}),
        ("quadratic", {"rank": 3}),
        ("ridge", {"ridge": 10.0}),
        ("ridge", {"hidden": 64, "ridge": 10.0}),
        ("slda", {"shrinkage": 0.1}),
    ],
    ids=[
        "fecam",
        "fetril",
        "fetril threshold",
        "herded",
        "herded budget",
        "hyperdimensional",
        "hyperdimensional signs",
        "icarl",
        "ncm",
        "low rank",
        "quadratic",
        "ridge",
        "ridge random",
        "slda",
    ],
)
def test_run_stopped_after_a_task_goes_on_bit_for_bit(
    tmp_path: Path, name: str, params: dict[str, Any]
) -> None:
    config = small_config(tmp_path)
    bank = small_bank(config)
    method = Method(name, SOURCES[name].Params.model_validate(params), 0)
    straight, stopped, resumed = (Experiment(bank, config.head, method, 1) for _ in range(3))
    while not straight.done:
        straight.step(lambda _: None)
    for _ in range(2):
        stopped.step(lambda _: None)
    stopped.save(tmp_path / "checkpoint.arrays")
    resumed.load(tmp_path / "checkpoint.arrays")
    while not resumed.done:
        resumed.step(lambda _: None)
    for a, b in zip(straight.predictions, resumed.predictions, strict=True):
        np.testing.assert_array_equal(a, b)
    result, again = summarize(straight), summarize(resumed)
    assert result["ledger"] == again["ledger"]
    # Ten classes, hence a tenth by chance.
    assert 0.2 < result["average_incremental"] == again["average_incremental"]
