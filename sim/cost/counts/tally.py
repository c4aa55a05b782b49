# SPDX-License-Identifier: MIT
"""Memories of a block, and tallies of its actions, which can be added."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, NamedTuple, get_args

from golden.params.checks import check_choice, check_integer

__all__ = ["KINDS", "Action", "Kind", "Memory", "Tally", "bits", "field_bits"]

Kind = Literal[
    "read", "write", "xnor", "full_add", "accumulate", "compare", "lfsr_step", "register", "logic"
]
#: All kinds of actions; `Action` defines them.
KINDS = get_args(Kind)


@dataclass(frozen=True)
class Memory:
    """Equal memories with one purpose.

    Parameters
    ----------
    component : str
        Path of blocks from the outside in, such as "sampler.prototypes.memory".
    depth, width : int
        Rows, and bits of a row.
    copies : int
        Number of memories.
    ports : {1, 2}
        1 if reads and writes share a port. 2 if both can happen in one cycle.
    """

    component: str
    depth: int
    width: int
    copies: int = 1
    ports: int = 1

    def __post_init__(self) -> None:
        for name in ("depth", "width", "copies"):
            check_integer(f"{name.capitalize()} of {self.component}", getattr(self, name), 1)
        check_integer(f"Ports of {self.component}", self.ports, 1, 2)

    @property
    def bits(self) -> int:
        """Bits of all copies."""
        return self.depth * self.width * self.copies

    def within(self, block: str) -> "Memory":
        """Return the same memories as part of a block."""
        return replace(self, component=f"{block}.{self.component}")


class Action(NamedTuple):
    """One kind of action of a component.

    Attributes
    ----------
    component : str
        Path of blocks from the outside in, down to the one that acts.
    kind : str
        "read", "write": one row of a memory is accessed. "xnor": two bits are compared and masked.
        "full_add": three bits of equal weight become a sum bit and a carry. "accumulate": a number
        is added to a register. "compare": the larger of two numbers is found. "lfsr_step": one LFSR
        takes one step. "register": bits are clocked into registers. "logic": a gate of two inputs
        switches; this kind is for everything that no other kind covers.
    width : int
        Bits of the row, of the numbers, or of the register. 1 if the action handles one bit.
    """

    component: str
    kind: Kind
    width: int = 1


class Tally(Mapping[Action, Fraction]):
    """The number of times that each action is done.

    Tallies can be added to each other and multiplied by numbers.

    Parameters
    ----------
    counts : mapping of Action to int or Fraction
        Number of times of each action, >= 0. Expected numbers may be fractions. Zeros are dropped.
    """

    def __init__(self, counts: Mapping[Action, int | Fraction] | None = None) -> None:
        given = {} if counts is None else counts
        for action, count in given.items():
            check_choice(f"Action of {action.component}", action.kind, KINDS)
            check_integer(f"Width of {action.component}", action.width, 1)
            if count < 0:
                raise ValueError(f"{action} must not be done {count} times")
        self._counts = {a: Fraction(given[a]) for a in sorted(given) if given[a]}

    def __getitem__(self, action: Action) -> Fraction:
        return self._counts.get(action, Fraction(0))

    def __iter__(self) -> Iterator[Action]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally({a: self[a] + other[a] for a in {*self, *other}})

    def __mul__(self, times: int | Fraction) -> "Tally":
        return Tally({action: count * times for action, count in self.items()})

    __rmul__ = __mul__

    def within(self, block: str) -> "Tally":
        """Return the same actions as part of a block."""
        return Tally({a._replace(component=f"{block}.{a.component}"): n for a, n in self.items()})

    def of(self, kind: Kind) -> Fraction:
        """Return how often actions of a kind are done, summed over all components."""
        return sum((n for action, n in self.items() if action.kind == kind), Fraction(0))


def bits(memories: tuple[Memory, ...]) -> int:
    """Return the total bits of some memories."""
    return sum(memory.bits for memory in memories)


def field_bits(largest: int) -> int:
    """Return the bits of a field that holds ``0..largest``, at least 1 as in hardware."""
    return max(1, largest.bit_length())
