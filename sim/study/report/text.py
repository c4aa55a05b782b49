# SPDX-License-Identifier: MIT
"""The text of a report: its sections, in their order."""

from collections.abc import Collection

import numpy as np

from sim.report.tables import markdown_table
from sim.report.wording import listed
from sim.study.methods import NETWORK_KEYS
from sim.study.report import claims, explanations
from sim.study.report.ages import AGE_COLUMNS, age_rows
from sim.study.report.faults import columns, conclusion, fault_rows
from sim.study.report.findings import Findings
from sim.study.report.head_state import COLUMNS as STATE_COLUMNS
from sim.study.report.origin import data_line, made_line, varied
from sim.study.report.tables import results_table

__all__ = ["markdown"]


def markdown(found: Findings, images: Collection[str]) -> str:
    """Return ``report.md``.

    Parameters
    ----------
    found : Findings
    images : collection of str
        Names of the pictures that lie beside it.
    """
    parts = [
        f"# {found.config.title}",
        made_line(found.config, found.command, found.runs),
        *_top(found),
        data_line(found.banks),
        "## Results",
        markdown_table(*results_table(found.groups)),
        explanations.READING.format(over=varied(found.config)),
        *_tuned(found),
        *_head_states(found),
        *_faults(found),
        *_claims(found),
        "## Accuracy against bits",
        "All state that survives between tasks:",
        "![accuracy against all state](accuracy_by_state.png)",
        "The memory of the past, as the papers count it:",
        "![accuracy against memory](accuracy_by_bits.png)",
        *_chip_bits(found, images),
        "## Accuracy, task by task",
        "![accuracy by task](accuracy_by_task.png)",
    ]
    if "stability_plasticity.png" in images:
        parts += ["## Old classes and new ones", explanations.AGES]
        parts += [markdown_table(AGE_COLUMNS, age_rows(found.groups))]
        parts += ["![old classes against new ones](stability_plasticity.png)"]
    if "exemplars.png" in images:
        parts += ["## Real and generated exemplars", "![exemplars](exemplars.png)"]
    if "correlations.png" in images:
        parts += [explanations.CORRELATIONS, markdown_table(*_distances(found))]
        parts += ["![correlations](correlations.png)"]
    return "\n\n".join(parts) + "\n"


def _top(found: Findings) -> list[str]:
    """Return the conclusion, and the sentences on sources at equal bits that it leaves."""
    first, *others = [found.headline] * bool(found.headline) + found.sentences or [""]
    parts = [f"**{first}**"] if first else []
    return [*parts, "\n".join(f"- {sentence}" for sentence in others)] if others else parts


def _tuned(found: Findings) -> list[str]:
    """Return the paragraph on what validation chose, if it chose."""
    tuned, choice = found.config.tuned, found.config.validation
    if tuned is None or not found.config.tunes:
        return []
    where = f", in the embeddings of the bank `{choice.path}`" if choice.path else ""
    offered, ends = [], []
    for key, values in tuned.offers.items():
        chosen = [group.tuned[key] for group in found.groups if key in group.tuned]
        least, most = (sum(c == end(values) for c in chosen) for end in (min, max))
        several = f" {key}" if len(tuned.offers) > 1 else ""
        offered.append(listed([f"{value:g}" for value in values], "or") + several)
        ends.append(
            f"Of {len(chosen)} methods, {least} chose the smallest{several} and {most} the largest."
        )
    text = explanations.TUNED.format(
        values=", or ".join(offered),
        ends=" ".join(ends),
        base=len(found.bank.tasks[0]),
        share=100 * choice.share,
        first=choice.base,
        increment=choice.increment,
        where=where,
    )
    return [text]


def _head_states(found: Findings) -> list[str]:
    """Return the section on heads of several states, if a memory was tried beside some."""
    parts = []
    for states in found.states:
        parts += [f"**{states.sentence}**", markdown_table(STATE_COLUMNS, states.rows)]
    picture = "![accuracy against what of the head survives](accuracy_by_head_state.png)"
    return ["## What of the head survives", explanations.STATES, *parts, picture] * bool(parts)


def _faults(found: Findings) -> list[str]:
    """Return the section on memories that fail, if a memory has a sound twin beside it."""
    if not found.fault_lines:
        return []
    table = markdown_table(columns(found.fault_lines), fault_rows(found.fault_lines))
    picture = "![points lost against failing cells](accuracy_by_share.png)"
    said = f"**{conclusion(found.fault_lines)}**"
    return ["## Memories that fail", said, explanations.FAULTS, table, picture]


def _claims(found: Findings) -> list[str]:
    """Return the section on published claims, if the configuration names claims."""
    if found.config.claims is None:
        return []
    parts = ["## Published claims", explanations.CLAIMS]
    parts.append(markdown_table(claims.COLUMNS, [c.row for c in claims.gbm_claims(found.groups)]))
    if choices := claims.hardware_choices(found.groups):
        parts += [
            explanations.CHOICES,
            markdown_table(claims.COLUMNS, [c.row for c in choices]),
        ]
    return parts


def _chip_bits(found: Findings, images: Collection[str]) -> list[str]:
    """Return the figure of all bits of the chip, if the bits of the network are known."""
    if "accuracy_by_chip_bits.png" not in images:
        return []
    text = (
        f"All that the chip stores: the {found.bank.network_bits} bits of the feature "
        "extractor, and *all state* of the table but the real latent weights, which only the "
        "training of the head needs:"
    )
    return [text, "![accuracy against all bits](accuracy_by_chip_bits.png)"]


def _distances(found: Findings) -> tuple[list[str], list[list[str]]]:
    """Return columns and rows of the table of Frobenius distances."""
    columns = ["method", "within class", "pooled"]
    rows = []
    for group in found.groups:
        if group.faults.keys() & NETWORK_KEYS:
            continue  # drawn from embeddings that are not those of the others
        if all(run.get("correlation_distance") for run in group.runs):
            distances = [run["correlation_distance"] for run in group.runs]
            means = [np.mean([d[key] for d in distances]) for key in ("within_class", "pooled")]
            rows.append([group.label, *(f"{mean:.1f}" for mean in means)])
    return columns, rows
