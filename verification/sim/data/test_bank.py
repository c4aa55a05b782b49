# SPDX-License-Identifier: MIT
import numpy as np
import pytest

from golden.bits import unpack
from sim.data.datasets import load
from sim.data.pixel_bank import build_bank
from sim.data.sections import DataConfig
from sim.data.tasks import class_order, split_tasks


def test_digits_become_thermometer_bits_in_the_order_of_the_classes() -> None:
    images = load("digits")
    order = class_order(10, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    bank = build_bank(images, DataConfig(bits=4, levels=16), order, split_tasks(10, 2, 2))
    assert bank.features == 1024
    assert bank.n_classes == 10
    assert bank.class_names[0] == images.class_names[9]
    np.testing.assert_array_equal(bank.train_labels, 9 - images.train_labels)
    bits = unpack(bank.train, 1024).reshape(-1, 8, 8, 1, 16)
    # 16 levels of a 4-bit pixel: bit j is the comparison with j + 1.
    np.testing.assert_array_equal(bits.sum(axis=-1), images.train_images)


def test_wider_pixels_are_shifted_right() -> None:
    images = load("digits")
    bank = build_bank(images, DataConfig(bits=1, levels=1), class_order(10), split_tasks(10, 2, 2))
    np.testing.assert_array_equal(unpack(bank.test, 64), images.test_images.reshape(-1, 64) >> 3)


def test_tasks_hold_their_classes_and_nothing_else() -> None:
    bank = build_bank(load("digits"), DataConfig(), class_order(10), split_tasks(10, 4, 3))
    parts = [bank.task_of_train(t) for t in range(3)]
    assert [sorted(set(labels.tolist())) for _, labels in parts] == [
        [0, 1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
    ]
    assert sum(len(labels) for _, labels in parts) == len(bank.train)


def test_more_bits_than_the_source_has_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^must be at most the 4 bits of a digits pixel, not 5$"):
        build_bank(load("digits"), DataConfig(bits=5), class_order(10), split_tasks(10, 2, 2))
