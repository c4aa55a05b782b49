# SPDX-License-Identifier: MIT
"""Counts of the sampler, tested without hardware: planes, cycles and invalid arguments."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from golden.bernoulli import Bernoulli
from golden.kernels.sampler import draw as draw_fast
from golden.params import (
    BernoulliParams,
    LatentBufferParams,
    PrototypesParams,
    SamplerParams,
    SelectorParams,
    stream_params,
)
from golden.sampler import Sampler
from sim.cost.counts import bernoulli, latent_buffer, lfsr, prototypes, sampler, selector
from sim.cost.counts.tally import Action, Tally

MEMORY = PrototypesParams(features=100, code_width=8, lanes=64, class_components=4)
SERIAL = SamplerParams(prototypes=MEMORY, mode="serial", draws_per_read=3)
PARALLEL = SamplerParams(prototypes=MEMORY, draws_per_read=3)
LATENT = LatentBufferParams(features=100)


@pytest.mark.parametrize(
    ("q", "lanes", "live"), [(1, 1, 1), (3, 1, 1), (2, 2, 2), (3, 2, 1), (2, 3, 3), (3, 3, 3)]
)
def test_expected_planes_are_the_mean_over_all_words_whatever_the_codes(q, lanes, live) -> None:
    params = BernoulliParams(code_width=q, lanes=lanes)
    golden = Bernoulli(params)
    streams = list(product(range(2**lanes), repeat=q))
    for codes in product(range(2**q), repeat=lanes):
        read = [golden.draw_serial(iter(s).__next__, codes, live)[1] for s in streams]
        assert Fraction(sum(read), len(read)) == bernoulli.expected_planes(params, live)
        early = sum(planes < q for planes in read)
        assert Fraction(early, len(read)) == bernoulli.early_share(params, live)


@pytest.mark.parametrize(
    ("lanes", "planes"), [(1, 1.99), (8, 4.36), (16, 5.25), (32, 6.11), (64, 6.88)]
)
def test_wide_words_wait_for_their_last_lane(lanes, planes) -> None:
    expected = bernoulli.expected_planes(BernoulliParams(code_width=8, lanes=lanes))
    assert float(expected) == pytest.approx(planes, abs=5e-3)


def test_a_lone_lane_takes_two_planes_less_the_tie() -> None:
    for q in range(1, 17):
        lone = bernoulli.expected_planes(BernoulliParams(code_width=q, lanes=1))
        assert lone == 2 - Fraction(1, 2 ** (q - 1))


def test_planes_of_the_serial_stream_are_those_expected() -> None:
    golden, requests = Sampler(SERIAL), 4000
    codes = np.random.default_rng(1).integers(0, 256, (1, MEMORY.features))
    golden.prototypes.append(codes)
    draw_fast(golden, np.zeros(requests, np.int64), threads=1)
    expected = float(requests * sampler.expected_planes(SERIAL))
    # A beat has 1..8 planes, of standard deviation below 2; five of those of the sum.
    beats = requests * SERIAL.draws_per_read * MEMORY.beats
    assert abs(golden.planes_read - expected) < 5 * 2 * beats**0.5


@pytest.mark.parametrize("params", [SERIAL, PARALLEL], ids=["serial", "parallel"])
def test_requests_add_up(params: SamplerParams) -> None:
    assert sampler.draw(params, 5) == 5 * sampler.draw(params, 1)
    assert sampler.draw(params, 0) == Tally()
    assert sampler.draw_cycles(params, 0) == 0


def test_a_row_serves_all_exemplars() -> None:
    read = Action("prototypes.memory", "read", 512)
    assert [sampler.draw(p, 1)[read] for p in (SERIAL, PARALLEL)] == [2, 2]


def test_what_is_compared_follows_the_mode() -> None:
    beats = 2 * 3
    assert sampler.draw(PARALLEL, 1)[Action("bernoulli", "compare", 8)] == beats * 64
    assert sampler.draw(PARALLEL, 1)[Action("lfsr", "lfsr_step")] == beats * 8 * 64
    planes = sampler.expected_planes(SERIAL)
    assert sampler.draw(SERIAL, 1)[Action("bernoulli", "compare")] == planes * 64
    assert sampler.draw(SERIAL, 1, 20)[Action("lfsr", "lfsr_step")] == 20 * 64
    assert sampler.draw(SERIAL, 1, 20)[Action("bernoulli", "register", 64)] == 40


def test_cycles_begin_with_the_look_up() -> None:
    assert sampler.draw_cycles(PARALLEL, 10) == 4 + 60
    assert sampler.draw_cycles(SERIAL, 1, 20, 5) == 4 + 20 + 5
    mean = sampler.expected_planes(SERIAL) + sampler.expected_early(SERIAL)
    assert sampler.draw_cycles(SERIAL, 1) == 4 + mean
    assert sampler.draw_cycles(SERIAL, 3) == 4 + 3 * mean


def test_a_word_steps_and_clocks() -> None:
    assert lfsr.word("lfsr", stream_params(1, 0, 16)) == Tally({
        Action("lfsr", "lfsr_step"): 16,
        Action("lfsr", "register", 64): 1,
    })  # fmt: skip


def test_naming_a_class_by_weight_searches_bit_by_bit() -> None:
    weighted = selector.name_class(SelectorParams(mode="weighted"), MEMORY)
    assert weighted[Action("thresholds", "read", 16)] == 7  # labels 0..99
    assert weighted[Action("lfsr", "lfsr_step")] == 16
    assert selector.name_class(SelectorParams(), MEMORY).of("read") == 0
    assert selector.set_weights(SelectorParams(), 5) == Tally()


def test_a_word_is_used_where_there_is_nothing_to_choose() -> None:
    one = PrototypesParams(features=1, code_width=1)
    chosen = selector.choose(SelectorParams(), one)
    assert (chosen.of("lfsr_step"), chosen.of("compare")) == (16, 0)


def test_only_what_stays_is_written() -> None:
    def done(**exemplars: int) -> Tally:
        return latent_buffer.learn(LATENT, **{"filled": 0, "replaced": 0, "dropped": 0} | exemplars)

    assert [done(**{kind: 1}).of("write") for kind in ("filled", "replaced", "dropped")] == [
        3, 3, 1,
    ]  # fmt: skip
    assert [done(**{kind: 1}).of("lfsr_step") for kind in ("filled", "replaced", "dropped")] == [
        0, 32, 32,
    ]  # fmt: skip
    assert latent_buffer.refuse(2).of("read") == 2


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: sampler.draw(SERIAL, -1), "Requests must be an integer >= 0, not -1"),
        (lambda: sampler.draw(SERIAL, 1, 5), r"Planes of 1 requests must be 6\.\.48, not 5"),
        (lambda: sampler.draw(SERIAL, 1, 49), r"Planes of 1 requests must be 6\.\.48, not 49"),
        (lambda: sampler.draw(PARALLEL, 1, 47), r"Planes of 1 requests must be 48\.\.48, not 47"),
        (
            lambda: prototypes.append(MEMORY, 5),
            r"Components of a class must be an integer in 1\.\.4, not 5",
        ),
        (
            lambda: bernoulli.expected_planes(BernoulliParams(code_width=8), 0),
            r"Live lanes must be an integer in 1\.\.64, not 0",
        ),
        (
            lambda: selector.set_weights(SelectorParams(), 0),
            "Classes must be an integer >= 1, not 0",
        ),
        (
            lambda: latent_buffer.learn(LATENT, filled=0, replaced=-1, dropped=0),
            "Exemplars replaced must be an integer >= 0, not -1",
        ),
        (lambda: latent_buffer.refuse(-1), "Refusals must be an integer >= 0, not -1"),
        (
            lambda: latent_buffer.answer_cycles(LATENT, -1),
            "Requests must be an integer >= 0, not -1",
        ),
    ],
    ids=[
        "requests", "few_planes", "many_planes", "parallel_planes", "components", "live", "classes",
        "exemplars", "refusals", "answers",
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(refused, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refused()
