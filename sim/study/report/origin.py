# SPDX-License-Identifier: MIT
"""The origin of a report: command, configuration, data and machine, as data and as sentences."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from sim.data.bank import Bank
from sim.report.wording import listed
from sim.study.config import StudyConfig
from sim.work.plugins import foreign_versions

__all__ = ["data_line", "made_line", "origin", "varied"]

_MOST_NAMES = 20  # classes that the sentence on the data names; `results.json` has all


def origin(config: StudyConfig, banks: Sequence[Bank], command: str) -> dict[str, Any]:
    """Return, as plain data, all that decided the results of a study, and the machine.

    Names of classes are in the order in which the tasks bring them, the first of several orders.

    Parameters
    ----------
    config : StudyConfig
    banks : sequence of Bank
    command : str
        Command line that makes the report again.
    """
    return {
        "version": version("engram"),
        "command": command,
        "config": config.document(),
        "config_sha256": config.digest(),
        "data": {
            "features": banks[0].features,
            "provenance": banks[0].provenance,
            "class_names": list(banks[0].class_names),
            "network_bits": banks[0].network_bits,
            "repeats": banks[0].repeats and banks[0].repeats.document(),
            **({"others": [_other(bank) for bank in banks[1:]]} if banks[1:] else {}),
        },
        "environment": {
            "python": platform.python_version(),
            "numpy": version("numpy"),
            "numba": version("numba"),
            "machine": platform.machine(),
            **({"plugins": plugins} if (plugins := foreign_versions()) else {}),
        },
    }


def _other(bank: Bank) -> dict[str, Any]:
    repeats = bank.repeats and bank.repeats.document()
    return {"provenance": bank.provenance, "repeats": repeats}


def made_line(config: StudyConfig, command: str, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the sentence on the command, what varies, and the time that all runs took.

    Parameters
    ----------
    config : StudyConfig
    command : str
        Command line that makes the report anew.
    runs : sequence of mapping
        Results of all runs, each with its `seconds`.
    """
    last = config.seeds - 1
    seeds = "seed 0" if last == 0 else f"seeds 0 to {last}"
    orders = config.tasks.orders or ()
    if orders:
        seeds += f", later classes in the order{'s' * (len(orders) > 1)} {listed(orders)}"
    if config.data.others:
        seeds += f", {1 + len(config.data.others)} networks"
    return (
        f"Made by `{command}` (engram {version('engram')}, configuration {config.digest()[:12]}, "
        f"{seeds}); {len(runs)} runs took {sum(run['seconds'] for run in runs):.0f} s, added up."
    )


def varied(config: StudyConfig) -> str:
    """Return what the runs of a method differ in, as in "over 3 orders x 2 seeds"."""
    seeds, orders = config.seeds, len(config.tasks.all_orders)
    networks = 1 + len(config.data.others or ())
    parts = [f"{networks} networks"] if networks > 1 else []
    parts += [f"{orders} orders of the later classes"] if orders > 1 else []
    parts += [f"{seeds} seed{'s' * (seeds > 1)}"] if seeds > 1 or not parts else []
    fails = any(method.failing_network for method in config.expanded_methods())
    fixed = ["one network" if fails else "one set of embeddings"] if networks == 1 else []
    if (each := config.data.each) is not None:
        fixed += [f"{each.train} training and {each.test} test samples of each class"]
    fixed += ["one class order"] if orders == 1 else []
    return f"over {' x '.join(parts)}{f', on {listed(fixed)}' if fixed else ''}"


def data_line(banks: Sequence[Bank]) -> str:
    """Return the sentences on the data, their tasks, and what tests and training have in common."""
    bank, *others = banks
    sources = [bank.provenance.rstrip("."), *(f"also {b.provenance.rstrip('.')}" for b in others)]
    repeats = "".join(
        f" {f'Network {number}: ' * bool(others)}{b.repeats.sentence}"
        for number, b in enumerate(banks, 1)
        if b.repeats
    )
    return (
        f"Data: {'; '.join(sources)}. D = {bank.features} bits an embedding; "
        f"{len(bank.train)} training and {len(bank.test)} test samples; "
        f"{len(bank.tasks)} task{'s' * (len(bank.tasks) > 1)} {_task_classes(bank)}."
        f"{_named(bank)}{repeats}"
    )


def _named(bank: Bank) -> str:
    """Return a sentence with the names of the classes of each task, if they are names and few."""
    names = bank.class_names
    if len(names) > _MOST_NAMES or all(name.isdecimal() for name in names):
        return ""
    tasks = dict.fromkeys(bank.tasks)  # those of new samples have the same classes
    return f" Classes: {'; '.join(', '.join(names[c] for c in task) for task in tasks)}."


def _task_classes(bank: Bank) -> str:
    """Return the end of the sentence on the data: the classes of the tasks."""
    sizes = [len(task) for task in bank.tasks]
    if len(sizes) > 1 and len(set(bank.tasks)) == 1:
        return f"that all bring new samples of the same {sizes[0]} classes"
    later = sorted(set(sizes[1:]))
    first = str(sizes[0]) if later in ([], sizes[:1]) else f"{sizes[0]}, then {later[0]}"
    return f"of {first} classes"
