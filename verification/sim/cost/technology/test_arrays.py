# SPDX-License-Identifier: MIT
import pytest

from sim.cost.quantity import Range
from sim.cost.technology.arrays import ArrayMemory, ArrayPoint


def point(bits: int | None, energy: float) -> ArrayPoint:
    each = Range.exactly(energy, "s")
    return ArrayPoint(bits=bits, read=each, write=3 * each)


CURVE = ArrayMemory((point(2**10, 1.0), point(2**12, 2.0), point(2**14, 8.0)), None, None)


@pytest.mark.parametrize(
    ("bits", "energy"),
    [(2**10, 1), (2**11, 2**0.5), (2**12, 2), (2**13, 4), (2**14, 8), (2**8, 0.5), (2**16, 32)],
)
def test_energy_is_a_power_of_the_capacity_between_arrays_and_beyond(
    bits: int, energy: float
) -> None:
    plan = CURVE.plan(bits // 4, 4, 1)
    assert plan.read.nominal == pytest.approx(4 * energy)
    assert plan.write.nominal == pytest.approx(12 * energy)
    outside = not 2**10 <= bits <= 2**14
    assert (plan.warning is not None) == outside
    assert plan.read.sureness == ("L" if outside else "H")


def test_what_is_outside_says_so() -> None:
    assert CURVE.plan(8, 8, 2).warning == (
        "8 x 8: 64 bits are outside the 1024..16384 bits of known arrays; two ports are priced as "
        "one"
    )


@pytest.mark.parametrize(
    ("bits", "warning"),
    [
        (1024, "8 x 8: 64 bits are outside the 1024 bits of known arrays"),
        (None, "8 x 8: the capacity of the array that prices it is not known"),
    ],
)
def test_one_array_prices_all(bits: int | None, warning: str) -> None:
    leakage, area = Range.exactly(2.0, "s"), Range.exactly(3.0, "s")
    plan = ArrayMemory((point(bits, 1.0),), leakage, area).plan(8, 8, 1)
    assert plan.read.nominal == 8
    assert plan.leakage == 64 * leakage
    assert plan.area == 64 * area
    assert plan.warning == warning


def test_what_is_not_known_is_none() -> None:
    plan = CURVE.plan(64, 64, 1)
    assert plan.leakage is None
    assert plan.area is None
