# SPDX-License-Identifier: MIT
"""First rows and CWR* on a chip: by the counts of their blocks, and by hand."""

from dataclasses import replace

import pytest

from golden.params import CwrParams, TrainerParams
from sim.cost.configuration import CostConfig
from sim.cost.consolidation import beginning, consolidation, row_memories
from sim.cost.counting import counting
from sim.cost.counts import cwr, first_rows, trainer
from sim.cost.counts.tally import Action, Memory
from sim.cost.life import life
from verification.sim.cost.small_chip import small_config

# D = 16, L = 8, B = 2; q = 4; 6 classes, two of a task.
PARAMS = TrainerParams(features=16, classes=6, backward_width=8, rounding="stochastic", lanes=8)
OWN = CwrParams(classes=6, inputs=16, width=8)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> CostConfig:
    return small_config(tmp_path_factory.mktemp("chip"))


def test_the_rows_of_a_class_begin_while_it_is_closed(config: CostConfig) -> None:
    phase, closed = beginning(config), counting(config)
    rows = trainer.write_rows(PARAMS, 2).within("trainer")
    assert phase.tally == first_rows.begin(PARAMS, 4, 1).within("first_rows") + rows
    # The largest of 4 bits is that of 49/50, which saturates.
    assert phase.tally[Action("first_rows.table", "read", 8)] == 16
    assert phase.cycles == 2 * (8 + 3)
    assert closed.cycles is not None
    assert phase.cycles < closed.cycles


def test_two_classes_are_summed_and_mixed(config: CostConfig) -> None:
    phase = consolidation(config)
    for action, count in (cwr.add(OWN, 8, 2) + cwr.mix(OWN, 8, 2, 1)).within("cwr").items():
        assert phase.tally[action] == count
    assert phase.tally[Action("trainer.weights", "read", 64)] == 2 * 2 * 2
    assert phase.tally[Action("trainer.weights", "write", 64)] == 2 * 2
    assert phase.tally[Action("consolidated", "read", 64)] == 2 * 2
    assert phase.tally[Action("consolidated", "write", 64)] == 2 * 2
    # A sum takes 1 + 2 * 9 cycles; a mix 76 + 2 * (8 * 12 + 2), and the mean 11.
    assert phase.cycles == 2 * 19 + 2 * (76 + 2 * 98) + 11


def test_memories_are_a_table_counts_and_the_rows_of_all_classes(config: CostConfig) -> None:
    assert row_memories(config) == (
        Memory("first_rows.table", 8, 8), Memory("cwr.past", 6, 32), Memory("consolidated", 12, 64),
    )  # fmt: skip


def test_behind_a_hidden_layer_rows_are_wider_and_none_begins_from_means(
    config: CostConfig,
) -> None:
    task = config.task.model_copy(update={"trainer_hidden": 9})  # 25 inputs in four beats
    wide, own = replace(config, task=task), replace(OWN, inputs=25)
    phase = consolidation(wide)
    for action, count in (cwr.add(own, 8, 2) + cwr.mix(own, 8, 2, 1)).within("cwr").items():
        assert phase.tally[action] == count
    assert phase.tally[Action("trainer.weights", "write", 64)] == 2 * 4
    assert row_memories(wide) == (Memory("cwr.past", 6, 32), Memory("consolidated", 24, 64))
    names = [phase.name for phase in life(wide)]
    assert "begin the rows of a class" not in names
    assert "consolidate a task, CWR*" in names
