# SPDX-License-Identifier: MIT
"""Driver, monitor and scoreboard for hardware of others, in a cocotb bench of their own.

`check` drives the inputs of a device, takes its outputs and compares every word with what is
expected. Its device may be written in anything that cocotb simulates. The names here, and `Step`,
`PAUSES` and `BenchError` of `verification.rtl.engine`, stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from cocotb.types import LogicArray

from verification.rtl.cocotb_bench import PERIOD, play
from verification.rtl.engine import PAUSES, Engine, Pauses, Step, Stream, Trace

__all__ = ["Handshake", "check"]


@dataclass(frozen=True)
class Handshake:
    """Signals of a stream, by their names in the device.

    A word passes in every cycle in which valid and ready are both 1.

    Parameters
    ----------
    valid : str
    ready : str or None
        None where whoever receives the words cannot make the sender wait.
    payload : str or sequence of str
        One signal, or several that together are the word, the first in its lowest bits.
    """

    valid: str
    ready: str | None
    payload: str | Sequence[str]


async def check(
    dut: Any,
    ports: Mapping[str, Handshake],
    steps: Sequence[Step],
    pauses: Pauses = PAUSES["flowing"],
    *,
    clock: str = "clk",
    reset: str = "rst",
    active_low: bool = False,
) -> Trace:
    """Reset a device, run the steps of a bench on it, and compare every word that it gives.

    Parameters
    ----------
    dut : handle of cocotb
    ports : mapping of str to Handshake
        Signals of each stream that a step names. It leads into the device if it is among the
        inputs of a step.
    steps : sequence of Step
        A pin that a step sets or reads goes by its name in the device.
    pauses : Pauses
        How often the bench makes the device wait; `PAUSES` has the usual ones.
    clock, reset : str
        Signals of the device. The clock belongs to this call while it lasts. The reset is
        synchronous.
    active_low : bool
        Whether the reset is active at 0.

    Returns
    -------
    Trace
        Cycles of the bench, and those in which words passed.

    Raises
    ------
    BenchError
        If a word differs from what is expected, is withdrawn or changed before it is taken, comes
        unasked, or if nothing passes for long. The message names step, stream and word.
    AttributeError
        If the device has no signal of a name.
    """
    into = {name for step in steps for name in step.inputs}
    streams = [Stream(name, name in into, tap=h.ready is None) for name, h in ports.items()]
    restart = getattr(dut, reset)
    signals: dict[str, Any] = {"rst": _Inverted(restart) if active_low else restart}
    for stream in streams:
        handshake = ports[stream.name]
        parts = {"valid": handshake.valid, "payload": handshake.payload, "ready": handshake.ready}
        found = {part: _signal(dut, name) for part, name in parts.items() if name is not None}
        signals |= {f"{stream.name}__{part}": signal for part, signal in found.items()}
        for part in ("valid", "payload") if stream.into else ("ready",):
            if part in found:
                found[part].value = 0
    pins = {pin for step in steps for pin in (*step.pins, *step.reads)}
    signals |= {pin: getattr(dut, pin) for pin in pins}
    engine = Engine(streams, list(steps), pauses)
    running = Clock(getattr(dut, clock), PERIOD, "ns")
    running.start()
    try:
        await play(engine, signals, getattr(dut, clock))
        await FallingEdge(getattr(dut, clock))  # so that the caller may drive signals again
    finally:
        running.stop()
    return engine.trace


def _signal(dut: Any, names: str | Sequence[str]) -> Any:
    """Return the handle of a signal, or one handle of several that are a word."""
    if isinstance(names, str):
        return getattr(dut, names)
    return _Bundle([getattr(dut, name) for name in names])


class _Bundle:
    """Signals that together are a word, the first in its lowest bits."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = parts
        self._name = " and ".join(part._name for part in parts)

    @property
    def value(self) -> LogicArray:
        return LogicArray("".join(str(part.value) for part in reversed(self._parts)))

    @value.setter
    def value(self, word: int) -> None:
        for part in self._parts:
            width = len(str(part.value))
            part.value = word & (1 << width) - 1
            word >>= width


class _Inverted:
    """A signal that is 0 where the bench says 1."""

    def __init__(self, signal: Any) -> None:
        self._signal = signal

    @property
    def value(self) -> Any:
        return ~self._signal.value

    @value.setter
    def value(self, level: int) -> None:
        self._signal.value = 1 - level
