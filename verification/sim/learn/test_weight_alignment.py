# SPDX-License-Identifier: MIT
"""Weight alignment of ternary rows: factors by hand and by real numbers, and what they do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.learn.weight_alignment import align_logits, alignment_factor


def planes_of(nonzeros: list[int], columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return planes whose row i has that many weights that are not 0, of either sign."""
    rng = np.random.default_rng(1)
    plane_a = rng.integers(0, 2, (len(nonzeros), columns), dtype=np.uint8)
    equal = rng.permuted(np.arange(columns) < np.array(nonzeros)[:, None], axis=1)
    return plane_a, np.where(equal, plane_a, 1 - plane_a).astype(np.uint8)


@pytest.mark.parametrize(
    ("nonzeros", "norm", "factor"),
    [
        ([4, 4, 4], "l1", 256),
        ([4, 4, 4], "l2", 256),
        ([4, 8, 3], "l1", 512),  # mean 6 over mean 3
        ([16, 16, 4], "l2", 512),  # 4 over 2
        ([1, 16], "l1", 16),
        ([1, 16], "l2", 64),
        ([2, 3], "l1", 171),  # 170.7
        ([2, 5], "l2", 162),  # 256 * sqrt(2 / 5) = 161.9
        ([3, 2, 3], "l1", 213),  # 256 * 2.5 / 3 = 213.3
        ([0, 5], "l1", 256),  # no length to go by
        ([5, 0], "l2", 256),
    ],
)
def test_factor_is_mean_length_of_old_rows_over_new_ones(
    nonzeros: list[int], norm: str, factor: int
) -> None:
    first_new = len(nonzeros) - 1
    assert alignment_factor(*planes_of(nonzeros, 16), first_new, norm) == factor


@given(
    nonzeros=st.lists(st.integers(1, 300), min_size=2, max_size=8),
    share=st.floats(0, 1),
    norm=st.sampled_from(["l1", "l2"]),
)
def test_factor_is_that_of_real_norms_up_to_its_rounding(
    nonzeros: list[int], share: float, norm: str
) -> None:
    first_new = 1 + int(share * (len(nonzeros) - 2))
    planes = planes_of(nonzeros, 300)
    ternary = (planes[0].astype(float) - 0.5) + (planes[1] - 0.5)
    lengths = np.linalg.norm(ternary, ord=1 if norm == "l1" else 2, axis=1)
    ratio = lengths[:first_new].mean() / lengths[first_new:].mean()
    factor = alignment_factor(*planes, first_new, norm)
    # Half a unit of rounding; integer roots, of 8 fractional bits, are up to 2**-8 too short.
    assert factor / 256 == pytest.approx(ratio, abs=0.5 / 256 + 2**-8 * (1 + ratio) + 1e-9)


def test_full_rows_need_no_alignment() -> None:
    """Planes that agree everywhere make rows of +-1: binary weights are aligned as they are."""
    plane = np.random.default_rng(0).integers(0, 2, (6, 40), dtype=np.uint8)
    assert alignment_factor(plane, plane, 4, "l1") == alignment_factor(plane, plane, 4, "l2") == 256


def test_only_logits_of_new_classes_are_scaled() -> None:
    logits = np.array([[10, -4, 6], [0, 2, -8]], np.int32)
    scaled = align_logits(logits, 2, 384)  # 1.5
    assert scaled.tolist() == [[2560, -1024, 6 * 384], [0, 512, -8 * 384]]
    assert scaled.dtype == np.int64
    np.testing.assert_array_equal(align_logits(logits, 1, 256), 256 * logits)


def test_rows_that_cannot_be_compared_are_refused() -> None:
    planes = planes_of([3, 3], 8)
    message = r"^First new class must be in 1..1, so that there are old and new classes, not 2$"
    with pytest.raises(ValueError, match=message):
        alignment_factor(*planes, 2)
    with pytest.raises(ValueError, match=r"^Norm must be one of l1, l2, not 'l3'$"):
        alignment_factor(*planes, 1, "l3")
