# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A chip on a die whose cells fail: it finds each of them, and draws as golden through the rest."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.bits import unpack
from golden.faults import ProtectedFaults
from golden.march import March
from golden.params import WatchParams
from golden.sampler import Sampler
from rtl.driver.driver import Driver
from rtl.driver.fault import DriverError, Fault
from rtl.driver.watch import Failure, MemoryTest
from rtl.prototype_rows import march_params
from rtl.requests import Source
from verification.rtl.chip_script import FIELDS, OFFSETS
from verification.rtl.chips import make_chip
from verification.rtl.dies import Die, packed
from verification.rtl.driver.in_c import DriverInC
from verification.rtl.driver.library import Model, library
from verification.rtl.driver.test_driver import CHIP as UNWATCHED

WATCH = WatchParams(secded=2, self_test=True)
#: 21 rows of 40 bits and 10 check bits: two parts of a march. Of the last row, 4 lanes are spare.
CHIP = replace(make_chip(code_width=5, class_components=1, seed=8, slots=1), watch=WATCH)
PROTOTYPES = CHIP.sampler.prototypes
DIE = Die(PROTOTYPES, WATCH, share=0.04)
TEST = OFFSETS["memory_test"]


@pytest.fixture(params=["c", "python"])
def start(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], tuple[Any, Model]]:
    """Return a function that opens a driver of a language on the failing chip."""

    def opened() -> tuple[Any, Model]:
        DIE.install(monkeypatch)
        found = library.__wrapped__(CHIP)
        model = Model(found)
        return (DriverInC(found, model) if request.param == "c" else Driver(model)), model

    return opened


def found_by_golden(*, listed: bool) -> MemoryTest:
    found = March(march_params(PROTOTYPES, WATCH)).run(*DIE.map)
    failures = [Failure(*failure) for failure in found.failures] if listed else []
    return MemoryTest(found.words, found.bits, found.first, failures)


class Classes:
    """Classes of one component, and golden on the same die."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)
        self.sampler = Sampler(CHIP.sampler, ProtectedFaults(DIE.plain, WATCH.secded))
        self.wrong: list[tuple[int, int]] = []  # of every class: corrected and uncorrected words

    def append(self, driver: Any) -> None:
        codes = self.rng.integers(0, 32, (1, PROTOTYPES.features))
        first = len(self.wrong) * PROTOTYPES.beats
        rows = [DIE.wrong(first + beat, row) for beat, row in enumerate(packed(PROTOTYPES, codes))]
        self.wrong.append((sum(row[0] for row in rows), sum(row[1] for row in rows)))
        self.sampler.prototypes.append(codes)
        driver.append(codes)

    def draw(self, driver: Any, label: int, requests: int) -> None:
        drawn, _ = driver.draw(Source.SAMPLER, label, requests)
        assert drawn.tolist() == self._drawn([label] * requests).tolist()

    def _drawn(self, labels: list[int]) -> NDArray[np.uint8]:
        return unpack(self.sampler.draw(labels)[0], PROTOTYPES.features)


@pytest.mark.slow
def test_a_chip_finds_its_cells_that_fail_and_lives_with_them(start: Any) -> None:
    driver, _ = start()
    assert (driver.secded, driver.self_test) == (2, 1)
    assert any(DIE.codes[0])
    assert any(DIE.checks[0])
    assert driver.test_memory() == found_by_golden(listed=False)
    assert driver.test_memory(listed=True) == found_by_golden(listed=True)
    assert driver.wrong_words() == (0, 0)  # a test is no read of words
    classes, expected = Classes(), np.zeros(2, int)
    for label in range(5):
        classes.append(driver)
        for old in range(label + 1):
            classes.draw(driver, old, 3)
            expected += 3 * np.array(classes.wrong[old])
    assert driver.wrong_words() == tuple(expected)
    assert (expected > 0).all()
    driver.clear_wrong_words()
    assert driver.wrong_words() == (0, 0)
    classes.draw(driver, 0, 1)
    assert driver.wrong_words() == classes.wrong[0]
    driver.reset()
    assert driver.wrong_words() == (0, 0)


@pytest.mark.slow
def test_classes_wait_for_a_test_and_a_test_empties_the_table(start: Any) -> None:
    driver, model = start()
    first = Classes()
    first.append(driver)
    first.draw(driver, 0, 2)
    model.write(TEST, 1)
    assert model.read(OFFSETS["n_classes"]) == 0
    assert model.read(TEST) == 1 << 8
    driver.reset()  # which also ends it
    assert model.read(TEST) == 0
    assert model.read(OFFSETS["failing_words"]) == 0
    model.write(TEST, 1)
    second = Classes()
    second.append(driver)
    assert model.read(TEST) == 0
    assert model.read(OFFSETS["failing_words"]) == found_by_golden(listed=False).words
    second.draw(driver, 0, 5)


@pytest.mark.parametrize(
    "has",
    [{}, {"secded": 2}, {"self_test": 1}, {"scrub": 1}, {"secded": 2, "self_test": 1}],
    ids=lambda has: "_".join(has) or "nothing",
)
@pytest.mark.parametrize("kind", ["c", "python"])
def test_calls_of_what_a_chip_lacks_are_refused(
    kind: str, has: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether check bits, a self-test and a scrubber are there is told by `modes`, each alone."""
    found = library(UNWATCHED)
    modes = Model(found).read(OFFSETS["modes"])
    assert all(FIELDS[f"modes_{name}"][0] == OFFSETS["modes"] for name in has)
    told = sum(value << FIELDS[f"modes_{name}"][1].low for name, value in has.items())
    monkeypatch.setitem(Model.answers, OFFSETS["modes"], modes | told)
    model = Model(found)
    driver: Any = DriverInC(found, model) if kind == "c" else Driver(model)
    assert (driver.secded, bool(driver.self_test), bool(driver.scrubber)) == (
        has.get("secded", 0), "self_test" in has, "scrub" in has,
    )  # fmt: skip
    calls = {
        "secded": (driver.wrong_words, driver.clear_wrong_words),
        "self_test": (driver.test_memory,),
        "scrub": (lambda: driver.scrub(0), driver.scrubbed, driver.clear_scrubbed),
    }
    for call in (call for name, own in calls.items() if name not in has for call in own):
        with pytest.raises(DriverError, match=f"^{Fault.ARGUMENT.text}$"):
            call()
