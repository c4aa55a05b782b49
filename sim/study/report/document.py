# SPDX-License-Identifier: MIT
"""The files of a report: ``results.json``, ``report.md`` and its figures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sim.data.bank import Bank
from sim.report.figure import figure_bytes
from sim.report.files import json_text
from sim.report.tables import markdown_table
from sim.report.wording import listed
from sim.study.config import StudyConfig
from sim.study.fidelity import Exemplars
from sim.study.methods import NETWORK_KEYS
from sim.study.report import claims, exemplar_figures, explanations, figures
from sim.study.report.ages import AGE_COLUMNS, age_rows, has_ages, stability_plasticity
from sim.study.report.equal_bits import Verdict
from sim.study.report.fault_figure import points_by_share
from sim.study.report.fault_headline import headline
from sim.study.report.faults import FaultLine, columns, conclusion, fault_lines, fault_rows
from sim.study.report.groups import MethodGroup, group_runs, plain_or_all
from sim.study.report.head_state import COLUMNS as STATE_COLUMNS
from sim.study.report.head_state import HeadStates, head_states
from sim.study.report.head_state_figure import accuracy_by_head_state
from sim.study.report.origin import data_line, made_line, origin, varied
from sim.study.report.tables import results_table
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
class StudyReport:
    """The report of a finished study.

    Parameters
    ----------
    config : StudyConfig
    banks : tuple of Bank
        The same samples in the embeddings of one network or several. Figures show the first.
    command : str
        Command line that makes this report again.
    runs : list of dict
        Results of all runs.
    generated : sequence of (str, Exemplars)
        Labels and exemplars of the generative memories that the report compares with real ones.
    choices : list of dict
        What the values that each method could choose from reached in validation, if it chose.
    made : mapping, optional
        A ``results.json`` whose runs these are. Its command and origin stay, and its pictures of
        exemplars, which can be made from a run alone.
    """

    config: StudyConfig
    banks: tuple[Bank, ...]
    command: str
    runs: list[dict[str, Any]]
    generated: Sequence[tuple[str, Exemplars]]
    choices: list[dict[str, Any]] = field(default_factory=list)
    made: Mapping[str, Any] | None = None

    @property
    def bank(self) -> Bank:
        """The first bank."""
        return self.banks[0]

    @cached_property
    def groups(self) -> list[MethodGroup]:
        """Runs gathered by method."""
        return group_runs(self.runs)

    @cached_property
    def fault_lines(self) -> list[FaultLine]:
        """Memories that fail, if a sound one is beside them."""
        return fault_lines(self.groups)

    @cached_property
    def states(self) -> list[HeadStates]:
        """Memories that were tried beside heads of several states."""
        return head_states(self.groups)

    @property
    def headline(self) -> str:
        """What a study on failing memories, or on states of a head, found; empty of others."""
        if self.fault_lines:
            return headline(self.fault_lines, varied(self.config))
        varied_alone = sum(len(states.groups) for states in self.states) == len(self.groups)
        return " ".join(states.sentence for states in self.states) if varied_alone else ""

    @property
    def verdict(self) -> str:
        """Sentence on how the first source does at equal bits; empty without a comparison."""
        return next(iter(self.sentences), "")

    @cached_property
    def sentences(self) -> list[str]:
        """Such a sentence for every source."""
        return Verdict(plain_or_all(self.groups)).sentences

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
        content["report.md"] = self._markdown({*images, *kept})
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

    def _markdown(self, images: Collection[str]) -> str:
        parts = [
            f"# {self.config.title}",
            made_line(self.config, self.command, self.runs),
            *self._top(),
            data_line(self.banks),
            "## Results",
            markdown_table(*results_table(self.groups)),
            explanations.READING.format(over=varied(self.config)),
            *self._tuned(),
            *self._head_states(),
            *self._faults(),
            *self._claims(),
            "## Accuracy against bits",
            "All state that survives between tasks:",
            "![accuracy against all state](accuracy_by_state.png)",
            "The memory of the past, as the papers count it:",
            "![accuracy against memory](accuracy_by_bits.png)",
            *self._chip_bits(images),
            "## Accuracy, task by task",
            "![accuracy by task](accuracy_by_task.png)",
        ]
        if "stability_plasticity.png" in images:
            parts += ["## Old classes and new ones", explanations.AGES]
            parts += [markdown_table(AGE_COLUMNS, age_rows(self.groups))]
            parts += ["![old classes against new ones](stability_plasticity.png)"]
        if "exemplars.png" in images:
            parts += ["## Real and generated exemplars", "![exemplars](exemplars.png)"]
        if "correlations.png" in images:
            parts += [explanations.CORRELATIONS, markdown_table(*self._distances())]
            parts += ["![correlations](correlations.png)"]
        return "\n\n".join(parts) + "\n"

    def _top(self) -> list[str]:
        """Return the conclusion, and the sentences on sources at equal bits that it leaves."""
        first, *others = [self.headline] * bool(self.headline) + self.sentences or [""]
        parts = [f"**{first}**"] if first else []
        return [*parts, "\n".join(f"- {sentence}" for sentence in others)] if others else parts

    def _tuned(self) -> list[str]:
        """Return the paragraph on what validation chose, if it chose."""
        tuned, choice = self.config.tuned, self.config.validation
        if tuned is None or not self.config.tunes:
            return []
        where = f", in the embeddings of the bank `{choice.path}`" if choice.path else ""
        offered, ends = [], []
        for key, values in tuned.offers.items():
            chosen = [group.tuned[key] for group in self.groups if key in group.tuned]
            least, most = (sum(c == end(values) for c in chosen) for end in (min, max))
            several = f" {key}" if len(tuned.offers) > 1 else ""
            offered.append(listed([f"{value:g}" for value in values], "or") + several)
            ends.append(
                f"Of {len(chosen)} methods, {least} chose the smallest{several} and {most} the "
                "largest."
            )
        text = explanations.TUNED.format(
            values=", or ".join(offered),
            ends=" ".join(ends),
            base=len(self.bank.tasks[0]),
            share=100 * choice.share,
            first=choice.base,
            increment=choice.increment,
            where=where,
        )
        return [text]

    def _head_states(self) -> list[str]:
        """Return the section on heads of several states, if a memory was tried beside some."""
        parts = []
        for states in self.states:
            parts += [f"**{states.sentence}**", markdown_table(STATE_COLUMNS, states.rows)]
        picture = "![accuracy against what of the head survives](accuracy_by_head_state.png)"
        return ["## What of the head survives", explanations.STATES, *parts, picture] * bool(parts)

    def _faults(self) -> list[str]:
        """Return the section on memories that fail, if a memory has a sound twin beside it."""
        if not self.fault_lines:
            return []
        table = markdown_table(columns(self.fault_lines), fault_rows(self.fault_lines))
        picture = "![points lost against failing cells](accuracy_by_share.png)"
        said = f"**{conclusion(self.fault_lines)}**"
        return ["## Memories that fail", said, explanations.FAULTS, table, picture]

    def _claims(self) -> list[str]:
        """Return the section on published claims, if the configuration names claims."""
        if self.config.claims is None:
            return []
        parts = ["## Published claims", explanations.CLAIMS]
        parts.append(
            markdown_table(claims.COLUMNS, [c.row for c in claims.gbm_claims(self.groups)])
        )
        if choices := claims.hardware_choices(self.groups):
            parts += [
                explanations.CHOICES,
                markdown_table(claims.COLUMNS, [c.row for c in choices]),
            ]
        return parts

    def _chip_bits(self, images: Collection[str]) -> list[str]:
        """Return the figure of all bits of the chip, if the bits of the network are known."""
        if "accuracy_by_chip_bits.png" not in images:
            return []
        text = (
            f"All that the chip stores: the {self.bank.network_bits} bits of the feature "
            "extractor, and *all state* of the table but the real latent weights, which only the "
            "training of the head needs:"
        )
        return [text, "![accuracy against all bits](accuracy_by_chip_bits.png)"]

    def _distances(self) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of the table of Frobenius distances."""
        columns = ["method", "within class", "pooled"]
        rows = []
        for group in self.groups:
            if group.faults.keys() & NETWORK_KEYS:
                continue  # drawn from embeddings that are not those of the others
            if all(run.get("correlation_distance") for run in group.runs):
                distances = [run["correlation_distance"] for run in group.runs]
                means = [np.mean([d[key] for d in distances]) for key in ("within_class", "pooled")]
                rows.append([group.label, *(f"{mean:.1f}" for mean in means)])
        return columns, rows
