# SPDX-License-Identifier: MIT
"""Images of the base classes: what a comparison holds out is never trained on."""

import numpy as np

from sim.compare.choice_bank import held_out_bank
from sim.data.bank import Bank
from sim.data.datasets import ImageSet, load
from sim.data.tasks import class_order, split_tasks
from sim.images.pretrain.sections import ClassesConfig, HeldOutConfig
from sim.images.pretrain.split import base_split
from sim.study.chosen import ChoiceConfig

ORDER, SHARE, SEED = 7, 0.3, 5


def ordered_bank(images: ImageSet) -> Bank:
    """Return the numbers of all images as a bank in class order."""
    position = np.argsort(class_order(images.n_classes, ORDER))
    return Bank(
        features=64,
        train=np.arange(len(images.train_labels), dtype=np.uint64)[:, None],
        train_labels=position[images.train_labels],
        test=np.arange(len(images.test_labels), dtype=np.uint64)[:, None],
        test_labels=position[images.test_labels],
        tasks=split_tasks(images.n_classes, 6, 2),
        class_names=images.class_names,
        thermometer=None,
        provenance="",
    )


def test_images_held_out_of_fewer_classes_are_those_of_the_comparison() -> None:
    images = load("digits", None)
    choice = ChoiceConfig(base=2, increment=2, share=SHARE, split_seed=SEED)
    compared = held_out_bank(ordered_bank(images), choice)
    classes = ClassesConfig(
        data="digits",
        order=ORDER,
        base=4,  # of the 6 that the comparison chooses on
        held_out=HeldOutConfig(share=SHARE, split_seed=SEED),
    )
    split = base_split(images, classes, images.pixel_bits)
    for part in ("train", "test"):
        labels = getattr(compared, f"{part}_labels")
        numbers = getattr(compared, part)[:, 0].astype(np.int64)[labels < 4]
        np.testing.assert_array_equal(
            getattr(split, f"{part}_images"), images.train_images[numbers]
        )
        np.testing.assert_array_equal(getattr(split, f"{part}_labels"), labels[labels < 4])


def test_without_images_held_out_the_test_images_are_the_data_sets() -> None:
    images = load("digits", None)
    split = base_split(images, ClassesConfig(data="digits", order="identity", base=10), 4)
    np.testing.assert_array_equal(split.test_images, images.test_images)
    np.testing.assert_array_equal(split.train_images, images.train_images)
