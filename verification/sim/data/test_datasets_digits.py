# SPDX-License-Identifier: MIT
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from sim.data.datasets import NAMES, load
from sim.work.errors import UserError


def test_the_digits_are_those_of_scikit_learn_in_the_stated_split_and_order() -> None:
    digits = load("digits")
    source = sklearn_datasets.load_digits()
    seen = dict.fromkeys(range(10), 0)
    parts: dict[bool, list] = {False: [], True: []}
    for image, label in zip(source.images, source.target, strict=True):  # pyright: ignore[reportAttributeAccessIssue]
        parts[seen[label] % 5 == 4].append((image, label))
        seen[label] += 1
    for part, images, labels in (
        (parts[False], digits.train_images, digits.train_labels),
        (parts[True], digits.test_images, digits.test_labels),
    ):
        assert [label for _, label in part] == labels.tolist()
        expected = np.array([image for image, _ in part])
        np.testing.assert_array_equal(images[..., 0], np.where(expected == 16, 15, expected))


def test_the_digits_have_the_stated_shapes_and_kinds() -> None:
    digits = load("digits")
    assert digits.train_images.shape == (1442, 8, 8, 1)
    assert digits.test_images.shape == (355, 8, 8, 1)
    assert digits.train_images.dtype == np.uint8
    assert digits.train_labels.dtype == digits.test_labels.dtype == np.int64
    assert digits.pixel_bits == 4
    assert digits.train_images.max() == 15
    assert digits.n_classes == 10
    assert digits.class_names == tuple("0123456789")


def test_one_fifth_of_every_class_is_for_testing() -> None:
    digits = load("digits")
    train, test = np.bincount(digits.train_labels), np.bincount(digits.test_labels)
    np.testing.assert_array_equal(test, (train + test) // 5)


def test_the_digest_depends_on_order() -> None:
    digits = load("digits")
    assert digits.digest() == load("digits").digest()
    order = digits.train_images[::-1]
    fields = {name: getattr(digits, name) for name in digits.__dataclass_fields__}
    assert type(digits)(**{**fields, "train_images": order}).digest() != digits.digest()


def test_an_unknown_data_set_is_refused_with_the_known_ones() -> None:
    assert NAMES == (
        "cifar10", "cifar100", "digits", "fashion-mnist", "mnist", "tiny-imagenet",
    )  # fmt: skip
    message = f"Data set must be one of {', '.join(NAMES)}, or a path of images, with a / or the "
    message += r"ending \.npz, not 'svhn'"
    with pytest.raises(UserError, match=message):
        load("svhn")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "digits"])
def test_an_archive_needs_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=f"Data set {name} needs the folder of its archive: give it"
    ):
        load(name)
    with pytest.raises(UserError, match="Directory .*absent cannot be read: no such file or dir"):
        load(name, tmp_path / "absent")
