# SPDX-License-Identifier: MIT
"""A chip in use: power at a frame rate, and energy against supply where timing closes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sim.cost.assessment import Assessment
from sim.cost.technology.operating import at_voltage
from sim.cost.technology.speed import slowest_supply, speed
from sim.cost.totals import Total, total

__all__ = ["Mode", "SupplyPoint", "duty", "modes", "supply_points"]

# Blocks whose memories hold what was learned.
_KEPT = ("sampler.", "latent_buffer.")
_STEPS = 8  # supplies of a sweep

_RUNNING = "all flip-flops are clocked in the pauses"
_STOPPED = "the clock stops in the pauses; all memories keep their bits"
_OFF = (
    "the supply is off in the pauses, but for prototypes and exemplars; the network is loaded for "
    "every frame"
)


@dataclass(frozen=True, kw_only=True)
class Mode:
    """What a chip does between two frames, and its mean power.

    Attributes
    ----------
    name, what : str
    power : Total
        W, over frames and pauses.
    pause : Total
        W, in the pauses alone.
    """

    name: str
    what: str
    power: Total
    pause: Total


@dataclass(frozen=True, kw_only=True)
class SupplyPoint:
    """An image at another supply, with the clock at which timing closes there.

    Attributes
    ----------
    voltage, clock : float
        V and Hz.
    energy, leakage : Total
        J an image, and the part of it that leaks.
    """

    voltage: float
    clock: float
    energy: Total
    leakage: Total


def duty(assessment: Assessment, rate: float) -> float:
    """Return the share of the time in which the chip computes, at so many frames a second.

    Raises
    ------
    ValueError
        If the chip cannot compute so many.
    """
    seconds = assessment.inference.seconds
    assert seconds is not None
    if rate * seconds > 1:
        raise ValueError(
            f"must be at most {1 / seconds:.4g}, the images a second at "
            f"{assessment.config.clock / 1e6:g} MHz, not {rate:g}"
        )
    return rate * seconds


def modes(assessment: Assessment, rate: float) -> tuple[Mode, ...]:
    """Return the mean power at a frame rate (1 / s) with each way of pausing.

    Raises
    ------
    ValueError
        As `duty` does.
    """
    busy = duty(assessment, rate)
    prices, technology = assessment.prices, assessment.technology
    image = assessment.inference.bill.total * rate
    leaking = prices.leakage
    control = technology.overheads.get("control")
    factor = assessment.config.clock * (1.0 if control is None else control.nominal)
    each = Total.of(technology.value("clock"))
    clocked = prices.flipflops
    clocks = Total(
        low=clocked.low * each.low * factor, nominal=clocked.nominal * each.nominal * factor,
        high=clocked.high * each.high * factor, missing=each.missing,
    )  # fmt: skip
    kept = total(line.leakage for line in assessment.memories_of(*_KEPT))
    reload = assessment.phase("load a network").bill.total * rate
    found = (
        ("clock runs", _RUNNING, clocks + leaking, Total()),
        ("clock stops", _STOPPED, leaking, Total()),
        ("only the past is kept", _OFF, kept, reload),
    )
    return tuple(
        Mode(name=name, what=what, pause=pause, power=image + more + pause * (1 - busy))
        for name, what, pause, more in found
    )


def supply_points(assessment: Assessment) -> Iterator[SupplyPoint]:
    """Yield an image at supplies from the lowest that the law of delay knows to the table's own.

    Raises
    ------
    ValueError
        If the technology does not state its speed at two supplies, or is below the lowest.
    """
    technology, config = assessment.technology, assessment.config
    least, here = slowest_supply(technology), technology.voltage
    assert here is not None
    if here <= least:
        raise ValueError(f"below {least:.2f} V the speed of {technology.name} is not known")
    now = speed(technology, here).nominal
    for step in range(_STEPS + 1):
        voltage = round(least + (here - least) * step / _STEPS, 3)
        clock = config.clock * speed(technology, voltage).nominal / now
        there = Assessment(
            config=replace(config, clock=clock), technology=at_voltage(technology, voltage),
            mapped=assessment.mapped,
        )  # fmt: skip
        bill = there.prices.bill(assessment.inference.phase)
        yield SupplyPoint(
            voltage=voltage, clock=clock, energy=bill.total, leakage=bill.beside("leakage")
        )
