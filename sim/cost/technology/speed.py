# SPDX-License-Identifier: MIT
"""The clock at which timing closes at another supply, by the alpha-power law of delay.

Delay is proportional to V / (V - Vt)^alpha (T. Sakurai, A. Newton, JSSC 1990). The ratio of two
delays that a technology states determines Vt for each alpha. Alpha is between 1.3, of short
channels, and 2, of long ones; between the two supplies all of them agree.
"""

from math import ceil

from sim.cost.technology.scaling import Factor
from sim.cost.technology.technology import Technology

__all__ = ["slowest_supply", "speed"]

_ALPHAS = (1.3, 1.5, 2.0)
_MARGIN = 0.1  # V above the highest threshold, down to which the law is used


def speed(technology: Technology, voltage: float) -> Factor:
    """Return the clock at a supply divided by that at the supply of the technology's table.

    Parameters
    ----------
    technology : Technology
    voltage : float
        V, at least `slowest_supply`.

    Raises
    ------
    ValueError
        If the technology does not state its speed at another supply, or the voltage is too low.
    """
    least = slowest_supply(technology)
    if voltage < least:
        raise ValueError(
            f"voltage must be at least {least:.2f} V for the speed of {technology.name}, "
            f"not {voltage:g}"
        )
    assert technology.faster is not None
    here = technology.faster.voltage
    ratios = []
    for alpha in _ALPHAS:
        threshold = _threshold(technology, alpha)
        drive = ((voltage - threshold) / (here - threshold)) ** alpha
        ratios.append(drive * here / voltage)
    return Factor(min(ratios), ratios[1], max(ratios))


def slowest_supply(technology: Technology) -> float:
    """Return the supply (V) down to which the law of delay is used, in whole hundredths.

    Raises
    ------
    ValueError
        If the technology does not state its speed at another supply.
    """
    if technology.faster is None:
        raise ValueError(f"technology {technology.name} does not state its speed at two supplies")
    threshold = max(_threshold(technology, alpha) for alpha in _ALPHAS)
    return ceil(100 * (threshold + _MARGIN)) / 100


def _threshold(technology: Technology, alpha: float) -> float:
    """Return Vt (V) with which the law has the delays that the technology states."""
    assert technology.faster is not None
    here, other, ratio = technology.faster
    root = (ratio * other / here) ** (1 / alpha)
    return (root * here - other) / (root - 1)
