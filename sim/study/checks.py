# SPDX-License-Identifier: MIT
"""What a study's methods must not ask of its data, told with the line of the configuration."""

from collections.abc import Iterable

from sim.data.bank import Bank
from sim.documents.yaml_lines import Document, dotted
from sim.replay import SOURCES, ReplayContext
from sim.study.methods import Method
from sim.study.study import Study
from sim.work.errors import UserError

__all__ = ["check_increments", "check_sample_bounds", "check_sources"]


def check_sample_bounds(
    methods: Iterable[Method],
    bank: Bank,
    document: Document,
    key: str = "methods",
    samples: str = "training samples",
) -> None:
    """Refuse to keep more of a class than it has training samples.

    Parameters
    ----------
    methods : iterable of Method
    bank : Bank
    document : Document
    key : str
        Where the methods stand in it.
    samples : str
        What the training samples of the bank are, in the message.

    Raises
    ------
    UserError
    """
    most = bank.smallest_class
    for method in methods:
        for name in SOURCES[method.replay].bounded_by_samples:
            value = getattr(method.params, name)
            if value is not None and value > most:
                path = (key, method.entry, name)
                raise UserError(
                    f"{document.where(path)}: {dotted(path)} must be at most the {most} {samples} "
                    f"of the smallest class, not {value}"
                )


def check_sources(methods: Iterable[Method], bank: Bank, document: Document) -> None:
    """Refuse parameters of which no memory can be made for so many features and classes.

    Parameters
    ----------
    methods : iterable of Method
    bank : Bank
    document : Document
        Configuration that the methods stand in, under `methods`.

    Raises
    ------
    UserError
    """
    context = ReplayContext(features=bank.features, classes=bank.n_classes, seed=0)
    for method in methods:
        try:
            method.source(context)
        except (UserError, ValueError) as error:
            path = ("methods", method.entry)
            raise UserError(f"{document.where(path)}: {dotted(path)}: {error}") from error


def check_increments(study: Study, document: Document) -> None:
    """Refuse tasks of a method's own that the classes do not divide into.

    Raises
    ------
    UserError
    """
    for method, _ in study.runs:
        try:
            study.bank_of(method)
        except ValueError as error:
            path = ("methods", method.entry, "increment")
            raise UserError(f"{document.where(path)}: {dotted(path)}: {error}") from error
