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

__all__ = ["Ended", "leave_when_told", "signals_end", "signals_held"]

_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
# Handlers belong to the whole process, and so does this: how often signals are held at present, and
# which have come meanwhile.
_holding: list[bool] = []
_waiting: list[int] = []


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
def signals_end(last_words: str, patience: float = 4.0) -> Iterator[None]:
    """Context in which SIGINT and SIGTERM raise `Ended` in the main thread, once.

    A finalizer or a callback that runs at that moment can swallow the exception, and what cleans up
    can take long. If the context is still open some seconds later, the process ends at once.

    Parameters
    ----------
    last_words : str
        Line for the standard error output if the process has to end at once.
    patience : float
        Seconds between the signal and that end.
    """
    timers: list[threading.Timer] = []

    def stop(status: int) -> None:
        os.write(2, f"{last_words}\n".encode())
        os._exit(status)

    def end(number: int, frame: FrameType | None) -> None:
        if _holding:
            _waiting.append(number)
            return
        if timers:  # it is ending already
            return
        ended = Ended(number)
        timers.append(threading.Timer(patience, stop, (ended.status,)))
        timers[0].daemon = True
        timers[0].start()
        raise ended

    before = {each: signal.signal(each, end) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for timer in timers:
            timer.cancel()


@contextmanager
def signals_held() -> Iterator[None]:
    """Context in which SIGINT and SIGTERM wait, to start worker processes in.

    A process inherits the blocked signals of the thread that starts it, so that no signal reaches
    it before it listens by `leave_when_told`. A worker never receives Ctrl-C.
    """
    # A blocked signal still reaches other threads of this process, whose handler runs here.
    _holding.append(True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _holding.pop()
        if _waiting and not _holding:
            number = _waiting[0]
            _waiting.clear()
            signal.raise_signal(number)


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
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    parent = multiprocessing.parent_process()
    told = [ear] if parent is None else [ear, parent.sentinel]

    def watch() -> None:
        wait(told)
        try:
            leave()
        finally:
            os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
