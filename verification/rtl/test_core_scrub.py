# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A core with a scrubber: it heals what was upset between draws, and may be reset meanwhile."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

import rtl.prototype_rows
from golden.faults import ProtectedFaults
from golden.params import WatchParams
from golden.sampler import Sampler
from golden.scrubber import ScrubbedRows
from rtl.core import Core
from rtl.headers import Target
from rtl.prototype_rows import SCRUB_COUNTS
from rtl.requests import Source
from verification.rtl.chips import make_chip
from verification.rtl.dies import Die, packed
from verification.rtl.engine import PAUSES, Step
from verification.rtl.failing import upset
from verification.rtl.simulators import run_pysim
from verification.rtl.test_core import packet, unit, units

WATCH = WatchParams(secded=2, scrub=True)
CHIP = replace(make_chip(seed=5, class_components=1), watch=WATCH)
P = CHIP.sampler.prototypes
CLASSES = 4
#: Rows of all classes; a pass of the scrubber over them takes this many cycles, and a few more.
USED, INTERVAL = CLASSES * P.beats, 5
PASS = USED * INTERVAL


def appended(rows: list[int]) -> Step:
    """Return a step that appends all classes, a component each."""
    offered = []
    for label in range(CLASSES):
        own = rows[label * P.beats : (label + 1) * P.beats]
        offered += [unit(Target.APPEND, 0, index=1), *units(Target.ROWS, own)]
    return Step(inputs={"units": offered}, cycles=9)


def drawn(golden: Sampler, label: int, count: int, **reads: int) -> list[Step]:
    """Return steps that draw exemplars of a class, and then read some counters."""
    start = {"draw_source_source": Source.SAMPLER, "draw_source_label": label}
    words = [
        word
        for _ in range(count)
        for word in packet([beat.bits for beat in golden.beats(label)], label)
    ]
    return [
        Step(pins={**start, "draw_count": count, "control_draw": 1}, cycles=1),
        Step(pins={"control_draw": 0}, outputs={"exemplar": words}),
        Step(reads=reads),
    ]


def scrubbed(cycles: int) -> list[Step]:
    """Return steps that scrub for so many cycles, and wait until the last row is done."""
    return [
        Step(pins={"scrub_interval": INTERVAL}, cycles=cycles),
        Step(pins={"scrub_interval": 0}, cycles=6),
    ]


def codes_of(words: Iterable[int]) -> np.ndarray:
    """Return the codes of rows, shape (CLASSES, D)."""
    lanes = [
        [word >> lane * P.code_width & 2**P.code_width - 1 for lane in range(P.lanes)]
        for word in words
    ]
    return np.array(lanes, np.uint16).reshape(CLASSES, -1)[:, : P.features]


def test_what_is_upset_is_put_right_between_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws stay as they were, and words that were corrected count no more after a pass."""
    rng, golden = np.random.default_rng(6), ScrubbedRows(P, WATCH)
    rows = packed(P, rng.integers(0, 2**P.code_width, (CLASSES, P.features)).astype(np.uint16))
    hit = [0] * P.rows
    for row, word in enumerate(rows):
        golden.write(row, word)
        places = rng.choice(golden.width, int(rng.integers(0, 3)), replace=False)
        hit[row] = sum(1 << int(place) for place in places)
        golden.upset(row, hit[row])
    checks = golden.width - P.row_width
    cells = [word % 2**P.row_width for word in hit], [word >> P.row_width for word in hit]
    for part, width in zip(cells, (P.row_width, checks), strict=True):
        upset(monkeypatch, rtl.prototype_rows, part, width)

    def wrong() -> tuple[int, int]:
        read = [golden.read(row) for row in range(USED)]
        return sum(row.corrected for row in read), sum(row.uncorrected for row in read)

    sampler = Sampler(CHIP.sampler)
    # The codes of what the rows read as: the scrubber must not change them.
    for codes in codes_of(golden.read(row).word for row in range(USED)):
        sampler.prototypes.append(codes[None])
    steps, corrected, uncorrected, failures, before = [appended(rows)], 0, 0, 0, wrong()
    for _ in range(2):
        for label in range(CLASSES):
            steps += drawn(sampler, label, 1)
        more = wrong()
        corrected, uncorrected = corrected + more[0], uncorrected + more[1]
        steps.append(Step(reads={"corrected": corrected, "uncorrected": uncorrected}))
        done = golden.scrub_all(USED)
        failures += done.failures
        # The first read comes an interval after the start, so the last one has ended.
        steps += scrubbed(PASS + 2)
        steps.append(Step(reads=dict(zip(SCRUB_COUNTS, done, strict=True))))
        steps.append(Step(pins={f"{name}_clear": 1 for name in SCRUB_COUNTS}, cycles=1))
        steps.append(Step(pins={f"{name}_clear": 0 for name in SCRUB_COUNTS}, cycles=1))
    run_pysim(Core(CHIP), steps, PAUSES["idle"])
    assert before[0] > wrong()[0]
    assert before[1] == wrong()[1] > 0
    assert failures > 0


def test_a_reset_within_a_scrub_leaves_no_row_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other classes are written next: they are drawn as golden draws them, on cells that fail."""
    die, rng = Die(P, WATCH, share=0.04), np.random.default_rng(7)
    die.install(monkeypatch)
    faults, steps, failed = ProtectedFaults(die.plain, WATCH.secded), list[Step](), 0
    for cycles in range(PASS, PASS + 12):
        codes = rng.integers(0, 2**P.code_width, (CLASSES, P.features)).astype(np.uint16)
        rows, sampler = packed(P, codes), Sampler(CHIP.sampler, faults)
        for of_class in codes:
            sampler.prototypes.append(of_class[None])
        steps.append(appended(rows))
        for label in range(CLASSES):
            steps += drawn(sampler, label, 1)
        wrong = [die.wrong(row, word) for row, word in enumerate(rows)]
        corrected, uncorrected = (sum(of) for of in zip(*wrong, strict=True))
        lost = sum(word[1] > 0 for word in wrong)
        back = sum(word[0] > 0 and not word[1] for word in wrong)
        steps += [
            Step(reads={"corrected": corrected, "uncorrected": uncorrected}),
            *scrubbed(PASS + 2),
            Step(reads={"scrub_reads": USED, "scrub_writes": back, "scrub_failures": lost}),
            Step(pins={"scrub_interval": INTERVAL}, cycles=cycles),
            Step(reset=True, reads=dict.fromkeys(SCRUB_COUNTS, 0), cycles=3 * INTERVAL),
            Step(pins={"scrub_interval": 0}, reads={"scrub_reads": 0}),  # no rows are in use
        ]
        failed += lost
    run_pysim(Core(CHIP), steps)
    assert failed > 0
