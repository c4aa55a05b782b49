# SPDX-License-Identifier: MIT
"""The section of a cost report that compares the model with published chips and papers."""

from fractions import Fraction

from sim.cost.formatting import number, si
from sim.cost.published.chips import load_chips
from sim.cost.published.comparison import PublishedRow, Summary, calibrated, published_rows, summary
from sim.cost.published.papers import PaperValue, paper_values
from sim.cost.published.voltage_law import voltage_rows
from sim.report.tables import markdown_table

__all__ = ["world_section"]

_MODEL = (
    "An XNOR and a full adder a synapse, registers of sums and window, and the window's SRAM, of "
    "technology `cmos28` scaled to node and supply. Two constants for all chips: `wires`, of "
    "Colonnade's array, and `clock`, of BinarEye's peak; every other row is held out, and no "
    "number is chosen for a chip. Where a scope cannot be modelled there is the reason, no ratio."
)
_SUPPLY = (
    "How the supply scales energy, published against the polynomials of the model and the square "
    "of the supply:"
)
_PAPERS = (
    "Every memory figure of the papers beside the same sum here; *as printed* rounds as the paper "
    "does."
)


def world_section() -> str:
    """Return the section, in Markdown."""
    rows, constants = published_rows(), calibrated(load_chips())
    parts = (
        "## Held to published chips",
        f"{_MODEL} Here `wires` = {constants.wires:.3f}, `clock` = {constants.clock:.3f}.",
        markdown_table(
            ("chip", "scope", "node (nm)", "supply (V)", "kind", "published", "modelled", "ratio",
             "role", "note"),
            [_published(row) for row in rows],
        ),
        _band(summary(rows)),
        _SUPPLY,
        markdown_table(
            ("chip", "from (V)", "to (V)", "published", "polynomials", "square"),
            [
                [r.chip, f"{r.above:g}", f"{r.below:g}", f"{r.reference:.2f}", f"{r.law:.2f}",
                 f"{r.square:.2f}"]
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


def _band(band: Summary) -> str:
    return (
        f"**Held out, {band.rows} figures: modelled and published differ by a factor of "
        f"{band.mean:.2f} (geometric mean), {band.worst:.2f} at worst.** Below 0.5 V there is no "
        "law of supplies here, and what runs lower is priced at it."
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
