# SPDX-License-Identifier: MIT
"""Memories priced from one or a few known arrays, by interpolation or by extrapolation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, log

from sim.cost.quantity import Range
from sim.cost.technology.tiling import MemoryPlan

__all__ = ["ArrayMemory", "ArrayPoint"]


@dataclass(frozen=True, kw_only=True)
class ArrayPoint:
    """A memory array with known energies.

    Attributes
    ----------
    bits : int or None
        Capacity. It may be None (unknown) if there is only one array.
    read, write : Range
        Energy of an access (J/bit).
    """

    bits: int | None
    read: Range
    write: Range


@dataclass(frozen=True)
class ArrayMemory:
    """A kind of memory of any size, priced from known arrays.

    The energy of an access is proportional to its width. Between two neighbouring arrays it is a
    power of the capacity; beyond the first and the last array that power continues. With a single
    array it does not depend on the capacity.

    Parameters
    ----------
    points : sequence of ArrayPoint
        Arrays in order of growing capacity, at least one.
    leakage : Range or None
        Leakage (W/bit); None if unknown.
    area : Range or None
        Area (m2/bit); None if unknown.
    """

    points: Sequence[ArrayPoint]
    leakage: Range | None
    area: Range | None

    def plan(self, depth: int, width: int, ports: int) -> MemoryPlan:
        """Return the cost of a memory.

        Parameters
        ----------
        depth, width : int
            Rows, and bits of a row.
        ports : {1, 2}
            Number of ports. Two ports are priced as one, with a warning.
        """
        bits, beyond = depth * width, self._beyond(depth * width)
        faults = [*beyond, *(["two ports are priced as one"] if ports == 2 else [])]
        warning = f"{depth} x {width}: {'; '.join(faults)}" if faults else None
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
            extrapolated=bool(beyond),
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

        # The bounds are sorted, because they can cross beyond the known arrays.
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

    def _beyond(self, bits: int) -> list[str]:
        """Return why a capacity is not among those of the arrays; empty if it is."""
        first, last = self.points[0].bits, self.points[-1].bits
        if first is None or last is None:
            return ["the capacity of the array that prices it is not known"]
        if first <= bits <= last:
            return []
        known = f"{first}" if first == last else f"{first}..{last}"
        return [f"{bits} bits are outside the {known} bits of known arrays"]
