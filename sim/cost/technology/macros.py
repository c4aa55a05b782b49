# SPDX-License-Identifier: MIT
"""Memories from real SRAM macros: the values of the macros, and the tiling of a memory by them."""

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

# Tilings whose areas differ by no more than this factor count as equally small.
_NEARLY = 1.05
_PORTS = {1: "one port", 2: "two ports"}
# Largest number of words for which one formula describes the energies.
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
        J an access, without the toggles of address and data pins.
    voltage : float or None
        V of the corner; None where the table does not state it.
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
    voltage: float | None = None

    @property
    def bits(self) -> int:
        """Bits it holds."""
        return self.depth * self.width


class MacroSet:
    """Macros of one technology and corner, used as tiles of memories.

    A memory is a stack of banks of equal depth. In each bank, macros of that depth lie side by
    side. Among the tilings whose area is within 5 % of the least, the one with the least read
    energy is taken. The reason is that banks of the deepest macro may be only 4 % smaller than
    others that read with a quarter of the energy. An access uses one bank. The logic that selects a
    bank is not counted.

    A memory with fewer bits than the smallest macro would be built from latches or flip-flops. It
    is priced by a formula fitted to the macros, if there are enough macros for a fit. If no macro
    has the number of ports asked for, macros with the other number are taken, with a warning in the
    plan.

    Parameters
    ----------
    macros : sequence of Macro
    source : str
        Key of their source.
    """

    def __init__(self, macros: Sequence[Macro], source: str) -> None:
        self.macros, self.source = tuple(macros), source
        self.plan = cache(self._plan)

    @property
    def voltage(self) -> float | None:
        """V of the macros; None where their table does not state it."""
        return self.macros[0].voltage

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
        # Sureness is medium even if all corners agree, because these are estimates, not
        # measurements.
        return Range(
            low=sum(macro.leakage_low for macro in macros),
            nominal=sum(macro.leakage for macro in macros),
            high=sum(macro.leakage_high for macro in macros),
            source=self.source,
            sureness="M",
        )

    def _fitted(self, depth: int, width: int, ports: int) -> MemoryPlan | None:
        """Return the fitted plan of a memory smaller than any macro; None if larger, or no fit."""
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


def read_macros(path: Path, corner: str) -> list[Macro]:
    """Read macros from CSV.

    Parameters
    ----------
    path : Path
        CSV file. Comment lines that begin with ``#`` come first, then a header, then a line for
        every macro and corner with these columns: ports (1P or 2P), words, width, corner, area_um2,
        leak_nW, clk_read_pJ, clk_write_pJ. The column vdd (V) may be missing.
    corner : str
        Corner whose values are returned.

    Raises
    ------
    UserError
        If the file cannot be read or a line is invalid; the message names the line.
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
        voltage=_voltage(row["vdd"]) if "vdd" in row else None,
    )


def _at_least_one(row: dict[str, str], name: str) -> int:
    number = int(row[name])
    if number < 1:
        raise ValueError(f"{name} must be >= 1, not {number}")
    return number


def _voltage(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(f"vdd must be > 0, not {text}")
    return value


def _positive(row: dict[str, str], name: str) -> float:
    value = column_in_si(name, row[name])
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be > 0, not {row[name]}")
    return value


def _over_corners(of: dict[str, Macro], corner: str) -> Macro:
    leakages = [macro.leakage for macro in of.values()]
    return replace(of[corner], leakage_low=min(leakages), leakage_high=max(leakages))
