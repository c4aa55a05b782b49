# SPDX-License-Identifier: MIT
"""What a space must not ask of its data and of the cost model, told with the line of it."""

from collections.abc import Iterator
from typing import Any

from golden.params import NetworkParams
from sim.data.bank import Bank
from sim.data.networks import load_network
from sim.documents.yaml_lines import Document, KeyPath, dotted
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.vary import RangeSection
from sim.replay import SOURCES
from sim.work.errors import UserError

__all__ = ["check_data", "extracting"]


def check_data(config: ExploreConfig, document: Document, bank: Bank) -> None:
    """Refuse more bits of an embedding, tasks or samples of a class than there are.

    Raises
    ------
    UserError
    """
    for path, value in _values(("data", "features"), config.data.features):
        if value > bank.features:
            raise _fault(document, path, f"be at most the {bank.features} bits of an embedding",
                         value)  # fmt: skip
    for number, rung in enumerate(config.fidelity.rungs):
        if rung.tasks is not None and rung.tasks > len(bank.tasks):
            path = ("fidelity", "rungs", number, "tasks")
            raise _fault(document, path, f"be at most the {len(bank.tasks)} tasks", rung.tasks)
    most = bank.smallest_class
    for place, entry in enumerate(config.methods):
        for name in SOURCES[entry.replay].bounded_by_samples:
            for path, value in _values(("methods", place, name), getattr(entry, name)):
                if value > most:
                    what = f"be at most the {most} training samples of the smallest class"
                    raise _fault(document, path, what, value)


def extracting(config: ExploreConfig, document: Document, bank: Bank) -> NetworkParams | None:
    """Return the network that makes the embeddings; None where it is not said and not needed.

    Raises
    ------
    UserError
        If it is not said and needed, or makes other embeddings.
    """
    name = config.hardware.network
    if name is None:
        if bank.thermometer is not None:
            return NetworkParams(
                input=bank.thermometer.input, bits=bank.thermometer.bits, layers=(bank.thermometer,)
            )
        asked = [o.name for o in config.valued if o.static and o.name != "bits"]
        if not asked:
            return None
        raise UserError(
            f"{document.where(('hardware',))}: hardware.network is missing: {asked[0]} needs the "
            "network that makes the embeddings of a bank, as in network: fbnn-1M-wide"
        )
    where = document.where(("hardware", "network"))
    network = load_network(name)
    if network.output.size != bank.features:
        raise UserError(
            f"{where}: hardware.network must make the {bank.features} bits of an embedding, not "
            f"{network.output.size}"
        )
    return network


def _values(path: KeyPath, given: Any) -> Iterator[tuple[KeyPath, int]]:
    """Yield the integers that a value may be, the largest of a range, and where they stand."""
    if isinstance(given, RangeSection):
        yield (*path, "high"), given.high
    elif isinstance(given, list):
        yield from (((*path, i), v) for i, v in enumerate(given) if isinstance(v, int))
    elif isinstance(given, int):
        yield path, given


def _fault(document: Document, path: KeyPath, what: str, value: object) -> UserError:
    return UserError(f"{document.where(path)}: {dotted(path)} must {what}, not {value}")
