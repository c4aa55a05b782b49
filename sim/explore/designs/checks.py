# SPDX-License-Identifier: MIT
"""Checks of a space against its data and the cost model; messages name the line."""

from collections.abc import Iterator
from typing import Any

from sim.documents.yaml_lines import Document, KeyPath, dotted
from sim.explore.designs.evaluate import Evaluator
from sim.explore.designs.inputs import Inputs
from sim.explore.designs.supplied import check_supplies
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.space import Space
from sim.explore.space.vary import RangeSection
from sim.replay import SOURCES
from sim.work.errors import UserError

__all__ = ["check_designs"]


def check_designs(inputs: Inputs, document: Document) -> None:
    """Refuse a space that its data or the cost model cannot serve.

    Parameters
    ----------
    inputs : Inputs
        Configuration, data and prices.
    document : Document
        Document of the configuration. It gives the line of a fault.

    Raises
    ------
    UserError
        If the space asks for more bits of an embedding, tasks or samples of a class than there
        are, if nothing is known of cells at a supply, if an objective cannot be computed for a
        method, or if the reference is no design of the space. The message names key and line.
    """
    _check_data(inputs, document)
    check_supplies(inputs, document)
    _check_objectives(inputs, document)
    _check_reference(inputs.config, document)


def _check_data(inputs: Inputs, document: Document) -> None:
    """Refuse a space with more bits of an embedding, tasks or samples of a class than there are."""
    config, bank = inputs.config, inputs.bank
    if config.tasks.orders is not None:
        path = ("tasks", "orders")
        raise UserError(
            f"{document.where(path)}: {dotted(path)} must be left out: every design learns the "
            "classes in the one order of tasks.order"
        )
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
    """Refuse objectives that cannot be computed for the first design of a method."""
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
                    f"{document.where(path)}: {dotted(path)}: {objective.name} cannot be computed "
                    f"for {point.method.label}: {error}"
                ) from error


def _check_reference(config: ExploreConfig, document: Document) -> None:
    """Refuse a reference that is not a design of the space."""
    if config.reference is not None:
        try:
            Space(config).reference  # noqa: B018
        except UserError as error:
            where = document.where(("reference",))
            raise UserError(f"{where}: reference: {error}") from error


def _place_of(config: ExploreConfig, name: str) -> KeyPath:
    """Return the place of an objective: among the objectives, or in a constraint."""
    for number, entry in enumerate(config.objectives):
        if name == (entry if isinstance(entry, str) else entry.name):
            return ("objectives", number)
    bounded = [bound.name for bound in config.bounds]
    return ("constraints", bounded.index(name))


def _values(path: KeyPath, given: Any) -> Iterator[tuple[KeyPath, int]]:
    """Yield the place and the value of every integer choice; of a range, only the largest."""
    if isinstance(given, RangeSection):
        yield (*path, "high"), given.high
    elif isinstance(given, list):
        yield from (((*path, i), v) for i, v in enumerate(given) if isinstance(v, int))
    elif isinstance(given, int):
        yield path, given


def _fault(document: Document, path: KeyPath, what: str, value: object) -> UserError:
    return UserError(f"{document.where(path)}: {dotted(path)} must {what}, not {value}")
