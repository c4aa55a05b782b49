# SPDX-License-Identifier: MIT
"""Configuration of a series: recipes that are trained alike and judged on classes new to them."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from sim.documents.section import Section, first_repeat

__all__ = ["BUILT_IN", "SeriesConfig"]

#: Folder of the series that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "series_configs"

Value = str | int | float | bool | None | list[Any] | dict[str, Any]


class SeriesConfig(Section):
    """Recipes of a pre-training, each a change of one that they have in common.

    Attributes
    ----------
    title : str
        Headline of the report.
    new : int
        Classes at the end of the base classes that no network of the series learns. A memory and
        two classifiers learn them afterwards from embeddings.
    increment : int
        New classes of a task.
    seeds : int
        Trainings of each recipe, of the seeds 0, 1 and so on.
    common : dict
        Keys of a pre-training with their values that all recipes have, such as
        ``training.epochs: 150``; ``--set`` and a recipe can say otherwise.
    recipes : list of dict
        Keys of a pre-training with their values, such as ``training.epochs: 10``; ``{}`` is the
        common recipe. `classes` and `seed` are those of the series. A list is a sweep: every
        combination is a recipe. A value that is itself a list stands in a list.
    """

    title: str = Field(default="Recipes of a pre-training", min_length=1)
    new: int = Field(default=10, ge=1, le=65_536)
    increment: int = Field(default=2, ge=1, le=65_536)
    seeds: int = Field(default=2, ge=1, le=1000)
    common: dict[str, Value] = {}
    recipes: Annotated[list[dict[str, Value]], Field(min_length=1, max_length=1000)]

    @field_validator("common")
    @classmethod
    def _common_leaves_out_what_the_series_sets(cls, common: dict[str, Value]) -> dict[str, Value]:
        _check_keys(common)
        return common

    @field_validator("recipes")
    @classmethod
    def _leave_out_what_the_series_sets(
        cls, recipes: list[dict[str, Value]]
    ) -> list[dict[str, Value]]:
        for recipe in recipes:
            _check_keys(recipe)
            for key, value in recipe.items():
                if value == []:
                    raise ValueError(f"must give {key} at least one value")
        return recipes

    def shared(self) -> tuple[str, ...]:
        """Return the assignments that all recipes have."""
        return tuple(f"{key}={_text(value)}" for key, value in self.common.items())

    def changes(self) -> list[tuple[str, ...]]:
        """Return the assignments of every recipe, in the order of the list.

        Raises
        ------
        ValueError
            If two recipes are the same.
        """
        found = [changes for recipe in self.recipes for changes in _combined(recipe)]
        if (again := first_repeat(found)) is not None:
            raise ValueError(f"recipes must differ, and {', '.join(again) or '{}'} is there twice")
        return found


def _check_keys(recipe: dict[str, Value]) -> None:
    for key in recipe:
        # A path may come with spaces around it, and before an equals sign.
        if key.partition("=")[0].strip().partition(".")[0] in ("seed", "classes"):
            raise ValueError(
                f"must leave {key} out: the series sets the seed, and its recipes have "
                "the same classes"
            )


def _combined(recipe: dict[str, Value]) -> Iterator[tuple[str, ...]]:
    """Yield the assignments of each combination of values."""
    values = [value if isinstance(value, list) else [value] for value in recipe.values()]
    for chosen in itertools.product(*values):
        pairs = zip(recipe, chosen, strict=True)
        yield tuple(f"{key}={_text(value)}" for key, value in pairs)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
