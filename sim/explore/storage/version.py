# SPDX-License-Identifier: MIT
"""Versions of the tables that Optuna keeps studies in."""

from collections.abc import Collection
from contextlib import closing
from functools import cache

import optuna
from optuna.storages import RDBStorage

from sim.work.errors import UserError

__all__ = ["check_version", "own_tables"]


@cache
def _own() -> tuple[str, frozenset[str]]:
    """Return the version of tables of the Optuna installed here, and their names."""
    storage = RDBStorage("sqlite:///:memory:")
    with closing(storage.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = frozenset(name for (name,) in cursor.fetchall())
    try:
        return storage.get_head_version(), names
    finally:
        storage.engine.dispose()


def own_tables() -> frozenset[str]:
    """Return the names of the tables that the Optuna installed here makes."""
    return _own()[1]


def check_version(place: str, tables: Collection[str], version: str | None) -> None:
    """Make sure that a database has no tables yet, or those of this Optuna.

    Parameters
    ----------
    place : str
        Name of the database in messages.
    tables : collection of str
        Names of its tables.
    version : str or None
        That of the tables; None if they do not say.

    Raises
    ------
    UserError
        If it has others.
    """
    head, known = _own()
    if version is None:
        # Tables of Optuna without a version are those that a killed process was making.
        if not known.issuperset(tables):
            raise UserError(f"{place} is a database of something else: name another --storage")
    elif version != head:
        raise UserError(
            f"{place} has tables of another version of Optuna: {version}, where Optuna "
            f"{optuna.__version__} has {head}. Name another --storage, or bring a copy up to date "
            "with `optuna storage upgrade`"
        )
