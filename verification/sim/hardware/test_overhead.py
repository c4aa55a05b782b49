# SPDX-License-Identifier: MIT
"""What learning adds to the chip that infers: sums and percentages by hand, on small blocks."""

import pytest

from rtl.catalogue import BLOCKS
from sim.hardware.overhead import INFERENCE, LEARNERS, overheads, table
from sim.hardware.synthesis import Costs


def made(lut4: int, ff: int, bram: int) -> Costs:
    """Return the costs of a block that was never made."""
    return Costs(
        generic_cells=1, latches=0, ice40_lut4=1, ice40_ff=1, ice40_ram=1,
        lut4=lut4, ff=ff, bram=bram, multipliers=0, mhz=100, placements=(100,),
    )  # fmt: skip


NETWORK = (INFERENCE, "tiny", made(2000, 1000, 0), 5400)
COUNTER = ("class_counter", "tiny", made(300, 150, 2), 2700)
MEMORY = ("prototypes", "tiny", made(100, 20, 1), 540)
NAMING = ("prototype_classifier", "tiny", made(200, 80, 0), 0)


def test_blocks_of_learners_are_those_of_the_catalogue() -> None:
    assert {INFERENCE, *(block for learner in LEARNERS for block in learner.blocks)} <= {*BLOCKS}
    names = [learner.name for learner in LEARNERS]
    assert len({*names}) == len(names)


def test_counter_and_trainer_stand_apart() -> None:
    alone = {learner.blocks for learner in LEARNERS if len(learner.blocks) == 1}
    assert alone == {("class_counter",), ("online_mixture",), ("trainer",)}


def test_a_learner_has_the_sum_of_its_blocks_as_percentages_of_inference() -> None:
    alone, named = overheads([NETWORK, COUNTER, MEMORY, NAMING])
    assert alone.learner.blocks == ("class_counter",)
    assert alone.added == (300, 150, 2, 2.7)
    assert alone.percent == (15, 15, None, 50)
    assert named.learner.blocks == ("class_counter", "prototypes", "prototype_classifier")
    assert named.added == (600, 250, 3, pytest.approx(3.24))
    assert named.percent == (30, 25, None, pytest.approx(60))


def test_a_learner_without_all_its_blocks_or_without_inference_is_left_out() -> None:
    small = ("class_counter", "small", made(1, 1, 1), 1)
    assert [found.size for found in overheads([NETWORK, COUNTER, small, MEMORY])] == ["tiny"]
    assert overheads([COUNTER, MEMORY, NAMING]) == []


def test_the_table_says_what_there_is_none_of() -> None:
    found = overheads([NETWORK, COUNTER])
    assert table(found).splitlines()[-1] == (
        "| the counter alone (`class_counter`) | tiny | 300 | 150 | 2 | 2.7 | 15.0 | 15.0 | - "
        "| 50.0 |"
    )
    assert found[0].as_dict() == {
        "learner": "the counter alone",
        "blocks": ["class_counter"],
        "size": "tiny",
        "added": {"LUT4": 300, "FF": 150, "block RAM": 2, "memory (kb)": 2.7},
        "percent": {"LUT4": 15, "FF": 15, "block RAM": None, "memory": 50},
    }
