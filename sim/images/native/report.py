# SPDX-License-Identifier: MIT
"""The files of a study in image space: ``results.json``, ``report.md`` and its figure."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sim.images.native.figure import accuracies
from sim.images.native.groups import PlanGroup, groups_of, verdict
from sim.images.native.reduced import differences
from sim.images.native.settings import NativeConfig
from sim.images.pretrain.settings import Recipe
from sim.report.figure import figure_bytes
from sim.report.files import json_text
from sim.report.tables import markdown_table
from sim.work.folder import write_folder

__all__ = ["NativeReport"]

_FIGURE = "accuracies.png"

_READING = """\
Every accuracy is on the test images of all classes seen so far; of binary networks it is that of \
the integer golden network. *Memory* is what the slides count, the kept samples alone; *all state* \
every bit that survives between tasks: also labels, counters, network and classifier, and the real \
latent weights behind the binary ones; *while training* what Adam needs beside it. *Samples* are \
those of each past class in the last task: native replay shares its memory among the classes seen, \
latent replay keeps as many of every class from the start, and never more than there are. The last \
task's classes are never replayed. The slides' values are read off their plots (+-0.01)."""

_SLIDES = """\
Accuracy in 0..1 after each task. The slides' network, length of training and settings are others \
than those here, see below: their numbers stand for the trend, not for a target. What they have \
beside joint training is one training on all 50 classes at once."""

_SAME = "None: these are the settings of the configuration `slides`."

_OPEN = """\
The slides leave open how the batch is made, the patience of the plateau, the augmentation and \
what a ConvBlock holds; what the configuration `slides` has for these is engram's reading."""


@dataclass(frozen=True, kw_only=True)
class NativeReport:
    """The report of a finished study.

    Parameters
    ----------
    config : NativeConfig
    recipe : Recipe
        Recipe of the configuration.
    tasks : tuple of range
    provenance : str
        Origin of the images.
    command : str
        Command line that makes this report again.
    runs : list of dict
        Results of all runs.
    pretraining : mapping of str to float
        Test accuracy of every pre-trained network on the classes it learnt.
    environment : mapping of str to str
        Device, threads and version of PyTorch.
    """

    config: NativeConfig
    recipe: Recipe
    tasks: tuple[range, ...]
    provenance: str
    command: str
    runs: list[dict[str, Any]]
    pretraining: Mapping[str, float]
    environment: Mapping[str, str]

    @property
    def groups(self) -> list[PlanGroup]:
        """Runs gathered by method and budget."""
        return groups_of(self.config.plans(), self.runs, self.config.increment)

    @property
    def verdict(self) -> str:
        """One sentence on the replay that is ahead at each budget."""
        return verdict(self.groups)

    def write(self, folder: Path) -> None:
        """Write all files into `folder` in one step."""
        seen = [task.stop for task in self.tasks]
        figure = accuracies(self.groups, seen, self.config.increment)
        write_folder(
            folder,
            {
                _FIGURE: figure_bytes(figure),
                "report.md": self._markdown(),
                "results.json": json_text(self._results()),
            },
        )

    def _results(self) -> dict[str, Any]:
        return {
            "version": version("engram"),
            "command": self.command,
            "config": self.recipe.about(),
            "config_sha256": self.recipe.digest(),
            "data": {"provenance": self.provenance},
            "environment": {
                "python": platform.python_version(),
                "numpy": version("numpy"),
                "machine": platform.machine(),
                **self.environment,
            },
            "pretraining": dict(self.pretraining),
            "verdict": self.verdict,
            "runs": self.runs,
        }

    def _markdown(self) -> str:
        reduced = [f"- {line}" for line in differences(self.config, self.recipe)]
        parts = [
            f"# {self.config.title}",
            self._made(),
            f"**{self.verdict}**",
            self._data(),
            markdown_table(*self._table()),
            _READING,
            f"![accuracy after each task, and against memory]({_FIGURE})",
            "## Task by task, beside the slides",
            markdown_table(*self._by_task()),
            _SLIDES,
            "## Settings that are not the slides'",
            "\n".join(reduced) or _SAME,
            _OPEN,
        ]
        return "\n\n".join(parts) + "\n"

    def _made(self) -> str:
        seconds = sum(run["seconds"] for run in self.runs)
        environment = ", ".join(f"{name} {value}" for name, value in self.environment.items())
        return (
            f"Made by `{self.command}` (engram {version('engram')}, configuration "
            f"{self.recipe.digest()[:12]}, {environment}); {len(self.runs)} runs took "
            f"{seconds:.0f} s, added up, the pre-trainings not counted."
        )

    def _data(self) -> str:
        accuracies = "; ".join(f"{k}: {100 * v:.1f} %" for k, v in self.pretraining.items())
        return (
            f"Data: {self.provenance.rstrip('.')}. The first {self.config.classes.base} classes of "
            f"the order are pre-trained, the {self.tasks[-1].stop} after them come in "
            f"{len(self.tasks)} tasks of {self.config.increment}. Test accuracy of the "
            f"pre-trainings: {accuracies}."
        )

    def _table(self) -> tuple[Sequence[str], list[list[str]]]:
        """Return columns and rows of the results."""
        columns = (
            "method",
            "memory (Mb)",
            "all state (Mb)",
            "while training (Mb)",
            "samples",
            "average incremental (%)",
            "final (%)",
            "slides, final (%)",
        )
        rows = [
            [
                group.plan.label,
                group.megabits("bits_paper"),
                group.megabits("bits_full"),
                group.megabits("bits_training"),
                str(group.runs[0]["exemplars"]),
                group.spread("average_incremental").percent(),
                group.spread("final").percent(),
                f"{100 * group.published.final:.1f}" if group.published else "",
            ]
            for group in self.groups
        ]
        return columns, rows

    def _by_task(self) -> tuple[Sequence[str], list[list[str]]]:
        """Return columns and rows of the accuracies after each task, ours and the slides'."""
        columns = ["method", *(f"{task.stop} classes" for task in self.tasks)]
        rows = []
        for group in self.groups:
            rows.append([group.plan.label, *(f"{a:.3f}" for a in group.by_task)])
            if group.published and len(group.published.by_task) == len(self.tasks):
                rows.append(["- slides", *(f"{a:.3f}" for a in group.published.by_task)])
        return columns, rows
