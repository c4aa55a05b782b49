# SPDX-License-Identifier: MIT
"""Memories that are tiled from real SRAM macros."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from sim.cost.quantity import Range
from sim.cost.technology.bus import Bus
from sim.cost.technology.fit import Fit
from sim.cost.technology.macro_table import Macro, Quantity
from sim.cost.technology.tiling import MemoryPlan, Tile

__all__ = ["MacroSet"]

# Tilings whose areas differ by no more than this factor count as equally small.
_NEARLY = 1.05
_PORTS = {1: "one port", 2: "two ports"}
# Largest number of words for which one formula describes the energies.
_SHALLOW = 2048


class MacroSet:
    """Macros of one technology and corner, used as tiles of memories.

    A memory is a stack of banks of equal depth. In each bank, macros of that depth lie side by
    side. Among the tilings whose area is within 5 % of the least, the one with the least read
    energy is taken. The reason is that banks of the deepest macro may be only 4 % smaller than
    others that read with a quarter of the energy. An access uses one bank, and the wires to it if
    there are several macros. Bounds are the extremes over the corners.

    A memory with fewer bits than the smallest macro would be built from latches or flip-flops. It
    is priced by a formula fitted to the macros, if there are enough macros for a fit. If no macro
    has the number of ports asked for, macros with the other number are taken, with a warning in the
    plan.

    Parameters
    ----------
    macros : sequence of Macro
    source : str
        Key of their source.
    bus : Range, optional
        Capacitance (F / m) of the wires between macros. Without it, or if the supply of the macros
        is not known, these wires are taken to be within the values.
    """

    def __init__(self, macros: Sequence[Macro], source: str, bus: Range | None = None) -> None:
        self.macros, self.source = tuple(macros), source
        self._bus = None
        if bus is not None and self.voltage is not None:
            self._bus = Bus(replace(bus, source=source), self.voltage)
        self.plan = cache(self._plan)

    @property
    def voltage(self) -> float | None:
        """V of the macros; None where their table does not state it."""
        return self.macros[0].voltage

    @property
    def hot(self) -> tuple[float, float] | None:
        """Temperature (degrees Celsius) of the hottest corner, and its leakage / leakage here.

        None if the table has no hotter corner.
        """
        macro = self.macros[0]
        here = macro.temperature
        if here is None:
            return None
        hotter = [c for c in macro.corners if c.temperature is not None and c.temperature > here]
        if not hotter:
            return None
        hottest = max(hotter, key=lambda corner: corner.temperature or here)
        assert hottest.temperature is not None
        return hottest.temperature, hottest.leakage / macro.leakage

    def fits(self, ports: int) -> dict[str, Fit]:
        """Return the fits of read energy, write energy (J) and area (m2) of the macros.

        The energies, E = a + w (b + c d), are fitted to macros of up to 2048 words, or to all
        macros if none is that small. The area, A = a + b w + c d + e w d, is fitted to all macros.
        """
        macros = self._of(ports)
        shallow = [macro for macro in macros if macro.depth <= _SHALLOW] or macros
        return {
            "read": Fit.energy([(m.depth, m.width, m.read) for m in shallow]),
            "write": Fit.energy([(m.depth, m.width, m.write) for m in shallow]),
            "area": Fit.area([(m.depth, m.width, m.area) for m in macros]),
        }

    def _plan(self, depth: int, width: int, ports: int) -> MemoryPlan:
        plan = self._fitted(depth, width, ports) or self._tiled(depth, width, ports)
        found = self._of(ports)[0].ports
        if found == ports:
            return plan
        faults = [plan.warning] if plan.warning else []
        return replace(
            plan,
            read=replace(plan.read, sureness="L"),
            write=replace(plan.write, sureness="L"),
            warning="; ".join([*faults, f"{_PORTS[ports]} priced as {_PORTS[found]}"]),
        )

    def _tiled(self, depth: int, width: int, ports: int) -> MemoryPlan:
        macros = self._of(ports)
        tilings = [
            _Tiling(-(-depth // rows), _row([m for m in macros if m.depth == rows], width))
            for rows in {macro.depth for macro in macros}
        ]
        least = min(tiling.area for tiling in tilings)
        small = [tiling for tiling in tilings if tiling.area <= _NEARLY * least]
        best = min(small, key=lambda tiling: (tiling.read, tiling.area))
        macros = best.row * best.banks
        read, write = (self._access(best, quantity, depth, width) for quantity in ("read", "write"))
        return MemoryPlan(
            depth=depth,
            width=width,
            ports=ports,
            tiles=best.tiles,
            physical_bits=sum(macro.bits for macro in macros),
            area=Range.exactly(best.area, self.source),
            leakage=self._sum(macros, "leakage"),
            read=read,
            write=write,
        )

    def _access(self, tiling: "_Tiling", quantity: Quantity, depth: int, width: int) -> Range:
        """Return the energy of an access to a bank, and of the wires to it."""
        energy = self._sum(tiling.row, quantity)
        if self._bus is None or tiling.banks * len(tiling.row) == 1:
            return energy
        return energy + self._bus.energy(area=tiling.area, depth=depth, width=width)

    def _sum(self, macros: Sequence[Macro], quantity: Quantity) -> Range:
        first, *others = (macro.over_corners(quantity, self.source) for macro in macros)
        return sum(others, first)

    def _fitted(self, depth: int, width: int, ports: int) -> MemoryPlan | None:
        """Return the fitted plan of a memory smaller than any macro; None if larger, or no fit."""
        smallest = min(self._of(ports), key=lambda macro: macro.bits)
        if depth * width >= smallest.bits:
            return None
        fits = self.fits(ports)
        if not all(fit.holds_at(depth, width) for fit in fits.values()):
            return None
        ranges = {name: fit.range_at(depth, width, self.source) for name, fit in fits.items()}
        for quantity in ("read", "write"):
            ranges[quantity] = _widened(ranges[quantity], smallest.over_corners(quantity, ""))
        return MemoryPlan(
            depth=depth,
            width=width,
            ports=ports,
            tiles=(),
            physical_bits=depth * width,
            area=ranges["area"],
            leakage=self._sum([smallest], "leakage") * (depth * width / smallest.bits),
            read=ranges["read"],
            write=ranges["write"],
            warning=f"{depth} x {width} bits are fewer than those of the smallest macro, "
            f"{smallest.depth} x {smallest.width}: priced by the fit of the macros",
        )

    def _of(self, ports: int) -> list[Macro]:
        """Return the macros with so many ports, or all macros (of the other kind) if none has.

        Raises
        ------
        ValueError
            If the number of ports is not 1 or 2.
        """
        if ports not in _PORTS:
            raise ValueError(f"Ports must be {' or '.join(map(str, _PORTS))}, not {ports}")
        return [macro for macro in self.macros if macro.ports == ports] or list(self.macros)


@dataclass(frozen=True)
class _Tiling:
    banks: int
    row: tuple[Macro, ...]

    @property
    def area(self) -> float:
        return self.banks * sum(macro.area for macro in self.row)

    @property
    def read(self) -> float:
        return sum(macro.read for macro in self.row)

    @property
    def tiles(self) -> tuple[Tile, ...]:
        return tuple(
            Tile(macro.depth, macro.width, self.banks * self.row.count(macro))
            for macro in dict.fromkeys(self.row)
        )


def _row(macros: Sequence[Macro], width: int) -> tuple[Macro, ...]:
    """Return the macros that cover a width with the least area, the widest first."""
    best: list[tuple[Macro, ...]] = [()]
    for bits in range(1, width + 1):
        rows = [(*best[max(bits - macro.width, 0)], macro) for macro in macros]
        best.append(min(rows, key=_cost))
    return tuple(sorted(best[width], key=lambda macro: -macro.width))


def _cost(row: tuple[Macro, ...]) -> tuple[float, float]:
    return sum(macro.area for macro in row), sum(macro.read for macro in row)


def _widened(value: Range, corners: Range) -> Range:
    """Return a value whose bounds are widened as those of another value over its corners."""
    return replace(
        value,
        low=value.low * corners.low / corners.nominal,
        high=value.high * corners.high / corners.nominal,
    )
