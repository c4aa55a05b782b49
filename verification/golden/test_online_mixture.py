# SPDX-License-Identifier: MIT
"""Competing components: model against a plain account of the contract, kernel against model."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.bernoulli import encode_counts
from golden.bits import pack
from golden.kernels.online_mixture import learn
from golden.online_mixture import MixtureSlots, OnlineMixture
from golden.params import ClassCounterParams, OnlineMixtureParams, PrototypesParams
from golden.params.classes import MAX_COUNT

Learn = Callable[[OnlineMixture, np.ndarray], None]


def mixture(features: int, components: int, shift: int = 4, width: int = 8) -> OnlineMixture:
    return OnlineMixture(
        OnlineMixtureParams(
            features=features, components=components, code_width=width, handicap_shift=shift
        )
    )


def bits_of(seed: int, n: int, features: int) -> np.ndarray:
    """Bits around a few centres, so that components differ."""
    rng = np.random.default_rng(seed)
    centres = rng.random((3, features)) < 0.5
    return (centres[rng.integers(3, size=n)] ^ (rng.random((n, features)) < 0.2)).astype(np.uint8)


def told(bits: list[list[int]], components: int, shift: int) -> list[int]:
    """Return the winners that the words of the contract name, in plain Python."""
    winners: list[int] = []
    members: list[list[list[int]]] = [[] for _ in range(components)]
    for exemplar in bits:
        empty = [k for k in range(components) if not members[k]]
        scores = []
        for k in range(components) if not empty else ():
            agreeing = sum(
                (2 * sum(m[j] for m in members[k]) >= len(members[k])) == bool(bit)
                for j, bit in enumerate(exemplar)
            )
            lead = components * len(members[k]) - len(winners)
            scores.append(agreeing - lead // 2**shift)
        winner = empty[0] if empty else scores.index(max(scores))
        members[winner].append(exemplar)
        winners.append(winner)
    return winners


@given(
    features=st.integers(1, 70), components=st.integers(1, 5), shift=st.integers(0, 6),
    seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_components_learn_as_the_contract_says(
    features: int, components: int, shift: int, seed: int
) -> None:
    bits = bits_of(seed, 25, features)
    winners = np.array(told(bits.tolist(), components, shift))
    model = mixture(features, components, shift)
    model.learn(pack(bits))
    for k in range(components):
        np.testing.assert_array_equal(model.counts[k], bits[winners == k].sum(axis=0))
        assert model.seen[k] == (winners == k).sum()


@pytest.mark.parametrize("features", [1, 63, 64, 65, 512])
@pytest.mark.parametrize(("components", "shift"), [(1, 4), (2, 0), (4, 4), (9, 31)])
@pytest.mark.parametrize("cut", [0, 1, 40, 200])
def test_kernel_equals_the_model_in_any_two_calls(
    features: int, components: int, shift: int, cut: int
) -> None:
    packed = pack(bits_of(7, 200, features))
    model, fast = mixture(features, components, shift), mixture(features, components, shift)
    model.learn(packed)
    learn(fast, packed[:cut])
    learn(fast, packed[cut:])
    np.testing.assert_array_equal(fast.seen, model.seen)
    np.testing.assert_array_equal(fast.counts, model.counts)
    assert fast.dropped == model.dropped == 0


def test_first_exemplars_start_a_component_each() -> None:
    model = mixture(4, 3)
    model.learn(pack(np.zeros((2, 4), np.uint8)))
    assert model.seen.tolist() == [1, 1, 0]


def test_a_component_far_ahead_loses_what_it_would_win() -> None:
    # Component 0 agrees at all 8 features and component 1 at 6; 2 components, so that a lead of
    # x exemplars on the fair share is 2 N_0 - n = x and costs x >> 1 features.
    model = mixture(8, 2, shift=1)
    model.counts[1, :2] = 1
    model.seen[:] = 5, 1
    assert model.winner(np.zeros(8, np.uint8)) == 1  # 8 - 2 = 6 against 6 + 2 = 8
    model.seen[:] = 3, 1  # 8 - 1 against 6 + 1: equal, and the lowest wins
    assert model.winner(np.zeros(8, np.uint8)) == 0


@pytest.mark.parametrize("run", [OnlineMixture.learn, learn], ids=["model", "kernel"])
def test_a_full_component_drops_exemplars(run: Learn) -> None:
    model = mixture(3, 1)
    model.seen[0] = MAX_COUNT - 1
    run(model, pack(np.ones((3, 3), np.uint8)))
    assert (model.seen.tolist(), model.dropped) == ([MAX_COUNT], 2)
    assert model.counts.tolist() == [[1, 1, 1]]


def test_a_class_is_its_used_components_with_exact_thresholds() -> None:
    model = mixture(2, 4, width=4)
    model.seen[:] = 3, 0, 131, 2
    model.counts[:] = [[0, 3], [0, 0], [131, 1], [1, 2]]
    codes, thresholds = model.close()
    for code, k in zip(codes, (0, 2, 3), strict=True):
        expected = encode_counts(model.counts[k], int(model.seen[k]), 4)
        np.testing.assert_array_equal(code, expected)
    exact = [Fraction(65536 * ends, 136) + Fraction(1, 2) for ends in (3, 134)]
    assert thresholds.tolist() == [int(x) for x in exact]


def test_a_threshold_past_the_largest_word_is_cut() -> None:
    model = mixture(1, 4)
    model.seen[:] = MAX_COUNT, MAX_COUNT, MAX_COUNT, 1
    assert model.close()[1].tolist() == [21845, 43690, 65535]  # the last was 65535.67


def test_a_class_without_exemplars_is_refused() -> None:
    with pytest.raises(ValueError, match="A class must have an exemplar before it is closed"):
        mixture(3, 2).close()


@pytest.mark.parametrize("run", [OnlineMixture.learn, learn], ids=["model", "kernel"])
def test_exemplars_of_another_shape_are_refused(run: Learn) -> None:
    model = mixture(65, 2)
    for wrong in (np.zeros((2, 1), np.uint64), np.zeros(2, np.uint64)):
        with pytest.raises(ValueError, match=r"Exemplars .*must have"):
            run(model, wrong)
    assert not model.seen.any()


@pytest.mark.parametrize(
    ("name", "value"),
    [("features", 0), ("components", 0), ("code_width", 17), ("handicap_shift", 32)],
)
def test_parameters_out_of_range_are_refused(name: str, value: int) -> None:
    given = {"features": 4, "components": 2, "code_width": 8, name: value}
    with pytest.raises(ValueError, match=str(value)):
        OnlineMixtureParams(**given)


def slots(number: int = 3) -> MixtureSlots:
    memory = PrototypesParams(features=5, code_width=4, class_components=2)
    params = OnlineMixtureParams(features=5, components=2, code_width=4, handicap_shift=1)
    return MixtureSlots(params, ClassCounterParams(prototypes=memory, slots=number))


def test_each_slot_learns_as_a_mixture_by_itself() -> None:
    bits, named = bits_of(3, 60, 5), np.random.default_rng(4).integers(3, size=60)
    all_slots = slots()
    for slot in range(3):
        assert all_slots.open(slot, 7 - slot)
    assert all_slots.learn(pack(bits), named).all()
    for slot in range(3):
        alone = mixture(5, 2, shift=1, width=4)
        alone.learn(pack(bits[named == slot]))
        closed = all_slots.close(slot)
        assert closed is not None
        for mine, its in zip(closed, alone.close(), strict=True):
            np.testing.assert_array_equal(mine, its)
    assert all_slots.labels.tolist() == [7, 6, 5]
    assert not all_slots.open_slots.any()
    assert not all_slots.overflow | all_slots.empty | all_slots.closed


def test_a_slot_that_is_opened_anew_forgets_and_one_that_is_reopened_does_not() -> None:
    model, ones = slots(1), pack(np.ones((3, 5), np.uint8))
    model.open(0, 0)
    model.learn(ones, [0, 0, 0])
    model.close(0)
    assert model.reopen(0)
    model.learn(ones[:1], [0])
    assert model.mixtures[0].seen.tolist() == [2, 2]
    model.open(0, 4)
    assert model.mixtures[0].seen.tolist() == [0, 0]
    assert model.labels.tolist() == [4]


@pytest.mark.parametrize("slot", [1, 2, 3, -1], ids=["closed", "never", "none", "below"])
@pytest.mark.parametrize("what", ["learn", "close", "reopen", "open"])
def test_what_names_no_open_slot_is_refused_and_flagged(what: str, slot: int) -> None:
    model = slots()
    model.open(1, 0)
    model.learn(pack(np.zeros((1, 5), np.uint8)), [1])
    model.close(1)
    done = {
        "learn": lambda: model.learn(pack(np.ones((1, 5), np.uint8)), [slot]).all(),
        "close": lambda: model.close(slot) is not None,
        "reopen": lambda: model.reopen(slot),
        "open": lambda: model.open(slot, 3),
    }[what]()
    allowed = {"learn": (), "close": (), "reopen": (1,), "open": (1, 2)}
    assert done == (slot in allowed[what])
    assert (model.overflow, model.empty, model.closed) == (False, False, not done)
    kept = 0 if (what, slot) == ("open", 1) else 1
    assert [int(mixture.seen.sum()) for mixture in model.mixtures] == [0, kept, 0]


def test_a_class_without_exemplars_and_a_full_winner_are_flagged() -> None:
    model = slots(1)
    model.open(0, 0)
    assert model.close(0) is None
    assert model.empty
    assert model.open_slots.all()
    model.mixtures[0].seen[:] = MAX_COUNT, 1
    model.mixtures[0].counts[0] = MAX_COUNT
    model.mixtures[0].params = mixture(5, 2, shift=31).params
    assert not model.learn(pack(np.ones((1, 5), np.uint8)), [0])[0]
    assert model.overflow
    assert not model.closed


@pytest.mark.parametrize(
    ("memory", "told"),
    [
        ({"features": 6, "code_width": 4}, r"those of the memory, \(6, 4\), not \(5, 4\)"),
        ({"features": 5, "code_width": 8}, r"those of the memory, \(5, 8\), not \(5, 4\)"),
        ({"features": 5, "code_width": 4}, r"Components K must be .*1, not 2"),
    ],
)
def test_a_memory_for_other_classes_is_refused(memory: dict[str, int], told: str) -> None:
    counter = ClassCounterParams(prototypes=PrototypesParams(**memory))
    with pytest.raises(ValueError, match=told):
        MixtureSlots(slots().params, counter)
