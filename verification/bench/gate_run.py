# SPDX-License-Identifier: MIT
"""A bench on a circuit of gates: what every net does, without delays and with them.

The engine of all benches drives the gates cycle by cycle and compares their answers with golden.
The levels after each clock edge are kept. They alone decide what happens until the next edge, so
that delays are looked at afterwards, 64 cycles at a time.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from verification.bench.circuit import Circuit, MemoryNets
from verification.bench.gate_kernels import BITS, LONGEST, settle, switch, transfer
from verification.rtl.engine import Engine, Levels, Step, Stream
from verification.rtl.toggles import Activity, Group, Switching

__all__ = ["GateRun", "run_gates"]

Access = Literal["read", "write"]

_COUNTING = "counting"  # pin of the steps that are counted; no port has this name


@dataclass(frozen=True)
class GateRun:
    """What a circuit did in the steps that are counted.

    Attributes
    ----------
    circuit : Circuit
    levels : ndarray of shape (cycles + 1, sources), uint8
        Levels of `Circuit.sources` in the cycle before them and in each of theirs.
    accesses : mapping of (str, str) to int
        Rows that were read and written, by memory and by "read" or "write". Copies of a memory
        share one name.
    """

    circuit: Circuit
    levels: NDArray[np.uint8]
    accesses: Mapping[tuple[str, Access], int]

    @property
    def cycles(self) -> int:
        """Cycles that are counted."""
        return len(self.levels) - 1

    @cached_property
    def settled(self) -> Activity:
        """Changes from cycle to cycle, once all nets have settled: no glitch counts."""
        return self._activity(self._changes(np.ones(len(self.circuit.gates), np.uint8))[0])

    def delayed(self, steps: Mapping[str, int] | None = None) -> Activity:
        """Return the changes if gates have delays, with all glitches.

        Parameters
        ----------
        steps : mapping of str to int, optional
            Delay of each kind of gate of the circuit, ``1 .. LONGEST``. By default every gate takes
            one step.

        Raises
        ------
        ValueError
            If a delay is out of range.
        """
        groups = self.circuit.gates.groups
        delays = [1 if steps is None else steps[group.kind] for group in groups]
        if delays and not 1 <= min(delays) <= max(delays) <= LONGEST:
            raise ValueError(
                f"Delays must be 1 to {LONGEST} steps, not {min(delays)} to {max(delays)}"
            )
        return self._activity(self._changes(np.array(delays, np.uint8))[1])

    def _changes(self, delays: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the changes of every net, settled and with delays."""
        circuit, gates = self.circuit, self.circuit.gates
        before, after = (_words(part) for part in (self.levels[:-1], self.levels[1:]))
        settled, delayed = np.zeros((2, circuit.nets), np.int64)
        same = switch(
            gates.first, gates.pins, gates.tables, gates.outputs, *_followers(circuit),
            delays, circuit.sources, before, after, settled, delayed,
        )  # fmt: skip
        assert same, "gates settle at the same levels with any delays"
        return settled, delayed

    def _activity(self, changes: NDArray[np.int64]) -> Activity:
        """Return the changes by groups of gates and flip-flops."""
        found: dict[Group, list[int]] = defaultdict(lambda: [0, 0, 0])
        for cells in (self.circuit.gates, self.circuit.flipflops):
            for n, group in enumerate(cells.groups):
                sums = found[group]
                sums[0] += 1
                sums[1] += int(changes[cells.outputs[n]])
                sums[2] += int(changes[cells.pins[cells.first[n] : cells.first[n + 1]]].sum())
        return Activity(
            self.cycles, {group: Switching(*sums) for group, sums in sorted(found.items())}
        )


def run_gates(
    circuit: Circuit, streams: Sequence[Stream], before: Sequence[Step], steps: Sequence[Step]
) -> GateRun:
    """Run a bench on a circuit.

    Parameters
    ----------
    circuit : Circuit
    streams : sequence of Stream
        Stream ports of the block that it was made from.
    before, steps : sequence of Step
        Steps of the preparation, and steps that are counted.

    Raises
    ------
    BenchError
        If the gates do not do what the bench expects.
    """
    marked = [_with_pin(step, 0) for step in before] + [_with_pin(step, 1) for step in steps]
    engine, gates = Engine(list(streams), marked), circuit.gates
    machine = _Machine(circuit)
    sources, kept, counted, last = circuit.sources, [], False, None
    while not engine.done:
        driven = engine.drive()
        counts = bool(driven.pop(_COUNTING, 0))
        for name, level in driven.items():
            if name in circuit.ports:
                machine.drive(name, level)
        settle(gates.first, gates.pins, gates.tables, gates.outputs, machine.levels)
        now = machine.levels[sources]
        if counts:
            if not counted:
                kept.append(now if last is None else last)
            kept.append(now)
        counted, last = counts, now
        engine.observe(Levels({name: name for name in circuit.ports}, machine.read))
        machine.tick(counts)
    return GateRun(circuit, np.array(kept, np.uint8), machine.accesses)


