# SPDX-License-Identifier: MIT
"""Memories from real SRAM macros: the values of the macros, and which of them make a memory."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from sim.cost.quantity import Range, column_in_si
from sim.cost.technology.fit import Fit
from sim.cost.technology.tiling import MemoryPlan, Tile
from sim.work.errors import UserError
from sim.work.files import read_text

__all__ = ["Macro", "MacroSet", "read_macros"]

# Areas that count as equal.
_NEARLY = 1.05
_PORTS = {1: "one port", 2: "two ports"}
# Words up to which energies follow one formula.
_SHALLOW = 2048


@dataclass(frozen=True, kw_only=True)
class Macro:
    """An SRAM macro in one corner.

    Attributes
    ----------
    ports : {1, 2}
    depth, width : int
        Words, and bits of a word.
    area : float
        m2.
    leakage : float
        W; `leakage_low` and `leakage_high` are its extremes over the corners.
    read, write : float
        J an access, toggles of address and data pins not included.
    """

    ports: int
    depth: int
    width: int
    area: float
    leakage: float
    leakage_low: float
    leakage_high: float
    read: float
    write: float

    @property
    def bits(self) -> int:
        """Bits it holds."""
        return self.depth * self.width


class MacroSet:
    """Macros of one technology and corner, which memories are tiled with.

    Banks of equal depth are stacked until they are deep enough; in each, macros of that depth lie
    side by side. Of the tilings whose area is within 5 % of the least, the one of the least read
    energy is taken: banks of the deepest macro may be 4 % smaller than others that read at a
    quarter of the energy. An access wakes one bank. What selects the banks is not counted. A memory
    of fewer bits than the smallest macro would be made of latches or flip-flops; it is priced by
    what fits the macros, where enough of them are there to fit. Where no macro has as many ports as
    are asked for, those of the other kind are taken, and the plan says so.

    Parameters
    ----------
    macros : sequence of Macro
    source : str
        Key of their source.
    """

    def __init__(self, macros: Sequence[Macro], source: str) -> None:
        self.macros, self.source = tuple(macros), source
        self.plan = cache(self._plan)

    def fits(self, ports: int) -> dict[str, Fit]:
        """Return the fits of read and write energy (J) and of area (m2) of the macros.

        Energies are those of macros of up to 2048 words, or of all if there are none,
        E = a + w (b + c d); area is that of all, A = a + b w + c d + e w d.
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
        return MemoryPlan(
            depth=depth,
            width=width,
            ports=ports,
            tiles=best.tiles,
            physical_bits=sum(macro.bits for macro in macros),
            area=Range.exactly(best.area, self.source),
            leakage=self._leakage(macros),
            read=Range.exactly(best.read, self.source),
            write=Range.exactly(sum(macro.write for macro in best.row), self.source),
        )

    def _leakage(self, macros: Sequence[Macro]) -> Range:
        # Of the same value in all corners: estimates, not measurements.
        return Range(
            low=sum(macro.leakage_low for macro in macros),
            nominal=sum(macro.leakage for macro in macros),
            high=sum(macro.leakage_high for macro in macros),
            source=self.source,
            sureness="M",
        )

    def _fitted(self, depth: int, width: int, ports: int) -> MemoryPlan | None:
        """Return the plan of a memory smaller than any macro, None of a larger one or if no fit."""
        smallest = min(self._of(ports), key=lambda macro: macro.bits)
        if depth * width >= smallest.bits:
            return None
        fits = self.fits(ports)
        if not all(fit.holds_at(depth, width) for fit in fits.values()):
            return None
        ranges = {name: fit.range_at(depth, width, self.source) for name, fit in fits.items()}
        return MemoryPlan(
            depth=depth,
            width=width,
            ports=ports,
            tiles=(),
            physical_bits=depth * width,
            area=ranges["area"],
            leakage=self._leakage([smallest]) * (depth * width / smallest.bits),
            read=ranges["read"],
            write=ranges["write"],
            warning=f"{depth} x {width} bits are fewer than those of the smallest macro, "
            f"{smallest.depth} x {smallest.width}: priced by the fit of the macros",
        )

    def _of(self, ports: int) -> list[Macro]:
        """Return the macros of so many ports; all, which are of the other kind, if there are none.

        Raises
        ------
        ValueError
            If no memory has so many.
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


def read_macros(path: Path, corner: str) -> list[Macro]:
    """Read macros from CSV.

    Parameters
    ----------
    path : Path
        Lines that begin with ``#``, then a head and a line for every macro and corner: ports (1P
        or 2P), words, width, corner, area_um2, leak_nW, clk_read_pJ, clk_write_pJ.
    corner : str
        Whose values are wanted.

    Raises
    ------
    UserError
        If the file cannot be read or a line is at fault; the message names it.
    """
    lines = read_text(path).splitlines()
    above = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    reader = csv.DictReader(lines[above:])
    rows: dict[tuple[int, int, int], dict[str, Macro]] = defaultdict(dict)
    for row in reader:
        try:
            macro = _macro(row)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{path}:{above + reader.line_num}: a macro must have ports, words, width, corner, "
                f"area_um2, leak_nW, clk_read_pJ and clk_write_pJ: {error}"
            ) from error
        rows[macro.ports, macro.depth, macro.width][row["corner"]] = macro
    if not rows:
        raise UserError(f"{path} must be a table of macros, not empty")
    corners = sorted({name for of in rows.values() for name in of})
    if corner not in corners:
        raise UserError(f"{path}: corner must be one of {', '.join(corners)}, not {corner!r}")
    return [_over_corners(of, corner) for of in rows.values() if corner in of]


def _macro(row: dict[str, str]) -> Macro:
    leakage = _positive(row, "leak_nW")
    return Macro(
        ports={"1P": 1, "2P": 2}[row["ports"]],
        depth=_at_least_one(row, "words"),
        width=_at_least_one(row, "width"),
        area=_positive(row, "area_um2"),
        leakage=leakage,
        leakage_low=leakage,
        leakage_high=leakage,
        read=_positive(row, "clk_read_pJ"),
        write=_positive(row, "clk_write_pJ"),
    )


def _at_least_one(row: dict[str, str], name: str) -> int:
    number = int(row[name])
    if number < 1:
        raise ValueError(f"{name} must be >= 1, not {number}")
    return number


def _positive(row: dict[str, str], name: str) -> float:
    value = column_in_si(name, row[name])
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be > 0, not {row[name]}")
    return value


def _over_corners(of: dict[str, Macro], corner: str) -> Macro:
    leakages = [macro.leakage for macro in of.values()]
    return replace(of[corner], leakage_low=min(leakages), leakage_high=max(leakages))
