# SPDX-License-Identifier: MIT
"""A PostgreSQL server as storage: checks that it can be used, and its lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sim.explore.storage.version import check_version, own_tables
from sim.work.errors import UserError

if TYPE_CHECKING:
    import psycopg

__all__ = ["check_server", "server_lock"]

# Seconds in which the server must answer.
_PATIENCE = 10

# Number of the lock that claims are made under: "engram" in ASCII.
_LOCK = int.from_bytes(b"engram")

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
_VERSION = "SELECT version_num FROM alembic_version"
_MAY_WRITE = (
    "SELECT current_setting('transaction_read_only') = 'off'"
    " AND has_schema_privilege(current_schema(), 'CREATE')"
)


def check_server(url: str) -> None:
    """Make sure that a database can be used; see `Storage.check`.

    Raises
    ------
    UserError
        If it cannot.
    """
    with _connected(url) as connection:
        place = f"Database {connection.info.dbname} at {connection.info.host}"
        tables = {name for (name,) in connection.execute(_TABLES)}
        row = connection.execute(_VERSION).fetchone() if "alembic_version" in tables else None
        writable = connection.execute(_MAY_WRITE).fetchone()
    check_version(place, tables & own_tables(), row[0] if row else None)
    if writable != (True,):
        raise UserError(f"{place} cannot be written: it is read-only to this user")


@contextmanager
def server_lock(url: str) -> Iterator[None]:
    """Hold the lock of the server. The server releases it when the holder's connection ends."""
    with _connected(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        yield


@contextmanager
def _connected(url: str) -> "Iterator[psycopg.Connection]":
    if find_spec("psycopg") is None:
        raise UserError(
            "--storage postgresql:// needs psycopg: pip install -e '.[postgres]' in the project's "
            "folder"
        )
    import psycopg

    try:
        connection = psycopg.connect(url, connect_timeout=_PATIENCE)
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"Storage cannot be reached: {reason}") from error
    with connection:
        yield connection
