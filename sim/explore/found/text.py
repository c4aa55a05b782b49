# SPDX-License-Identifier: MIT
"""Sections of an exploration's report: the reference and the sensitivity."""

from sim.explore.found.outcome import Outcome
from sim.report.tables import markdown_table

__all__ = ["reference_section", "sensitivity_section"]

_EFFECTS = """\
Share of the variance (%) that goes with each parameter alone: one-way analysis of variance, \
adjusted for what groups explain by chance; numbers of a range are put into five groups by rank. \
Parameters that methods share are looked at within methods, those of a method among its trials. \
What a search tries is no even sample, and effects of two parameters together are no one's here; a \
dash where too few trials tell. Accuracies are those of trials that went through all rungs, other \
objectives those of all trials."""

_REFERENCE = "## Where the reference lies"

_GAPS = "What could be had in each objective by another design that is as good in all others:"


def reference_section(outcome: Outcome) -> list[str]:
    """Return the place of the reference, or why it is unknown; empty without a reference."""
    record, gaps = outcome.reference, outcome.reference_gaps
    if record is None or gaps is None:
        asked = next((r for r in outcome.records if r.reference), None)
        if asked is None:
            return []
        why = f": {asked.message}" if asked.message else ""
        return [
            _REFERENCE,
            f"{asked.label} did not go through all rungs, it is {asked.state}{why}.",
        ]
    on_front = any(record.number == other.number for other in outcome.front)
    rows = [
        [o.name, f"{record.values[o.name]:.4g} {o.unit}", f"{gaps[o.name]:.3g} {_unit(o.unit)}"]
        for o in outcome.objectives
    ]
    place = "is on the front" if on_front else "is not on the front"
    return [
        _REFERENCE,
        f"{record.label} {place} of all objectives. {_GAPS}",
        markdown_table(("objective", "reference", "to be had"), rows),
    ]


def sensitivity_section(outcome: Outcome) -> list[str]:
    """Return the table of main effects."""
    names = [o.name for o in outcome.objectives]
    found = {(s.parameter, s.objective): s for s in outcome.sensitivity}
    rows = []
    for parameter in dict.fromkeys(s.parameter for s in outcome.sensitivity):
        cells = [found.get((parameter, name)) for name in names]
        told = found.get((parameter, "accuracy"))
        shares = ["-" if s is None else f"{100 * s.share:.0f}" for s in cells]
        rows.append([parameter, *shares, str(told.trials if told else 0)])
    columns = ["parameter", *names, "trials with an accuracy"]
    return ["## What matters", _EFFECTS, markdown_table(columns, rows)]


def _unit(unit: str) -> str:
    return "points" if unit == "%" else unit
