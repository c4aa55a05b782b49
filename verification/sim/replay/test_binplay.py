# SPDX-License-Identifier: MIT
"""BinPlay on embeddings: what it decodes, what it keeps, and that it goes on bit for bit."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from golden.bits import pack, unpack
from golden.index_code import IndexCode
from golden.lfsr import Lfsr
from golden.params import Stream, stream_params
from sim.replay import SOURCES, ReplayContext
from sim.replay.binplay import BinPlay, BinPlayParams

FEATURES, CLASSES = 40, 4
CONTEXT = ReplayContext(features=FEATURES, classes=CLASSES, seed=11)
SMALL = {"samples": 6, "index_bits": 30, "prefix_bits": 30, "epochs": 60, "batch": 8}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def samples(classes: range, each: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Bits near the class's prototype: a twentieth of them is another."""
    prototypes = rng(1).integers(0, 2, (CLASSES, FEATURES))
    labels = np.repeat(np.array(classes), each)
    return pack(prototypes[labels] ^ (rng(2).random((len(labels), FEATURES)) < 0.05)), labels


def source_of(**params: Any) -> BinPlay:
    return BinPlay(BinPlayParams(**{**SMALL, **params}), CONTEXT)


def taught(**params: Any) -> BinPlay:
    source = source_of(**params)
    source.learn(*samples(range(0, 2)), rng(3))
    source.learn(*samples(range(2, 4)), rng(4))
    return source


def test_it_is_found_by_name() -> None:
    assert SOURCES["binplay"] is BinPlay


