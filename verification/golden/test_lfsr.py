# SPDX-License-Identifier: MIT
"""LFSR against the definition of one step, full periods and published vectors."""

from itertools import islice

import numpy as np
import pytest

from golden.lfsr import Lfsr, advance, doublings, leap_matrix, square, transform
from golden.params import LfsrParams, Stream, stream_params, stream_seed
from golden.polynomials import LATE_TAPS_64, TAPS


def one_step(state, taps):
    """Step as the contract says, bit by bit."""
    fresh = 0
    for t in taps:
        fresh ^= (state >> (t - 1)) & 1
    return ((state << 1) | fresh) % 2 ** taps[0]


def states(state, taps):
    while True:
        yield state
        state = one_step(state, taps)


def lfsr(width, step=1, seed=1, taps=None):
    return Lfsr(LfsrParams(width=width, taps=taps or TAPS[width], seed=seed, step=step))


@pytest.mark.parametrize("width", range(3, 21))
def test_period_is_full(width):
    block = lfsr(width)
    seen = np.zeros(2**width, bool)
    for _ in range(2**width - 1):
        seen[block.state] = True
        block.tick()
    assert block.state == 1
    assert seen[1:].all()
    assert not seen[0]


@pytest.mark.parametrize("width", [3, 5, 16, 31, 64])
@pytest.mark.parametrize("step", [1, 2, 3, 8, 16, 31, 33, 64])
def test_a_word_is_the_newest_bits_and_a_tick_takes_so_many_steps(width, step):
    step = min(step, width)
    block = lfsr(width, step, seed=5)
    for state in islice(states(5, TAPS[width]), 0, 20 * step, step):
        assert block.word() == block.word() == state % 2**step
        assert block.tick() == state % 2**step
    assert block.ticks == 20


@pytest.mark.parametrize("taps", LATE_TAPS_64)
def test_late_taps_step_like_any_others(taps):
    seed = stream_seed(0, 0)
    for steps, state in zip(range(130), states(seed, taps), strict=False):
        assert advance(seed, taps, steps) == state


@pytest.mark.parametrize("width", [3, 9, 20, 64])
@pytest.mark.parametrize("step", [1, 3])
def test_a_jump_is_that_many_ticks(width, step):
    walker = lfsr(width, step)
    for ticks in range(70):
        jumper = lfsr(width, step)
        jumper.jump(ticks)
        assert (jumper.state, jumper.ticks) == (walker.state, walker.ticks)
        walker.tick()


@pytest.mark.parametrize("width", [3, 8, 17, 33, 64])
def test_a_jump_by_the_period_returns(width):
    block = lfsr(width, seed=5)
    block.jump(2**width - 1)
    assert block.state == 5


def test_a_jump_to_the_predecessor_of_the_seed_and_a_tick_return():
    block = lfsr(64, seed=12345)
    block.jump(2**64 - 2)
    assert block.state != 12345
    block.tick()
    assert block.state == 12345


@pytest.mark.parametrize("step", [1, 7, 16])
def test_the_advance_after_all_zero_loads_the_seed(step):
    block = lfsr(16, step, seed=77)
    block.tick()
    block.state = 0
    assert block.word() == 0
    assert block.state == 0  # reading is no use
    assert block.tick() == 0
    assert block.state == 77
    assert block.tick() == 77 % 2**step


@pytest.mark.parametrize("ticks", [0, 1, 2, 50])
def test_a_jump_from_all_zero_recovers_too(ticks):
    walker, jumper = lfsr(16, 3, seed=77), lfsr(16, 3, seed=77)
    walker.state = jumper.state = 0
    for _ in range(ticks):
        walker.tick()
    jumper.jump(ticks)
    assert (jumper.state, jumper.ticks) == (walker.state, walker.ticks)


@pytest.mark.parametrize("step", [1, 7, 16])
@pytest.mark.parametrize("seed", [1, 2**15, 2**16 - 1])
def test_a_loaded_seed_gives_the_words_of_a_register_made_with_it(step, seed):
    block, made = lfsr(16, step, seed=77), lfsr(16, step, seed=seed)
    drawn = [block.tick() for _ in range(3)]
    block.load(seed)
    assert [block.tick() for _ in range(20)] == [made.tick() for _ in range(20)]
    assert block.ticks == len(drawn) + 20
    # The built-in seed is still that of recovery.
    block.state = 0
    assert [block.tick(), block.state] == [0, 77]


def test_a_loaded_zero_shows_a_word_of_zero_and_then_the_built_in_seed():
    block = lfsr(16, 16, seed=77)
    block.load(0)
    assert [block.tick(), block.tick()] == [0, 77]


@pytest.mark.parametrize("seed", [-1, 2**16, 1.0])
def test_a_seed_that_is_no_state_is_refused_and_changes_nothing(seed):
    block = lfsr(16, seed=77)
    with pytest.raises(
        (TypeError, ValueError), match=rf"LFSR seed must be an integer.*, not {seed}"
    ):
        block.load(seed)
    assert block.state == 77


def test_matrices_are_those_of_the_steps():
    width, step = 11, 5
    matrix = leap_matrix(width, TAPS[width], step)
    powers = doublings(width, TAPS[width], step)
    np.testing.assert_array_equal(square(matrix), powers[1])
    for state in (1, 2, 0x555, 2**width - 1):
        expected = next(islice(states(state, TAPS[width]), step, None))
        assert transform(matrix, state) == expected
        expected = next(islice(states(state, TAPS[width]), 4 * step, None))
        assert transform(powers[2], state) == expected


def test_a_jump_too_far_is_refused():
    with pytest.raises(ValueError, match=rf"Ticks must be an integer in 0..{2**64 - 1}, not -1"):
        lfsr(8).jump(-1)


def test_stream_seeds_are_the_published_outputs_of_splitmix64():
    # Seed 1234567: Vigna's splitmix64.c, as listed by Rosetta Code.
    assert [stream_seed(1234567, i) for i in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_a_stream_seed_of_zero_becomes_one():
    # SplitMix64 mixes by a bijection that fixes 0: stream 0 meets it where S + gamma = 0.
    assert stream_seed(2**64 - 0x9E3779B97F4A7C15, 0) == 1


def test_every_stream_has_its_own_polynomial_and_seed():
    streams = [*range(Stream.PLANE, 16), Stream.SERIAL, Stream.COMPONENT, Stream.CLASS]
    assert streams == list(range(19))
    params = [stream_params(1, i, 64) for i in streams]
    assert len({p.taps for p in params}) == len({p.seed for p in params}) == 19
    assert [p.taps for p in params] == list(LATE_TAPS_64[:19])
