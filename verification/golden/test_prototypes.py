# SPDX-License-Identifier: MIT
"""Prototype memory: contents, image, refusals and state."""

import numpy as np
import pytest

from golden.params import PrototypesParams
from golden.prototypes import Prototypes


def memory(features=10, code_width=3, lanes=4, components=5, classes=3, class_components=3):
    return Prototypes(
        PrototypesParams(
            features=features,
            code_width=code_width,
            lanes=lanes,
            components=components,
            classes=classes,
            class_components=class_components,
        )
    )


def random_codes(count, features=10, code_width=3, seed=0):
    return np.random.default_rng(seed).integers(0, 2**code_width, (count, features))


def test_classes_keep_their_codes_thresholds_and_places():
    block = memory()
    one, two = random_codes(2, seed=1), random_codes(1, seed=2)
    assert block.append(one, [30000])
    assert block.append(two)
    assert (block.n_classes, block.n_components) == (2, 3)
    assert [block.first_component(label) for label in range(2)] == [0, 2]
    np.testing.assert_array_equal(block.codes_of(0), one)
    np.testing.assert_array_equal(block.codes_of(1), two)
    assert [block.thresholds_of(label).tolist() for label in range(2)] == [[30000], []]
    counts, thresholds = block.class_table()
    assert (counts.tolist(), thresholds.tolist()) == ([2, 1], [30000])


