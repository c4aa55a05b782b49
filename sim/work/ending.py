# SPDX-License-Identifier: MIT
"""Early end of long work: on a signal, or when the process that started it ends."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from types import FrameType

__all__ = ["Ended", "interrupts_held", "leave_when_told", "signals_end"]


class Ended(BaseException):
    """The process was told to end, by the keyboard or by another process.

    It is not an `Exception`, so that no library takes it for a failure of its own. It is not a
    `KeyboardInterrupt` either: command-line libraries turn that into an exit without a message.

    Parameters
    ----------
    number : int
        Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def status(self) -> int:
        """Exit status that shells expect: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + self.number


@contextmanager
def signals_end() -> Iterator[None]:
    """Context in which SIGINT and SIGTERM raise `Ended` in the main thread, each once.

    A second signal is ignored, because the process is already ending.
    """

    def end(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Ended(number)

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Context in which Ctrl-C waits; processes started in it never receive Ctrl-C.

    A process inherits the blocked signals of the thread that starts it. Ctrl-C is therefore blocked
    in the new process from its first line on.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_when_told(leave: Callable[[], object] = lambda: None) -> None:
    """Have a worker process end at once on SIGTERM, or when the process that started it is gone.

    A thread ends the process; the signal itself wakes that thread. An exception in the main thread
    would be less safe: the code that runs there at that moment, such as the finalizer of an object,
    could swallow it, and it would wait for compiled code to return. Ctrl-C in a terminal reaches
    every process of a command. Workers ignore it; the process that the user started tells its
    workers to end.

    Parameters
    ----------
    leave : callable
        Function without arguments, called in that thread before the process ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)
    signal.set_wakeup_fd(mouth)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    parent = multiprocessing.parent_process()
    told = [ear] if parent is None else [ear, parent.sentinel]

    def watch() -> None:
        wait(told)
        try:
            leave()
        finally:
            os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
