# SPDX-License-Identifier: MIT
"""What a block stores and what it does, as numbers that add up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, NamedTuple, get_args

from golden.params.checks import check_choice, check_integer

__all__ = ["KINDS", "Action", "Kind", "Memory", "Tally", "bits", "field_bits"]

Kind = Literal[
    "read", "write", "xnor", "full_add", "accumulate", "compare", "lfsr_step", "register", "logic"
]
#: What can be done; `Action` says what one of each is.
KINDS = get_args(Kind)


@dataclass(frozen=True)
class Memory:
    """Memories of one purpose.

    Parameters
    ----------
    component : str
        Where they are, blocks from the outside in, such as "sampler.prototypes.memory".
    depth, width : int
        Rows, and bits of a row.
    copies : int
        How many there are.
    ports : {1, 2}
        One for both reading and writing, or one for each where both are done in one cycle.
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
    """Something that a component does.

    Attributes
    ----------
    component : str
        Who does it, blocks from the outside in.
    kind : str
        "read", "write": a row of a memory; "xnor": two bits compared and masked; "full_add": three
        bits of a weight turned into one and a carry; "accumulate": a number added to a register;
        "compare": two numbers, which is larger; "lfsr_step": one step of one LFSR; "register":
        bits clocked into registers; "logic": a gate of two inputs, where nothing else fits.
    width : int
        Bits of the row, of the numbers, of the register; 1 where one bit is an action.
    """

    component: str
    kind: Kind
    width: int = 1


class Tally(Mapping[Action, Fraction]):
    """How often each action is done. Tallies add up, and are multiplied by numbers.

    Parameters
    ----------
    counts : mapping of Action to int or Fraction
        What is done; an expected number need not be whole. Zeros are dropped.
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
        """Return the same actions as those of a part of a block."""
        return Tally({a._replace(component=f"{block}.{a.component}"): n for a, n in self.items()})

    def of(self, kind: Kind) -> Fraction:
        """Return how often actions of a kind are done, whoever does them."""
        return sum((n for action, n in self.items() if action.kind == kind), Fraction(0))


def bits(memories: tuple[Memory, ...]) -> int:
    """Return the bits of memories."""
    return sum(memory.bits for memory in memories)


def field_bits(largest: int) -> int:
    """Return the bits of a field that holds ``0..largest``; hardware has none without a bit."""
    return max(1, largest.bit_length())
