# SPDX-License-Identifier: MIT
"""The compiled training step: its products against plain Python, sum by sum, and its signs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from golden.bits import pack
from golden.kernels import head
from golden.kernels.head import head_gradients

SINGLE = np.float32


def plainly(vectors: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Multiply vectors with values of +-1 in the order of the kernel, one float32 at a time.

    `vectors` (n_vectors, length), `bits` (length, n_rows). Six bits make a sum, eight of these
    the sum of a word of 48.
    """
    doubled = SINGLE(2) * vectors
    out = np.empty((len(vectors), bits.shape[1]), SINGLE)
    for v, row in np.ndindex(out.shape):
        everything = 0.0
        for value in doubled[v]:
            everything += float(value)
        result = SINGLE(everything * -0.5)
        for first in range(0, bits.shape[0], 48):
            total = SINGLE(0)
            for six in range(first, first + 48, 6):
                part = SINGLE(0)
                for i in range(six, min(six + 6, bits.shape[0])):
                    part = part + doubled[v, i] if bits[i, row] else part
                total = total + part if six > first else part
            result += total
        out[v, row] = result
    return out


@given(
    n_vectors=st.integers(1, 17),
    length=st.integers(1, 100),
    n_rows=st.integers(1, 70),
    seed=st.integers(0, 99),
)
def test_products_equal_plain_sums_bit_for_bit(
    n_vectors: int, length: int, n_rows: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n_vectors, length)).astype(SINGLE)
    bits = rng.integers(0, 2, (length, n_rows))
    lanes = head._lanes(n_vectors, length)
    for v in range(n_vectors):
        lanes[v // 8, :length, v % 8] = 2 * vectors[v]
    out = np.empty((n_vectors, n_rows), SINGLE)
    head._multiply(lanes, head._columns(pack(bits), n_rows), out)
    assert out.tobytes() == plainly(vectors, bits).tobytes()


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 150)),
    cut=st.integers(0, 20),
    seed=st.integers(0, 99),
)
def test_signs_are_those_of_the_contract(shape: tuple[int, int, int], cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = rng.integers(-2, 3, (shape[0], shape[1] + 1, shape[2] + cut))
    part = (slice(None), slice(shape[1]), slice(cut, None))
    expected = pack(whole[part].reshape(-1, shape[2]) >= 0)
    # The sign of a zero does not count, and NaN is not >= 0.
    reals = np.where(whole == 0, SINGLE(-0.0), whole.astype(SINGLE))
    reals[whole == -2] = np.nan
    assert head._signs(reals[part]).tolist() == expected.tolist()
    assert head._signs(whole.astype(np.int32)[part]).tolist() == expected.tolist()


def test_gradients_do_not_depend_on_where_samples_lie_in_memory() -> None:
    rng = np.random.default_rng(0)
    x = pack(rng.integers(0, 2, (20, 70)))
    hidden = rng.standard_normal((9, 70)).astype(SINGLE)
    planes = rng.standard_normal((2, 4, 79)).astype(SINGLE)
    labels = rng.integers(3, size=20)
    scales = {"window": 8, "hidden_scale": 0.1, "logit_scale": 0.05}

    def gradients(samples: np.ndarray) -> list[bytes]:
        *_, below, plane = head_gradients(samples, labels, hidden, planes, 3, **scales)
        return [below.tobytes(), plane.tobytes()]

    assert gradients(x) == gradients(np.asfortranarray(x)) == gradients(x[::-1][::-1])
