# SPDX-License-Identifier: MIT
"""Report of a series: what each recipe reaches, and how far it is from the first."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from sim.images.pretrain.series import SeriesConfig
from sim.report.tables import markdown_table

__all__ = ["series_report"]


def series_report(
    series: SeriesConfig,
    changes: Sequence[Sequence[str]],
    found: Sequence[Sequence[Mapping[str, float]]],
    learnt: int,
    untold: Sequence[str],
    made: str,
) -> str:
    """Return the report, in Markdown.

    Parameters
    ----------
    series : SeriesConfig
    changes : sequence of sequence of str
        Assignments of every recipe.
    found : sequence of sequence of dict
        Accuracies, 0..1, of every recipe and seed, all by the same headings.
    learnt : int
        Number of classes that the networks have learnt.
    untold : sequence of str
        Networks that recipes name, of which nothing says what they have learnt.
    made : str
        How the report was made.
    """
    headings = list(found[0][0])
    tables = []
    for difference in (False, True):
        rows = [
            [_named(one), *(_cell(reached, found[0], h, difference) for h in headings)]
            for one, reached in zip(changes, found, strict=True)
        ]
        tables.append(markdown_table(["recipe", *headings], rows[difference:]))
    reading = (
        f"Networks learn the first {learnt} base classes; the {series.new} after them are new to "
        f"them and come {series.increment} at a time. `learnt classes` is the accuracy of the "
        "golden integer network with its own head, in %. The other columns are average "
        f"incremental accuracies from embeddings, over all {learnt + series.new} classes, in %. "
        f"{'Mean and standard deviation over' if series.seeds > 1 else 'Training of'} "
        f"{series.seeds} seed{'s' if series.seeds > 1 else ''}."
    )
    if shared := series.shared():
        said = "unless `--set` or the recipe says otherwise"
        reading += f" All have {', '.join(f'`{one}`' for one in shared)}, {said}."
    if untold:
        reading += (
            f" No card says which classes {', '.join(f'`{name}`' for name in untold)} learnt: "
            "recipes that name such a network may know the new classes."
        )
    parts = [f"# {series.title}", made, reading, tables[0]]
    if len(changes) > 1:
        parts += [f"Difference from {_named(changes[0])}, seed by seed, in points:", tables[1]]
    return "\n\n".join(parts) + "\n"


def _named(changes: Sequence[str]) -> str:
    return ", ".join(f"`{change}`" for change in changes) or "the common recipe"


def _cell(
    reached: Sequence[Mapping[str, float]],
    first: Sequence[Mapping[str, float]],
    heading: str,
    difference: bool,
) -> str:
    values = [100 * one[heading] for one in reached]
    if difference:
        values = [a - 100 * b[heading] for a, b in zip(values, first, strict=True)]
    text = f"{fmean(values):{'+' if difference else ''}.1f}"
    return text if len(values) == 1 else f"{text} ± {stdev(values):.1f}"
