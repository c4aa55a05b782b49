# SPDX-License-Identifier: MIT
"""Threads that help inside one compiled call, without Python.

A product of one layer takes a tenth of a millisecond. Threads that Python hands work to would spend
as long waiting for its global lock. A member of a crew never returns to Python: it watches a word
of memory for the next job, for some tens of microseconds, and then sleeps until it is woken.
"""

import os
from collections.abc import Callable
from ctypes import c_int, c_void_p, pythonapi
from threading import Lock, Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.kernels.atomics import acquire, exchange, peek, relax, release, replace
from golden.kernels.compiled import compiled
from golden.kernels.lanes import zeros

__all__ = ["Crew", "dismiss", "offer"]

_TRIES = 2000  # looks at the word before a thread sleeps: 20 to 100 microseconds

_MOST = 255  # members of a crew

# Words of a member, which fill a cache line.
_STATE, _JOB, _ASLEEP, _WAKE, _DONE, _WORDS = 0, 1, 2, 3, 4, 8
# States. Only the caller whose job it was makes a member free again.
_FREE, _TAKEN, _OFFERED, _RUNNING, _AWAITED, _FINISHED = range(6)


class Crew:
    """Members that do one kind of work.

    Parameters
    ----------
    work : callable
        Compiled function of the address of a job and of the member's number, from 0. It must not
        raise, so it may not ask for memory.
    """

    def __init__(self, work: Callable[[int, int], None]) -> None:
        self._serve = _make_serve(work)
        self._rosters: dict[int, _Roster] = {}

    def members(self, count: int) -> NDArray[np.int64]:
        """Return the words of the first members, for `offer` and `dismiss`; hire those that lack.

        They belong to one process. Threads do not survive a fork, so a child gets its own.

        Parameters
        ----------
        count : int
            Members that are wanted; there are `_MOST` at most.
        """
        process = os.getpid()
        roster = self._rosters.get(process) or self._rosters.setdefault(process, _Roster())
        if roster.hired < count:
            self._hire(roster, min(count, _MOST))
        return roster.words[:count]

    def _hire(self, roster: "_Roster", count: int) -> None:
        with roster.hiring:
            for number in range(roster.hired, count):
                member = roster.words[number]
                member[[_WAKE, _DONE]] = _lock(), _lock()
                Thread(target=self._serve, args=(member, number), daemon=True).start()
                roster.hired = number + 1


class _Roster:
    """The words of all members that one process may have, and how many it has hired."""

    def __init__(self) -> None:
        (self.words,) = zeros(((_MOST, _WORDS), np.int64))
        self.hired = 0
        self.hiring = Lock()


def _lock() -> int:
    """Return the address of a new lock of Python that is held."""
    allocate, take = pythonapi.PyThread_allocate_lock, pythonapi.PyThread_acquire_lock
    allocate.restype, take.argtypes = c_void_p, [c_void_p, c_int]
    address = allocate()
    if not address:
        raise MemoryError("A lock must get memory for a thread of products, and there is none")
    take(address, 1)
    return address


def _make_serve(work: Any) -> Callable[[NDArray[np.int64], int], None]:
    @compiled()
    def serve(member, number):
        """Do what is offered, for ever."""
        tries = 0
        while True:
            if peek(member, _STATE) == _OFFERED and replace(member, _STATE, _OFFERED, _RUNNING):
                work(member[_JOB], number)
                if exchange(member, _STATE, _FINISHED) == _AWAITED:
                    release(member[_DONE])
                tries = 0
            elif tries < _TRIES:
                relax()
                tries += 1
            else:
                exchange(member, _ASLEEP, 1)
                # A caller who came in between has woken this thread, or need not do so.
                if peek(member, _STATE) != _OFFERED or not exchange(member, _ASLEEP, 0):
                    acquire(member[_WAKE])
                tries = 0

    return serve


@compiled()
def offer(members, job):
    """Offer a job to all members that are free.

    Parameters
    ----------
    members : ndarray of shape (n, 8), int64
        From `Crew.members`.
    job : int
        Address of the description of the job. All that it points to must be kept until `dismiss`,
        by Python: compiled code frees an array after the last statement that names it.

    Returns
    -------
    ndarray of shape (n,), bool
        Whether each member was free; for `dismiss`.
    """
    asked = np.zeros(len(members), np.bool_)
    for i in range(len(members)):
        member = members[i]
        if replace(member, _STATE, _FREE, _TAKEN):
            member[_JOB] = job
            exchange(member, _STATE, _OFFERED)
            if exchange(member, _ASLEEP, 0):
                release(member[_WAKE])
            asked[i] = True
    return asked


@compiled()
def dismiss(members, asked):
    """Take the job back from members that have not begun, and wait for those that have.

    Parameters
    ----------
    members : ndarray of shape (n, 8), int64
    asked : ndarray of shape (n,), bool
        What `offer` returned.
    """
    for i in range(len(members)):
        member = members[i]
        if not asked[i] or replace(member, _STATE, _OFFERED, _FREE):
            continue
        tries = 0
        while peek(member, _STATE) != _FINISHED:
            if tries < _TRIES:
                relax()
                tries += 1
            elif replace(member, _STATE, _RUNNING, _AWAITED):
                acquire(member[_DONE])
        exchange(member, _STATE, _FREE)
