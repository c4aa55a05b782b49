# SPDX-License-Identifier: MIT
"""Memories known by a few arrays, or one: energies between them, and beyond at one's own risk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, log

from sim.cost.quantity import Range
from sim.cost.technology.tiling import MemoryPlan

__all__ = ["ArrayMemory", "ArrayPoint"]


@dataclass(frozen=True, kw_only=True)
class ArrayPoint:
    """An array.

    Attributes
    ----------
    bits : int or None
        Capacity; None where it is not known of the only array.
    read, write : Range
        J/bit of an access.
    """

    bits: int | None
    read: Range
    write: Range


@dataclass(frozen=True)
class ArrayMemory:
    """A memory of any size, priced by arrays of its kind.

    The energy of an access is proportional to its width, and follows a power of the capacity from
    one array to the next and beyond the first and last; with one array it is that array's.

    Parameters
    ----------
    points : sequence of ArrayPoint
        By growing capacity, at least one.
    leakage : Range or None
        W/bit, None if unknown.
    area : Range or None
        m2/bit, likewise.
    """

    points: Sequence[ArrayPoint]
    leakage: Range | None
    area: Range | None

    def plan(self, depth: int, width: int, ports: int) -> MemoryPlan:
        """Return what a memory costs.

        Parameters
        ----------
        depth, width : int
            Rows, and bits of a row.
        ports : {1, 2}
            Two are priced as one, with a warning.
        """
        bits, warning = depth * width, self._warning(depth, width, ports)
        read = self._energy(bits, lambda point: point.read) * width
        write = self._energy(bits, lambda point: point.write) * width
        return MemoryPlan(
            depth=depth,
            width=width,
            ports=ports,
            tiles=(),
            physical_bits=bits,
            area=None if self.area is None else self.area * bits,
            leakage=None if self.leakage is None else self.leakage * bits,
            read=replace(read, sureness="L") if warning else read,
            write=replace(write, sureness="L") if warning else write,
            warning=warning,
        )

    def _energy(self, bits: int, of: Callable[[ArrayPoint], Range]) -> Range:
        known = [(point.bits, of(point)) for point in self.points if point.bits is not None]
        if len(known) < 2:
            return of(self.points[0])
        last = next((i for i, (size, _) in enumerate(known) if bits <= size), len(known) - 1)
        (first, low), (second, high) = known[max(last, 1) - 1], known[max(last, 1)]
        share = log(bits / first) / log(second / first)

        def between(a: float, b: float) -> float:
            return a * exp(share * log(b / a))

        # Beyond the arrays the bounds could cross.
        bounds = sorted([
            between(low.low, high.low),
            between(low.nominal, high.nominal),
            between(low.high, high.high),
        ])  # fmt: skip
        return Range(
            low=bounds[0],
            nominal=bounds[1],
            high=bounds[2],
            source=low.source,
            sureness=max(low.sureness, high.sureness, key="HML".index),
        )

    def _warning(self, depth: int, width: int, ports: int) -> str | None:
        faults = []
        first, last = self.points[0].bits, self.points[-1].bits
        if first is None or last is None:
            faults.append("the capacity of the array that prices it is not known")
        elif not first <= depth * width <= last:
            known = f"{first}" if first == last else f"{first}..{last}"
            faults.append(f"{depth * width} bits are outside the {known} bits of known arrays")
        if ports == 2:
            faults.append("two ports are priced as one")
        return f"{depth} x {width}: {'; '.join(faults)}" if faults else None
