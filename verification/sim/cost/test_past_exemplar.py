# SPDX-License-Identifier: MIT
"""The price of an exemplar of the past: that of its parts, with the clocks of those who wait."""

from dataclasses import replace
from fractions import Fraction

import pytest

from golden.params import WatchParams
from sim.cost.configuration import load_cost
from sim.cost.past_exemplar import PastExemplar, drawn, kept
from sim.cost.technology.loading import load_technology
from sim.cost.totals import Total


def exemplars() -> tuple[PastExemplar, PastExemplar]:
    chip = load_cost("reference").chip
    return drawn(chip.sampler, chip.watch), kept(chip.latent)


def test_who_waits_pays_for_each_flip_flop_that_is_clocked_in_vain() -> None:
    technology = load_technology("cmos22")
    for exemplar in exemplars():
        bare = exemplar.energy(technology).nominal
        one, two, three = (
            exemplar.energy(technology, Total.exactly(n)).nominal for n in (10_000, 20_000, 30_000)
        )
        assert one > bare
        assert three - two == pytest.approx(two - one, rel=1e-9, abs=0)


def test_memories_are_those_that_the_phase_reads() -> None:
    for exemplar in exemplars():
        named = {memory.component for memory in exemplar.memories}
        read = {action.component for action in exemplar.phase.tally if action.kind == "read"}
        assert read
        assert read <= named


def test_what_leaks_is_its_memories_and_nothing_else() -> None:
    technology = load_technology("cmos22")
    for exemplar in exemplars():
        twice = replace(exemplar, memories=2 * exemplar.memories)
        assert exemplar.leakage(technology).nominal > 0
        assert twice.leakage(technology).nominal == pytest.approx(
            2 * exemplar.leakage(technology).nominal
        )


def test_check_bits_are_read_beside_the_rows_and_take_no_cycle() -> None:
    chip = load_cost("reference").chip
    watch = WatchParams(secded=4)
    bare, own = (drawn(chip.sampler, each) for each in (chip.watch, watch))
    assert own.phase == replace(bare.phase, tally=own.phase.tally)
    bits = [
        sum(n * a.width for a, n in one.phase.tally.items() if a.kind == "read")
        for one in (bare, own)
    ]
    p = chip.sampler.prototypes
    rows = Fraction(p.beats, chip.sampler.draws_per_read)
    assert bits[1] - bits[0] == rows * watch.check_bits(p.lanes)
