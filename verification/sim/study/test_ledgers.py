# SPDX-License-Identifier: MIT
"""Bits of a method before it learns: counted by hand, and equal to those after it has learnt."""

import numpy as np
import pytest

from golden.bits import pack
from sim.learn.sections import HeadConfig, IntegerHeadConfig
from sim.replay import SOURCES, ReplayContext
from sim.study.config import CompareConfig, load_config
from sim.study.ledgers import ledger_of
from sim.study.methods import Head, Method


def method(replay: str, **params: int) -> Method:
    return Method(replay, SOURCES[replay].Params.model_validate(params), 0)


def bits(replay: str, head: Head | None = None, **params: int) -> int:
    return ledger_of(method(replay, **params), 512, 100, head).bits_full


def test_bits_are_those_of_the_whole_memory_at_all_classes() -> None:
    # Exemplars, labels of 7 bits, counters of 16, a pointer of 7 bits, two streams of 64.
    assert bits("latent", exemplars=3) == 300 * (512 + 7) + 100 * 16 + 7 + 128


def test_bits_of_all_state_are_those_of_memory_and_classifier() -> None:
    integer, past = IntegerHeadConfig(kind="integer"), bits("latent", exemplars=3)
    head = 100 * 512 * 8 + 64  # q_b = 8, and the stream that rounds
    assert bits("latent", integer, exemplars=3) == past + head
    binary = HeadConfig(hidden=0)
    assert bits("latent", binary, exemplars=3) == past + 2 * 100 * 512 * 32
    # A method that trains no head has none to keep, and one with a classifier of its own has that.
    assert bits("ncm", integer) == bits("ncm")
    assert bits("cwr", exemplars=0, hidden=0, q_b_non_binary=16) == 0
    trained = bits("cwr", integer, exemplars=0, hidden=0, q_b_non_binary=16)
    assert trained == 100 * 512 * 16 + 100 * 32 + 64


def grids() -> dict[str, Method]:
    """Return the first candidate of every family of the built-in comparison."""
    config = load_config("compare")[0]
    assert isinstance(config, CompareConfig)
    return {m.replay: m for m in reversed(config.expanded_methods())}


@pytest.mark.parametrize("family", grids())
def test_bits_are_known_before_anything_is_learnt(family: str) -> None:
    candidate = grids()[family]
    rng = np.random.default_rng(0)
    source = candidate.source(ReplayContext(features=64, classes=4, seed=0))
    for first in (0, 2):
        labels = np.repeat([first, first + 1], 60)
        exemplars = pack(rng.random((120, 64)) < 0.5)
        source.begin(exemplars, labels)
        source.learn(exemplars, labels, rng)
    assert source.ledger() == ledger_of(candidate, 64, 4)
