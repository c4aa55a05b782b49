# SPDX-License-Identifier: MIT
"""Results of studies as `engram run` leaves them, made up: same arguments, same accuracies."""

import json
from pathlib import Path
from typing import Any

from sim.replay import SOURCES

__all__ = ["made_up_run", "results", "write"]

LEVELS = {"joint": 0.9, "none": 0.2, "latent": 0.5, "gbm": 0.7, "likelihood": 0.65}


def made_up_run(
    replay: str, bits: int, seed: int, order: str | int = "given", gain: float = 0.0, **params: Any
) -> dict[str, Any]:
    """Return a run of three tasks, of 4, 3 and 3 classes; `gain` is added to its accuracies."""
    source = SOURCES[replay]
    values = source.Params.model_validate(params)
    level = LEVELS[replay] + gain + 0.01 * seed
    distances = {"within_class": 10 - level, "pooled": 8 - level + seed}
    return {
        "method": replay,
        "label": source.label(values),
        "parameters": values.model_dump(),
        "increment": None,
        "seed": seed,
        "order": order,
        "bits_paper": bits,
        "bits_full": bits + 1000,
        "ledger": {"memory": bits, "latent weights": 900, "head": 100},
        "average_incremental": level,
        "accuracy_seen": [level + 0.05, level, level - 0.05],
        "accuracy_matrix": [
            [level + 0.05, None, None],
            [level, level, None],
            [level - 0.1, level, level],
        ],
        **({"correlation_distance": distances} if source.generative else {}),
    }


def results(seeds: int = 3, title: str = "A made-up study", **config: Any) -> dict[str, Any]:
    """Return a study of bounds, exemplars, prototypes and a classifier; `config` adds keys."""
    methods: list[tuple[str, int, dict[str, Any], float]] = [
        ("joint", 10**6, {}, 0),
        ("none", 0, {}, 0),
        *(("latent", 100 * e, {"exemplars": e}, 0.005 * e) for e in (1, 5, 20)),
        *(("gbm", 100 * q, {"code_width": q}, 0.01 * q) for q in (2, 4, 8)),
        ("gbm", 1600, {"components": 2}, 0.09),
        ("likelihood", 800, {"code_width": 8}, 0),
    ]
    runs = [
        made_up_run(replay, bits, seed, gain=gain, **params)
        for replay, bits, params, gain in methods
        for seed in range(seeds)
    ]
    tasks = {"base": 4, "increment": 3, "order": "identity"}
    return {
        "version": "0",
        "config": {"title": title, "tasks": tasks, "data": {"name": "digits"}, **config},
        "data": {"features": 64, "provenance": "made up"},
        "runs": runs,
    }


def write(folder: Path, content: Any = None) -> Path:
    """Write results into a folder and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results() if content is None else content))
    return folder
