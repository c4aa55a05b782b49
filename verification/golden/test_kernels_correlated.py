# SPDX-License-Identifier: MIT
"""Compiled sampler with factors: equal to the plain one for any shape, threads and chunks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.correlated import CorrelatedSampler
from golden.kernels.correlated import draw
from golden.kernels.sampler import draw as draw_independent
from golden.params import CorrelatedSamplerParams, PrototypesParams


def sampler(features, *, code_width=8, lanes=64, most=1, rank=8, loading_width=4, **params):
    """Return a sampler with three classes of up to `most` random components, and a random basis."""
    rng = np.random.default_rng(features)
    block = CorrelatedSampler(
        CorrelatedSamplerParams(
            prototypes=PrototypesParams(
                features=features,
                code_width=code_width,
                lanes=lanes,
                components=3 * most,
                classes=3,
                class_components=most,
            ),
            rank=rank,
            loading_width=loading_width,
            **params,
        )
    )
    for _ in range(3):
        k = int(rng.integers(1, most + 1))
        codes = rng.integers(0, 2**code_width, (k, features))
        assert block.prototypes.append(codes, np.sort(rng.integers(0, 65536, k - 1)))
    highest = block.params.highest_loading
    loadings = rng.integers(-highest, highest + 1, (features, rank))
    block.load_basis(loadings, int(rng.integers(0, 6)))
    return block


def assert_twins(plain, compiled, labels, **options):
    expected, expected_labels = plain.draw(labels)
    bits, drawn_labels = draw(compiled, labels, **options)
    assert bits.dtype == np.uint64
    np.testing.assert_array_equal(bits, expected)
    np.testing.assert_array_equal(drawn_labels, expected_labels)
    states = compiled.state_dict()
    for key, value in plain.state_dict().items():
        np.testing.assert_array_equal(states[key], value, err_msg=key)


@settings(max_examples=60)
@given(
    features=st.integers(1, 200) | st.just(512),
    lanes=st.just(64) | st.integers(1, 64),
    code_width=st.integers(1, 16),
    rank=st.integers(0, 40),
    loading_width=st.integers(2, 8),
    factor_width=st.integers(1, 16),
    draws_per_read=st.integers(1, 3),
    most=st.integers(1, 3),
    seed=st.integers(0, 2**64 - 1),
    counts=st.tuples(st.integers(0, 12), st.integers(0, 5)),
    threads=st.none() | st.integers(1, 3),
    chunk=st.none() | st.integers(1, 7),
)
def test_bits_states_and_counters_are_those_of_the_plain_sampler(
    features, counts, threads, chunk, **params
):
    plain, compiled = sampler(features, **params), sampler(features, **params)
    rng = np.random.default_rng(features)
    for count in counts:  # the second draw goes on where the first ended
        assert_twins(plain, compiled, rng.integers(0, 3, count), threads=threads, chunk=chunk)


def test_the_largest_sums_do_not_overflow():
    params = {"rank": 256, "loading_width": 8, "factor_width": 16}
    plain, compiled = (sampler(70, **params) for _ in range(2))
    for block in (plain, compiled):
        assert block.load_basis(np.full((70, 256), 127), 11)
    assert_twins(plain, compiled, np.arange(20) % 3)


@pytest.mark.parametrize("faulty", ["plane", "component", "factor"])
def test_a_register_forced_to_zero_recovers_alike(faulty):
    plain, compiled = (sampler(200, most=3, draws_per_read=2) for _ in range(2))
    for block in (plain, compiled):
        lfsrs = {
            "plane": block.lfsrs[-1],
            "component": block.selector.component_lfsr,
            "factor": block.factor_lfsr,
        }
        lfsrs[faulty].state = 0
    assert_twins(plain, compiled, [2, 0, 1, 1])


def test_bits_do_not_depend_on_threads_or_chunks():
    requests = np.arange(1000) % 3
    expected, _ = draw(sampler(512, seed=3), requests, threads=1)
    for threads in (1, 2, 5):
        for chunk in (None, 100, 999):
            bits, _ = draw(sampler(512, seed=3), requests, threads=threads, chunk=chunk)
            np.testing.assert_array_equal(bits, expected)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threads": 0}, ValueError, "Threads must be an integer >= 1, not 0"),
        ({"threads": 1.5}, TypeError, "Threads must be an integer >= 1, not 1.5"),
        ({"chunk": 0}, ValueError, "Chunk must be an integer >= 1, not 0"),
    ],
)
def test_wrong_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        draw(sampler(64), [0], **options)


def test_requests_that_cannot_be_are_refused_and_draw_nothing():
    block = sampler(64)
    with pytest.raises(ValueError, match="Labels must be among the 3 classes in the table, not 3"):
        draw(block, [0, 3])
    assert block.selector.component_lfsr.ticks == 0


def test_the_kernel_of_independent_bits_refuses_a_sampler_with_factors():
    block = sampler(64)
    message = "Sampler must be a plain Sampler, not CorrelatedSampler"
    with pytest.raises(TypeError, match=message):
        draw_independent(block, [0])
    assert block.selector.component_lfsr.ticks == 0
