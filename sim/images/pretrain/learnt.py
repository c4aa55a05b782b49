# SPDX-License-Identifier: MIT
"""What the networks that a recipe names have learnt: no class that comes after the base classes."""

from sim.data.datasets import ImageSet
from sim.data.tasks import class_order
from sim.data.trained import trained_classes
from sim.images.pretrain.settings import Recipe
from sim.work.errors import UserError

__all__ = ["check_learnt", "without_classes"]


def check_learnt(recipe: Recipe, images: ImageSet) -> None:
    """Check that the networks that a recipe names know no class that is new to its network.

    A network without a card, or whose card does not say its classes, passes.

    Parameters
    ----------
    recipe : Recipe
    images : ImageSet
        Its data set, with at least the base classes.

    Raises
    ------
    UserError
        If the start has learnt a class after the base classes, or a teacher has not learnt the base
        classes in their order; the message names the line.
    """
    config, where = recipe.config, recipe.document.where
    base = class_order(images.n_classes, config.classes.order)[: config.classes.base].tolist()

    def learnt(pretraining: dict[str, object]) -> tuple[int, ...] | None:
        return trained_classes(pretraining, images.name, images.class_names)

    if recipe.start is not None:
        later = set(learnt(recipe.start.pretraining) or ()) - set(base)
        if later:
            raise UserError(
                f"{where(('start',))}: start must name a network that knows no class after the "
                f"{len(base)} base classes, and {config.start} has learnt {len(later)} of them"
            )
    for place, teacher in enumerate(recipe.teachers):
        classes = learnt(teacher.pretraining)
        if classes is not None and list(classes) != base:
            key = f"distillation.networks.{place}"
            raise UserError(
                f"{where(('distillation', 'networks', place))}: {key} must have learnt the "
                f"{len(base)} base classes of {images.name} in their order, and {teacher.name} "
                "has learnt others"
            )


def without_classes(recipe: Recipe, images: ImageSet) -> list[str]:
    """Return the names of the networks of a recipe of which nothing says what they have learnt."""
    named = [*([recipe.start] if recipe.start else []), *recipe.teachers]
    return [
        one.name
        for one in named
        if trained_classes(one.pretraining, images.name, images.class_names) is None
    ]
