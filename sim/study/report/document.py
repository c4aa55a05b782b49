# SPDX-License-Identifier: MIT
"""The files of a report: ``results.json``, ``report.md`` and its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.report.figure import figure_bytes
from sim.report.files import json_text
from sim.study.fidelity import Exemplars
from sim.study.report import exemplar_figures, figures
from sim.study.report.ages import has_ages, stability_plasticity
from sim.study.report.fault_figure import points_by_share
from sim.study.report.findings import Findings
from sim.study.report.head_state_figure import accuracy_by_head_state
from sim.study.report.origin import origin
from sim.study.report.tables import results_table
from sim.study.report.text import markdown
from sim.work.folder import write_folder

__all__ = ["StudyReport"]

_IMAGES = (
    "accuracy_by_bits.png",
    "accuracy_by_chip_bits.png",
    "accuracy_by_head_state.png",
    "accuracy_by_share.png",
    "accuracy_by_state.png",
    "accuracy_by_task.png",
    "correlations.png",
    "exemplars.png",
    "stability_plasticity.png",
)

# Pictures of exemplars, which no results hold.
_OF_RUNS = ("correlations.png", "exemplars.png")


@dataclass(frozen=True)
class StudyReport(Findings):
    """The report of a finished study.

    Parameters
    ----------
    config, banks, command, runs
        As of `Findings`.
    generated : sequence of (str, Exemplars)
        Labels and exemplars of the generative memories that the report compares with real ones.
    choices : list of dict
        What the values that each method could choose from reached in validation, if it chose.
    made : mapping, optional
        A ``results.json`` whose runs these are. Its command and origin stay, and its pictures of
        exemplars, which can be made from a run alone.
    """

    generated: Sequence[tuple[str, Exemplars]]
    choices: list[dict[str, Any]] = field(default_factory=list)
    made: Mapping[str, Any] | None = None

    @property
    def rows(self) -> list[list[str]]:
        """Rows of the results table."""
        return results_table(self.groups)[1]

    def write(self, folder: Path) -> None:
        """Write all files into `folder` in one step."""
        images = {
            "accuracy_by_task.png": figures.accuracy_by_task(self.groups, self._classes_seen()),
            "accuracy_by_bits.png": figures.accuracy_by_bits(self.groups, "memory"),
            "accuracy_by_state.png": figures.accuracy_by_bits(self.groups, "state"),
        }
        if self.states:
            images["accuracy_by_head_state.png"] = accuracy_by_head_state(self.states)
        if self.fault_lines:
            images["accuracy_by_share.png"] = points_by_share(self.fault_lines)
        if has_ages(self.bank.tasks):
            images["stability_plasticity.png"] = stability_plasticity(self.groups)
        if self.bank.network_bits is not None:
            images["accuracy_by_chip_bits.png"] = figures.accuracy_by_bits(
                self.groups, "chip", self.bank.network_bits
            )
        if self.generated and self.bank.thermometer is not None:
            images["exemplars.png"] = exemplar_figures.class_images(self.bank, self.generated)
        if self.generated and self._has_distances():
            images["correlations.png"] = exemplar_figures.correlations(self.bank, self.generated)
        content: dict[str, bytes | str] = {name: figure_bytes(f) for name, f in images.items()}
        kept = {name for name in _OF_RUNS if self.made and (folder / name).is_file()}
        content["report.md"] = markdown(self, {*images, *kept})
        content["results.json"] = json_text(self._results())
        replaces_report = (folder / "results.json").is_file()
        drop = [name for name in _IMAGES if name not in kept] if replaces_report else ()
        write_folder(folder, content, drop=drop)

    def _classes_seen(self) -> list[int]:
        return [task.stop for task in self.bank.tasks]

    def _has_distances(self) -> bool:
        return any(run.get("correlation_distance") for run in self.runs)

    def _results(self) -> dict[str, Any]:
        return {
            **(self.made or origin(self.config, self.banks, self.command)),
            "verdict": self.verdict,
            "also": self.sentences[1:],
            **({"choices": self.choices} if self.choices else {}),
            "runs": [self._kept(run) for run in self.runs],
        }

    def _kept(self, run: dict[str, Any]) -> dict[str, Any]:
        """Return what stays of the result of a run.

        Where memories fail there are hundreds of runs, whose confusions would be nine tenths of all
        that stays.
        """
        return {k: v for k, v in run.items() if k != "confusion"} if self.fault_lines else run
