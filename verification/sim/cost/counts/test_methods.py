# SPDX-License-Identifier: MIT
"""Methods without hardware, counted by loops: moved samples, herding, mixtures."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.params import LatentBufferParams, PrototypesParams
from sim.cost.counts import herding, mixture, translation
from sim.cost.counts.tally import Action, Memory

LANES = st.sampled_from([1, 4, 8])


def of(actions: Counter[Action], *kinds: str) -> dict[Action, int]:
    return {action: n for action, n in actions.items() if action.kind in kinds}


@given(
    features=st.integers(1, 40),
    lanes=LANES,
    code_width=st.integers(1, 8),
    samples=st.integers(1, 600),
)
def test_a_moved_sample_reads_both_means_and_divides_every_feature(
    features: int, lanes: int, code_width: int, samples: int
) -> None:
    params = PrototypesParams(features=features, lanes=lanes, code_width=code_width, classes=4)
    count = len(f"{samples:b}")
    wide = max(code_width, count)
    done: Counter[Action] = Counter()
    for _ in range(0, features, lanes):
        done[Action("means", "read", lanes * code_width)] += 1
        done[Action("present", "read", lanes * count)] += 1
        for _ in range(code_width):
            done[Action("lfsr", "lfsr_step")] += lanes
            done[Action("lfsr", "register", 64)] += 1
        for _ in range(lanes):
            done[Action("difference", "accumulate", wide)] += 1
            done[Action("divide", "accumulate", wide + 1)] += code_width
            done[Action("flip", "compare", code_width)] += 1
        done[Action("output", "register", lanes)] += 1
    assert translation.move(params, samples) == done
    (kept,) = translation.memories(params)
    assert kept == Memory("means", params.rows, lanes * code_width)
    (present,) = translation.working_memories(params, 3, samples)
    assert present == Memory("present", 3 * params.beats, lanes * count)
    assert translation.append(params, samples) == {
        Action("means", "write", lanes * code_width): params.beats,
        Action("present", "write", lanes * count): params.beats,
    }


@given(
    features=st.integers(1, 30),
    lanes=LANES,
    exemplars=st.integers(1, 6),
    samples=st.integers(1, 9),
)
def test_herding_scores_every_sample_in_every_round(
    features: int, lanes: int, exemplars: int, samples: int
) -> None:
    params = LatentBufferParams(features=features, lanes=lanes, exemplars=exemplars, classes=2)
    width, beats = len(f"{2 * features * samples:b}"), -(-features // lanes)
    ones = lanes * len(f"{samples:b}")
    done: Counter[Action] = Counter()
    rows = 0
    done[Action("ones", "write", ones)] += beats  # cleared
    for _ in range(samples):
        rows += beats
        done[Action("ones", "read", ones)] += beats
        done[Action("ones", "write", ones)] += beats
        done[Action("count", "accumulate", len(f"{samples:b}"))] += features
    done[Action("ones", "read", ones)] += beats  # the product of the sum with itself
    for _ in range(samples):
        rows += beats
        done[Action("ones", "read", ones)] += beats
        done[Action("toward", "accumulate", width)] += features
        done[Action("sums", "write", 2 * width)] += 1
    for _ in range(min(exemplars, samples)):
        for _ in range(samples):
            rows += beats
            done[Action("sums", "read", 2 * width)] += 1
            done[Action("sums", "write", 2 * width)] += 1
            done[Action("past", "accumulate", width)] += beats + 1
            done[Action("largest", "compare", width)] += 1
    found = herding.choose(params, samples)
    assert of(Counter(dict(found)), "read", "write", "accumulate", "compare") == done
    assert found.of("xnor") == min(exemplars, samples) * samples * beats * lanes
    assert herding.embedding_rows(params, samples) == rows
    assert herding.memories(params, samples) == (
        Memory("ones", beats, ones),
        Memory("sums", samples, 2 * width),
    )


@given(
    features=st.integers(1, 20),
    lanes=LANES,
    components=st.integers(2, 4),
    samples=st.integers(1, 5),
    iterations=st.integers(0, 3),
)
def test_an_iteration_of_a_mixture_sees_every_sample_with_every_prototype(
    features: int, lanes: int, components: int, samples: int, iterations: int
) -> None:
    params = PrototypesParams(
        features=features, lanes=lanes, code_width=6, class_components=components
    )
    beats, wide = -(-features // lanes), 16 + len(f"{samples:b}")
    done: Counter[Action] = Counter()
    done[Action("embeddings", "write", lanes)] += samples * beats
    for _ in range(iterations):
        for _ in range(samples):
            done[Action("embeddings", "read", lanes)] += beats
            for _ in range(components):
                done[Action("log_odds", "read", lanes * 16)] += beats
                done[Action("likelihood", "accumulate", 16 + len(f"{features:b}"))] += features
                done[Action("sums", "read", lanes * wide)] += beats
                done[Action("sums", "write", lanes * wide)] += beats
                done[Action("add", "accumulate", wide)] += features
        for _ in range(components):  # sums become means and log-odds, and are cleared
            done[Action("sums", "read", lanes * wide)] += beats
            done[Action("sums", "write", lanes * wide)] += beats
            done[Action("divide", "accumulate", wide + 1)] += 16 * features
            done[Action("log_odds", "write", lanes * 16)] += beats
    done[Action("divide", "accumulate", wide + 1)] += 6 * components * features
    assert mixture.fit(params, samples, iterations) == done
    assert mixture.memories(params, samples) == (
        Memory("embeddings", samples * beats, lanes),
        Memory("sums", components * beats, lanes * wide),
        Memory("log_odds", components * beats, lanes * 16),
    )


def test_a_fit_of_no_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="Samples of a class must be an integer >= 1, not 0"):
        mixture.fit(PrototypesParams(features=4, code_width=2), 0, 1)
