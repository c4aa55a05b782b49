# SPDX-License-Identifier: MIT
"""Standard output that says why it cannot be written: a full disk, or a reader that has gone."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from sim.work.errors import UserError
from sim.work.refusals import reason_of

__all__ = ["checked_output", "discard"]


@contextmanager
def checked_output() -> Iterator[None]:
    """Context in which all that is printed reaches the standard output, or the command fails.

    Raises
    ------
    UserError
        If the standard output refuses a text. What would still be printed is then discarded.
    """
    stream = sys.stdout
    if stream is None:  # the user has closed it
        yield
        return
    checked: Any = _Checked(stream)
    sys.stdout = checked
    try:
        try:
            yield
        except SystemExit:  # the usual end of a command line
            checked.flush()
            raise
        checked.flush()
    finally:
        sys.stdout = stream


def discard(stream: TextIO) -> None:
    """Have a stream that cannot be written lose all its text, so that Python's end is silent."""
    with suppress(OSError, ValueError):  # a stand-in without a file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class _Checked:
    """A stream whose refusal of a text is a message for the user, from then on at every use."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._fault = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._told():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        # Libraries try the stream, and swallow what it raises then.
        if not self._fault:
            try:
                yield
                return
            except OSError as error:
                discard(self._stream)
                self._fault = f"Standard output cannot be written: {reason_of(error)}"
        raise UserError(self._fault)
