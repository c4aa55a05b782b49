# SPDX-License-Identifier: MIT
"""Planes of prototypes at two supplies: the sum over planes, each at its own."""

import pytest

from sim.cost.spared import SPARED, spared_points
from verification.sim.cost.test_failing import lines

WIDTH = 4


def test_a_read_costs_the_sum_over_planes() -> None:
    line = lines()["prototypes"]
    full = line.points[0].memory
    found = spared_points(line, WIDTH)
    assert len(found) == len(line.points)
    for point, whole in zip(found, line.points, strict=True):
        assert (point.voltage, point.share) == (whole.voltages[0], whole.shares[0])
        for planes, energy in zip(SPARED, point.memories, strict=True):
            each = [full if plane < planes else whole.memory for plane in range(WIDTH)]
            for bound in ("low", "nominal", "high"):
                mean = sum(getattr(plane, bound) for plane in each) / WIDTH
                assert getattr(energy, bound) == pytest.approx(mean, rel=1e-12)


def test_no_plane_and_all_planes_are_memories_at_one_supply() -> None:
    line = lines()["prototypes"]
    none, every = spared_points(line, WIDTH, (0, WIDTH))[-1].memories
    assert none.nominal == pytest.approx(line.points[-1].memory.nominal)
    assert every.nominal == pytest.approx(line.points[0].memory.nominal)
    assert none.nominal < every.nominal


@pytest.mark.parametrize("planes", [-1, WIDTH + 1])
def test_planes_that_are_not_there_cannot_be_spared(planes: int) -> None:
    with pytest.raises(ValueError, match=rf"spared planes must be in 0\.\.4, not {planes}$"):
        spared_points(lines()["prototypes"], WIDTH, (planes,))
