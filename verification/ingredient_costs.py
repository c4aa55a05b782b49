# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""What a step of a pre-training costs with each ingredient of a recipe, on one core.

``python -m verification.ingredient_costs --out reports/recipes`` trains the network of
``cifar100`` on drawn images, one step of each recipe after another, and compares processor times.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import torch

from sim.images.pretrain.dropped import Dropped
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.objective import Objective
from sim.images.pretrain.settings import load_recipe
from sim.images.pretrain.teacher import Teacher
from sim.images.pretrain.train import ImageTrainer
from sim.report.tables import markdown_table
from sim.work.files import ensure_directory, write_whole

__all__ = ["INGREDIENTS", "main"]

#: What is changed, by assignments of ``engram pretrain cifar100 --set``.
INGREDIENTS: dict[str, tuple[str, ...]] = {
    "the recipe": (),
    "a float teacher's answers": ("distillation.weight=0.5",),
    "answers and attention maps": ("distillation.weight=0.5", "distillation.attention=10"),
    "decorrelation": ("decorrelation={}",),
    "projector": ("projector={}",),
    "rotations, one copy": ("rotations.copies=1",),
    "rotations, three copies": ("rotations.copies=3",),
    "colour jitter": ("augment.jitter=0.4",),
    "TrivialAugment": ("augment.trivial=true",),
    "Cutout": ("augment.cutout=8",),
    "reste": ("model.surrogate=reste",),
    "first of two steps": ("two_step={}",),
}

_READING = """\
Processor time of a step of {batch} drawn images through the network of `cifar100`, in {precision} \
on one core, over that of the recipe in the same round: median, smallest and largest of {rounds} \
rounds, in which the recipes took turns. The teacher is trained already: its own training comes on \
top."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every ingredient, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m verification.ingredient_costs")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="steps of each recipe")
    parser.add_argument("--batch", type=int, default=64, metavar="N", help="images of a step")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    steps = {name: _Step(changes, options.batch) for name, changes in INGREDIENTS.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(options.rounds + 1):
        for name, step in steps.items():
            seconds = step.seconds()
            if turn:  # the first is slower, of all recipes
                times[name].append(seconds)
    ensure_directory(options.out)
    command = f"python -m verification.ingredient_costs --out {options.out}"
    precision = next(iter(steps.values())).precision
    reading = _READING.format(batch=options.batch, precision=precision, rounds=options.rounds)
    write_whole(options.out / "costs.md", _report(command, reading, times))


class _Step:
    """A step of a training, which can be repeated.

    Parameters
    ----------
    changes : sequence of str
        Assignments of the recipe.
    batch : int
        Images of the step.
    """

    def __init__(self, changes: Sequence[str], batch: int) -> None:
        recipe = load_recipe("cifar100", [*changes, "training.precision=float32"])
        config, params = recipe.config, recipe.network
        self.precision = config.training.precision
        rng = np.random.default_rng(0)
        shape = (batch, params.input.height, params.input.width, params.input.channels)
        images = rng.integers(2**params.bits, size=shape).astype(np.uint8)
        labels = rng.integers(config.classes.base, size=batch)
        generator = torch.Generator().manual_seed(0)
        teacher = None
        if config.distillation is not None:
            width, channels = config.distillation.width, params.input.channels
            teacher = Teacher(params.bits, channels, config.classes.base, width, generator).eval()
        assert params.head is not None
        dropped = Dropped(
            params.head.features,
            config.classes.base,
            config.projector,
            config.rotations is not None,
            generator,
        )
        model = BinaryNetwork(params, config.model, rng)
        model.weigh(real=config.two_step is not None)
        self._trainer = ImageTrainer(
            model,
            config.training.model_copy(update={"batch": batch}),
            config.augment,
            images,
            labels,
            loss=Objective(config, teacher, dropped),
            test=lambda: 0.0,
            seed=0,
            identity="",
            device=torch.device("cpu"),
            pixel_bits=params.bits,
            dropped=dropped,
            two_step=config.two_step,
        )

    def seconds(self) -> float:
        """Return the processor time of one more step, an epoch of a single batch."""
        start = process_time()
        self._trainer.step(lambda step, steps: None)
        return process_time() - start


def _report(command: str, reading: str, times: dict[str, list[float]]) -> str:
    rows = list(_rows(times))
    parts = (
        "# What a step costs with each ingredient",
        f"    {command}",
        reading,
        markdown_table(("recipe", "set", "time of a step", "from, to"), rows),
    )
    return "\n\n".join(parts) + "\n"


def _rows(times: dict[str, list[float]]) -> Iterator[list[str]]:
    plain = next(iter(times.values()))
    for name, seconds in times.items():
        ratios = [a / b for a, b in zip(seconds, plain, strict=True)]
        changed = ", ".join(f"`{change}`" for change in INGREDIENTS[name])
        yield [name, changed, f"{median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"]


if __name__ == "__main__":
    main()
