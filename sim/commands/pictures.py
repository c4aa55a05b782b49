# SPDX-License-Identifier: MIT
"""The command ``engram pictures``, from arguments to report."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from rich.console import Console
from threadpoolctl import threadpool_limits

from sim.commands.base import ConfiguredCommand, tell
from sim.data.bank import Bank
from sim.data.source import load_bank
from sim.pictures.dependence import correlation_errors
from sim.pictures.document import write_pictures
from sim.pictures.flips import heat_map
from sim.pictures.learning import Learnt, group_curves, learn, task_curves, training_curves
from sim.pictures.modes import clustering
from sim.pictures.picture import Picture
from sim.pictures.scatter import maps
from sim.replay import SOURCES
from sim.study.config import StudyConfig, load_config
from sim.study.fidelity import LARGEST_FEATURES
from sim.study.methods import Method
from sim.work.errors import UserError
from sim.work.files import ensure_directory
from sim.work.progress import Bars

__all__ = ["PicturesCommand"]

_PICTURES = 7  # that `_draw` makes


@dataclass(frozen=True, kw_only=True)
class PicturesCommand(ConfiguredCommand):
    """Arguments of ``engram pictures``."""

    seed: int

    def execute(self, console: Console) -> None:
        """Run every method once, and draw the pictures of the data, the learning and the memories.

        Raises
        ------
        UserError
            If an argument, the configuration, the data or the output folder is at fault; nothing
            is then written.
        """
        config, document = load_config(self.config, self.assignments)
        bank = load_bank(config.data, config.tasks, document, self.data_dir)
        _check(config, bank)
        ensure_directory(self.out)
        steps = len(config.expanded_methods()) * len(bank.tasks)
        with Bars(console, "runs", steps + _PICTURES) as bars, threadpool_limits(1):
            runs = self._learn(config, bank, bars)
            pictures = []
            for picture in _draw(bank, runs, self.seed):
                pictures.append(picture)
                bars.update(steps + len(pictures), f"picture {picture.name}")
                bars.tell(f"picture {picture.name}")
        made = (
            f"Made by `{self.command}` (engram {version('engram')}, configuration "
            f"{config.digest()[:12]}, seed {self.seed}). Data: {bank.provenance.rstrip('.')}. D = "
            f"{bank.features} bits an embedding; {len(bank.tasks)} tasks. Figures and tables named "
            "in brackets are those of the paper on Generative Binary Memory (Basso-Bert et al.)."
        )
        write_pictures(self.out, config.title, made, pictures)
        tell(console, f"Pictures: {self.out / 'report.md'}, {len(pictures)} of them")

    def _learn(self, config: StudyConfig, bank: Bank, bars: Bars) -> list[Learnt]:
        def run(place: int, method: Method) -> Learnt:
            def show(task: int) -> None:
                bars.update(place * len(bank.tasks) + task, method.label)

            learnt = learn(bank, config.head, method, self.seed, lambda p: show(p.task))
            bars.tell(f"run {method.label}")
            return learnt

        return [run(place, method) for place, method in enumerate(config.expanded_methods())]


def _draw(bank: Bank, runs: list[Learnt], seed: int) -> Iterator[Picture]:
    """Yield all pictures in the order of the report, with the smallest memory first in each."""
    memories = [run for run in runs if run.experiment.source.generative]
    memories.sort(key=lambda run: run.experiment.source.ledger().bits_paper)
    portraits = [memory.portrait() for memory in memories]
    yield heat_map(bank)
    yield clustering(bank, portraits, seed)
    yield task_curves(runs)
    yield training_curves(memories[-1])
    yield group_curves(memories[-1])
    yield maps(bank, portraits, seed)
    yield correlation_errors(bank, portraits)


def _check(config: StudyConfig, bank: Bank) -> None:
    """Refuse a study for which one of the pictures cannot be drawn."""
    methods = config.expanded_methods()
    if not any(SOURCES[method.replay].generative for method in methods):
        known = ", ".join(name for name, source in SOURCES.items() if source.generative)
        raise UserError(f"methods must contain a generative method: one of {known}")
    if any(method.increment is not None for method in methods):
        raise UserError("methods must have no increment: all pictures show the study's own tasks")
    if key := next((key for method in methods for key in method.failing_network), None):
        raise UserError(f"methods must have no {key}: pictures show what the sound network embeds")
    if config.data.each is not None:
        raise UserError("data.each must be left out: pictures show all samples")
    several = {"data.others": config.data.others, "tasks.orders": config.tasks.orders}
    for key, given in {**several, "tuned": config.tuned}.items():
        if given is not None:
            raise UserError(f"{key} must be left out: pictures show one run of each method")
    if len(bank.tasks) < 3:
        raise UserError(
            f"tasks must be at least 3 (one initial, one past and one new), not {len(bank.tasks)}"
        )
    if bank.features > LARGEST_FEATURES:
        raise UserError(
            f"Embeddings must have at most {LARGEST_FEATURES} bits, not {bank.features}: larger "
            "matrices of correlations cannot be drawn"
        )
