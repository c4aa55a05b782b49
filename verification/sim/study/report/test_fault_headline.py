# SPDX-License-Identifier: MIT
"""The sentence at the top of a study on memories that fail, on numbers worked out by hand."""

import pytest

from sim.study.report.fault_headline import headline
from sim.study.report.faults import fault_lines
from sim.study.report.groups import group_runs
from verification.sim.study.report.test_faults import SOUND, STUDY, Runs, runs, share

WAYS = [
    *SOUND,
    *runs("a", (0.40, 0.42), faults=share(0.1)),
    *runs("b", (0.30, 0.32), faults=share(0.3)),
    *runs("c", (0.46, 0.48), faults=share(0.1, spared=1)),
    *runs("d", (0.49, 0.51), faults=share(0.1, spared=2)),
]
READS = [*WAYS[:4], *runs("e", (0.502, 0.522), faults=share(0.1, transient=True))]
NETWORK = [
    *SOUND,
    *({**run, "network_faults": {"share": 0.1}} for run in runs("n", (0.4, 0.42))),
    *({**run, "map_faults": {"share": 0.1}} for run in runs("m", (0.499, 0.519))),
]
END = " (means over 2 seeds; every seed is another die)."


@pytest.mark.parametrize(
    ("study", "sentence"),
    [
        (
            WAYS,
            (
                "Where 0.1 of its cells fail for good, GBM loses 10.0 points, and loses 1.0 points "
                "with 2 upper planes spared, the least of 2 other ways"
            ),
        ),
        (
            READS,
            (
                "Where 0.1 of its cells fail for good, GBM loses 10.0 points, and loses nothing "
                "with as many cells that fail in single reads"
            ),
        ),
        (
            STUDY,
            (
                "One point is first lost at a share of failing cells of about 0.02 (0.01 to "
                "0.1) for GBM, which the dice do not tell from another; 1 of the 3 lose less than "
                "one point at every share tried"
            ),
        ),
        (
            NETWORK,
            (
                "One point is first lost at a share of failing cells of at most 0.1 for GBM, "
                "weights of the network; 1 of the 2 lose less than one point at every share tried"
            ),
        ),
    ],
)
def test_the_headline_compares_ways_or_says_where_one_point_is_lost(
    study: Runs, sentence: str
) -> None:
    assert headline(fault_lines(group_runs(study)), "over 2 seeds") == sentence + END


def test_memories_that_fail_at_once_are_no_way_to_keep_one() -> None:
    def at_once(found: Runs) -> Runs:
        return [{**run, "network_faults": {"share": 0.1}} for run in found]

    study = [*WAYS[:4], *at_once(runs("p", (0.4, 0.42), faults=share(0.1, spared=1)))]
    assert headline(fault_lines(group_runs(study)), "over 2 seeds").startswith("Each of 2 memories")


def test_a_study_of_one_seed_says_that_it_has_one_die() -> None:
    one = [run for run in NETWORK if run["seed"] == 0]
    assert headline(fault_lines(group_runs(one)), "over 1 seed").endswith(
        "(means over 1 seed; one die)."
    )
