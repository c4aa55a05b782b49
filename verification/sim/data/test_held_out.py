# SPDX-License-Identifier: MIT
"""What parameters are chosen on: no test sample, no later class, every sample once."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.compare.choice_bank import held_out_bank
from sim.data.bank import Bank
from sim.data.tasks import split_tasks
from sim.study.chosen import ChoiceConfig

CHOICE = ChoiceConfig(base=2, increment=2, share=0.25)


def bank(counts: list[int], base: int, increment: int = 1) -> Bank:
    """Return a bank of some training samples a class, every sample another number."""
    labels = np.random.default_rng(5).permutation(np.repeat(np.arange(len(counts)), counts))
    test_labels = np.arange(len(counts)).repeat(3)
    return Bank(
        features=64,
        train=np.arange(len(labels), dtype=np.uint64)[:, None],
        train_labels=labels,
        test=(10**6 + np.arange(len(test_labels), dtype=np.uint64))[:, None],
        test_labels=test_labels,
        tasks=split_tasks(len(counts), base, increment),
        class_names=tuple(f"c{i}" for i in range(len(counts))),
        thermometer=None,
        provenance="made up",
    )


@given(
    st.lists(st.integers(4, 30), min_size=6, max_size=6),
    st.sampled_from([0.125, 0.25, 0.5, 0.7]),
    st.integers(0, 9),
)
def test_every_training_sample_of_the_base_classes_is_there_once_and_no_other(
    counts: list[int], share: float, seed: int
) -> None:
    whole = bank(counts, base=4)
    choice = ChoiceConfig(base=2, increment=2, share=share, split_seed=seed)
    part = held_out_bank(whole, choice)
    both = np.concatenate([part.train[:, 0], part.test[:, 0]])
    labels = np.concatenate([part.train_labels, part.test_labels])
    assert sorted(both) == np.flatnonzero(whole.train_labels < 4).tolist()
    np.testing.assert_array_equal(labels, whole.train_labels[both.astype(np.int64)])
    tested = np.bincount(part.test_labels, minlength=4)
    assert tested.tolist() == [int(share * count + 0.5) for count in counts[:4]]


def test_held_out_bank_has_the_tasks_of_the_choice_and_names_of_its_classes() -> None:
    part = held_out_bank(bank([8] * 6, base=4), CHOICE)
    assert part.tasks == (range(0, 2), range(2, 4))
    assert (part.n_classes, part.class_names) == (4, ("c0", "c1", "c2", "c3"))


def test_neither_test_samples_nor_later_classes_reach_it() -> None:
    whole = bank([8] * 6, base=4)
    later = whole.train_labels >= 4
    changed = replace(
        whole,
        test=whole.test + np.uint64(7),
        train=np.where(later[:, None], whole.train + np.uint64(999), whole.train),
    )
    assert changed.digest != whole.digest
    assert held_out_bank(changed, CHOICE).digest == held_out_bank(whole, CHOICE).digest


def test_split_repeats_and_follows_its_seed() -> None:
    whole = bank([8] * 6, base=4)
    other = CHOICE.model_copy(update={"split_seed": 1})
    assert held_out_bank(whole, CHOICE).digest == held_out_bank(whole, CHOICE).digest
    assert held_out_bank(whole, other).digest != held_out_bank(whole, CHOICE).digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": 4}, r"choice\.base must be less than the 4 classes of the first task, not 4"),
        ({"increment": 3}, "Increment must divide the 2 classes after the base, not 3"),
        ({"base": 0, "increment": 4}, r"choice must make at least 2 tasks of the 4 classes"),
        ({"share": 0.01}, r"choice\.share must leave .* 0\.01 of the 8 of class c0 are 0"),
        ({"share": 0.99}, r"choice\.share must leave .* 0\.99 of the 8 of class c0 are 8"),
    ],
    ids=["base too large", "uneven tasks", "one task", "nothing tested", "nothing trained"],
)
def test_impossible_choices_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        held_out_bank(bank([8] * 6, base=4), CHOICE.model_copy(update=change))
