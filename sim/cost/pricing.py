# SPDX-License-Identifier: MIT
"""Counts times a technology: energy of actions, bits, area and leakage of memories, line by line.

Whatever a technology does not say is a line without a value and a warning, never a zero.
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

# Kinds that are the traffic of memories.
_ACCESSES = ("read", "write")


@dataclass(frozen=True, kw_only=True)
class Total:
    """A sum of ranges: bounds of all lines together, which need not be reached at once.

    Attributes
    ----------
    low, nominal, high : float
        SI.
    missing : int
        Lines without a value, which the sum leaves out.
    """

    low: float = 0.0
    nominal: float = 0.0
    high: float = 0.0
    missing: int = 0

    @classmethod
    def of(cls, each: Range | None, times: float = 1.0) -> "Total":
        """Return so many of a quantity; None is one that the technology does not say."""
        if each is None:
            return cls(missing=1)
        return cls(low=times * each.low, nominal=times * each.nominal, high=times * each.high)

    @classmethod
    def exactly(cls, value: float) -> "Total":
        """Return a sum that is known."""
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
    """An action of a component, how often it is done and what that takes.

    Attributes
    ----------
    action : Action
    count : Fraction
    each : Range or None
        J; None where the technology does not say.
    """

    action: Action
    count: Fraction
    each: Range | None

    @property
    def total(self) -> Total:
        """J of all of them."""
        return Total.of(self.each, float(self.count))

    @property
    def is_memory(self) -> bool:
        """Whether it is an access to a memory."""
        return self.action.kind in _ACCESSES


@dataclass(frozen=True, kw_only=True)
class MemoryLine:
    """A memory and what it is made of.

    Attributes
    ----------
    memory : Memory
    plan : MemoryPlan or None
        Of one copy; None where the technology has no memories.
    """

    memory: Memory
    plan: MemoryPlan | None

    @property
    def physical_bits(self) -> int | None:
        """Bits of all macros."""
        return None if self.plan is None else self.plan.physical_bits * self.memory.copies

    @property
    def macros(self) -> str:
        """What one copy is made of, in words; a dash where the technology has no memories."""
        return (self.plan.text or "formula") if self.plan else "-"

    @property
    def area(self) -> Total:
        """m2 of all copies."""
        return Total.of(None if self.plan is None else self.plan.area, self.memory.copies)

    @property
    def leakage(self) -> Total:
        """W of all copies."""
        return Total.of(None if self.plan is None else self.plan.leakage, self.memory.copies)

    @property
    def missing(self) -> tuple[str, ...]:
        """What the technology does not say, in words."""
        if self.plan is None:
            return (f"memory {self.memory.component}",)
        values = {"area": self.plan.area, "leakage": self.plan.leakage}
        return tuple(
            f"{name} of {self.memory.component}" for name, value in values.items() if value is None
        )


@dataclass(frozen=True)
class Bill:
    """Lines of a tally. `total` is their exact sum, in their order.

    Attributes
    ----------
    lines : tuple of EnergyLine
    """

    lines: tuple[EnergyLine, ...]

    @property
    def total(self) -> Total:
        """J of all lines."""
        return total(line.total for line in self.lines)

    @property
    def memories(self) -> Total:
        """J of the accesses to memories."""
        return total(line.total for line in self.lines if line.is_memory)

    @property
    def logic(self) -> Total:
        """J of everything else."""
        return total(line.total for line in self.lines if not line.is_memory)

    def by_component(self) -> dict[str, Total]:
        """Return the sums of the outermost two levels of components."""
        sums: dict[str, Total] = {}
        for line in self.lines:
            name = ".".join(line.action.component.split(".")[:2])
            sums[name] = sums.get(name, Total()) + line.total
        return sums

    @property
    def missing(self) -> tuple[str, ...]:
        """What the technology does not say, in words."""
        return tuple(
            f"energy of {line.action.kind} ({line.action.component})"
            for line in self.lines
            if line.each is None
        )


def total(totals: Iterable[Total]) -> Total:
    """Return the sum of some."""
    return sum(totals, Total())


def price_memories(memories: Iterable[Memory], technology: Technology) -> tuple[MemoryLine, ...]:
    """Return what memories are made of."""
    return tuple(
        MemoryLine(memory=m, plan=technology.macro(m.depth, m.width, m.ports)) for m in memories
    )


def price(tally: Tally, memories: Iterable[MemoryLine], technology: Technology) -> Bill:
    """Return the bill of a tally.

    Parameters
    ----------
    tally : Tally
    memories : iterable of MemoryLine
        All that it reads and writes; a name alone ties an access to its memory.
    technology : Technology

    Raises
    ------
    ValueError
        If it names a memory that is not among them, or another width.
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
