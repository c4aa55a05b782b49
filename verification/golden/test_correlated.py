# SPDX-License-Identifier: MIT
"""Sampler with factors against a third implementation, written from the contract."""

import math
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from golden.bits import pack
from golden.correlated import CorrelatedSampler
from golden.params import CorrelatedSamplerParams, PrototypesParams, SamplerParams
from golden.sampler import Sampler
from verification.golden.test_sampler import Stream


@cache
def tables(q):
    """Section 13: S, N by word, and T by i; quantiles from SciPy."""
    s = 2 ** max(q, 8)
    noise = [math.floor(s * ndtri((2 * r + 1) / 2 ** (q + 1))) for r in range(2**q)]
    marks = {i: math.floor(s * ndtri(i / 2**q) + 0.5) for i in range(2 ** (q - 1) + 1, 2**q)}
    return s, noise, marks


def scale(row, exponent, n_f, s):
    variance = n_f * 4**exponent * sum(a * a for a in row)
    return min(255, math.floor(64 * math.sqrt(1 + variance / s**2) + 0.5) - 64)


def threshold(m, g, q, marks):
    """Section 13: u of a code that is neither never nor always 1."""
    i = m + (m >> (q - 1))
    if i < 2 ** (q - 1):
        return -((marks[2**q - i] * (64 + g) + 32) // 64)
    return (marks[i] * (64 + g) + 32) // 64


def exemplars(classes, basis, requests, *, q, lanes, n_f, m_draws, seed):
    """Sections 5, 6 and 13: yield lists of D bits; `basis` is an array of rows, and an exponent."""
    (loadings, exponent), (s, noise, marks) = basis, tables(q)
    rows = loadings.tolist()
    planes = [Stream(i, seed) for i in range(q)]
    component, factor = Stream(17, seed), Stream(22, seed)
    scales = [scale(row, exponent, n_f, s) for row in rows]
    for c in requests:
        codes, thresholds = classes[c]
        r = component.use(16)
        prototype = codes[sum(1 for t in thresholds if t <= r)]
        factors = [[2 * factor.use(n_f).bit_count() - n_f for _ in rows[0]] for _ in range(m_draws)]
        out = [[] for _ in range(m_draws)]
        for b in range(-(-len(prototype) // lanes)):
            for m in range(m_draws):
                words = [p.use(lanes) for p in planes]
                for lane in range(min(lanes, len(prototype) - b * lanes)):
                    j = b * lanes + lane
                    u = sum((w >> lane) % 2 << (q - 1 - p) for p, w in enumerate(words))
                    total = 2**exponent * sum(
                        a * f for a, f in zip(rows[j], factors[m], strict=True)
                    )
                    code = prototype[j]
                    if code in (0, 2**q - 1):
                        out[m].append(int(code > 0))
                    else:
                        limit = threshold(code, scales[j], q, marks)
                        out[m].append(int(total + noise[u] < limit))
        yield from out


def sampler(classes, features, basis=None, *, q, lanes=64, **params):
    block = CorrelatedSampler(
        CorrelatedSamplerParams(
            prototypes=PrototypesParams(
                features=features,
                code_width=q,
                lanes=lanes,
                components=100,
                classes=len(classes),
                class_components=100,
            ),
            **params,
        )
    )
    for codes, thresholds in classes:
        assert block.prototypes.append(codes, thresholds)
    if basis is not None:
        block.load_basis(*basis)
    return block


def random_classes(rng, features, q, n=3, most=3):
    classes = []
    for _ in range(n):
        k = int(rng.integers(1, most + 1))
        codes = rng.integers(0, 2**q, (k, features)).tolist()
        classes.append((codes, sorted(rng.integers(0, 65536, k - 1).tolist())))
    return classes


def random_basis(rng, features, rank, width):
    highest = 2 ** (width - 1) - 1
    return rng.integers(-highest, highest + 1, (features, rank)), int(rng.integers(0, 7))


@settings(max_examples=40)
@given(
    features=st.integers(1, 100),
    lanes=st.sampled_from([1, 5, 16, 31, 32, 33, 64]),
    q=st.integers(1, 10) | st.just(16),
    rank=st.integers(0, 9),
    width=st.integers(2, 8),
    n_f=st.integers(1, 16),
    m_draws=st.integers(1, 3),
    seed=st.integers(0, 2**64 - 1),
)
def test_a_third_implementation_matches_every_bit(
    features, lanes, q, rank, width, n_f, m_draws, seed
):
    rng = np.random.default_rng(seed)
    classes = random_classes(rng, features, q)
    basis = random_basis(rng, features, rank, width)
    requests = rng.integers(0, 3, 4).tolist()
    options = {"q": q, "lanes": lanes, "seed": seed}
    expected = exemplars(classes, basis, requests, n_f=n_f, m_draws=m_draws, **options)
    expected = pack(np.array(list(expected), np.uint8))
    params = {"rank": rank, "loading_width": width, "factor_width": n_f}
    block = sampler(classes, features, basis, draws_per_read=m_draws, **params, **options)
    bits, labels = block.draw(requests)
    np.testing.assert_array_equal(bits, expected)
    np.testing.assert_array_equal(labels, np.repeat(requests, m_draws))
    # A loaded seed gives the draws of hardware with that seed.
    other = sampler(classes, features, basis, draws_per_read=m_draws, **params, q=q, lanes=lanes)
    other.reseed(seed)
    np.testing.assert_array_equal(other.draw(requests)[0], expected)


@settings(max_examples=25)
@given(q=st.integers(1, 16), features=st.integers(1, 150), seed=st.integers(0, 2**64 - 1))
def test_without_loadings_every_bit_is_that_of_the_sampler_of_independent_bits(q, features, seed):
    rng = np.random.default_rng(seed)
    classes = random_classes(rng, features, q)
    block = sampler(classes, features, q=q, lanes=16, draws_per_read=2, seed=seed)
    plain = Sampler(SamplerParams(prototypes=block.params.prototypes, draws_per_read=2, seed=seed))
    for codes, thresholds in classes:
        plain.prototypes.append(codes, thresholds)
    requests = rng.integers(0, 3, 5)
    np.testing.assert_array_equal(block.draw(requests)[0], plain.draw(requests)[0])
    assert (block.rows_read, block.planes_read) == (plain.rows_read, plain.planes_read)
    assert block.factor_lfsr.ticks == 5 * 2 * block.params.rank


def test_factors_are_used_with_the_first_beat_of_an_exemplar():
    block = sampler([([[5] * 40], [])], 40, q=4, lanes=16, rank=3, draws_per_read=2)
    beats = block.beats(0)
    assert block.factor_lfsr.ticks == 0
    for ticks in (3, 6, 6, 6, 6, 6):
        next(beats)
        assert block.factor_lfsr.ticks == ticks
    assert block.rows_read == 3
    assert block.planes_read == 6 * 4


def test_lanes_past_the_features_are_0():
    rng = np.random.default_rng(0)
    block = sampler(
        random_classes(rng, 40, 4), 40, random_basis(rng, 40, 8, 4), q=4, lanes=16, rank=8
    )
    assert not block.loadings[40:].any()
    assert all(beat.bits < 2**8 for beat in list(block.beats(1))[2:])


def test_rows_of_the_basis_are_those_of_the_contract():
    """Section 13: row b*R + k - 1, lane l in bits l*q_a .. l*q_a+q_a-1, in two's complement."""
    loadings = random_basis(np.random.default_rng(2), 40, 3, 5)[0]
    params = {"rank": 3, "loading_width": 5, "lanes": 16}
    block = sampler([([[1] * 40], [])], 40, (loadings, 2), q=2, **params)
    rows = block.basis_rows()
    assert len(rows) == 3 * 3
    for (b, k), lane in product(product(range(3), range(1, 4)), range(16)):
        field = rows[b * 3 + k - 1] >> lane * 5 & 31
        value = field - 32 if field & 16 else field
        j = b * 16 + lane
        assert value == (loadings[j, k - 1] if j < 40 else 0)
    assert max(rows) < 2**80


def test_state_goes_round_bit_for_bit():
    rng = np.random.default_rng(1)
    classes = random_classes(rng, 70, 5)
    options = {"q": 5, "lanes": 16, "rank": 4, "factor_width": 2, "selection": "uniform", "seed": 3}
    block = sampler(classes, 70, random_basis(rng, 70, 4, 4), **options)
    block.draw(block.selector.request(3, 4))
    copy = CorrelatedSampler(block.params)
    copy.load_state(block.state_dict())
    labels = block.selector.request(3, 6)
    np.testing.assert_array_equal(copy.selector.request(3, 6), labels)
    np.testing.assert_array_equal(copy.draw(labels)[0], block.draw(labels)[0])
    assert copy.state_dict().keys() == block.state_dict().keys()
    for key, value in block.state_dict().items():
        np.testing.assert_array_equal(copy.state_dict()[key], value)


def test_a_state_of_another_sampler_is_refused():
    classes = [([[1] * 20], [])]
    block, other = (sampler(classes, 20, q=4, rank=rank) for rank in (3, 4))
    with pytest.raises(ValueError, match=r"Loadings must have the shape \(20, 3\), not \(20, 4\)"):
        block.load_state(other.state_dict())


@pytest.mark.parametrize(
    ("loadings", "shift", "error", "message"),
    [
        ([[1, 2]], -1, ValueError, r"Shift e must be an integer in 0..15, not -1"),
        ([[1, 2]], 16, ValueError, r"Shift e must be an integer in 0..15, not 16"),
        ([[1.0, 2.0]], 0, TypeError, r"Loadings must be integers in -128..127, not float64"),
        ([[1, -129]], 0, ValueError, r"Loadings must be integers in -128..127, not -129"),
        ([[2**63, 2**63]], 0, ValueError, rf"Loadings must be integers in -128..127, not {2**63}"),
        ([[1]], 0, ValueError, r"Loadings must have the shape \(1, 2\), not \(1, 1\)"),
    ],
)
def test_what_is_no_basis_raises_and_changes_nothing(loadings, shift, error, message):
    params = {"rank": 2, "loading_width": 8, "factor_width": 16}
    block = sampler([([[1]], [])], 1, ([[3, -4]], 2), q=2, **params)
    with pytest.raises(error, match=message):
        block.load_basis(np.array(loadings), shift)
    assert block.loadings[0].tolist() == [3, -4]
    assert block.shift == 2
    assert not block.refused


@pytest.mark.parametrize(
    ("loadings", "shift", "taken"),
    [
        ([[127] * 256, [-127] * 256], 11, True),
        ([[0] * 256, [-127] * 256], 12, False),  # 16 * 2^12 * 256 * 127 = 2130706432 > 2^30 - 1
        ([[0] * 256, [32] * 256], 12, True),  # 536870912
        ([[0] * 256, [64] * 256], 12, False),  # 2^30
        ([[0] * 256, [64] * 255 + [63]], 12, True),
        ([[0] * 256, [0] * 255 + [-128]], 0, False),
    ],
)
def test_a_basis_out_of_bounds_is_refused_and_leaves_none(loadings, shift, taken):
    params = {"rank": 256, "loading_width": 8, "factor_width": 16}
    classes = [([[1, 2]], [])]
    block, none = (sampler(classes, 2, q=2, **params) for _ in range(2))
    assert block.load_basis(np.full((2, 256), 3), 4)
    assert block.load_basis(np.array(loadings), shift) == taken
    assert block.refused != taken
    if not taken:
        state = block.state_dict()
        assert state.pop("correlated_refused")
        for name, value in state.items():
            np.testing.assert_array_equal(value, none.state_dict()[name])
        copy = CorrelatedSampler(block.params)
        copy.load_state(block.state_dict())
        assert copy.refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rank": -1}, r"Factors R must be an integer in 0..256, not -1"),
        ({"rank": 257}, r"Factors R must be an integer in 0..256, not 257"),
        ({"loading_width": 1}, r"Loading width q_a must be an integer in 2..8, not 1"),
        ({"loading_width": 9}, r"Loading width q_a must be an integer in 2..8, not 9"),
        ({"factor_width": 0}, r"Factor width n_f must be an integer in 1..16, not 0"),
        ({"factor_width": 17}, r"Factor width n_f must be an integer in 1..16, not 17"),
        ({"mode": "serial"}, r"Sampler mode with factors must be parallel, not 'serial'"),
        ({"draws_per_read": 0}, r"Draws per read M must be an integer >= 1, not 0"),
    ],
)
def test_parameters_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        CorrelatedSamplerParams(prototypes=PrototypesParams(features=8, code_width=4), **change)
