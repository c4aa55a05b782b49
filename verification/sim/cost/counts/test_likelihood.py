# SPDX-License-Identifier: MIT
"""Classifying by likelihood, counted by loops."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from golden.params import PrototypesParams
from sim.cost.counts.likelihood import classify, memories
from sim.cost.counts.tally import Action, Memory


def test_every_lane_has_a_table_of_two_numbers_a_code() -> None:
    params = PrototypesParams(features=20, lanes=8, code_width=3)
    assert memories(params) == (Memory("log_odds", 16, 16, 8),)


@given(
    features=st.integers(1, 40),
    lanes=st.sampled_from([1, 4, 8]),
    code_width=st.integers(1, 8),
    stored=st.integers(1, 7),
)
def test_every_code_is_looked_up_once(
    features: int, lanes: int, code_width: int, stored: int
) -> None:
    params = PrototypesParams(features=features, lanes=lanes, code_width=code_width)
    sum_bits = 16 + (features - 1).bit_length()
    done: Counter[Action] = Counter()
    for _ in range(stored):
        for _ in range(0, features, lanes):
            done[Action("sampler.prototypes.memory", "read", lanes * code_width)] += 1
            for _ in range(lanes):
                done[Action("likelihood.log_odds", "read", 16)] += 1
                done[Action("likelihood.sum", "accumulate", sum_bits)] += 1
        done[Action("likelihood.largest", "compare", sum_bits)] += 1
    assert classify(params, stored) == done
