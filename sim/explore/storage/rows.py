# SPDX-License-Identifier: MIT
"""Checks of the rows in a database of trials: pages, texts in JSON, and rows that are missing."""

import json
import sqlite3

__all__ = ["first_fault"]

_PAGES = "PRAGMA integrity_check(1)"
_ORPHANS = "PRAGMA foreign_key_check"
# Tables and columns of texts in JSON, each with the name of the row in messages.
_TEXTS = (
    ("study_user_attributes", "value_json", "key"),
    ("study_system_attributes", "value_json", "key"),
    ("trial_user_attributes", "value_json", "key"),
    ("trial_system_attributes", "value_json", "key"),
    ("trial_params", "distribution_json", "param_name"),
)
_NUMBERS = """
    SELECT study_name, COUNT(*), MIN(number), MAX(number), COUNT(DISTINCT number)
    FROM trials JOIN studies USING (study_id) GROUP BY study_id
"""
_DIRECTIONS = """
    SELECT study_name FROM studies WHERE NOT EXISTS (
        SELECT 1 FROM study_directions WHERE study_directions.study_id = studies.study_id)
"""
_VALUES = """
    SELECT number, study_name FROM trials JOIN studies USING (study_id)
    WHERE state = 'COMPLETE'
    AND (SELECT COUNT(*) FROM trial_values WHERE trial_values.trial_id = trials.trial_id)
     <> (SELECT COUNT(*) FROM study_directions
         WHERE study_directions.study_id = trials.study_id)
"""


def first_fault(base: sqlite3.Connection) -> str | None:
    """Return what is damaged in a database with all tables of Optuna; None if nothing is.

    Raises
    ------
    sqlite3.Error
        If the damage is such that it cannot be read at all.
    """
    (found,) = base.execute(_PAGES).fetchone()
    if found != "ok":
        return " ".join(found.split())
    for table, column, name in _TEXTS:
        for row, key, text in base.execute(f"SELECT rowid, {name}, {column} FROM {table}"):
            try:
                json.loads(text)
            except (RecursionError, TypeError, ValueError):
                return f"{column} of row {row} in table {table}, {key!r}, is not JSON"
    orphan = base.execute(_ORPHANS).fetchone()
    if orphan is not None:
        table, row, parent, _ = orphan
        return f"row {row} in table {table} belongs to a row that table {parent} lacks"
    return _missing(base)


def _missing(base: sqlite3.Connection) -> str | None:
    for study, count, first, last, different in base.execute(_NUMBERS):
        if (first, last, different) != (0, count - 1, count):
            return (
                f"table trials has {different} different numbers of exploration {study!r}, from "
                f"{first} to {last}, where it must have all from 0"
            )
    for (study,) in base.execute(_DIRECTIONS):
        return f"table study_directions has no row of exploration {study!r}"
    for number, study in base.execute(_VALUES):
        return f"table trial_values lacks a value of trial {number} of exploration {study!r}"
    return None
