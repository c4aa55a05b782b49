# SPDX-License-Identifier: MIT
"""Rows that are hit by soft errors: what a pass of a scrubber leaves in their cells."""

import re
from itertools import combinations

import numpy as np
import pytest

from golden.params import PrototypesParams, WatchParams
from golden.params.sampling import splitmix
from golden.scrubber import UPSETS, ReadRow, Scrubbed, ScrubbedRows

P = PrototypesParams(features=7, code_width=3, lanes=4, components=3, classes=3)
WATCH = WatchParams(secded=2, scrub=True)


def filled(seed: int = 1) -> tuple[ScrubbedRows, list[int]]:
    rows, rng = ScrubbedRows(P, WATCH), np.random.default_rng(seed)
    words = rng.integers(0, 2**P.row_width, P.rows).tolist()
    for row, word in enumerate(words):
        rows.write(row, word)
    return rows, words


def protected(bit: int) -> int | None:
    """Return the protected plane of a cell of a row, worked out by hand; None if there is none."""
    if bit < P.row_width:
        plane = P.code_width - 1 - bit % P.code_width
        return plane if plane < WATCH.secded else None
    return (bit - P.row_width) // 4  # words of four bits have four check bits


def test_one_wrong_cell_of_any_word_is_gone_after_a_pass() -> None:
    for bit in range(ScrubbedRows(P, WATCH).width):
        rows, words = filled()
        sound = [*rows.rows]
        rows.upset(2, 1 << bit)
        in_word = protected(bit) is not None
        assert rows.read(2).corrected == in_word
        assert rows.scrub_all(P.rows) == Scrubbed(P.rows, int(in_word), 0)
        # A cell of a plane without check bits stays wrong: nothing tells.
        assert rows.rows[2] == sound[2] ^ (0 if in_word else 1 << bit)
        assert [*rows.rows[:2], *rows.rows[3:]] == [*sound[:2], *sound[3:]]
        assert rows.read(0).word == words[0]


def test_two_wrong_cells_of_a_word_are_counted_and_stay() -> None:
    for pair in combinations(range(ScrubbedRows(P, WATCH).width), 2):
        rows, _ = filled()
        rows.upset(1, sum(1 << bit for bit in pair))
        wrong = [*rows.rows]
        planes = [protected(bit) for bit in pair]
        if None not in planes:
            lost = planes[0] == planes[1]
            assert rows.scrub_all(P.rows) == Scrubbed(P.rows, int(not lost), int(lost))
            assert (rows.rows == wrong) == lost


def test_a_row_with_a_lost_word_is_not_written_though_another_word_could_be() -> None:
    rows, _ = filled()
    rows.upset(0, 0b100_000_100 | 1 << 10)  # two cells of plane 0, one of plane 1
    wrong = [*rows.rows]
    read = rows.read(0)
    assert (read.corrected, read.uncorrected) == (1, 1)
    assert rows.scrub(0) == Scrubbed(1, 0, 1)
    assert rows.rows == wrong


def test_rows_past_those_in_use_are_left() -> None:
    rows, _ = filled()
    rows.upset(3, 1 << 2)
    wrong = [*rows.rows]
    assert rows.scrub_all(3) == Scrubbed(3, 0, 0)
    assert rows.rows == wrong
    assert rows.scrub_all(0) == Scrubbed(0, 0, 0)
    assert rows.scrub_all(4) == Scrubbed(4, 1, 0)


def test_errors_gather_unless_they_are_scrubbed() -> None:
    lost = {}
    for scrubbed in (False, True):
        rows, words = filled()
        for time in range(60):
            rows.upset_all(die=5, threshold=round(0.004 * 2**32), time=time)
            if scrubbed:
                rows.scrub_all(P.rows)
        planes = sum(0b110 << 3 * lane for lane in range(4))
        lost[scrubbed] = sum(
            rows.read(row).word & planes != word & planes for row, word in enumerate(words)
        )
    assert lost == {False: 4, True: 0}


def test_upsets_are_those_of_the_contract() -> None:
    rows = ScrubbedRows(P, WATCH)
    threshold = round(0.1 * 2**32)
    hit = rows.upset_all(die=9, threshold=threshold, time=3)
    key = splitmix(9, UPSETS)
    for row, cells in enumerate(rows.rows):
        for bit in range(rows.width):
            word = splitmix(key, (3 * P.rows + row) * rows.width + bit)
            assert cells >> bit & 1 == (word // 2**32 < threshold)
    assert hit == sum(map(int.bit_count, rows.rows)) > 0
    assert ScrubbedRows(P, WATCH).upset_all(die=9, threshold=0, time=0) == 0


def test_a_sound_row_reads_as_it_was_written() -> None:
    rows, words = filled()
    assert [rows.read(row) for row in range(P.rows)] == [ReadRow(word, 0, 0) for word in words]


def test_rows_without_check_bits_are_not_scrubbed() -> None:
    with pytest.raises(ValueError, match="Protected planes of scrubbed rows"):
        ScrubbedRows(P, WatchParams())
    message = (
        "^A scrubber needs check bits: with `scrub: true`, `secded` must be an integer in 1..10, "
        "not 0$"
    )
    with pytest.raises(ValueError, match=message):
        WatchParams(scrub=True)


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        ("write", (6, 0), "Row of prototypes must be an integer in 0..5, not 6"),
        ("write", (0, 1 << 12), "Codes of a row must be an integer in 0..4095, not 4096"),
        ("write", (0, np.int64(3)), "Codes of a row must be an integer in 0..4095, not np.int64"),
        ("read", (np.uint8(1),), "Row of prototypes must be an integer in 0..5, not np.uint8(1)"),
        ("upset", (-1, 0), "Row of prototypes must be an integer in 0..5, not -1"),
        ("upset", (0, 1 << 20), "Cells of a row that are upset must be an integer in 0..1048575"),
        ("read", (6,), "Row of prototypes must be an integer in 0..5, not 6"),
        ("scrub", (1.5,), "Row of prototypes must be an integer in 0..5, not 1.5"),
        ("scrub_all", (7,), "Rows that are scrubbed must be an integer in 0..6, not 7"),
        ("upset_all", (-1, 0, 0), "Die must be an integer in 0..18446744073709551615, not -1"),
        ("upset_all", (1, 2**32 + 1, 0), "Threshold T of soft errors must be an integer in 0.."),
        ("upset_all", (1, 0.5, 0), "Threshold T of soft errors must be an integer in 0.."),
        ("upset_all", (1, 0, -3), "Span of time of soft errors must be an integer >= 0, not -3"),
    ],
)
def test_what_cannot_be_is_refused(call: str, given: tuple, message: str) -> None:
    rows, _ = filled()
    before = [*rows.rows]
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}"):
        getattr(rows, call)(*given)
    assert rows.rows == before
