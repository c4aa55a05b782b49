# SPDX-License-Identifier: MIT
"""Test samples among the training samples: counted by hand, by chance, and in what is shipped."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.bits import pack
from sim.data.bank import Bank
from sim.data.bank_file import BankFile, read_bank
from sim.data.datasets import load
from sim.data.embedded_bank import bank_of_file
from sim.data.pixel_bank import build_bank
from sim.data.repeats import Repeats, find_repeats
from sim.data.sections import DataConfig
from sim.data.shipped import shipped_file, shipped_names
from sim.data.tasks import class_order, split_tasks

Bits = NDArray[np.uint8]
Labels = NDArray[np.int64]


def by_hand(train: Bits, train_labels: Labels, test: Bits, test_labels: Labels) -> tuple[int, int]:
    """Return the repeats in the test, and those of training samples among themselves."""
    alike = (test[:, None] == train).all(axis=2) & (test_labels[:, None] == train_labels)
    among = (train[:, None] == train).all(axis=2) & (train_labels[:, None] == train_labels)
    return int(alike.any(axis=1).sum()), int((among.sum(axis=1) > 1).sum())


def repeats_of(train: Bits, train_labels: Labels, test: Bits, test_labels: Labels) -> Repeats:
    return find_repeats(pack(train), train_labels, pack(test), test_labels, train.shape[1])


def drawn(rng: np.random.Generator, count: int, features: int) -> tuple[Bits, Labels]:
    bits = rng.integers(2, size=(count, features), dtype=np.uint8)
    return bits, rng.integers(3, size=count)


@pytest.mark.parametrize("features", [1, 5, 8, 64, 65, 130])
def test_repeats_are_those_of_a_plain_loop(features: int) -> None:
    rng = np.random.default_rng(features)
    train, test = drawn(rng, 120, features), drawn(rng, 80, features)
    test[0][:20] = train[0][:20]  # half of them under another label
    test[1][:20:2] = train[1][:20:2]
    count, among = by_hand(*train, *test)
    found = repeats_of(*train, *test)
    assert (found.count, found.samples, found.features) == (count, 80, features)
    assert found.chance == among / 120
    assert count >= 10


def test_a_sample_under_another_label_is_no_repeat() -> None:
    bits, labels = drawn(np.random.default_rng(0), 50, 100)
    assert repeats_of(bits, labels, bits, labels).count == 50
    assert repeats_of(bits, labels, bits, (labels + 1) % 3).count == 0


@pytest.mark.parametrize("share", [0.0, 0.005, 0.02, 1.0])
def test_a_leak_is_a_share_beyond_one_in_a_hundred(share: float) -> None:
    rng = np.random.default_rng(1)
    train, test = drawn(rng, 3000, 128), drawn(rng, 2000, 128)
    leaked = int(share * 2000)
    for own, other in zip(test, train, strict=True):
        own[:leaked] = other[:leaked]
    found = repeats_of(*train, *test)
    assert (found.count, found.chance) == (leaked, 0)
    assert found.leak == (share > 0.01)
    assert ("may have leaked" in found.sentence) == found.leak


def test_repeats_of_few_different_samples_are_no_leak() -> None:
    # 40 embeddings of 96 bits are all there are: whatever is drawn of them repeats.
    rng = np.random.default_rng(2)
    (kinds, _), labels = drawn(rng, 40, 96), rng.integers(3, size=1500)
    picked = rng.integers(40, size=1500)
    found = repeats_of(kinds[picked[:1000]], labels[:1000], kinds[picked[1000:]], labels[1000:])
    assert min(found.share, found.chance) > 0.9
    assert not found.leak


def test_short_embeddings_repeat_by_nature() -> None:
    rng = np.random.default_rng(3)
    found = repeats_of(*drawn(rng, 3000, 8), *drawn(rng, 2000, 8))
    assert found.share > 0.9
    assert found.chance == pytest.approx(found.share, abs=0.03)
    assert not found.leak
    assert not replace(found, count=2000, chance=0.0).leak
    assert replace(found, count=2000, chance=0.0, features=64).leak


def of_file(file: BankFile) -> Bank:
    n_classes = len(file.class_names)
    return bank_of_file(file, class_order(n_classes), split_tasks(n_classes, n_classes, 1))


@pytest.mark.parametrize("share", [1, 4, 8])
@pytest.mark.parametrize("name", shipped_names())
def test_shipped_banks_have_no_leak(name: str, share: int) -> None:
    whole = of_file(read_bank(shipped_file(name, "bank.bin")))
    features = whole.features // share
    bank = whole.first(features)
    found = find_repeats(bank.train, bank.train_labels, bank.test, bank.test_labels, features)
    # A quarter of the embeddings of clothes in 32 bits are others' by chance.
    assert found.share == pytest.approx(found.chance, abs=2e-3, rel=0.05)
    assert not found.leak


@pytest.mark.parametrize(("bits", "levels"), [(4, 16), (2, 2), (1, 1)])
def test_digits_have_no_leak(bits: int, levels: int) -> None:
    data = DataConfig(name="digits", bits=bits, levels=levels)
    bank = build_bank(load("digits"), data, class_order(10), split_tasks(10, 2, 2))
    found = find_repeats(bank.train, bank.train_labels, bank.test, bank.test_labels, bank.features)
    assert not found.leak


def test_shorter_embeddings_are_looked_through_anew() -> None:
    bank = of_file(read_bank(shipped_file("cifar100", "bank.bin")))
    looked = replace(bank, repeats=Repeats(count=1, samples=2, chance=0.0, features=512))
    assert looked.first(64).repeats is None
    assert looked.in_order(3).repeats == looked.repeats


def test_what_is_told_is_singular_and_plural() -> None:
    one = Repeats(count=1, samples=355, chance=0.0, features=128)
    assert one.sentence == (
        "1 of the 355 test embeddings is also a training embedding of the same class (0.282 %; of "
        "training embeddings among themselves 0 %)."
    )
    assert replace(one, count=0).sentence == (
        "No test embedding is also a training embedding of its class."
    )
    assert replace(one, count=355).sentence == (
        "355 of the 355 test embeddings are also training embeddings of the same class (100 %; "
        "of training embeddings among themselves 0 %): test samples may have leaked into training."
    )
