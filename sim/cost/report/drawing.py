# SPDX-License-Identifier: MIT
"""The part of a cost report that compares drawing with reading over technologies and gating."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from matplotlib.figure import Figure

from sim.cost.assessment import Assessment
from sim.cost.drawing import Drawing, Keeping, lacking
from sim.cost.formatting import nominal, number, si
from sim.cost.technology.technology import Technology
from sim.report.figure import house_style, new_figure
from sim.report.tables import markdown_table

__all__ = [
    "PICTURE",
    "SHOWN",
    "conclusion",
    "drawing_numbers",
    "drawing_or_reading",
    "drawing_parts",
    "lasting",
]

#: File name of `drawing_or_reading`.
PICTURE = "drawing_or_reading.png"
#: Those M of all that tables show.
SHOWN = (1, 2, 4, 8, 16, 32, 64)
_DAY = 86_400  # s
_WAITING = (
    "Above, only actions count, as with gated clocks here. With running clocks, a consumer that "
    "waits for every exemplar pays for the flip-flops that keep their bit, of {flipflops:,.0f} in "
    "all, in every cycle: {drawn} cycles for an exemplar that is drawn, {read} for one that is "
    "read. The trainer does not wait, so that the gated rows are those of a task. M is every "
    "integer from 1 to 64; *from M* is the least at which drawing takes no more. Leakage is left "
    "out."
)
_EQUAL = (
    "{exemplars} is the smallest memory of the study that is as accurate as {prototypes} "
    "({theirs:.1f} % and {ours:.1f} %). A task takes {number} exemplars of the past, with M = 1. "
    "Neither source adds a cycle to it, so that no idle clocks are charged. The memory leaks until "
    "the next task. *Prototypes take less* says from which time between "
    "tasks on both together are less."
)


def drawing_parts(assessment: Assessment) -> Iterator[str]:
    """Yield the paragraphs, tables and the picture, in Markdown."""
    drawings, keepings = assessment.drawings, assessment.keepings
    yield "### With clocks, in several technologies"
    absent = lacking(assessment.technology, drawings)
    if absent:
        yield (
            f"Not compared: {', '.join(absent)}, which {_does(absent)} not state all that an "
            "exemplar takes. Values that are missing are among the warnings."
        )
    if not drawings:
        return
    cycles = (
        number(assessment.phase(name).phase.cycles)
        for name in ("pseudo-exemplar, parallel", "latent exemplar")
    )
    yield _WAITING.format(
        flipflops=assessment.prices.flipflops.nominal, drawn=next(cycles), read=next(cycles)
    )
    columns = (
        "technology", "clocks", *(f"M = {m}" for m in SHOWN),
        f"latent replay, E = {drawings[0].exemplars}", "from M",
    )  # fmt: skip
    yield markdown_table(columns, [_drawing_row(drawing) for drawing in drawings])
    if assessment.config.chip.factors is not None:
        yield (
            "Exemplars are drawn without the factors of this chip. With them the trainer may wait, "
            "and its phase has these cycles."
        )
    yield f"![Drawn over read, against M]({PICTURE})"
    if keepings:
        ours, theirs = keepings[0].prototypes, keepings[0].exemplars
        yield _EQUAL.format(
            exemplars=theirs.label, prototypes=ours.label, theirs=100 * theirs.accuracy,
            ours=100 * ours.accuracy, number=f"{assessment.replays:,}",
        )  # fmt: skip
        columns = (
            "technology", f"a task, {ours.label}", f"a task, {theirs.label}",
            f"a day of leakage, {ours.label}", f"a day of leakage, {theirs.label}",
            "prototypes take less",
        )  # fmt: skip
        yield markdown_table(columns, [_keeping_row(keeping) for keeping in keepings])
    yield f"**{conclusion(drawings)}**"
    if keepings:
        yield f"**{lasting(keepings)}**"


def conclusion(drawings: Sequence[Drawing]) -> str:
    """Return in one sentence when drawing takes no more than reading, at equal bits."""
    parts = []
    for gated in (False, True):
        rows = [d for d in drawings if d.gated == gated]
        won = [f"M = {d.least_draws} ({_named(d.technology)})" for d in rows if d.least_draws]
        lost = [_named(d.technology) for d in rows if not d.least_draws]
        where = f"with {_clocks(gated)} clocks"
        if not gated:
            where += ", if the consumer waits for every exemplar,"
        text = f"{where} from {', '.join(won)} on" if won else where
        if lost:
            text += f"{' and' if won else ''} for no M up to 64 in "
            text += ", ".join(lost)
        parts.append(text)
    return (
        "At equal bits, an exemplar that is drawn takes no more energy than one that is read: "
        f"{'; '.join(parts)}."
    )


def lasting(keepings: Sequence[Keeping]) -> str:
    """Return when prototypes take less, at equal accuracy and M = 1, and where that is unknown."""
    stated = [k for k in keepings if k.states_leakage]
    silent = [_named(k.technology) for k in keepings if not k.states_leakage]
    at_once = [_named(k.technology) for k in stated if k.seconds == 0]
    later = [k for k in stated if k.seconds]
    never = [_named(k.technology) for k in stated if k.seconds is None]
    parts = [f"at once in {', '.join(at_once)}"] if at_once else []
    if later:
        times = "; ".join(f"{si(k.seconds, 's')} in {_named(k.technology)}" for k in later)
        parts.append(f"if tasks are apart by {times}")
    if never:
        parts.append(f"never in {', '.join(never)}")
    text = f"At equal accuracy and M = 1, prototypes take less energy {'; '.join(parts)}."
    if silent:
        text += f" No leakage is stated by {', '.join(silent)}."
    return text


@house_style()
def drawing_or_reading(drawings: Sequence[Drawing]) -> Figure:
    """Draw the energy of a drawn exemplar over that of a read one, for every M."""
    figure = new_figure(9.5, 4.8)
    axes = figure.add_subplot()
    names = list(dict.fromkeys(_named(drawing.technology) for drawing in drawings))
    for drawing in drawings:
        name = _named(drawing.technology)
        axes.plot(
            [m for m, _ in drawing.draws],
            [energy.nominal / drawing.latent.nominal for _, energy in drawing.draws],
            "--" if drawing.gated else "-", color=f"C{names.index(name)}",
            label=f"{name}, {_clocks(drawing.gated)}",
        )  # fmt: skip
    axes.axhline(1, color="0.3", lw=0.8)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(lambda m, _: f"{m:g}")
    axes.yaxis.set_major_formatter(lambda ratio, _: f"{ratio:g}")
    axes.yaxis.set_minor_formatter(lambda ratio, _: f"{ratio:g}" if f"{ratio:e}"[0] in "25" else "")
    axes.set_xlabel("M, pseudo-exemplars drawn a prototype read")
    axes.set_ylabel("energy drawn / read, equal bits")
    axes.grid(alpha=0.3, which="both")
    figure.legend(loc="outside right center", fontsize=8, frameon=False)
    return figure


def drawing_numbers(assessment: Assessment) -> dict[str, Any]:
    """Return all numbers as plain data, in SI units: "drawing" and "keeping"."""
    return {
        "drawing": [
            {
                "technology": drawing.technology.name,
                "voltage_V": drawing.technology.voltage,
                "gated": drawing.gated,
                "exemplars": drawing.exemplars,
                "latent_J": asdict(drawing.latent),
                "drawn_J": {m: asdict(energy) for m, energy in drawing.draws},
                "least_draws": drawing.least_draws,
            }
            for drawing in assessment.drawings
        ],
        "keeping": [
            {
                "technology": keeping.technology.name,
                "voltage_V": keeping.technology.voltage,
                "prototypes": keeping.prototypes.label,
                "exemplars": keeping.exemplars.label,
                "drawn_J": asdict(keeping.drawn),
                "read_J": asdict(keeping.read),
                "prototype_leakage_W": asdict(keeping.prototype_leakage),
                "exemplar_leakage_W": asdict(keeping.exemplar_leakage),
                "seconds": keeping.seconds,
            }
            for keeping in assessment.keepings
        ],
    }


def _drawing_row(drawing: Drawing) -> list[str]:
    energies = dict(drawing.draws)
    return [
        _named(drawing.technology), _clocks(drawing.gated),
        *(nominal(energies[m], "J") for m in SHOWN), nominal(drawing.latent, "J"),
        str(drawing.least_draws or "-"),
    ]  # fmt: skip


def _keeping_row(keeping: Keeping) -> list[str]:
    energies = (
        keeping.drawn, keeping.read,
        keeping.prototype_leakage * _DAY, keeping.exemplar_leakage * _DAY,
    )  # fmt: skip
    return [
        _named(keeping.technology), *(nominal(energy, "J") for energy in energies), _from(keeping),
    ]  # fmt: skip


def _from(keeping: Keeping) -> str:
    if not keeping.states_leakage:
        return "unknown"
    if keeping.seconds is None:
        return "never"
    return f"from {si(keeping.seconds, 's')} on" if keeping.seconds else "at once"


def _named(technology: Technology) -> str:
    """Return the name of a technology with its supply, which may be the user's choice."""
    volts = technology.voltage
    return technology.name if volts is None else f"{technology.name} at {volts:g} V"


def _does(names: Sequence[str]) -> str:
    return "does" if len(names) == 1 else "do"


def _clocks(gated: bool) -> str:
    return "gated" if gated else "running"
