# SPDX-License-Identifier: MIT
"""Rows of the tables in a cost report: each function turns a result into the texts of its row."""

from collections.abc import Sequence

from sim.cost.assessment import Assessment
from sim.cost.formatting import bounds, nominal, number, si, square_millimetres, star
from sim.cost.nonvolatile import PayBack
from sim.cost.priced import LayerCost, PricedPhase
from sim.cost.pricing import EnergyLine, MemoryLine
from sim.cost.published.learning_chips import Learner
from sim.cost.replay import Point
from sim.cost.sensitivity import Swing
from sim.cost.totals import Total, total

__all__ = [
    "ACTIONS",
    "EFFICIENCY",
    "LAYERS",
    "LEARNERS",
    "MEMORIES",
    "PAY_BACKS",
    "PHASES",
    "POINTS",
    "SWINGS",
    "WITH_LEARNING",
    "action_row",
    "efficiency_row",
    "layer_row",
    "learner_row",
    "memory_row",
    "memory_sum",
    "pay_back_row",
    "phase_row",
    "point_row",
    "swing_row",
    "with_learning_row",
]

PHASES = ("phase", "unit", "cycles", "time", "energy, low", "energy", "energy, high", "logic",
          "wires, clock and control", "idle clocks", "memories", "input and output", "leakage",
          "mean power", "energy x time", "note")  # fmt: skip
MEMORIES = ("memory", "rows x bits", "copies", "ports", "bits", "physical bits", "overhead",
            "each of", "area (mm2)", "leakage")  # fmt: skip
WITH_LEARNING = ("phase", "memories beside the chip", "their area (mm2)",
                 "chip with them (mm2)", "more", "their leakage")  # fmt: skip
EFFICIENCY = ("scope", "rate", "energy an operation", "TOp/s/W")
LAYERS = ("layer", "steps", "cycles", "stalls", "synapses in use", "memory (kb)",
          "operations a bit", "energy")  # fmt: skip
POINTS = ("method", "memory (kb, paper)", "average incremental (%)", "learn a task",
          "of it exemplars", "classify an embedding")  # fmt: skip
PAY_BACKS = ("memory", "beside", "write all", "SRAM: write all", "an exemplar's rows", "leakage",
             "SRAM: leakage", "pays back", "pays back, supply off",
             "cells last, a task a day")  # fmt: skip
LEARNERS = ("work", "platform", "scope", "task", "a class", "an image", "inference",
            "image / inference", "this chip at its node, a class", "an image there",
            "work / this chip there", "area for learning", "memory (Mb)")  # fmt: skip
_AN = {"class": "a class", "image": "an image"}
SWINGS = ("figure", "its part", "low", "high")
ACTIONS = ("component", "action", "bits", "count", "energy each", "energy")


def phase_row(priced: PricedPhase) -> list[str]:
    """Return the row of a phase."""
    phase, bill = priced.phase, priced.bill
    seconds = priced.seconds
    parts = (
        bill.logic,
        bill.beside("wires", "clock and control"),
        bill.beside("idle clocks"),
        bill.memories,
        bill.beside("input and output"),
        bill.beside("leakage"),
    )
    return [
        phase.name, phase.unit, number(phase.cycles), si(seconds, "s"), *bounds(bill.total, "J"),
        *(nominal(part, "J") for part in parts),
        nominal(bill.total * (1 / seconds) if seconds else None, "W"),
        nominal(bill.total * seconds if seconds else None, "Js"), phase.note,
    ]  # fmt: skip


def memory_row(line: MemoryLine) -> list[str]:
    """Return the row of a memory."""
    memory, physical = line.memory, line.physical_bits
    return [
        memory.component, f"{memory.depth} x {memory.width}", str(memory.copies),
        str(memory.ports), number(memory.bits), number(physical),
        "-" if physical is None else f"{physical / memory.bits - 1:+.0%}",
        line.macros, square_millimetres(line.area), nominal(line.leakage, "W"),
    ]  # fmt: skip


def memory_sum(name: str, lines: Sequence[MemoryLine]) -> list[str]:
    """Return the row with the sums over some memories; physical bits only if all are known."""
    bits = sum(line.memory.bits for line in lines)
    known = [line.physical_bits for line in lines if line.physical_bits is not None]
    physical = sum(known) if len(known) == len(lines) else None
    return [
        name, "", "", "", number(bits), number(physical),
        "-" if physical is None else f"{physical / bits - 1:+.0%}", "",
        square_millimetres(total(line.area for line in lines)),
        nominal(total(line.leakage for line in lines), "W"),
    ]  # fmt: skip


