# SPDX-License-Identifier: MIT
"""Versions of Optuna's database tables."""

from collections.abc import Collection
from contextlib import closing
from functools import cache

import optuna
from optuna.storages import RDBStorage

from sim.work.errors import UserError

__all__ = ["check_version", "own_tables"]


@cache
def _own() -> tuple[str, frozenset[str]]:
    """Return the version and the names of the tables that the installed Optuna creates."""
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
    """Return the names of the tables that the installed Optuna creates."""
    return _own()[1]


def check_version(place: str, tables: Collection[str], version: str | None) -> None:
    """Make sure that a database has no tables yet, or those of the installed Optuna.

    Parameters
    ----------
    place : str
        Name of the database in messages.
    tables : collection of str
        Names of its tables.
    version : str or None
        Version of the tables; None if they do not state one.

    Raises
    ------
    UserError
        If it has other tables.
    """
    head, known = _own()
    if version is None:
        # Optuna's tables without a version come from a process that was killed as it created them.
        if not known.issuperset(tables):
            raise UserError(f"{place} is a database of something else: name another --storage")
    elif version != head:
        raise UserError(
            f"{place} has tables of another version of Optuna: {version}, where Optuna "
            f"{optuna.__version__} has {head}. Name another --storage, or bring a copy up to date "
            "with `optuna storage upgrade`"
        )
