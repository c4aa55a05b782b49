# SPDX-License-Identifier: MIT
from typing import Any

import numpy as np
import pytest

from sim.data.tasks import class_order, notation, split_instances, split_tasks


def test_seed_1993_gives_the_order_that_the_field_uses() -> None:
    order = class_order(100, 1993).tolist()
    # The beginning and end of the iCaRL order of CIFAR-100, as FACIL's dataset_config.py lists it.
    assert order[:8] == [68, 56, 78, 8, 23, 84, 90, 65]
    assert order[-4:] == [29, 49, 57, 33]
    assert sorted(order) == list(range(100))


def test_identity_and_lists_are_taken_as_they_are() -> None:
    assert class_order(4).tolist() == [0, 1, 2, 3]
    assert class_order(4, "identity").tolist() == [0, 1, 2, 3]
    assert class_order(4, [2, 0, 3, 1]).tolist() == [2, 0, 3, 1]
    assert class_order(4, np.array([2, 0, 3, 1])).dtype == np.int64


@pytest.mark.parametrize(
    ("order", "error", "message"),
    [
        ("random", ValueError, "Class order must be identity, a seed or a list, not 'random'"),
        (-1, ValueError, r"Class order seed must be an integer in 0..4294967295, not -1"),
        (
            2**32,
            ValueError,
            r"Class order seed must be an integer in 0..4294967295, not 4294967296",
        ),
        (1.5, TypeError, "Class order seed must be an integer in .*, not 1.5"),
        (True, TypeError, "Class order seed must be an integer in .*, not True"),
        (None, TypeError, "Class order seed must be an integer in .*, not None"),
        ([0, 1, 2, 2], ValueError, "Class order must name each class once, not class 2 again"),
        ([0, 1, 3], ValueError, "Class order must name each class once, not leave out class 2"),
        ([0, 1, 2, 4], ValueError, r"Class order must name classes in 0..3, not 4"),
        ([0, 1, 2, -1], ValueError, r"Class order must name classes in 0..3, not -1"),
        ([0, 1, 2.0, 3], TypeError, "Class order must be a list of integers, not of 2.0"),
        ([0, True, 2, 3], TypeError, "Class order must be a list of integers, not of True"),
    ],
)
def test_an_order_that_is_no_permutation_is_refused(
    order: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        class_order(4, order)


@pytest.mark.parametrize(
    ("split", "sizes", "name"),
    [
        ((100, 50, 5), [50] + [5] * 10, "B50-Inc5"),
        ((100, 40, 3), [40] + [3] * 20, "B40-Inc3"),
        ((100, 0, 10), [10] * 10, "B0-Inc10"),
        ((100, 10, 10), [10] * 10, "B0-Inc10"),
        ((10, 2, 2), [2] * 5, "B0-Inc2"),
        ((10, 2, 1), [2] + [1] * 8, "B2-Inc1"),
        ((10, 10, 3), [10], "B10"),
        ((1, 0, 1), [1], "B1"),
    ],
)
def test_classes_are_split_into_a_base_and_increments(
    split: tuple[int, int, int], sizes: list[int], name: str
) -> None:
    tasks = split_tasks(*split)
    assert [len(task) for task in tasks] == sizes
    assert [label for task in tasks for label in task] == list(range(split[0]))
    assert notation(tasks) == name


@pytest.mark.parametrize(
    ("split", "error", "message"),
    [
        ((100, 50, 7), ValueError, "Increment must divide the 50 classes after the base, not 7"),
        ((100, 101, 1), ValueError, r"Base classes must be an integer in 0..100, not 101"),
        ((100, -1, 1), ValueError, r"Base classes must be an integer in 0..100, not -1"),
        ((100, 50, 0), ValueError, "Increment must be an integer >= 1, not 0"),
        ((0, 0, 1), ValueError, "Classes must be an integer >= 1, not 0"),
        ((100, 50, 2.5), TypeError, "Increment must be an integer >= 1, not 2.5"),
    ],
)
def test_a_split_that_does_not_end_at_the_last_class_is_refused(
    split: tuple, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        split_tasks(*split)


@pytest.mark.parametrize("experiences", [1, 2, 3, 5])
def test_instances_of_every_class_are_shared_out_evenly(experiences: int) -> None:
    labels = np.array([0, 1, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1])
    found = split_instances(labels, experiences)
    for label in (0, 1):
        mine = found[labels == label]
        assert (np.diff(mine) >= 0).all()
        counts = np.bincount(mine, minlength=experiences)
        assert (len(counts), np.ptp(counts) <= 1) == (experiences, True)


def test_more_instances_than_a_class_has_samples_are_refused() -> None:
    message = r"Instances must be at most the 2 training samples of class 1, not 3"
    with pytest.raises(ValueError, match=message):
        split_instances(np.array([0, 0, 0, 1, 1]), 3)
