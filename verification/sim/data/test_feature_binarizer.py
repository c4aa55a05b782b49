# SPDX-License-Identifier: MIT
"""Binarizers of real features by themselves: their codes, parts, sums and the classes of a fit."""

from dataclasses import replace

import numpy as np
import pytest

from sim.data.feature_binarizer import BinarizerSpec, FeatureBinarizer, projected


def test_features_of_a_sum_are_rounded_a_half_upwards() -> None:
    features = np.array([[0.24, 0.25, 0.26, -0.25, -0.26, 7.0, 2.0**30]])
    steps = [0, 1, 1, 0, -1, 14, 2**20]
    each = np.where(np.eye(7, dtype=bool), 1, -1).astype(np.int8)
    expected = [2 * step - sum(steps) for step in steps]
    assert projected(features, each, 0.5).tolist() == [expected]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signs": np.zeros((2, 3), np.int8)}, "Signs must be -1 or \\+1, for each of 2 proj"),
        ({"step": 0.3}, "Step must be a power of two, not 0.3"),
        ({"thresholds": np.zeros((0, 1))}, "Thresholds must be 1 for each value"),
    ],
)
def test_parts_of_a_projection_must_fit(change: dict, message: str) -> None:
    whole = FeatureBinarizer(
        spec=BinarizerSpec.parse("projection:2"),
        thresholds=np.zeros((2, 1)),
        signs=np.ones((2, 3), np.int8),
        step=0.5,
    )
    with pytest.raises(ValueError, match=message):
        replace(whole, **change)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be one of sign, median, thermometer:P, projection:N, not ''"),
        ("sign:1", "not 'sign:1'"),
        ("thermometer", "not 'thermometer'"),
        ("thermometer:two", "not 'thermometer:two'"),
        ("thermometer:0", "must be thermometer:1 to thermometer:64, not 'thermometer:0'"),
        ("projection:1048577", "must be projection:1 to projection:1048576, not "),
    ],
)
def test_a_code_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BinarizerSpec.parse(text)


@pytest.mark.parametrize(
    ("fitted", "names", "same"),
    [
        (("0", "4"), ("0", "1", "2", "3", "4"), ["0", "4"]),
        (("0", "4"), ("a", "b", "c", "d", "e"), ["a", "e"]),  # by number: the fit had no names
        (("cat", "dog"), ("dog", "bird", "cat"), ["dog", "cat"]),
        (("cat", "dog"), ("0", "1", "2", "3", "4"), ["0", "4"]),  # the bank has no names
        (("cat", "dog"), ("bird", "cow"), []),
        (("7", "3"), ("7", "0", "4", "9", "3"), ["7", "3"]),  # names that look like numbers
    ],
)
def test_classes_of_the_fit_are_found_again(
    fitted: tuple[str, ...], names: tuple[str, ...], same: list[str]
) -> None:
    binarizer = FeatureBinarizer(
        spec=BinarizerSpec.parse("median"),
        thresholds=np.zeros((1, 1)),
        labels=(0, 4),
        names=fitted,
    )
    assert binarizer.classes_among(names) == same
