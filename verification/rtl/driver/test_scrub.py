# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A driver starts and stops the scrubber of a chip, and reads what it has done."""

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

import numpy as np
import pytest

from golden.bits import unpack
from golden.faults import ProtectedFaults
from golden.params import ChipParams, WatchParams
from golden.sampler import Sampler
from rtl.driver.driver import Driver
from rtl.driver.fault import DriverError, Fault
from rtl.driver.watch import Scrubbed
from rtl.requests import Source
from verification.rtl.chip_script import OFFSETS
from verification.rtl.chips import make_chip
from verification.rtl.dies import Die, packed
from verification.rtl.driver.in_c import DriverInC
from verification.rtl.driver.library import Model, library
from verification.rtl.driver.test_driver import LEARNS

WATCH = WatchParams(secded=2, scrub=True)
CHIP = replace(make_chip(code_width=5, class_components=1, seed=8), watch=WATCH)
CLASSES = 4

Start = Callable[[Any], tuple[Any, Model]]


@pytest.fixture(params=["c", "python"])
def start(request: pytest.FixtureRequest) -> Start:
    """Return a function that opens a driver of a language on the chip of a library."""

    def opened(found: Any) -> tuple[Any, Model]:
        model = Model(found)
        return (DriverInC(found, model) if request.param == "c" else Driver(model)), model

    return opened


class Classes:
    """Classes of one component, and a golden sampler that draws them."""

    def __init__(self, chip: ChipParams, *faults: Any) -> None:
        self.p, rng = chip.sampler.prototypes, np.random.default_rng(3)
        self.codes = rng.integers(0, 2**self.p.code_width, (CLASSES, 1, self.p.features))
        self.sampler = Sampler(chip.sampler, *faults)

    def append(self, driver: Any) -> None:
        for codes in self.codes:
            self.sampler.prototypes.append(codes)
            driver.append(codes)

    def draw(self, driver: Any) -> None:
        for label in range(CLASSES):
            drawn, _ = driver.draw(Source.SAMPLER, label, 5)
            expected = unpack(self.sampler.draw([label] * 5)[0], self.p.features)
            assert drawn.tolist() == expected.tolist()


def test_rows_are_scrubbed_at_the_interval_until_it_is_stopped(start: Start) -> None:
    driver, model = start(library(LEARNS))
    assert (driver.secded, bool(driver.scrubber)) == (2, True)
    with pytest.raises(DriverError, match=f"^{Fault.ARGUMENT.text}$"):
        driver.scrub(1)
    classes = Classes(LEARNS)
    classes.append(driver)
    model.pass_cycles(100)
    assert driver.scrubbed() == Scrubbed(0, 0, 0)
    driver.scrub(10)
    classes.draw(driver)
    driver.clear_scrubbed()
    model.pass_cycles(1000)
    first = driver.scrubbed()
    assert 99 <= first.reads <= 110
    assert first[1:] == (0, 0)
    driver.reset()
    model.pass_cycles(100)
    assert driver.scrubbed() == Scrubbed(0, 0, 0)  # there is no class
    again = Classes(LEARNS)
    again.append(driver)
    model.pass_cycles(100)
    assert driver.scrubbed().reads >= 9  # it goes on over a reset
    driver.scrub(0)
    last = driver.scrubbed()
    model.pass_cycles(100)
    assert driver.scrubbed() == last
    again.draw(driver)


def test_each_counter_is_read_and_cleared_at_its_own_address(start: Start) -> None:
    """As if rows of a sound memory had been wrong; what is written reads as the chip has it."""
    driver, model = start(library(LEARNS))
    counts = Scrubbed(reads=50, writes=3, failures=2)
    for name, count in counts._asdict().items():
        model.answer(OFFSETS[f"scrub_{name}"], count)
    assert driver.scrubbed() == counts
    driver.clear_scrubbed()
    assert driver.scrubbed() == Scrubbed(0, 0, 0)


@pytest.mark.slow
def test_a_driver_counts_what_is_put_right(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """On cells that fail, rows are written back or left at each pass, from the first row on."""
    p = CHIP.sampler.prototypes
    # No word has more than two wrong cells: three look like one, and are then written back wrong.
    die = Die(p, WATCH, share=0.1, die=27)
    die.install(monkeypatch)
    driver, model = start(library.__wrapped__(CHIP))
    classes = Classes(CHIP, ProtectedFaults(die.plain, WATCH.secded))
    classes.append(driver)
    rows = packed(p, classes.codes.reshape(CLASSES, -1).astype(np.uint16))
    wrong = [die.wrong(row, word) for row, word in enumerate(rows)]
    for interval in (2, 7):
        driver.scrub(interval)
        classes.draw(driver)
        model.pass_cycles(300)
        driver.scrub(0)
        model.pass_cycles(4)
        found = driver.scrubbed()
        read = list(islice(cycle(wrong), found.reads))
        lost = sum(uncorrected > 0 for _, uncorrected in read)
        back = sum(corrected > 0 and not uncorrected for corrected, uncorrected in read)
        assert found == (len(read), back, lost)
        assert min(found) > 0
        # So the next pass begins at the first row, too.
        driver.reset()
        classes = Classes(CHIP, ProtectedFaults(die.plain, WATCH.secded))
        classes.append(driver)
    driver.clear_scrubbed()
    assert driver.scrubbed() == Scrubbed(0, 0, 0)
    classes.draw(driver)