class _Machine:
    """Levels of all nets, and the rows of the memories."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self.levels = np.zeros(circuit.nets, np.uint8)
        self.levels[1] = 1
        self.accesses: dict[tuple[str, Access], int] = defaultdict(int)
        self._rows = [np.zeros((m.depth, m.width), np.uint8) for m in circuit.memories]
        self._names = [_short(memory) for memory in circuit.memories]
        self._next = np.zeros(len(circuit.flipflops), np.uint8)
        self._driven: dict[str, int] = {}

    def drive(self, name: str, level: int) -> None:
        """Set an input port."""
        if self._driven.get(name) != level:
            self._driven[name] = level
            nets = self._circuit.ports[name]
            octets = np.frombuffer(level.to_bytes(-(-len(nets) // 8), "little"), np.uint8)
            self.levels[nets] = np.unpackbits(octets, count=len(nets), bitorder="little")

    def read(self, name: str) -> int:
        """Return the level of a port."""
        return _integer(self.levels[self._circuit.ports[name]])

    def tick(self, counts: bool) -> None:
        """Pass a clock edge; note the accesses to memories if they count."""
        flipflops = self._circuit.flipflops
        transfer(flipflops.first, flipflops.pins, flipflops.tables, self._next, self.levels)
        read: list[tuple[NDArray[np.int32], NDArray[np.uint8]]] = []
        for memory, name, rows in zip(
            self._circuit.memories, self._names, self._rows, strict=True
        ):  # fmt: skip
            read += self._access(memory, name, rows, counts)
        for nets, row in read:
            self.levels[nets] = row
        self.levels[flipflops.outputs] = self._next

    def _access(
        self, memory: MemoryNets, name: str, rows: NDArray[np.uint8], counts: bool
    ) -> list[tuple[NDArray[np.int32], NDArray[np.uint8]]]:
        """Write a memory, and return what its ports have read before, with the nets of the data."""
        found = []
        for enable, address, nets in zip(
            memory.read_enable, memory.read_address, memory.read_data, strict=True
        ):
            if self.levels[enable[0]]:
                found.append((nets, rows[_integer(self.levels[address])].copy()))
                self.accesses[name, "read"] += counts
        for enables, address, nets in zip(
            memory.write_enable, memory.write_address, memory.write_data, strict=True
        ):
            enabled = self.levels[enables].astype(np.bool_)
            if enabled.any():
                row = rows[_integer(self.levels[address])]
                row[enabled] = self.levels[nets][enabled]
                self.accesses[name, "write"] += counts
        return found


def _short(memory: MemoryNets) -> str:
    """Return the path of a memory; copies share one name, as in `sim.hardware.netlist.Gate`."""
    return re.sub(r"_\d+(?=\.|$)", "", memory.name.replace("\\", ""))


def _with_pin(step: Step, counting: int) -> Step:
    return replace(step, pins={**step.pins, _COUNTING: counting})


def _integer(bits: NDArray[np.uint8]) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def _words(levels: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return levels by words of 64 cycles; the last word ends with cycles in which all is 0."""
    cycles, nets = levels.shape
    padded = np.zeros((-(-cycles // BITS) * BITS, nets), np.uint8)
    padded[:cycles] = levels
    octets = np.packbits(padded.T, axis=1, bitorder="little")
    return np.ascontiguousarray(octets).view("<u8").T.copy()


def _followers(circuit: Circuit) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the gates that each net drives: where those of a net begin, and the gates."""
    gates = circuit.gates
    owners = np.repeat(np.arange(len(gates), dtype=np.int32), np.diff(gates.first))
    order = np.argsort(gates.pins, kind="stable")
    first = np.searchsorted(gates.pins[order], np.arange(circuit.nets + 1))
    return first.astype(np.int32), owners[order]
