# SPDX-License-Identifier: MIT
"""Driver, monitor and scoreboard of a block, one cycle at a time, whatever the simulator.

A bench is a list of steps. In every step the engine offers payloads on the input streams, takes
those of the output streams and compares them with what is expected; pins are held or read. A
simulator asks `drive` for the levels of the inputs, lets them settle and gives the levels of all
ports to `observe`, once a cycle. Cycles in which nothing can happen it may `skip`. The rules of
streams are checked on the way: what is offered stays until it is taken, and nothing comes that is
not expected.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

__all__ = [
    "PATIENCE",
    "PAUSES",
    "BenchError",
    "Engine",
    "Levels",
    "Pauses",
    "Step",
    "Stream",
    "Trace",
]

PATIENCE = 20_000  # cycles without a transfer before a bench gives up
STILL = 4  # cycles without an event after which it is worth while to wait for one


class BenchError(AssertionError):
    """A block did what it must not."""


@dataclass(frozen=True)
class Stream:
    """A stream port of the block: `name`, and whether it leads into the block.

    A `tap` leads out and has no `ready`: what is valid passes in every cycle.
    """

    name: str
    into: bool
    tap: bool = False


@dataclass(frozen=True)
class Step:
    """Part of a bench that ends when all its payloads have passed.

    Attributes
    ----------
    inputs, outputs : mapping of str to list of int
        Payloads offered and expected, by stream, each as the bits of its port.
    pins : mapping of str to int
        Levels of input pins from this step on.
    reads : mapping of str to int
        Levels expected of output pins in the cycle after the last transfer.
    meets : mapping of str to int
        How often it meets which of the situations of `verification.rtl.coverage`.
    reset : bool
        Whether the block is reset first.
    cycles : int
        Cycles the step lasts at least; with payloads left over after them if `abandon`.
    abandon : bool
        End after `cycles` and no later, whatever has passed: `Trace.left` says what had not.
    """

    inputs: Mapping[str, list[int]] = field(default_factory=dict)
    outputs: Mapping[str, list[int]] = field(default_factory=dict)
    pins: Mapping[str, int] = field(default_factory=dict)
    reads: Mapping[str, int] = field(default_factory=dict)
    meets: Mapping[str, int] = field(default_factory=dict)
    reset: bool = False
    cycles: int = 0
    abandon: bool = False


@dataclass(frozen=True)
class Pauses:
    """How often the world makes a block wait.

    Attributes
    ----------
    idle, stall : float
        Chance a cycle that an input is not offered, that an output is not taken.
    patient : bool
        Take an output only after it was seen: a block that waits to be asked never ends.
    seed : int
    """

    idle: float = 0.0
    stall: float = 0.0
    patient: bool = False
    seed: int = 0


#: The idle x back-pressure matrix of every equivalence bench.
PAUSES = {
    "flowing": Pauses(),
    "idle": Pauses(idle=0.75),
    "stalled": Pauses(stall=0.75),
    "idle_stalled": Pauses(idle=0.5, stall=0.5),
    "patient": Pauses(patient=True),
}


@dataclass
class Trace:
    """What a bench saw.

    Attributes
    ----------
    cycles : int
        Cycles simulated.
    transfers : dict of str to list of int
        Cycles in which a payload passed, by stream.
    offered : dict of str to list of int
        Cycles in which each payload of an output stream was first seen.
    counts : dict of str to int
        Cycles in which a counted pin was 1.
    stalls : dict of str to int
        Cycles in which a payload was offered on a stream and not taken.
    left : list of int
        For each step that was abandoned, the payloads that had not passed, over all its streams.
    """

    cycles: int = 0
    transfers: dict[str, list[int]] = field(default_factory=dict)
    offered: dict[str, list[int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    stalls: dict[str, int] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)

    def gaps(self, name: str) -> set[int]:
        """Return the cycles from one payload of a stream to the next, such as there are."""
        return {after - before for before, after in pairwise(self.transfers[name])}

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Levels(Mapping[str, int]):
    """Levels of ports, each read when it is asked for: most are not, in most cycles."""

    def __init__(self, ports: Mapping[str, Any], read: Callable[[Any], int]) -> None:
        self._ports, self._read = ports, read

    def __getitem__(self, name: str) -> int:
        return self._read(self._ports[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._ports)

    def __len__(self) -> int:
        return len(self._ports)


class Engine:
    """One bench under way.

    Parameters
    ----------
    streams : list of Stream
    steps : list of Step
    pauses : Pauses
    counted : list of str
        Output pins whose ones are counted.
    """

    def __init__(
        self,
        streams: list[Stream],
        steps: list[Step],
        pauses: Pauses = PAUSES["flowing"],
        counted: tuple[str, ...] = (),
    ) -> None:
        self.streams, self.steps, self.pauses = streams, steps, pauses
        self.trace = Trace(counts=dict.fromkeys(counted, 0))
        for stream in streams:
            self.trace.transfers[stream.name] = []
            self.trace.offered[stream.name] = []
            self.trace.stalls[stream.name] = 0
        self._random = random.Random(pauses.seed)
        self._offering: dict[str, bool] = {}
        self._held: dict[str, int] = {}
        self._index = -1
        self._last_transfer = 0
        self._still = 0  # cycles in a row in which nothing happened, nor could by itself
        self._next_step()

    @property
    def done(self) -> bool:
        """Whether all steps have ended."""
        return self._index == len(self.steps)

    def drive(self) -> dict[str, int]:
        """Return the levels of all input ports, and of the reset ``rst``, for the next cycle."""
        levels = {"rst": int(self._resetting), **self._pins}
        for stream in self.streams:
            if stream.into:
                waiting = self._left[stream.name]
                if not self._offering.get(stream.name):
                    ready = bool(waiting) and not self._resetting
                    self._offering[stream.name] = ready and not self._chance(self.pauses.idle)
                levels[f"{stream.name}__valid"] = int(self._offering[stream.name])
                levels[f"{stream.name}__payload"] = waiting[0] if waiting else 0
            elif not stream.tap:
                seen = stream.name in self._held
                take = not self._chance(self.pauses.stall)
                levels[f"{stream.name}__ready"] = int(take and (seen or not self.pauses.patient))
        return levels

    def observe(self, levels: Mapping[str, int]) -> None:
        """Take the settled levels of all ports in a cycle, before its clock edge."""
        certain = not (self.pauses.idle or self.pauses.stall or self._resetting)
        self._still = self._still + 1 if certain else 0
        if self._resetting:
            self._resetting = False
            self._held.clear()
            self.trace.cycles += 1
            return
        for stream in self.streams:
            self._observe_stream(stream, levels)
        for name in self.trace.counts:
            self.trace.counts[name] += levels[name]
            if levels[name]:
                self._still = 0
        self._step_cycles += 1
        if not any(self._left.values()) or self.steps[self._index].abandon:
            self._still = 0
            self._end_step(levels)
        elif self.trace.cycles - self._last_transfer > PATIENCE:
            raise BenchError(f"step {self._index}: nothing passed for long, {self._outstanding()}")
        self.trace.cycles += 1

    @property
    def awaited(self) -> list[str]:
        """Ports of which one must change before anything happens; empty if it may happen anyway.

        For some cycles nothing passed, the block offered nothing and no counted pin was 1. As long
        as these ports stay as they are, every cycle is like those.
        """
        if self._still < STILL:
            return []
        offered = [f"{name}__ready" for name, offering in self._offering.items() if offering]
        valid = [f"{stream.name}__valid" for stream in self.streams if not stream.into]
        return [*offered, *valid, *self.trace.counts]

    def skip(self, cycles: int) -> None:
        """Count cycles that were like the one observed last."""
        self.trace.cycles += cycles
        self._step_cycles += cycles
        for name, offered in self._offering.items():
            self.trace.stalls[name] += cycles * offered

    def _observe_stream(self, stream: Stream, levels: Mapping[str, int]) -> None:
        name = stream.name
        if not levels[f"{name}__valid"]:
            if name in self._held:
                raise BenchError(f"{name}: {self._held[name]:#x} was withdrawn before it was taken")
            return
        ready = stream.tap or levels[f"{name}__ready"]
        if ready or not stream.into:
            self._still = 0
        if not stream.into:
            payload, held = levels[f"{name}__payload"], self._held.get(name)
            if held is None:
                self._check(name, payload)
                self.trace.offered[name].append(self.trace.cycles)
                self._held[name] = payload
            elif payload != held:
                raise BenchError(f"{name}: {held:#x} was changed before it was taken")
        if ready:
            self._left[name].pop(0)
            self._held.pop(name, None)
            self._offering[name] = False
            self.trace.transfers[name].append(self.trace.cycles)
            self._last_transfer = self.trace.cycles
        else:
            self.trace.stalls[name] += 1

    def _check(self, name: str, payload: int) -> None:
        expected = self._left[name]
        place = f"step {self._index}, {name}[{len(self.trace.transfers[name])}]"
        if not expected:
            raise BenchError(f"{place}: {payload:#x} came, and nothing more was expected")
        if payload != expected[0]:
            raise BenchError(f"{place}: {payload:#x} came, and {expected[0]:#x} was expected")

    def _end_step(self, levels: Mapping[str, int]) -> None:
        """Read pins in the first cycle without transfers, then begin the next step."""
        step = self.steps[self._index]
        quiet = self.trace.cycles > self._last_transfer or not (step.inputs or step.outputs)
        if not (quiet or step.abandon) or self._step_cycles < max(1, step.cycles):
            return
        if step.abandon:
            self.trace.left.append(sum(map(len, self._left.values())))
        for pin, expected in step.reads.items():
            if levels[pin] != expected:
                raise BenchError(
                    f"step {self._index}: {pin} is {levels[pin]:#x}, expected {expected:#x}"
                )
        self._next_step()

    def _next_step(self) -> None:
        self._index += 1
        self._step_cycles = 0
        self._left: dict[str, list[int]] = {stream.name: [] for stream in self.streams}
        self._resetting = False
        if self.done:
            return
        step = self.steps[self._index]
        for name, payloads in [*step.inputs.items(), *step.outputs.items()]:
            self._left[name] = [int(payload) for payload in payloads]
        self._pins = {**getattr(self, "_pins", {}), **step.pins}
        self._resetting = step.reset or self._index == 0
        if self._resetting:
            self._offering.clear()
        self._last_transfer = self.trace.cycles

    def _outstanding(self) -> str:
        parts = [f"{len(left)} of {name}" for name, left in self._left.items() if left]
        return " and ".join(parts) + " outstanding"

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability
