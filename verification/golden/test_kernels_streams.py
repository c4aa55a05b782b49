# SPDX-License-Identifier: MIT
"""Words of LFSRs in compiled loops are those of the plain register, however they are found."""

import numpy as np
import pytest

from golden.kernels.streams import RING, aligned, first_words, jump, leap, renew
from golden.lfsr import Lfsr, doublings
from golden.params.sampling import stream_params


def registers(count, lanes):
    """Return LFSRs of several streams, with their states and taps as arrays."""
    lfsrs = [Lfsr(stream_params(3, stream, lanes)) for stream in range(count)]
    states = np.array([lfsr.state for lfsr in lfsrs], np.uint64)
    return lfsrs, states, np.array([lfsr.params.taps for lfsr in lfsrs])


def states_of(lfsr, count):
    """Return the next `count` states, one a word."""
    states = []
    for _ in range(count):
        states.append(lfsr.state)
        lfsr.tick()
    return states


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16, 32, 64])
@pytest.mark.parametrize(("count", "words"), [(1, 700), (8, 65), (21, 64), (9, 257)])
def test_first_words_are_those_of_the_plain_registers(lanes, count, words):
    lfsrs, states, taps = registers(count, lanes)
    found = aligned(count, 2 * RING)
    first_words(found, states, taps, lanes, words)
    for lfsr, row in zip(lfsrs, found, strict=True):
        assert row[:words].tolist() == states_of(lfsr, words)


@pytest.mark.parametrize("size", [RING, 2 * RING, 4 * RING])
@pytest.mark.parametrize("stream", [0, 7, 20])
def test_ring_is_renewed_by_the_words_that_follow(size, stream):
    lfsr = Lfsr(stream_params(5, stream, 64))
    ring = aligned(1, size)[0]
    ring[:] = states_of(lfsr, size)
    for _ in range(2):
        renew(ring, np.array(lfsr.params.taps))
        assert ring.tolist() == states_of(lfsr, size)


@pytest.mark.parametrize("step", [1, 7, 32, 33, 64])
def test_leaps_and_jumps_are_those_of_the_plain_register(step):
    lfsr = Lfsr(stream_params(1, 4, step))
    state, taps = np.uint64(lfsr.state), np.array(lfsr.params.taps)
    powers = doublings(64, lfsr.params.taps, step)
    assert jump(powers, state, 0) == state
    for _ in range(50):
        lfsr.tick()
    for _ in range(50):
        state = np.uint64(leap(state, taps, step))
    assert int(state) == lfsr.state
    assert jump(powers, np.uint64(lfsr.params.seed), 50) == lfsr.state
    lfsr.jump(10**12 + 7)
    assert jump(powers, state, 10**12 + 7) == lfsr.state
