# SPDX-License-Identifier: MIT
"""Results for programs: JSON, CSV, and Accelergy's files of actions and energies."""

import csv
import io
import json
from collections import defaultdict
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from sim.cost.assessment import Assessment
from sim.cost.mapped_area import MappedArea
from sim.cost.priced import PricedPhase
from sim.cost.pricing import EnergyLine, MemoryLine
from sim.cost.published.learning_chips import published_learners, this_chip
from sim.cost.report.drawing import drawing_numbers
from sim.cost.report.operation import known_supplies
from sim.cost.sensitivity import swings
from sim.cost.totals import Total
from sim.documents.write import as_yaml

__all__ = ["action_counts", "as_csv", "as_json", "energy_table"]

SCHEMA = 4  # version of the JSON; it grows when a key changes its meaning
_ACCELERGY = 0.4  # version of Accelergy's formats

_COLUMNS = ("phase", "component", "action", "width_bits", "count", "low_J_each", "J_each",
            "high_J_each", "low_J", "J", "high_J", "missing", "source")  # fmt: skip


def as_json(assessment: Assessment, command: str) -> str:
    """Return all results as JSON, in SI units; `gates` is null if the chip was not mapped."""
    found = assessment.break_even
    learners = (*this_chip(assessment), *published_learners())
    results: dict[str, Any] = {
        "schema": SCHEMA,
        "version": version("engram"),
        "command": command,
        "config_sha256": assessment.config.digest,
        "title": assessment.config.title,
        "network": assessment.config.network_name,
        "technology": {
            "name": assessment.technology.name,
            "title": assessment.technology.title,
            "node_nm": assessment.technology.node,
            "voltage_V": assessment.technology.voltage,
        },
        "clock_Hz": assessment.config.clock,
        "memories": [_memory(line, "chip") for line in assessment.memories]
        + [_memory(line, "working") for line in assessment.working],
        "phases": [_phase(priced) for priced in assessment.phases],
        "layers": [
            {
                "name": cost.layer.name,
                "cycles": cost.cycles,
                "stalls": cost.stalls,
                "utilisation": cost.utilisation,
                "memory_bits": cost.memory_bits,
                "energy_J": asdict(cost.bill.total),
            }
            for cost in assessment.layers
        ],
        "leakage_W": asdict(assessment.leakage),
        "gates": None if assessment.mapped is None else _gates(assessment.mapped),
        "retention_s": assessment.config.retention,
        "retention_J": {
            block: asdict(assessment.retention(block)) for block in ("sampler", "latent_buffer")
        },
        "peak_operations_per_s": assessment.peak_operations,
        "peak_J_per_operation": asdict(assessment.peak_joules_an_operation),
        "supply": [
            {
                "voltage_V": point.voltage,
                "clock_Hz": point.clock,
                "energy_J": asdict(point.energy),
                "leakage_J": asdict(point.leakage),
            }
            for point in known_supplies(assessment)
        ],
        "break_even": {
            "exemplars": found.exemplars,
            "latent_J": asdict(found.latent),
            "drawn_J": {m: asdict(energy) for m, energy in found.draws},
            "buffered_J": {m: asdict(energy) for m, energy in found.buffered},
            "least_draws": found.least_draws,
            "least_draws_buffered": found.least_buffered,
        },
        **drawing_numbers(assessment),
        "points": [
            {
                "label": point.label,
                "bits": point.bits,
                "average_incremental": point.accuracy,
                "spread": point.spread,
                "learn_J": asdict(point.learn),
                "replay_J": asdict(point.replay),
                "classify_J": asdict(point.answer),
            }
            for point in assessment.points
        ],
        "pay_backs": [
            {
                "sram": pay.sram.name,
                "other": pay.other.name,
                "write_J": asdict(pay.write),
                "sram_write_J": asdict(pay.sram_write),
                "seconds": pay.seconds,
                "seconds_supply_off": pay.off_seconds,
            }
            for pay in assessment.pay_backs
        ],
        "learners": [asdict(learner) for learner in learners],
        "warnings": list(assessment.warnings),
    }
    return json.dumps(results, indent=1, allow_nan=False) + "\n"


