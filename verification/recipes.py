# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""What each ingredient of a pre-training recipe is worth.

``python -m verification.recipes --data-dir DIR --out reports/recipes`` trains the shipped recipe on
few base classes for few epochs, and again with one thing changed at a time. Checkpoints are kept in
``build/recipes``: what was interrupted goes on.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev

import torch
from rich.console import Console

from sim.data.datasets import ImageSet, load
from sim.images.device import choose_device
from sim.images.pretrain.export import check_equal
from sim.images.pretrain.pretraining import Pretraining
from sim.images.pretrain.settings import load_recipe
from sim.images.pretrain.split import base_split
from sim.report.tables import markdown_table
from sim.work.files import ensure_directory
from sim.work.folder import write_folder

__all__ = ["VARIANTS", "main"]

BASE, EPOCHS, SEEDS = 10, 5, 2
WORK = Path("build") / "recipes"

#: What is changed, by assignments of ``engram pretrain cifar100 --set``.
VARIANTS: dict[str, tuple[str, ...]] = {
    "the recipe": (),
    "latent weights begin in +-1": ("model.init_scale=1",),
    "no thresholds (no batch norm folded)": ("model.batch_norm=false",),
    "latent weights not centred": ("model.centre=false",),
    "surrogate of half the window": ("model.window=1",),
    "surrogate: hard window": ("model.surrogate=hard_window",),
    "no flips, no shifts": ("augment.flip=false", "augment.shift=0"),
    "fbnn-1M, 16 levels": ("network=fbnn-1M", "model.levels=16"),
    "staged: real activations first": (f"real_epochs={EPOCHS // 3}",),
    "distilled from a real teacher": (
        "distillation.weight=0.5",
        f"distillation.training.epochs={EPOCHS}",
    ),
    "twice the epochs": (f"training.epochs={2 * EPOCHS}",),
}

_READING = f"""\
`cifar100` of `sim/images/pretrain/configs/` on the first {BASE} base classes of seed 1993, \
{EPOCHS} epochs, with one thing changed; accuracy of the golden integer network on the test images \
of these classes, mean and standard deviation over {SEEDS} seeds. So short a training tells what \
makes it fast; what long ones gain or lose may differ."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what has not been trained, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m verification.recipes")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of CIFAR-100")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    options = parser.parse_args(arguments)
    console = Console()
    images, device = load("cifar100", options.data_dir), choose_device(options.device)
    found = {
        name: [_accuracy(name, seed, images, device, console) for seed in range(SEEDS)]
        for name in VARIANTS
    }
    ensure_directory(options.out)
    command = f"python -m verification.recipes --data-dir DIR --out {options.out}"
    results = {
        "command": command,
        "base": BASE,
        "epochs": EPOCHS,
        "recipes": [
            {"name": name, "set": VARIANTS[name], "test_accuracy": accuracies}
            for name, accuracies in found.items()
        ],
    }
    write_folder(
        options.out,
        {
            "results.json": json.dumps(results, indent=1, allow_nan=False) + "\n",
            "report.md": _report(command, found),
        },
    )
    console.print(f"Report: {options.out / 'report.md'}")


def _accuracy(
    name: str, seed: int, images: ImageSet, device: torch.device, console: Console
) -> float:
    """Return the accuracy of a training; one that has ended is read from its checkpoint."""
    changes = [f"classes.base={BASE}", f"training.epochs={EPOCHS}", f"seed={seed}", *VARIANTS[name]]
    recipe = load_recipe("cifar100", changes)
    folder = WORK / recipe.digest()
    ensure_directory(folder)
    console.print(f"{name}, seed {seed}", highlight=False)
    split = base_split(images, recipe.config.classes, recipe.network.bits)
    training = Pretraining(recipe, images, split, folder, device, console)
    network = training.run()
    check_equal(training.model, network, split.test_images)
    return training.epochs[-1].test_accuracy


def _report(command: str, found: dict[str, list[float]]) -> str:
    parts = (
        "# What each ingredient of the recipe is worth",
        f"    {command}",
        _READING,
        markdown_table(("recipe", "changed", "accuracy (%)", "difference"), list(_rows(found))),
    )
    return "\n\n".join(parts) + "\n"


def _rows(found: dict[str, list[float]]) -> Iterator[list[str]]:
    plain = next(iter(found.values()))
    for name, accuracies in found.items():
        pairs = zip(accuracies, plain, strict=True)
        changed = ", ".join(f"`{change}`" for change in VARIANTS[name])
        difference = _spread([a - b for a, b in pairs], "+") if changed else ""
        yield [name, changed, _spread(accuracies, ""), difference]


def _spread(values: list[float], sign: str) -> str:
    return f"{100 * fmean(values):{sign}.1f} ± {100 * stdev(values):.1f}"


if __name__ == "__main__":
    main()
