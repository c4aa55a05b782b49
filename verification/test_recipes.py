# SPDX-License-Identifier: MIT
"""The recipes compared are legal, differ, and their report says what was measured."""

import pytest

pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.settings import load_recipe
from verification.recipes import VARIANTS, _report


def test_every_variant_is_a_recipe_of_its_own() -> None:
    digests = {load_recipe("cifar100", list(changes)).digest() for changes in VARIANTS.values()}
    assert len(digests) == len(VARIANTS)


def test_differences_are_paired_by_seed() -> None:
    found = {name: [0.5, 0.7] for name in VARIANTS}
    found["no flips, no shifts"] = [0.45, 0.67]
    report = _report("command", found)
    assert "| the recipe |  | 60.0 ± 14.1 |  |" in report
    changed = "`augment.flip=false`, `augment.shift=0`"
    assert f"| no flips, no shifts | {changed} | 56.0 ± 15.6 | -4.0 ± 1.4 |" in report
