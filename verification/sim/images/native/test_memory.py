# SPDX-License-Identifier: MIT
"""Memory of images: balanced, uniform within a class, and as large as its bits allow."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.images.native.memory import ImageMemory


def task(first: int, n_classes: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of 2 x 1 x 1 pixels that say their class and their number, in mixed order."""
    labels = np.repeat(np.arange(first, first + n_classes), count)
    numbers = np.tile(np.arange(count), n_classes)
    images = np.stack([labels, numbers], axis=1).astype(np.uint8)[:, :, np.newaxis, np.newaxis]
    order = np.random.default_rng(first).permutation(len(labels))
    return images[order], labels[order]


@given(
    capacity=st.integers(6, 60),
    sizes=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9)), min_size=1, max_size=3),
)
def test_every_class_keeps_its_quota_of_its_own_images(
    capacity: int, sizes: list[tuple[int, int]]
) -> None:
    memory, rng = ImageMemory(capacity), np.random.default_rng(0)
    counts: list[int] = []
    for n_classes, count in sizes:
        before = [images.copy() for images in memory.kept]
        memory.learn(*task(len(counts), n_classes, count), rng)
        counts += [count] * n_classes
        quota = capacity // len(counts)
        assert [len(images) for images in memory.kept] == [min(quota, c) for c in counts]
        for label, images in enumerate(memory.kept):
            assert set(images[:, 0, 0, 0]) <= {label}
            assert len(set(images[:, 1, 0, 0].tolist())) == len(images)  # none twice
        for old, images in zip(before, memory.kept, strict=False):
            np.testing.assert_array_equal(images, old[: len(images)])
    assert sum(map(len, memory.kept)) <= capacity


def test_every_image_is_as_likely_to_stay_through_a_shrinking() -> None:
    stays = np.zeros(6)
    rng = np.random.default_rng(3)
    for _ in range(1200):
        memory = ImageMemory(8)
        memory.learn(*task(0, 2, 6), rng)
        memory.learn(*task(2, 2, 6), rng)
        stays[memory.kept[0][:, 1, 0, 0]] += 1
    # 2 of 6 stay: 400 of 1200 each, with a deviation of 16.
    assert np.abs(stays - 400).max() < 5 * 16


def test_rehearsal_repeats_each_image_in_turn() -> None:
    memory = ImageMemory(None)
    memory.learn(*task(0, 2, 3), np.random.default_rng(0))
    images, labels = memory.rehearsal(7)
    assert labels.tolist() == [0] * 7 + [1] * 7
    expected = [memory.kept[label][i % 3] for label in (0, 1) for i in range(7)]
    np.testing.assert_array_equal(images, expected)


def test_memory_goes_on_from_its_state() -> None:
    memory, again = ImageMemory(9), ImageMemory(9)
    memory.learn(*task(0, 2, 6), np.random.default_rng(0))
    again.load_state(memory.state())
    for m in (memory, again):
        m.learn(*task(2, 1, 6), np.random.default_rng(1))
    for a, b in zip(memory.kept, again.kept, strict=True):
        np.testing.assert_array_equal(a, b)


def test_ledger_counts_images_apart_from_labels() -> None:
    ledger = ImageMemory(1162).ledger(21_504, 50)
    assert ledger.bits_paper == 1162 * 21_504
    assert ledger.bits_full == ledger.bits_paper + 1162 * 6 + 6 + 64
    everything = ImageMemory(None)
    everything.learn(*task(0, 4, 5), np.random.default_rng(0))
    assert everything.ledger(16, 6).bits_paper == 20 * 16
