# SPDX-License-Identifier: MIT
"""Checks of a study's methods against its data; messages name the line of the configuration."""

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
    """Refuse methods that keep more samples of a class than the class has for training.

    Parameters
    ----------
    methods : iterable of Method
    bank : Bank
    document : Document
    key : str
        Key of the list of methods in the configuration.
    samples : str
        Name of the bank's training samples in the message.

    Raises
    ------
    UserError
        If a parameter is greater than the number of training samples of the smallest class.
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
    """Refuse parameters that make no memory for the bank's numbers of features and classes.

    Parameters
    ----------
    methods : iterable of Method
    bank : Bank
    document : Document
        Configuration that lists the methods under `methods`.

    Raises
    ------
    UserError
        If a source refuses its parameters.
    """
    context = ReplayContext(features=bank.features, classes=bank.n_classes, seed=0)
    for method in methods:
        try:
            method.source(context)
        except (UserError, ValueError) as error:
            path = ("methods", method.entry)
            raise UserError(f"{document.where(path)}: {dotted(path)}: {error}") from error


def check_increments(study: Study, document: Document) -> None:
    """Refuse a method's increment that does not divide the classes.

    Raises
    ------
    UserError
        If the classes cannot be split into tasks of that size.
    """
    for case, _ in study.runs:
        try:
            study.bank_of(case)
        except ValueError as error:
            path = ("methods", case.method.entry, "increment")
            raise UserError(f"{document.where(path)}: {dotted(path)}: {error}") from error