@pytest.mark.parametrize("lanes", [1, 3, 4, 10, 64])
@pytest.mark.parametrize("code_width", [1, 3, 8, 16])
def test_the_image_holds_every_bit_where_the_contract_puts_it(lanes, code_width):
    block = memory(lanes=lanes, code_width=code_width)
    codes = random_codes(3, code_width=code_width, seed=lanes)
    assert block.append(codes, [1, 2])
    rows, beats = block.rows(), -(-10 // lanes)
    assert len(rows) == 5 * beats
    for place, row in enumerate(rows):
        component, b = divmod(place, beats)
        for bit in range(lanes * code_width):
            lane, weight = divmod(bit, code_width)
            j = b * lanes + lane
            present = component < 3 and j < 10
            expected = int(codes[component, j]) >> weight & 1 if present else 0
            assert row >> bit & 1 == expected
        assert row >> lanes * code_width == 0


def test_planes_hold_the_same_bits_plane_by_plane():
    block = memory()
    codes = random_codes(2)
    assert block.append(codes, [0])
    for (component, p, b), word in np.ndenumerate(block.planes):
        lanes = [b * 4 + lane for lane in range(4)]
        used = [int(codes[component, j]) if component < 2 and j < 10 else 0 for j in lanes]
        assert int(word) == sum((m >> (2 - p) & 1) << lane for lane, m in enumerate(used))


@pytest.mark.parametrize(
    ("before", "count"),
    [
        ([3], 3),  # components of the memory
        ([1, 1, 1], 1),  # classes
        ([1], 4),  # components of one class
    ],
)
def test_an_append_that_does_not_fit_is_flagged_and_changes_nothing(before, count):
    block = memory()
    for seed, k in enumerate(before):
        assert block.append(random_codes(k, seed=seed), np.arange(k - 1))
    rows, planes, state = block.rows(), block.planes.copy(), block.state_dict()
    assert not block.overflow
    assert not block.append(random_codes(count, seed=9), np.arange(count - 1))
    assert block.overflow
    assert block.rows() == rows
    np.testing.assert_array_equal(block.planes, planes)
    for key, value in block.state_dict().items():
        if key != "prototypes_overflow":
            np.testing.assert_array_equal(value, state[key])


def test_a_smaller_class_still_fits_after_a_refusal():
    block = memory()
    assert block.append(random_codes(3), [1, 2])
    assert not block.append(random_codes(3), [1, 2])
    assert block.append(random_codes(2), [1])
    assert block.n_components == 5
    assert block.overflow  # the flag stays


def three():
    """Return a memory of three classes, of 2, 1 and 2 components."""
    block = memory()
    for seed, k in enumerate((2, 1, 2)):
        assert block.append(random_codes(k, seed=seed), [100 * seed + 1] * (k - 1))
    return block


def contents(block, labels):
    return [(block.codes_of(c).tolist(), block.thresholds_of(c).tolist()) for c in labels]


@pytest.mark.parametrize("removed_before", [False, True])
def test_a_class_that_is_replaced_keeps_its_place_and_changes_no_other(removed_before):
    block, others = three(), [0, 2]
    before = contents(block, others)
    rows, planes = block.rows(), block.planes.copy()
    if removed_before:
        assert block.remove(1)
        assert block.removed == {1}
    assert block.write(1, random_codes(1, seed=8))
    np.testing.assert_array_equal(block.codes_of(1), random_codes(1, seed=8))
    assert contents(block, others) == before
    assert (block.n_classes, block.n_components, block.first_component(1)) == (3, 5, 2)
    beats = 3
    assert block.rows()[: 2 * beats] == rows[: 2 * beats]
    assert block.rows()[3 * beats :] == rows[3 * beats :]
    assert block.rows() != rows
    np.testing.assert_array_equal(np.delete(block.planes, 2, 0), np.delete(planes, 2, 0))
    assert (block.removed, block.overflow) == (set(), False)
    assert block.class_table()[1].tolist() == [1, 201]


def test_thresholds_are_replaced_with_the_codes():
    block = three()
    assert block.write(2, random_codes(2, seed=9), [65_535])
    assert [block.thresholds_of(c).tolist() for c in range(3)] == [[1], [], [65_535]]


def test_a_class_that_was_removed_keeps_its_number_and_its_components():
    block = three()
    rows, others = block.rows(), contents(block, [0, 2])
    assert block.remove(1)
    assert block.remove(1)  # again
    assert (block.n_classes, block.n_components, block.overflow) == (3, 5, False)
    assert (block.rows(), contents(block, [0, 2])) == (rows, others)
    with pytest.raises(ValueError, match="Class must be in the table, not 1: it was removed"):
        block.codes_of(1)
    copy = memory()
    copy.load_state(block.state_dict())
    assert (copy.removed, copy.rows(), copy.overflow) == ({1}, rows, False)


@pytest.mark.parametrize(
    "change",
    [
        lambda block: block.write(4, random_codes(1)),  # a number that is left out
        lambda block: block.write(0, random_codes(1)),  # fewer components
        lambda block: block.write(1, random_codes(2), [5]),  # more of them
        lambda block: block.remove(3),
    ],
)
def test_a_write_that_does_not_fit_is_flagged_and_changes_nothing(change):
    block = three()
    state = block.state_dict()
    assert not change(block)
    assert block.overflow
    for key, value in block.state_dict().items():
        if key != "prototypes_overflow":
            np.testing.assert_array_equal(value, state[key])


def test_state_goes_round():
    block, copy = memory(), memory()
    assert block.append(random_codes(2, seed=1), [7])
    assert block.append(random_codes(3, seed=2), [8, 9])
    assert not block.append(random_codes(1))
    copy.load_state(block.state_dict())
    assert copy.rows() == block.rows()
    assert copy.overflow
    np.testing.assert_array_equal(copy.planes, block.planes)
    assert [copy.thresholds_of(label).tolist() for label in range(2)] == [[7], [8, 9]]
    assert memory().state_dict()["prototypes_codes"].shape == (0, 10)
    copy.load_state(memory().state_dict())
    assert (copy.n_classes, copy.overflow, any(copy.rows())) == (0, False, False)


def test_a_state_too_large_is_refused_whole():
    block, small = memory(), memory(components=2)
    assert block.append(random_codes(2), [7])
    assert block.append(random_codes(1))
    with pytest.raises(ValueError, match="Prototype state must fit the memory, not overflow at 1"):
        small.load_state(block.state_dict())
    assert small.n_classes == 0


@pytest.mark.parametrize(
    ("codes", "thresholds", "error", "message"),
    [
        (np.zeros((1, 9), int), [], ValueError, r"Codes must have shape \(K, 10\), not \(1, 9\)"),
        (np.zeros((0, 10), int), [], ValueError, r"Codes must have shape \(K, 10\), not \(0, 10\)"),
        (np.zeros(10, int), [], ValueError, r"Codes must have shape \(K, 10\), not \(10,\)"),
        (np.zeros((1, 10)), [], TypeError, r"Codes must be integers in 0..7, not float64"),
        (np.full((1, 10), 8), [], ValueError, r"Codes must be integers in 0..7, not 8"),
        (np.zeros((2, 10), int), [], ValueError, r"Thresholds must have shape \(1,\), not \(0,\)"),
        (
            np.zeros((2, 10), int),
            [0.5],
            TypeError,
            r"Thresholds must be integers in 0..65535, not float64",
        ),
        (
            np.zeros((2, 10), int),
            [65536],
            ValueError,
            r"Thresholds must be integers in 0..65535, not 65536",
        ),
        (
            np.zeros((3, 10), int),
            [2, 1],
            ValueError,
            r"Thresholds must never fall, not \[2, 1\]",
        ),
    ],
)
def test_what_is_no_class_is_refused(codes, thresholds, error, message):
    block = memory()
    with pytest.raises(error, match=message):
        block.append(codes, thresholds)
    assert block.n_classes == 0
    assert not block.overflow


def test_classes_that_are_not_there_are_refused():
    block = memory()
    with pytest.raises(ValueError, match="Class must be in the table, not 0: the table is empty"):
        block.codes_of(0)
    assert block.append(random_codes(1))
    with pytest.raises(ValueError, match=r"Class must be an integer in 0..0, not 1"):
        block.first_component(1)
    with pytest.raises(ValueError, match=r"Class must be an integer in 0..0, not -1"):
        block.thresholds_of(-1)
