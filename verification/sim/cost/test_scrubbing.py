# SPDX-License-Identifier: MIT
"""The price of a scrubber: a row read, its check bits, and the gates that put it right."""

from dataclasses import replace
from pathlib import Path

import pytest

from golden.params import WatchParams
from rtl.scrubber import Scrubber
from sim.cost.assessment import Assessment
from sim.cost.counts import prototype_rows
from sim.cost.counts.tally import Action
from sim.cost.life import life
from sim.cost.scrubbing import scrubbing
from verification.sim.cost.small_chip import small_config, small_technology


def test_a_scrubbed_row_is_a_read_of_codes_and_of_check_bits(tmp_path: Path) -> None:
    plain, watch = small_config(tmp_path), WatchParams(secded=2, scrub=True)
    config = replace(plain, chip=replace(plain.chip, watch=watch))
    prototypes = config.chip.sampler.prototypes
    phase, rows = scrubbing(config), "sampler.prototypes.rows"
    assert dict(phase.tally.items()) == {
        Action(f"{rows}.memory", "read", prototypes.row_width): 1,
        Action(f"{rows}.checks", "read", watch.check_bits(prototypes.lanes)): 1,
        Action(f"{rows}.code", "logic"): prototype_rows.correcting_gates(prototypes, watch),
        Action(f"{rows}.scrubber.back", "register", prototypes.row_width): 1,
    }
    most = f"is {config.clock:,.0f} / max(N, {Scrubber.interval}) rows a second at most"
    assert phase.note.endswith(most)
    assert life(config)[-1] == phase
    assert "scrub" not in [other.name for other in life(plain)]


def test_a_chip_without_a_scrubber_has_no_price_for_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`scrub` must be true to price one"):
        scrubbing(small_config(tmp_path))


def test_registers_of_a_row_are_clocked_all_the_time(tmp_path: Path) -> None:
    """That of the readers and that of the scrubber; check bits alone have no register."""
    plain, technology = small_config(tmp_path), small_technology(tmp_path)
    bits, idle = dict[WatchParams, float](), dict[WatchParams, float]()
    for watch in (WatchParams(), WatchParams(secded=2), WatchParams(secded=2, scrub=True)):
        config = replace(plain, chip=replace(plain.chip, watch=watch))
        found = Assessment(config=config, technology=technology)
        bits[watch] = found.prices.flipflops.nominal
        idle[watch] = found.inference.bill.beside("idle clocks").nominal
    unwatched, checked, scrubbed = bits
    assert bits[checked] == bits[unwatched]
    assert idle[checked] == idle[unwatched]
    # Rows of 8 lanes of 4 bits, at 2 fJ a cycle: no picture reads a row.
    assert bits[scrubbed] == bits[checked] + 2 * 32
    cycles = float(found.inference.phase.cycles or 0)
    assert idle[scrubbed] - idle[checked] == pytest.approx(2 * 32 * 2e-15 * cycles)
    assert cycles > 0