def as_csv(assessment: Assessment) -> str:
    """Return a CSV table with the actions of each phase, its overheads, and its sum.

    The column `missing` is the number of actions that a sum leaves out, because their energy is
    unknown.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for priced in assessment.phases:
        name = priced.phase.name
        for line in priced.bill.lines:
            each = [] if line.each is None else [line.each.low, line.each.nominal, line.each.high]
            sums = [] if line.each is None else list(asdict(line.total).values())[:3]
            action = line.action
            writer.writerow([
                name, action.component, action.kind, action.width, _count(float(line.count)),
                *(each or [""] * 3), *(sums or [""] * 3), line.total.missing,
                line.each.source if line.each else "",
            ])  # fmt: skip
        for overhead in priced.bill.overheads:
            writer.writerow([
                name, overhead.name, "", "", "", "", "", "", *asdict(overhead.total).values(), "",
            ])  # fmt: skip
        writer.writerow([
            name, "all", "", "", "", "", "", "", *asdict(priced.bill.total).values(), "",
        ])  # fmt: skip
    return text.getvalue()


def action_counts(assessment: Assessment) -> str:
    """Return the actions of all phases in Accelergy's YAML, with one subtree for each phase.

    An action is named after its kind and width, such as ``read_64``. Accelergy needs whole numbers,
    so expected numbers are rounded up.
    """
    subtrees = []
    for priced in assessment.phases:
        local = [
            {
                "name": component,
                "action_counts": [
                    {"name": _action_name(line), "counts": -int(-line.count // 1)} for line in lines
                ],
            }
            for component, lines in _by_component(priced).items()
        ]
        subtrees.append({"name": _subtree(priced), "local": local})
    return as_yaml({"action_counts": {"version": _ACCELERGY, "subtree": subtrees}})


def energy_table(assessment: Assessment) -> str:
    """Return the energies (pJ) of these actions in Accelergy's YAML, without unknown energies.

    Accelergy stops at an action that has a count but no energy.
    """
    tables = [
        {
            "name": f"{_subtree(priced)}.{component}",
            "actions": [
                {
                    "name": _action_name(line),
                    "arguments": None,
                    "energy": line.each.nominal * 1e12,
                }
                for line in lines
                if line.each is not None
            ],
        }
        for priced in assessment.phases
        for component, lines in _by_component(priced).items()
    ]
    return as_yaml({"ERT": {"version": _ACCELERGY, "tables": tables}})


def _by_component(priced: PricedPhase) -> dict[str, list[EnergyLine]]:
    components: dict[str, list[EnergyLine]] = defaultdict(list)
    for line in priced.bill.lines:
        components[f"chip.{line.action.component}"].append(line)
    return components


def _subtree(priced: PricedPhase) -> str:
    """Return the name of a phase without the characters that Accelergy's names must not have."""
    return priced.phase.name.replace(", ", "_").replace(" ", "_")


def _action_name(line: EnergyLine) -> str:
    return f"{line.action.kind}_{line.action.width}"


def _phase(priced: PricedPhase) -> dict[str, Any]:
    cycles = priced.phase.cycles
    return {
        "name": priced.phase.name,
        "unit": priced.phase.unit,
        "note": priced.phase.note,
        "cycles": None if cycles is None else float(cycles),
        "seconds": priced.seconds,
        "operations": priced.phase.operations,
        "energy_J": asdict(priced.bill.total),
        "logic_J": asdict(priced.bill.logic),
        "memories_J": asdict(priced.bill.memories),
        "overheads_J": {o.name: asdict(o.total) for o in priced.bill.overheads},
        "bits_in_and_out": priced.phase.bits,
        "components_J": {k: asdict(v) for k, v in priced.bill.by_component().items()},
        "swings": [
            {"figure": swing.name, "part": swing.part, "low": swing.low, "high": swing.high}
            for swing in swings(priced.bill)
        ],
    }


def _gates(mapped: MappedArea) -> dict[str, Any]:
    return {
        "library": mapped.library,
        "cells": dict(mapped.cells),
        "flipflops": mapped.flipflops,
        "area_m2": asdict(Total.of(mapped.area)),
        "leakage_W": asdict(Total.of(mapped.leakage)),
    }


def _memory(line: MemoryLine, scope: str) -> dict[str, Any]:
    memory = line.memory
    return {
        "scope": scope,
        "component": memory.component,
        "depth": memory.depth,
        "width": memory.width,
        "copies": memory.copies,
        "ports": memory.ports,
        "bits": memory.bits,
        "physical_bits": line.physical_bits,
        "macros": line.macros,
        "area_m2": asdict(line.area),
        "leakage_W": asdict(line.leakage),
    }


def _count(count: float) -> int | float:
    return int(count) if count.is_integer() else count
