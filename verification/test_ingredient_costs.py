# SPDX-License-Identifier: MIT
"""The costs of ingredients are ratios by rounds, of recipes that differ."""

import pytest

pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.settings import load_recipe
from verification.ingredient_costs import INGREDIENTS, _report, _Step


def test_every_ingredient_is_a_recipe_of_its_own() -> None:
    digests = {load_recipe("cifar100", list(changes)).digest() for changes in INGREDIENTS.values()}
    assert len(digests) == len(INGREDIENTS)


def test_a_cost_is_the_median_ratio_to_the_recipe_of_the_same_round() -> None:
    times = {name: [2.0, 4.0, 1.0] for name in INGREDIENTS}
    times["decorrelation"] = [3.0, 4.0, 9.0]
    report = _report("command", "reading", times)
    assert "| the recipe |  | 1.00 | 1.00 to 1.00 |" in report
    assert "| decorrelation | `decorrelation={}` | 1.50 | 1.00 to 9.00 |" in report


def test_a_step_is_one_of_a_training() -> None:
    step = _Step(INGREDIENTS["rotations, one copy"], 2)
    assert step.seconds() > 0
    assert len(step._trainer.epochs) == 1
