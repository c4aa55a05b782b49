# SPDX-License-Identifier: MIT
"""Configurations in image space, what the slides published, and what a report says of both."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.data.tasks import split_tasks
from sim.images.native.budgets import capacity_of, check_sizes, exemplars_of, whole_samples
from sim.images.native.groups import groups_of, verdict
from sim.images.native.learners import network_bits, with_outputs
from sim.images.native.published import published, published_runs
from sim.images.native.reduced import differences
from sim.images.native.settings import BUILT_IN, Plan, load_native
from sim.work.errors import UserError


def test_the_slides_budgets_come_back_as_they_stand() -> None:
    config, recipe = load_native("slides")
    found = {(p.replay, p.ideal): [] for p in config.plans()}
    for plan in config.plans():
        found[plan.replay, plan.ideal].append(plan.megabits)
    assert found == {
        ("native", False): [1, 5, 25, 100, 500],
        ("latent", False): [0.05, 0.5, 5, 25],
        ("latent", True): [0.05, 0.5, 5, 25],
        ("float", False): [25, 500],
        ("joint", False): [None],
    }
    network = with_outputs(recipe.network, 50)
    assert network_bits(network) == 4_116_352  # "4 Mb", with both planes of 50 outputs
    counts = [capacity_of(p, network) for p in config.plans()]
    assert counts[:5] == [46, 232, 1162, 4650, 23251]
    assert counts[5:9] == [48, 488, 4882, 24414]
    assert counts[-1] is None
    assert all(published(plan, 10) for plan in config.plans())


@pytest.mark.parametrize(
    ("megabits", "bits", "count"),
    [
        (25, 21_504, 1162),
        (25, 1024, 24_414),
        (1, 21_504, 46),
        (0.05, 1024, 48),
        (500, 21_504, 23251),
    ],
    ids=["25 Mb of images", "25 Mb of latents", "1 Mb", "0.05 Mb", "500 Mb"],
)
def test_samples_that_fit_the_budgets_of_the_slides(megabits: float, bits: int, count: int) -> None:
    assert whole_samples(megabits, bits) == count


@pytest.mark.parametrize(
    ("capacity", "exemplars"), [(24_414, 488), (488, 9), (48, 1), (100_000, 500)]
)
def test_exemplars_are_shared_by_all_classes_and_no_more_than_there_are(
    capacity: int, exemplars: int
) -> None:
    assert exemplars_of(capacity, 50, 500) == exemplars


@pytest.mark.parametrize("name", sorted(path.stem for path in BUILT_IN.glob("*.yaml")))
def test_every_budget_of_a_built_in_configuration_has_a_sample_of_each_class(name: str) -> None:
    config, recipe = load_native(name)
    tasks = split_tasks(50, 0, config.increment)
    check_sizes(config, recipe.document, with_outputs(recipe.network, 50), tasks)


def test_a_budget_below_one_image_a_class_is_told_with_the_smallest() -> None:
    config, recipe = load_native("slides_25x2", ["methods.0.megabits=[25, 1]"])
    network = with_outputs(recipe.network, 50)
    with pytest.raises(UserError) as caught:
        check_sizes(config, recipe.document, network, split_tasks(50, 0, 2))
    # 48 classes are replayed: 48 x 21,504 bits.
    assert str(caught.value) == (
        "--set methods.0.megabits=[25, 1]: methods.0.megabits must be at least 1.03219, a sample "
        "of 21504 bits of each of the 48 classes that are replayed, not 1"
    )


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("methods.4.replay=hoard", "methods.4.replay must be"),
        ("methods.0.megabits=0", "methods.0.megabits must be a number > 0"),
        ("methods.4.megabits=5", "methods.4.megabits is no known key"),
        ("methods.1.megabits=[5, 5]", "methods.1 repeats the method 'latent replay, 5 Mb'"),
        ("increment=0", "increment must be an integer in 1..65536, not 0"),
    ],
)
def test_a_mistake_names_its_key(assignment: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_native("slides", [assignment])
    assert message in str(caught.value)


def test_pre_training_knows_nothing_of_the_methods() -> None:
    config, recipe = load_native("reduced")
    other, _ = load_native("reduced", ["methods=[{replay: joint}]", "learning.epochs=9"])
    assert config.pretraining(0, 50) == other.pretraining(0, 50)
    assert config.pretraining(3, 100).seed == 3
    assert config.pretraining(3, 100).classes.base == 100
    assert recipe.digest() != load_native("reduced", ["learning.epochs=9"])[1].digest()


def test_published_curves_end_in_their_final_accuracy() -> None:
    curves = [p for p in published_runs() if p.by_task]
    assert len(curves) == 5
    for run in curves:
        assert len(run.by_task) == 5
        assert run.by_task[-1] == run.final
        assert np.all(np.diff(run.by_task) < 0)
    latent = published(Plan(replay="latent", megabits=25, ideal=True, entry=0), 10)
    assert latent is not None
    assert latent.final == 0.59
    assert published(Plan(replay="latent", megabits=24, ideal=False, entry=0), 10) is None


def test_only_what_differs_from_the_slides_is_told() -> None:
    assert differences(*load_native("slides")) == []
    assert differences(*load_native("slides_25x2")) == []
    lines = differences(*load_native("slides", ["learning.epochs=5", "model.levels=8"]))
    network = (
        "network: fbnn-4M, 3.85 Mb, 8 levels a colour, D = 1024, "
        "not fbnn-4M, 4.12 Mb, 85 levels a colour, D = 1024"
    )
    assert lines == [network, "learning.epochs: 5, not 400"]
    reduced = differences(*load_native("reduced"))
    assert "training.schedule: cosine, not plateau" in reduced
    assert not any("training.plateau" in line for line in reduced)


def run_of(plan: Plan, final: float) -> dict[str, Any]:
    return {"label": plan.label, "final": final, "accuracy_seen": [0.5, final]}


def test_the_verdict_is_told_budget_by_budget() -> None:
    finals = {("native", 5.0): 0.20, ("native", 25.0): 0.31, ("latent", 5.0): 0.215}
    finals[("latent", 25.0)] = 0.30
    plans = [Plan(replay=r, megabits=m, ideal=False, entry=0) for r, m in finals]
    runs = [run_of(plan, final) for plan, final in zip(plans, finals.values(), strict=True)]
    assert verdict(groups_of(plans, runs, 10)) == (
        "In final accuracy, native replay is 1.5 points behind latent replay at 5 Mb, "
        "1.0 points ahead of latent replay at 25 Mb."
    )
    assert verdict(groups_of(plans[:1], runs[:1], 10)).startswith("Nothing can be said")


def test_a_configuration_of_ones_own_needs_only_methods(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("methods: [{replay: joint}]\n")
    assert load_native(str(path))[0].plans()[0].label == "joint training"