def with_learning_row(assessment: Assessment, priced: PricedPhase) -> list[str]:
    """Return the row of a phase with memories beside the chip: area and leakage with them."""
    beside = assessment.prices.used_beside(priced.phase)
    area = total(line.area for line in beside)
    own = assessment.area
    share = f"{area.nominal / own.nominal:+.1%}{star(area + own)}" if own.nominal else "-"
    return [
        priced.phase.name, ", ".join(line.memory.component for line in beside),
        square_millimetres(area), square_millimetres(own + area), share,
        nominal(total(line.leakage for line in beside), "W"),
    ]  # fmt: skip


def efficiency_row(scope: str, rate: float | None, joules: Total) -> list[str]:
    """Return the row of a scope: its operations per second and its energy per operation.

    Parameters
    ----------
    scope : str
        Name of the parts that are counted.
    rate : float or None
        Operations per second; None if the time is not known.
    joules : Total
        Energy (J) per operation.
    """
    per_watt = f"{1e-12 / joules.nominal:.3g}{star(joules)}" if joules.nominal else "-"
    return [scope, si(rate, "op/s"), nominal(joules, "J"), per_watt]


def layer_row(cost: LayerCost) -> list[str]:
    """Return the row of a layer. Of the input it has the steps before the next layer begins."""
    computes = bool(cost.layer.synapses)
    return [
        cost.layer.name, number(cost.layer.own_steps), number(cost.cycles), number(cost.stalls),
        f"{cost.utilisation:.1%}" if computes else "-", f"{cost.memory_bits / 1e3:,.1f}",
        f"{cost.intensity:.2f}" if computes else "-", nominal(cost.bill.total, "J"),
    ]  # fmt: skip


def point_row(point: Point) -> list[str]:
    """Return the row of a method of a study."""
    return [
        point.label, f"{point.bits / 1e3:.1f}",
        f"{100 * point.accuracy:.1f} ± {100 * point.spread:.1f}",
        *(nominal(energy, "J") for energy in (point.learn, point.replay, point.answer)),
    ]  # fmt: skip


def pay_back_row(pay: PayBack) -> list[str]:
    """Return the row of a non-volatile memory compared with an SRAM."""
    energies = (pay.write, pay.sram_write, pay.read)
    years = pay.years(1.0)
    return [
        pay.other.title, pay.sram.name, *(nominal(energy, "J") for energy in energies),
        nominal(pay.leakage, "W"), nominal(pay.sram_leakage, "W"), _after(pay.seconds),
        _after(pay.off_seconds), "-" if years is None else f"{years:,.0f} years",
    ]  # fmt: skip


def learner_row(learner: Learner, ours: tuple[Total, Total] | None = None) -> list[str]:
    """Return the row of a continual learner, with this chip's energies (J) at its node."""
    bits, area = learner.memory_bits, learner.learning_area

    def stated(name: str, text: str) -> str:
        return f"< {text}" if name in learner.below else text

    energies = ("class_joules", "image_joules", "inference_joules")
    return [
        learner.name, learner.platform, learner.scope, learner.task,
        *(stated(name, nominal(getattr(learner, name), "J")) for name in energies),
        "-" if learner.training is None else stated("training", f"{learner.training:.3f}"),
        *(nominal(e, "J") for e in ours or (None, None)), _held(learner, ours),
        "-" if area is None else stated("learning_area", f"{area:.1%}"),
        "-" if bits is None else f"{bits / 1e6:.2f}",
    ]  # fmt: skip


def _held(learner: Learner, ours: tuple[Total, Total] | None) -> str:
    """Return the energies of a work over those of this chip at its node, or why there are none."""
    if not learner.citation:
        return "-"
    stated = {"class": learner.class_joules, "image": learner.image_joules}
    if not any(stated.values()):
        return "no energy a class or an image"
    if ours is None:
        return "node not stated"
    parts = []
    for (unit, theirs), own in zip(stated.items(), ours, strict=True):
        if theirs is not None and own.nominal:
            less = "< " if f"{unit}_joules" in learner.below else ""
            parts.append(f"{less}{theirs.nominal / own.nominal:.3g}{star(own)}, {_AN[unit]}")
    return "; ".join(parts) or "-"


def swing_row(swing: Swing, whole: float) -> list[str]:
    """Return the row of a value that moves a sum; `whole` is the nominal sum (J)."""
    shares = (swing.part, swing.low, swing.high)
    part, low, high = (100 * share / whole for share in shares)
    return [swing.name, f"{part:.1f} %", f"{low:+.1f} %", f"{high:+.1f} %"]


def action_row(line: EnergyLine) -> list[str]:
    """Return the row of an action."""
    action, each = line.action, line.each
    return [
        action.component, action.kind, str(action.width), number(line.count),
        si(each.nominal if each else None, "J"), nominal(line.total, "J"),
    ]  # fmt: skip


def _after(seconds: float | None) -> str:
    if seconds is None:
        return "never, or unknown"
    return "at once" if seconds == 0 else f"after {si(seconds, 's')}"
