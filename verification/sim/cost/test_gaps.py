# SPDX-License-Identifier: MIT
import pytest

from sim.cost.gaps import Extrapolation, Gaps, MissingEntry
from sim.errors import UserError

MISSING = MissingEntry("cmos28", "clock", "sampler: 96 flip-flops")
OUTSIDE = Extrapolation("open130", "16 x 12 bits are few")


def test_gaps_are_collected_once_and_loudly() -> None:
    gaps = Gaps()
    for gap in (MISSING, OUTSIDE, MISSING):
        gaps.note(gap)
    assert [str(gap) for gap in gaps.found] == [
        "MISSING: cmos28 has no clock: sampler: 96 flip-flops is NOT counted",
        "OUTSIDE: open130: 16 x 12 bits are few",
    ]


def test_strictly_the_first_gap_is_an_error() -> None:
    with pytest.raises(
        UserError, match=r"^MISSING: cmos28 has no clock: .* is NOT counted \(--strict\)$"
    ):
        Gaps(strict=True).note(MISSING)
