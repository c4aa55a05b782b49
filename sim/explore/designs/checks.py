# SPDX-License-Identifier: MIT
"""What a space must not ask of its data and of the cost model, told with the line of it."""

from collections.abc import Iterator
from typing import Any

from sim.documents.yaml_lines import Document, KeyPath, dotted
from sim.explore.designs.evaluate import Evaluator
from sim.explore.designs.inputs import Inputs
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.space import Space
from sim.explore.space.vary import RangeSection
from sim.replay import SOURCES
from sim.work.errors import UserError

__all__ = ["check_designs"]


def check_designs(inputs: Inputs, document: Document) -> None:
    """Refuse a space that asks of its data or of the cost model what they cannot give.

    Parameters
    ----------
    inputs : Inputs
        Configuration, data and prices.
    document : Document
        Of the configuration, for the place of a fault.

    Raises
    ------
    UserError
        If more bits of an embedding, tasks or samples of a class are asked for than there are, an
        objective cannot be given of a method, or the reference is no design; the message names key
        and line.
    """
    _check_data(inputs, document)
    _check_objectives(inputs, document)
    _check_reference(inputs.config, document)


def _check_data(inputs: Inputs, document: Document) -> None:
    """Refuse more bits of an embedding, tasks or samples of a class than there are."""
    config, bank = inputs.config, inputs.bank
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


def _check_objectives(inputs: Inputs, document: Document) -> None:
    """Refuse objectives that cannot be given of a method, tried on the first of all its values."""
    config, evaluator = inputs.config, Evaluator(inputs)
    space = Space(config)
    for place, entry in enumerate(config.methods):
        try:
            point = space.first(entry.replay)
        except UserError as error:
            path = ("methods", place)
            raise UserError(f"{document.where(path)}: {dotted(path)}: {error}") from error
        for objective in evaluator.exact:
            try:
                evaluator.parts(point, objective)
            except (TypeError, ValueError, UserError) as error:
                path = _place_of(config, objective.name)
                raise UserError(
                    f"{document.where(path)}: {dotted(path)}: {objective.name} cannot be given of "
                    f"{point.method.label}: {error}"
                ) from error


def _check_reference(config: ExploreConfig, document: Document) -> None:
    """Refuse a reference that is no design of the space."""
    if config.reference is not None:
        try:
            Space(config).reference  # noqa: B018
        except UserError as error:
            where = document.where(("reference",))
            raise UserError(f"{where}: reference: {error}") from error


def _place_of(config: ExploreConfig, name: str) -> KeyPath:
    """Return where an objective is asked for: among objectives, or in a constraint."""
    for number, entry in enumerate(config.objectives):
        if name == (entry if isinstance(entry, str) else entry.name):
            return ("objectives", number)
    bounded = [bound.name for bound in config.bounds]
    return ("constraints", bounded.index(name))


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
