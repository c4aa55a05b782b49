# SPDX-License-Identifier: MIT
"""Bills: counts times the values of a technology, for actions and for memories, line by line.

A value that the technology does not state becomes a line without a value and a warning. It never
becomes a zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.quantity import Range
from sim.cost.technology.technology import Technology
from sim.cost.technology.tiling import MemoryPlan

__all__ = [
    "Bill",
    "EnergyLine",
    "MemoryLine",
    "Total",
    "price",
    "price_memories",
    "total",
]

# Kinds of actions that access a memory.
_ACCESSES = ("read", "write")


@dataclass(frozen=True, kw_only=True)
class Total:
    """A sum of ranges. Its bounds assume that all lines are at their bounds at once.

    Attributes
    ----------
    low, nominal, high : float
        SI units.
    missing : int
        Number of lines without a value. The sum leaves them out.
    """

    low: float = 0.0
    nominal: float = 0.0
    high: float = 0.0
    missing: int = 0

    @classmethod
    def of(cls, each: Range | None, times: float = 1.0) -> "Total":
        """Return a quantity times a number; None stands for a value that is not stated."""
        if each is None:
            return cls(missing=1)
        return cls(low=times * each.low, nominal=times * each.nominal, high=times * each.high)

    @classmethod
    def exactly(cls, value: float) -> "Total":
        """Return a sum that is known exactly (SI)."""
        return cls(low=value, nominal=value, high=value)

    def __add__(self, other: "Total") -> "Total":
        return Total(
            low=self.low + other.low,
            nominal=self.nominal + other.nominal,
            high=self.high + other.high,
            missing=self.missing + other.missing,
        )

    def __mul__(self, factor: float) -> "Total":
        """Return the sum times a number >= 0."""
        return replace(
            self,
            low=self.low * factor,
            nominal=self.nominal * factor,
            high=self.high * factor,
        )


@dataclass(frozen=True, kw_only=True)
class EnergyLine:
    """An action of a component, its number and its energy.

    Attributes
    ----------
    action : Action
    count : Fraction
        How often the action is done.
    each : Range or None
        Energy (J) of one action. None where the technology does not state it.
    """

    action: Action
    count: Fraction
    each: Range | None

    @property
    def total(self) -> Total:
        """Energy (J) of all these actions."""
        return Total.of(self.each, float(self.count))

    @property
    def is_memory(self) -> bool:
        """Whether the action accesses a memory."""
        return self.action.kind in _ACCESSES


@dataclass(frozen=True, kw_only=True)
class MemoryLine:
    """A memory and the macros that implement it.

    Attributes
    ----------
    memory : Memory
    plan : MemoryPlan or None
        Plan of one copy. None where the technology has no memories.
    """

    memory: Memory
    plan: MemoryPlan | None

    @property
    def physical_bits(self) -> int | None:
        """Bits of all macros."""
        return None if self.plan is None else self.plan.physical_bits * self.memory.copies

    @property
    def macros(self) -> str:
        """The macros of one copy in words; a dash where the technology has no memories."""
        return (self.plan.text or "formula") if self.plan else "-"

    @property
    def area(self) -> Total:
        """Area (m2) of all copies."""
        return Total.of(None if self.plan is None else self.plan.area, self.memory.copies)

    @property
    def leakage(self) -> Total:
        """Leakage (W) of all copies."""
        return Total.of(None if self.plan is None else self.plan.leakage, self.memory.copies)

    @property
    def missing(self) -> tuple[str, ...]:
        """Values that the technology does not state, in words."""
        if self.plan is None:
            return (f"memory {self.memory.component}",)
        values = {"area": self.plan.area, "leakage": self.plan.leakage}
        return tuple(
            f"{name} of {self.memory.component}" for name, value in values.items() if value is None
        )


@dataclass(frozen=True)
class Bill:
    """The energies of a tally, one line for each action.

    Attributes
    ----------
    lines : tuple of EnergyLine
        `total` is their sum, taken in this order.
    """

    lines: tuple[EnergyLine, ...]

    @property
    def total(self) -> Total:
        """Energy (J) of all lines."""
        return total(line.total for line in self.lines)

    @property
    def memories(self) -> Total:
        """Energy (J) of the accesses to memories."""
        return total(line.total for line in self.lines if line.is_memory)

    @property
    def logic(self) -> Total:
        """Energy (J) of all actions that do not access a memory."""
        return total(line.total for line in self.lines if not line.is_memory)

    def by_component(self) -> dict[str, Total]:
        """Return the energy (J) of each component, named by its two outermost levels."""
        sums: dict[str, Total] = {}
        for line in self.lines:
            name = ".".join(line.action.component.split(".")[:2])
            sums[name] = sums.get(name, Total()) + line.total
        return sums

    @property
    def missing(self) -> tuple[str, ...]:
        """Values that the technology does not state, in words."""
        return tuple(
            f"energy of {line.action.kind} ({line.action.component})"
            for line in self.lines
            if line.each is None
        )


def total(totals: Iterable[Total]) -> Total:
    """Return the sum of some totals."""
    return sum(totals, Total())


def price_memories(memories: Iterable[Memory], technology: Technology) -> tuple[MemoryLine, ...]:
    """Return each memory with its macros in a technology."""
    return tuple(
        MemoryLine(memory=m, plan=technology.macro(m.depth, m.width, m.ports)) for m in memories
    )


def price(tally: Tally, memories: Iterable[MemoryLine], technology: Technology) -> Bill:
    """Return the bill of a tally.

    Parameters
    ----------
    tally : Tally
    memories : iterable of MemoryLine
        All memories that the tally reads or writes. An access finds its memory by name.
    technology : Technology
        Source of the energies of logic.

    Raises
    ------
    ValueError
        If the tally accesses a memory that is not given, or with another width.
    """
    plans = {line.memory.component: line for line in memories}

    def each(action: Action) -> Range | None:
        if action.kind in _ACCESSES:
            return _access(action, plans)
        return technology.energy(action)

    return Bill(
        tuple(EnergyLine(action=a, count=count, each=each(a)) for a, count in tally.items())
    )


def _access(action: Action, plans: Mapping[str, MemoryLine]) -> Range | None:
    line = plans.get(action.component)
    if line is None:
        raise ValueError(f"{action.component} must be a memory of the chip to be accessed")
    if action.width != line.memory.width:
        raise ValueError(
            f"Rows of {action.component} must have {line.memory.width} bits, not {action.width}"
        )
    if line.plan is None:
        return None
    return line.plan.read if action.kind == "read" else line.plan.write
