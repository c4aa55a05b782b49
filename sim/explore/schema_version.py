# SPDX-License-Identifier: MIT
"""Versions of the tables that Optuna keeps studies in."""

from collections.abc import Collection
from functools import cache

import optuna
from optuna.storages import RDBStorage

from sim.errors import UserError

__all__ = ["check_version", "own_version"]


@cache
def own_version() -> str:
    """Return the version of tables that the Optuna installed here reads and writes."""
    return RDBStorage("sqlite:///:memory:").get_head_version()


def check_version(place: str, tables: Collection[str], version: str) -> None:
    """Make sure that a database has no tables yet, or those of this Optuna.

    Parameters
    ----------
    place : str
        Name of the database in messages.
    tables : collection of str
        Names of its tables.
    version : str
        That of the tables; empty if they do not say.

    Raises
    ------
    UserError
        If it has others.
    """
    if not tables:
        return
    if not version:
        raise UserError(f"{place} is a database of something else: name another --storage")
    if version != own_version():
        raise UserError(
            f"{place} has tables of another version of Optuna: {version}, where Optuna "
            f"{optuna.__version__} has {own_version()}. Name another --storage, or bring a copy "
            "up to date with `optuna storage upgrade`"
        )
