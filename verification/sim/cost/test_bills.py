# SPDX-License-Identifier: MIT
"""What a phase takes of blocks beside the chip: memories that leak, registers that are clocked."""

from dataclasses import replace
from pathlib import Path

import pytest

from sim.cost.assessment import Assessment
from sim.cost.counting import counting
from sim.cost.counts.tally import Tally
from sim.cost.mapped_area import MappedArea
from sim.cost.overheads import idle_beside, idle_clocks
from sim.cost.quantity import Range
from sim.cost.report.rows import with_learning_row
from sim.cost.totals import Total, total
from verification.sim.cost.small_chip import small_config, small_technology

COUNTING, INFERENCE = "learn a class by counting", "inference"
MAPPED = MappedArea(
    cells={"NAND": 40, "DFF": 10}, area=Range.exactly(2e-6, "cells"),
    leakage=Range.exactly(3e-6, "cells"), flipflops=10,
)  # fmt: skip


@pytest.fixture
def assessment(tmp_path: Path) -> Assessment:
    return Assessment(config=small_config(tmp_path), technology=small_technology(tmp_path))


def test_memories_of_a_block_leak_in_the_phase_that_uses_it(assessment: Assessment) -> None:
    prices, counting = assessment.prices, assessment.phase(COUNTING)
    beside = prices.used_beside(counting.phase)
    assert {line.memory.component for line in beside} == {
        "learner.class_counter.counters", "learner.class_counter.seen",
    }  # fmt: skip
    watts = assessment.leakage.nominal + total(line.leakage for line in beside).nominal
    assert counting.seconds is not None
    leaked = counting.bill.beside("leakage").nominal
    assert leaked == pytest.approx(watts * counting.seconds)
    assert prices.used_beside(assessment.inference.phase) == ()


def test_registers_of_a_block_are_clocked_in_the_phase_that_uses_it(assessment: Assessment) -> None:
    """While the network computes, the counter waits: its registers idle most of the time."""
    phase = assessment.phase(COUNTING).phase
    beside = idle_beside(phase, 1.5)
    assert beside.low == 0 < beside.nominal < beside.high
    assert idle_beside(assessment.inference.phase, 1.5).nominal == 0
    # The registers are those of the counter alone, none of which the chip's phases name.
    registers = beside.nominal / float(phase.cycles or 1)
    assert 10 < registers < 1000


def test_what_counts_is_among_the_mapped_gates_only_if_the_chip_has_that_very_block(
    assessment: Assessment,
) -> None:
    """A chip with 3 components a slot counts classes of 2, or of 1, by a block beside it."""
    config = assessment.config
    prototypes = replace(config.chip.sampler.prototypes, class_components=3, components=18)
    sampler = replace(config.chip.sampler, prototypes=prototypes)
    for own in (1, 2, 3):
        chip = replace(config.chip, sampler=sampler, slots=2, slot_components=own)
        for counted in (1, 2, 3):
            memory = config.memory.model_copy(update={"components": counted})
            prices = replace(
                assessment.prices,
                config=replace(config, chip=chip, memory=memory),
                mapped=MAPPED,
            )
            phase = counting(prices.config)
            used = {a.component for a, _ in phase.tally.items()}
            block = "learner.class_counter" if counted == 1 else "learner.online_mixture"
            assert any(component.startswith(block) for component in used)
            alone = replace(phase, tally=Tally({
                a: n for a, n in phase.tally.items() if a.component.startswith(block)
            }))  # fmt: skip
            idle = idle_clocks(prices.flipflops, alone)
            beside = idle_beside(alone, 1.5) if own != counted else Total()
            assert (beside.nominal > 0) == (own != counted)
            found = prices.idle(alone)
            assert (found.nominal, found.high) == pytest.approx(
                ((idle + beside).nominal, (idle + beside).high)
            )


def test_the_area_of_what_learns_is_added_to_that_of_the_chip(assessment: Assessment) -> None:
    counting = assessment.phase(COUNTING)
    name, memories, area, whole, more, _ = with_learning_row(assessment, counting)
    assert (name, memories) == (
        COUNTING, "learner.class_counter.counters, learner.class_counter.seen",
    )  # fmt: skip
    own = assessment.area.nominal * 1e6
    assert float(whole) == pytest.approx(own + float(area), abs=2e-3)
    assert more.startswith("+")


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("learn a task, GBM, integer head", "trainer.gradient"),
        (COUNTING, "learner.class_counter.count"),
    ],
)
def test_lanes_that_wait_are_clocked_all_the_same(
    assessment: Assessment, name: str, component: str
) -> None:
    """Both registers have 8 lanes, of at least 8 bits each, and idle while the network computes."""
    phase = assessment.phase(name).phase
    (action,) = (a for a in phase.tally if a.component == component)
    assert action.kind == "accumulate"
    assert action.width % 8 == 0 < action.width - 63
    alone = replace(phase, tally=Tally({action: phase.tally[action]}))
    assert phase.cycles is not None
    idle = action.width * float(phase.cycles - phase.tally[action])
    assert idle_beside(alone, 1.5).nominal == pytest.approx(idle)
