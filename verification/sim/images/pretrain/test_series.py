# SPDX-License-Identifier: MIT
"""Series of recipes: what a list means, and the built-in series."""

import pytest

from sim.documents.read import load
from sim.images.pretrain.series import BUILT_IN, SeriesConfig
from sim.images.pretrain.settings import load_recipe


def test_a_list_is_a_sweep_and_lists_combine() -> None:
    series = SeriesConfig(
        recipes=[
            {},
            {"training.epochs": [1, 2], "augment.flip": [True, False]},
            {"distillation.networks": [["a", "b"], []], "model.surrogate": "hard_window"},
        ]
    )
    assert series.changes() == [
        (),
        ("training.epochs=1", "augment.flip=true"),
        ("training.epochs=1", "augment.flip=false"),
        ("training.epochs=2", "augment.flip=true"),
        ("training.epochs=2", "augment.flip=false"),
        ('distillation.networks=["a", "b"]', "model.surrogate=hard_window"),
        ("distillation.networks=[]", "model.surrogate=hard_window"),
    ]


def test_recipes_that_are_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^recipes must differ, and \{\} is there twice$"):
        SeriesConfig(recipes=[{}, {"seed_": 1}, {}]).changes()


@pytest.mark.parametrize("name", sorted(p.stem for p in BUILT_IN.glob("*.yaml")))
def test_recipes_of_a_built_in_series_are_whole_and_differ(name: str) -> None:
    series, _ = load(SeriesConfig, name, BUILT_IN)
    base = load_recipe("cifar100").config.classes.base - series.new
    changes = series.changes()
    own = [*series.shared(), f"classes.base={base}"]
    digests = {load_recipe("cifar100", [*own, *one]).digest() for one in changes}
    assert len(digests) == len(changes)


def test_the_series_of_ingredients_changes_one_thing_or_what_belongs_to_it() -> None:
    series, _ = load(SeriesConfig, "recipes", BUILT_IN)
    first, *others = series.changes()
    assert first == ()
    assert series.seeds == 2
    for one in others:
        assert len({change.partition("=")[0].partition(".")[0] for change in one}) == 1, one
    changed = {change.partition("=")[0] for one in others for change in one}
    assert changed >= {
        *("distillation.attention", "decorrelation.weight", "projector.hidden"),
        *("rotations.copies", "augment.jitter", "augment.trivial", "augment.cutout"),
        *("augment.after", "model.surrogate", "two_step.share", "training.epochs"),
    }
