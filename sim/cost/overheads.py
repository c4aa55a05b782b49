# SPDX-License-Identifier: MIT
"""What a chip takes beside its actions: wires, clock and control, idle clocks, pads, leakage.

Each is a value of the technology times something of the phase:

- *wires*: the energy of logic, times (`wires` - 1);
- *clock and control*: the energy of logic with its wires, times (`control` - 1);
- *idle clocks*: clock cycles of flip-flops that keep their bit, times `clock` and `control`;
- *input and output*: bits that enter or leave, times `io`;
- *leakage*: that of memories, and of gates where they are known, times the duration.

The values of `sim.cost.technology.table.OverheadRows` are not of the same making as those of the
actions, so that their errors are independent. `combined` adds bounds accordingly.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, hypot

from sim.cost.counts.tally import Action, Tally
from sim.cost.phases import Phase
from sim.cost.quantity import Range
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total

__all__ = [
    "Circumstances",
    "Overhead",
    "clocked_bits",
    "combined",
    "idle_beside",
    "idle_clocks",
    "overheads",
]

# Blocks that every chip has.
_CHIP = ("network", "sampler", "latent_buffer", "regroup")
# Kinds of actions whose width is the number of register bits that they clock.
_CLOCKING = ("register", "accumulate")


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """Quantities of a phase beside its actions. Without them, only wires and control are added.

    Attributes
    ----------
    seconds : float or None
        Duration (s); None if it is not known. Leakage is then left out.
    leakage : Total
        W, of all memories and gates that have a supply meanwhile.
    idle : Total
        Clock cycles, summed over the flip-flops that keep their bit.
    bits : int
        Bits that enter or leave the chip.
    """

    seconds: float | None = None
    leakage: Total = Total()
    idle: Total = Total()
    bits: int = 0


@dataclass(frozen=True)
class Overhead:
    """An energy beside the actions.

    Attributes
    ----------
    name : {"wires", "clock and control", "idle clocks", "input and output", "leakage"}
    total : Total
        J.
    """

    name: str
    total: Total


def overheads(logic: Total, technology: Technology, of: Circumstances) -> tuple[Overhead, ...]:
    """Return the energies beside the actions, in the order of the list above.

    Parameters
    ----------
    logic : Total
        J of all actions of logic.
    technology : Technology
        What it does not state is taken to be within its values, and has no line. An exception is
        `clock`: if there are idle clocks, its lack counts as a missing value.
    of : Circumstances
    """
    wires, control = technology.overheads.get("wires"), technology.overheads.get("control")
    routed = logic.nominal * (1.0 if wires is None else wires.nominal)
    found = []
    if wires is not None and logic.nominal:
        found.append(Overhead("wires", _above_one(wires, logic.nominal)))
    if control is not None and logic.nominal:
        found.append(Overhead("clock and control", _above_one(control, routed)))
    if of.idle.high:
        each = Total.of(technology.value("clock"))
        factor = 1.0 if control is None else control.nominal
        found.append(Overhead("idle clocks", _product(of.idle, each) * factor))
    pad = technology.overheads.get("io")
    if of.bits and pad is not None:
        found.append(Overhead("input and output", Total.of(pad, of.bits)))
    if of.seconds is not None:
        found.append(Overhead("leakage", of.leakage * of.seconds))
    return tuple(found)


def combined(actions: Total, beside: Iterable[Overhead]) -> Total:
    """Return the sum of the actions and of what is beside them.

    The values of the actions come from one technology, so that they are at their bounds at once.
    The overheads are independent of them and of each other: the distances of the bounds from the
    nominal value add up as the sides of a right angle.
    """
    totals = [actions, *(overhead.total for overhead in beside)]
    nominal = sum(t.nominal for t in totals)
    return Total(
        low=max(0.0, nominal - hypot(*(t.nominal - t.low for t in totals))),
        nominal=nominal,
        high=nominal + hypot(*(t.high - t.nominal for t in totals)),
        missing=sum(t.missing for t in totals),
    )


def clocked_bits(phases: Iterable[Phase]) -> int:
    """Return the register bits of the chip that the actions of some phases name.

    An action that is done several times a cycle has as many registers. It is a lower estimate: bits
    that no action clocks are not among them.
    """
    most: dict[Action, int] = {}
    for phase in phases:
        if phase.cycles:
            for action, count in _clocking(phase.tally).items():
                copies = ceil(count / phase.cycles)
                most[action] = max(most.get(action, 0), copies * action.width)
    return sum(most.values())


def idle_clocks(flipflops: Total, phase: Phase) -> Total:
    """Return the clock cycles of flip-flops that keep their bit, over a phase.

    At the low bound of `flipflops`, which is 0 where clocks may be gated, there are none. A phase
    without cycles has none either.
    """
    if phase.cycles is None:
        return Total()
    used = sum(float(n) * a.width for a, n in _clocking(phase.tally).items())
    cycles = float(phase.cycles)
    low, nominal, high = (
        max(0.0, number * cycles - used)
        for number in (flipflops.low, flipflops.nominal, flipflops.high)
    )
    return Total(low=low, nominal=nominal, high=high)


def idle_beside(phase: Phase, unnamed: float, without: tuple[str, ...] = ()) -> Total:
    """Return the idle clock cycles of blocks beside those of every chip, over a phase.

    A block that learns has the registers that its actions name, and is clocked as long as the
    phase lasts. Its clocks may be gated, so that the low bound is none. Lanes that work at once are
    one action of all their bits: a block works in a part of the phase only, so that how often its
    actions are done in a cycle does not tell how many lanes it has.

    Parameters
    ----------
    phase : Phase
        Without cycles, it has none.
    unnamed : float
        Most flip-flops of a block divided by those that actions name.
    without : tuple of str
        Beginnings of components that are left out, because they are known to be in the chip.
    """
    if phase.cycles is None:
        return Total()
    own = {
        action: n
        for action, n in phase.tally.items()
        if action.kind in _CLOCKING
        and action.component.split(".")[0] not in _CHIP
        and not action.component.startswith(without)
    }
    cycles = float(phase.cycles)
    clocked = cycles * sum(ceil(n / phase.cycles) * action.width for action, n in own.items())
    used = sum(float(n) * action.width for action, n in own.items())
    return Total(nominal=clocked - used, high=max(0.0, unnamed * clocked - used))


def _clocking(tally: Tally) -> dict[Action, Fraction]:
    return {
        a: n for a, n in tally.items() if a.kind in _CLOCKING and a.component.split(".")[0] in _CHIP
    }


def _above_one(factor: Range, energy: float) -> Total:
    """Return what a factor adds to an energy (J)."""
    return Total(
        low=energy * (factor.low - 1),
        nominal=energy * (factor.nominal - 1),
        high=energy * (factor.high - 1),
    )


def _product(times: Total, each: Total) -> Total:
    return replace(
        each, low=times.low * each.low, nominal=times.nominal * each.nominal,
        high=times.high * each.high,
    )  # fmt: skip