@pytest.mark.parametrize("prefix", ["class", "task", "none"])
def test_exemplars_are_what_golden_layers_decode_from_golden_codes(prefix: str) -> None:
    source = taught(prefix=prefix, hidden=24)
    coder, layers = IndexCode(source._coder.params), source._decoder.golden()
    lfsr = Lfsr(stream_params(11, Stream.EXEMPLAR, 32))
    exemplars, labels = source.draw(50, rng())
    assert labels.tolist() == [i % 4 for i in range(50)]
    for exemplar, label in zip(exemplars, labels.tolist(), strict=True):
        index = label * 6 + (lfsr.tick() * 6 >> 32) + 1
        task = {"class": label + 1, "task": label // 2 + 1, "none": None}[prefix]
        x = coder.codes([index], task)
        for layer in layers:
            x = layer.forward(x)
        assert np.array_equal(unpack(exemplar, FEATURES), x[0])


@pytest.mark.parametrize("start", ["reset", "warm"])
def test_exemplars_of_old_and_new_classes_resemble_them(start: str) -> None:
    source = taught(start=start, hidden=64)
    bits, labels = samples(range(0, 4))
    means = [unpack(bits[labels == label], FEATURES).mean(axis=0) for label in range(4)]
    drawn, drawn_labels = source.draw(400, rng())
    for label in range(4):
        own = unpack(drawn[drawn_labels == label], FEATURES).mean(axis=0)
        distances = [np.abs(own - mean).mean() for mean in means]
        assert np.argmin(distances) == label
        assert distances[label] < 0.2
    facts = source.facts()
    assert facts["decoded_agreement"] > 0.8
    assert facts["rehearsed_agreement"] > 0.8


def test_every_index_of_a_class_is_replayed_equally_often() -> None:
    source = taught(hidden=64, assignment="arrival")
    source._decoded = np.arange(24, dtype=np.uint64)[:, None]  # each index shows itself
    drawn, labels = source.draw(4800, rng())
    assert np.array_equal(drawn[:, 0] // 6, labels)
    assert chisquare(np.bincount(drawn[:, 0].astype(int))).pvalue > 1e-3


@pytest.mark.parametrize("code", [16, 64, 127])
def test_bits_flip_with_the_chance_of_the_code(code: int) -> None:
    plain, flipped = (taught(hidden=8, epochs=2, flip_code=c) for c in (0, code))
    (bits, labels), (other, same) = plain.draw(2000, rng()), flipped.draw(2000, rng())
    assert np.array_equal(labels, same)
    flips = unpack(bits ^ other, FEATURES).sum(axis=0)
    deviation = np.sqrt(2000 * code / 256 * (1 - code / 256))
    assert np.abs(flips - 2000 * code / 256).max() < 4 * deviation
    assert plain.draw(0, rng())[0].shape == flipped.draw(0, rng())[0].shape


def test_greedy_assignment_only_changes_who_has_which_index_of_a_class() -> None:
    source = source_of(samples=5)
    latents = np.sign(rng(5).normal(size=(10, FEATURES))).astype(np.float32)
    decoded, before = latents[[4, 3, 2, 1, 0, 9, 5, 6, 8, 7]], latents.copy()
    source._reassign(latents, decoded, rng(6))
    # Where a decoded embedding is that of one of the samples, this one has the index.
    assert np.array_equal(latents, decoded)
    assert sorted(map(bytes, latents)) == sorted(map(bytes, before))


def test_training_sees_new_samples_and_its_own_past(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(assignment="arrival", epochs=1, batch=1000)
    source.learn(*samples(range(0, 2)), rng(3))
    past = source._decoder.decode(source._codes(range(2)))
    seen = []
    trained = source._decoder.gradients

    def spy(codes: np.ndarray, latents: np.ndarray) -> Any:
        seen.append((codes, latents))
        return trained(codes, latents)

    monkeypatch.setattr(source._decoder, "gradients", spy)
    exemplars, labels = samples(range(2, 4))
    source.learn(exemplars, labels, rng(4))
    ((codes, latents),) = seen
    rows = {bytes(code): latent for code, latent in zip(codes, latents, strict=True)}
    expected = source._codes(range(4))
    assert len(rows) == len(expected) == 24
    assert np.array_equal([rows[bytes(code)] for code in expected[:12]], past)
    real = {bytes(row) for row in 2 * unpack(exemplars, FEATURES).astype(np.float32) - 1}
    assert all(bytes(rows[bytes(code)]) in real for code in expected[12:])


@pytest.mark.parametrize(
    "params", [{}, {"start": "warm", "prefix": "task", "hidden": 8, "flip_code": 9}], ids=str
)
def test_it_goes_on_bit_for_bit(params: dict[str, Any]) -> None:
    first, second = (source_of(epochs=4, requests="weighted", **params) for _ in range(2))
    first.learn(*samples(range(0, 2)), rng(3))
    first.draw(7, rng())
    second.load_state({name: value.copy() for name, value in first.state().items()})
    for source in (first, second):
        source.learn(*samples(range(2, 4)), rng(4))
    assert first.facts() == second.facts()
    for one, other in zip(first.draw(30, rng()), second.draw(30, rng()), strict=True):
        assert np.array_equal(one, other)


def test_ledger_of_bits_alone() -> None:
    # 24 indices want 5 bits: six sub-vectors in 30. So do classes, as six primes want them.
    ledger = source_of(hidden=50).ledger()
    assert {e.name: e.bits for e in ledger} == {
        "decoder weights": 60 * 50 + 50 * FEATURES,
        "class counter": 3,
        "class pointer": 2,
        "random streams": 64,
    }
    assert ledger.bits_paper == 60 * 50 + 50 * FEATURES


def test_ledger_counts_what_stays_of_each_choice() -> None:
    ledger = source_of(start="warm", prefix="task", flip_code=1).ledger()
    entries = {e.name: e.bits for e in ledger}
    assert entries["decoder latent weights"] == 31 * entries["decoder weights"]
    assert entries["task of a class"] == 4 * 2
    assert entries["flip streams"] == 9 * 64


def test_titles() -> None:
    assert BinPlay.label(BinPlayParams()) == "BinPlay 50 indices a class, H = 0"
    other = BinPlayParams(hidden=270, prefix="task")
    assert BinPlay.label(other) == "BinPlay 50 indices a class, H = 270, prefix = task"
