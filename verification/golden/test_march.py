# SPDX-License-Identifier: MIT
"""What a march finds in golden is the very map of the cells that fail."""

import re

import numpy as np
import pytest

from golden.march import Failure, March
from golden.params import MarchParams


def stuck_cells(rows: int, width: int, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Return cells that fail, each with a chance, and what they read as."""
    rng = np.random.default_rng(seed)
    failing, ones = rng.random((rows, width)) < share, rng.random((rows, width)) < 0.5
    weights = [1 << i for i in range(width)]
    numbers = [
        [sum(w for w, bit in zip(weights, row, strict=True) if bit) for row in table]
        for table in (failing, failing & ones)
    ]
    return numbers[0], numbers[1]


@pytest.mark.parametrize("share", [0, 0.02, 0.4, 1])
@pytest.mark.parametrize(("rows", "width", "part"), [(1, 1, 1), (7, 20, 8), (12, 70, 32)])
def test_each_stuck_cell_is_found_whenever_it_must_be(rows, width, part, share):
    p = MarchParams(rows=rows, row_width=width, part=part)
    failing, stuck = stuck_cells(rows, width, share, seed=rows)
    found = March(p).run(failing, stuck)
    met = {element: [0] * rows for element in range(1, 6)}
    for failure in found.failures:
        assert failure.bits
        met[failure.element][failure.row] |= failure.bits << failure.part * part
    at_zero = [f & ~s for f, s in zip(failing, stuck, strict=True)]
    assert [met[element] for element in range(1, 6)] == [stuck, at_zero, stuck, at_zero, stuck]
    assert found.words == sum(map(bool, failing))
    assert found.bits == sum(row.bit_count() for row in failing)
    wrong = 3 * sum(map(bool, stuck)) + 2 * sum(map(bool, at_zero))
    assert found.cycles == 11 * rows + 1 + (p.parts + 1) * wrong
    if not share:
        assert not found.failures


def test_a_march_by_hand():
    p = MarchParams(rows=3, row_width=6, part=4)
    found = March(p).run([0, 0b110000, 0b1], [0, 0b010000, 0])
    assert found.failures == [
        Failure(row=1, part=1, element=1, bits=0b01),
        Failure(row=1, part=1, element=2, bits=0b10),
        Failure(row=2, part=0, element=2, bits=0b01),
        Failure(row=1, part=1, element=3, bits=0b01),
        Failure(row=2, part=0, element=4, bits=0b01),  # downwards
        Failure(row=1, part=1, element=4, bits=0b10),
        Failure(row=1, part=1, element=5, bits=0b01),
    ]
    assert found[1:] == (2, 3, 1, 11 * 3 + 1 + 3 * 7)


def test_counters_stop_at_their_highest_number():
    p = MarchParams(rows=9, row_width=2, count_width=3)
    found = March(p).run([3] * 9, [1] * 9)
    assert (found.words, found.bits, found.first) == (7, 7, 0)


def test_a_map_of_another_memory():
    message = "Cells that fail must be those of 3 rows, not of 2 and 3"
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        March(MarchParams(rows=3, row_width=1)).run([0] * 2, [0] * 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rows": 0}, "Rows of a march must be an integer >= 1, not 0"),
        ({"row_width": 0}, "Width of a row of a march must be an integer >= 1, not 0"),
        ({"part": 65}, "Part of a row of a march must be an integer in 1..64, not 65"),
        ({"count_width": 33}, "Width of the counters of a march must be an integer in 1..32"),
    ],
)
def test_marches_that_cannot_be(given, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        MarchParams(**{"rows": 4, "row_width": 4, **given})
