# SPDX-License-Identifier: MIT
"""The section of a cost report that compares the model with published chips and papers."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from sim.cost.formatting import number, si
from sim.cost.published.chips import Chip, load_chips
from sim.cost.published.comparison import PublishedRow, Summary, calibrated, published_rows, summary
from sim.cost.published.papers import PaperValue, paper_values
from sim.cost.published.voltage_law import voltage_rows
from sim.report.tables import markdown_table

__all__ = ["world_section"]

_MODEL = (
    "One synapse of a chip is an XNOR and a full adder for each bit of weight times each bit of "
    "input. These, the registers of sums and window, and accesses to SRAM are priced as in all "
    "tables above, in technology `cmos28` at the chip's node and supply. Two of its values come "
    "from here: `wires` from Colonnade's array, and `control` from BinarEye's peak. All other "
    "values are held out, and no number is chosen for a chip. Chips in which something else "
    "computes than gates, or from something else than SRAM and registers, are refused by kind."
)
_SUPPLY = (
    "How the supply changes an energy: as published, as C V^2, and at the high bound of the law. A "
    "chip needs no model for it, so that refused kinds count, too:"
)
_AIM = 2.0, 3.0  # factors that the mean and the worst of the values held out should not exceed
_PAPERS = (
    "Every memory figure of the papers beside the same sum here; *as printed* rounds as the paper "
    "does."
)


def world_section(own: Mapping[str, Chip] | None = None) -> str:
    """Return the section, in Markdown.

    Parameters
    ----------
    own : mapping of str to Chip, optional
        Further chips by name. They are held out.
    """
    chips = load_chips()
    rows, constants = published_rows(chips), calibrated(chips)
    further = published_rows(own or {})
    parts = (
        "## Held to published chips",
        f"{_MODEL} Here `wires` = {constants.wires:.3f}, `control` = {constants.control:.3f}.",
        _table(rows),
        _band(summary(rows)),
        *(("Chips of this report, which the band does not contain:", _table(further))
          if further else ()),
        _SUPPLY,
        markdown_table(
            ("chip", "scope", "from (V)", "to (V)", "published", "C V^2", "at most"),
            [
                [r.chip, r.scope, f"{r.above:g}", f"{r.below:g}", f"{r.reference:.2f}",
                 f"{r.law:.2f}", f"{r.most:.2f}"]
                for r in voltage_rows()
            ],
        ),
        "## Memory figures of the papers",
        _PAPERS,
        markdown_table(
            ("paper", "place", "what", "printed", "unit", "ours", "as printed", "equal", "note"),
            [_paper(value) for value in paper_values()],
        ),
    )  # fmt: skip
    return "\n\n".join(parts)


def _table(rows: Sequence[PublishedRow]) -> str:
    return markdown_table(
        ("chip", "scope", "node (nm)", "supply (V)", "kind", "published", "modelled", "ratio",
         "role", "note"),
        [_published(row) for row in rows],
    )  # fmt: skip


def _band(band: Summary) -> str:
    mean, worst = _AIM
    verdict = "within" if band.mean <= mean and band.worst <= worst else "**not** within"
    return (
        f"**Held out, {band.rows} figures: modelled and published differ by a factor of "
        f"{band.mean:.2f} (geometric mean), {band.worst:.2f} at worst**, {verdict} the aim of "
        f"{mean:g} and {worst:g}. Where a note names memories that are left out, the scope is a "
        "part of the error; what a lower supply adds to it is the table below; the rest is "
        "architecture."
    )


def _published(row: PublishedRow) -> list[str]:
    return [
        row.chip, row.scope, _or_dash(row.node), _or_dash(row.voltage), row.kind,
        _joules_or_share(row, row.reference), _joules_or_share(row, row.modelled),
        "-" if row.ratio is None else f"{row.ratio:.2f}", row.role, row.note,
    ]  # fmt: skip


def _joules_or_share(row: PublishedRow, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if row.unit == "share" else f"{si(value, 'J')}/{row.unit[2:]}"


def _paper(value: PaperValue) -> list[str]:
    return [
        value.paper, value.place, value.what, _exact(value.printed), value.unit,
        _exact(value.exact), _exact(value.ours), "yes" if value.equal else "**no**", value.note,
    ]  # fmt: skip


def _exact(value: Fraction) -> str:
    return number(float(value)) if value.denominator == 1 else f"{float(value):,.6g}"


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
