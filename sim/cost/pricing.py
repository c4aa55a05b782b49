# SPDX-License-Identifier: MIT
"""Counts times a technology: energy of actions, bits, area and leakage of memories, line by line.

Whatever a technology does not say is a line without a figure and a warning, never a zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.quantity import Range
from sim.cost.technology import Technology
from sim.cost.tiling import MemoryPlan
from sim.errors import UserError

__all__ = [
    "Bill",
    "EnergyLine",
    "MemoryLine",
    "Total",
    "price",
    "price_memories",
    "require_all",
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
        Lines without a figure, which the sum leaves out.
    """

    low: float = 0.0
    nominal: float = 0.0
    high: float = 0.0
    missing: int = 0

    def __add__(self, other: "Total") -> "Total":
        return Total(
            low=self.low + other.low,
            nominal=self.nominal + other.nominal,
            high=self.high + other.high,
            missing=self.missing + other.missing,
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
        if self.each is None:
            return Total(missing=1)
        times = float(self.count)
        return Total(
            low=times * self.each.low, nominal=times * self.each.nominal,
            high=times * self.each.high,
        )  # fmt: skip

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
    def area(self) -> Total:
        """m2 of all copies."""
        return self._of(None if self.plan is None else self.plan.area)

    @property
    def leakage(self) -> Total:
        """W of all copies."""
        return self._of(None if self.plan is None else self.plan.leakage)

    def _of(self, each: Range | None) -> Total:
        if each is None:
            return Total(missing=1)
        n = self.memory.copies
        return Total(low=n * each.low, nominal=n * each.nominal, high=n * each.high)


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


def require_all(missing: Iterable[str], technology: Technology) -> None:
    """Refuse a bill with gaps.

    Raises
    ------
    UserError
        If there are any; the message names them all.
    """
    gaps = sorted(set(missing))
    if gaps:
        raise UserError(f"Technology {technology.name} must say, and does not: {', '.join(gaps)}")


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
