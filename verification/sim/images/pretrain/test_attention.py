# SPDX-License-Identifier: MIT
"""Attention maps against loops over pixels, and their gradient against finite differences."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.attention import attention, attention_distance, last_maps


def maps_of(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def attention_by_loops(maps: np.ndarray) -> list[list[float]]:
    found = []
    for image in maps:
        channels, height, width = image.shape
        sums = []
        for r in range(height):
            for c in range(width):
                sums.append(sum(image[k, r, c] ** 2 for k in range(channels)))
        length = sum(value**2 for value in sums) ** 0.5
        found.append([value / length for value in sums])
    return found


def test_attention_is_a_sum_of_squares_of_length_one() -> None:
    maps = maps_of((5, 3, 4, 6))
    got = attention(torch.tensor(maps)).numpy()
    np.testing.assert_allclose(got, attention_by_loops(maps), rtol=1e-12)
    np.testing.assert_allclose(attention(torch.tensor(-2 * maps)).numpy(), got)


def test_signs_have_no_attention() -> None:
    got = attention(torch.tensor(np.sign(maps_of((2, 8, 4, 4)))))
    np.testing.assert_allclose(got.numpy(), 0.25)


def test_the_last_map_of_each_size_counts() -> None:
    shapes = [(2, 3, 8, 8), (2, 4, 8, 8), (2, 5, 4, 8), (2, 6, 1, 1), (2, 7)]
    maps = [torch.zeros(shape) for shape in shapes]
    assert {size: x.shape[1] for size, x in last_maps(maps).items()} == {(8, 8): 4, (4, 8): 5}


def test_the_distance_is_that_of_both_maps_over_common_stages() -> None:
    own = [maps_of((3, 4, 8, 8), 1), maps_of((3, 5, 4, 4), 2), maps_of((3, 6, 2, 2), 3)]
    taught = [maps_of((3, 7, 4, 4), 4), maps_of((3, 9, 2, 2), 5), maps_of((3, 2, 16, 16), 6)]
    expected = 0.0
    for a, b in ((own[1], taught[0]), (own[2], taught[1])):
        pairs = zip(attention_by_loops(a), attention_by_loops(b), strict=True)
        apart = [sum((x - y) ** 2 for x, y in zip(p, q, strict=True)) for p, q in pairs]
        expected += sum(apart) / len(apart)
    tensors = [[torch.tensor(x) for x in maps] for maps in (own, taught)]
    assert attention_distance(*tensors).item() == pytest.approx(expected, rel=1e-12)
    assert attention_distance(tensors[0], tensors[0]).item() == 0


def test_gradients_are_those_of_finite_differences() -> None:
    own = torch.tensor(maps_of((2, 3, 2, 2), 1), requires_grad=True)
    taught = [torch.tensor(maps_of((2, 3, 2, 2), 2))]
    assert torch.autograd.gradcheck(lambda x: attention_distance([x], taught), (own,))


def test_bfloat16_maps_have_attention_in_float32() -> None:
    assert attention(torch.ones(2, 3, 4, 4, dtype=torch.bfloat16)).dtype == torch.float32
