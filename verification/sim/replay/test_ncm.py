# SPDX-License-Identifier: MIT
"""Nearest class mean against plain distances in fractions, and against Hamming distance."""

from fractions import Fraction

import numpy as np
import pytest

from golden.bernoulli import encode, probability
from golden.bits import pack
from sim.replay import SOURCES, Classifier, ReplayContext

FEATURES, CLASSES = 70, 5


def samples(seed: int, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with means of their own, the same for every seed."""
    means = np.random.default_rng(0).beta(0.7, 0.7, (CLASSES, FEATURES))
    labels = np.repeat(np.arange(CLASSES), each)
    return np.random.default_rng(seed).random((len(labels), FEATURES)) < means[labels], labels


def taught(name: str, each: int = 61, **params: int) -> Classifier:
    context = ReplayContext(features=FEATURES, classes=CLASSES, seed=0)
    source = SOURCES[name](SOURCES[name].Params.model_validate(params), context)
    assert isinstance(source, Classifier)
    bits, labels = samples(1, each)
    source.learn(pack(bits), labels, np.random.default_rng(2))
    return source


def random_bits(count: int) -> np.ndarray:
    return np.random.default_rng(5).random((count, FEATURES)) < 0.5


@pytest.mark.parametrize("bipolar", [False, True], ids=["0 and 1", "-1 and +1"])
@pytest.mark.parametrize("q", [1, 2, 3, 8, 16])
def test_nearest_mean_is_that_of_plain_euclidean_distance(q: int, bipolar: bool) -> None:
    bits, labels = samples(1, 61)
    scale, shift = (2, 1) if bipolar else (1, 0)
    means = [
        [scale * Fraction(p) - shift for p in probability(encode(mean, q), q).tolist()]
        for mean in (bits[labels == label].mean(axis=0) for label in range(CLASSES))
    ]
    expected = []
    fresh = np.concatenate([random_bits(15), samples(3, 3)[0]])
    for x in scale * fresh.astype(int) - shift:
        distances = [sum((int(v) - w) ** 2 for v, w in zip(x, mean, strict=True)) for mean in means]
        expected.append(distances.index(min(distances)))
    assert taught("ncm", code_width=q).classify(pack(fresh)).tolist() == expected


def test_codes_of_one_bit_are_the_nearest_prototype_by_hamming_distance() -> None:
    # Of an odd number of samples no mean is one half, where the two round apart.
    bits = pack(random_bits(500))
    own, hamming = taught("ncm", code_width=1), taught("hamming")
    np.testing.assert_array_equal(own.classify(bits), hamming.classify(bits))
    np.testing.assert_array_equal(own.state()["codes"], hamming.state()["codes"])


def test_a_mean_of_one_half_is_a_0_by_the_contract_and_a_1_by_majority() -> None:
    own, hamming = taught("ncm", each=60, code_width=1), taught("hamming", each=60)
    bits, labels = samples(1, 60)
    half = np.array([bits[labels == c].mean(axis=0) for c in range(CLASSES)]) == 0.5
    assert half.any()
    codes = own.state()["codes"], hamming.state()["codes"]
    assert set(codes[0][half]) == {0}
    assert set(codes[1][half]) == {1}
    np.testing.assert_array_equal(codes[0][~half], codes[1][~half])


def test_several_prototypes_answer_for_their_class() -> None:
    source = taught("ncm", components=3, code_width=4)
    state = source.state()
    owners = np.repeat(np.arange(CLASSES), state["components"])
    assert len(owners) > CLASSES
    means = probability(state["codes"], 4)
    bits = random_bits(100)
    distances = ((bits[:, None, :] - means) ** 2).sum(axis=2)
    best = distances.min(axis=1, keepdims=True)
    clear = (distances < best + 1e-9).sum(axis=1) == 1
    assert clear.sum() > 90
    found = source.classify(pack(bits))
    np.testing.assert_array_equal(found[clear], owners[distances.argmin(axis=1)][clear])


def test_ledger_is_the_codes_and_where_they_lie() -> None:
    ledger = taught("ncm", components=2, code_width=3).ledger()
    assert {e.name: e.bits for e in ledger} == {
        "prototypes": 2 * FEATURES * CLASSES * 3,
        "class table": CLASSES * 4,
        "fill pointers": 3 + 4,
    }


def test_state_brings_back_every_answer() -> None:
    source = taught("ncm", components=2, code_width=5)
    copy = SOURCES["ncm"](source.params, source.context)
    copy.load_state(source.state())
    assert isinstance(copy, Classifier)
    bits = pack(random_bits(200))
    np.testing.assert_array_equal(copy.classify(bits), source.classify(bits))


def test_label_names_components_and_code_width() -> None:
    params = SOURCES["ncm"].Params.model_validate({"code_width": 4})
    assert SOURCES["ncm"].label(params) == "nearest mean K = 1, q = 4"
