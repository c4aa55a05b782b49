# SPDX-License-Identifier: MIT
"""Binarizers of real features: each against its plain definition, and blind to later classes."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.bits import unpack
from sim.data.bank_file import encode_bank
from sim.data.binarize import (
    SEED,
    binarize,
    constant_bits,
    encode_binarizer,
    fit_binarizer,
    read_binarizer,
)
from sim.data.feature_binarizer import BinarizerSpec
from sim.data.features import FeatureSet, open_features
from sim.work.arrays_file import save_arrays
from sim.work.errors import UserError
from verification.sim.own_features import write_features

CODES = ["sign", "median", "thermometer:1", "thermometer:5", "projection:70"]
BASE = np.array([4, 1])


def opened(folder: Path) -> FeatureSet:
    return open_features(folder / "X.npy", folder / "y.npy", None, None, None)


def split(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which samples are for the test, one after the other."""
    seen: dict[int, int] = {}
    test = []
    for label in labels.tolist():
        test.append(seen.get(label, 0) % 6 == 5)
        seen[label] = seen.get(label, 0) + 1
    return np.array(test)


def plain_bits(code: str, x: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray:
    """Return the bits of `x` by the definition, with thresholds of the samples `base`."""
    kind, _, size = code.partition(":")
    if kind == "sign":
        return x >= 0
    if kind == "median":
        return x >= np.median(base, axis=0)
    if kind == "thermometer":
        p = int(size)
        columns = [
            x[:, i] >= np.quantile(base[:, i], (j + 1) / (p + 1))
            for i in range(x.shape[1])
            for j in range(p)
        ]
        return np.array(columns).T
    signs = 2 * np.random.default_rng(SEED).integers(0, 2, (int(size), x.shape[1]), np.int8) - 1
    step = 2.0 ** (np.floor(np.log2(np.abs(base).max())) - 15)

    def sums(values: NDArray[np.float64]) -> NDArray[np.int64]:
        whole = np.floor(values / step + 0.5).astype(np.int64)
        return np.array([(whole * row).sum(axis=1) for row in signs.astype(np.int64)]).T

    return sums(x) >= np.median(sums(base), axis=0)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int8"])
@pytest.mark.parametrize("code", CODES)
def test_bits_are_those_of_the_plain_definition(tmp_path: Path, code: str, kind: str) -> None:
    x, labels = write_features(tmp_path, features=9)
    x = (20 * x).astype(kind)
    np.save(tmp_path / "X.npy", x)
    data = opened(tmp_path)
    spec = BinarizerSpec.parse(code)
    binarizer = fit_binarizer(spec, data, BASE)
    done: list[int] = []
    bank = binarize(data, binarizer, "0" * 64, done.append)
    test = split(labels)
    base = x[~test & np.isin(labels, BASE)].astype(np.float64)
    expected = plain_bits(code, x.astype(np.float64), base)
    assert expected.shape[1] == bank.features == binarizer.bits
    np.testing.assert_array_equal(unpack(bank.train, bank.features), expected[~test])
    np.testing.assert_array_equal(unpack(bank.test, bank.features), expected[test])
    np.testing.assert_array_equal(bank.train_labels, labels[~test])
    np.testing.assert_array_equal(bank.test_labels, labels[test])
    assert sum(done) == len(x)
    assert (bank.network_sha256, bank.data, bank.data_sha256) == ("", "X.npy", "")
    assert bank.trained_classes() == (frozenset({1, 4}) if spec.fitted else frozenset())


def test_a_median_is_reached_by_half_of_the_base_samples(tmp_path: Path) -> None:
    write_features(tmp_path)
    data = opened(tmp_path)
    for code in ("median", "projection:40"):
        binarizer = fit_binarizer(BinarizerSpec.parse(code), data, BASE)
        bank = binarize(data, binarizer, "", lambda _: None)
        bits = unpack(bank.train[np.isin(bank.train_labels, BASE)], bank.features)
        assert (bits.sum(axis=0) == len(bits) // 2).all()
        assert constant_bits(bank) == 0


@pytest.mark.parametrize("code", CODES)
def test_no_later_class_and_no_test_sample_moves_a_threshold(tmp_path: Path, code: str) -> None:
    x, labels = write_features(tmp_path)
    spec = BinarizerSpec.parse(code)
    before = encode_binarizer(fit_binarizer(spec, opened(tmp_path), BASE))
    base = ~split(labels) & np.isin(labels, BASE)
    for change in (1e30, -1e30, 0.0):
        x[~base] = change
        np.save(tmp_path / "X.npy", x)
        assert encode_binarizer(fit_binarizer(spec, opened(tmp_path), BASE)) == before
    # The test can fail: a base sample does move them.
    x[np.flatnonzero(base)[::3]] += 3
    np.save(tmp_path / "X.npy", x)
    after = encode_binarizer(fit_binarizer(spec, opened(tmp_path), BASE))
    assert (after != before) == spec.fitted


@pytest.mark.parametrize("code", CODES)
def test_bits_depend_on_no_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    write_features(tmp_path)
    data, spec = opened(tmp_path), BinarizerSpec.parse(code)

    def made() -> tuple[bytes, bytes]:
        binarizer = fit_binarizer(spec, data, BASE)
        bank = binarize(data, binarizer, "", lambda _: None)
        return encode_binarizer(binarizer), bank.train.tobytes() + bank.test.tobytes()

    whole = made()
    monkeypatch.setattr("sim.data.features._BLOCK", 333)
    monkeypatch.setattr("sim.data.binarize._FITTED", 700)
    assert made() == whole


def test_sums_are_exact_and_saturate(tmp_path: Path) -> None:
    x, _ = write_features(tmp_path, features=3)
    binarizer = fit_binarizer(BinarizerSpec.parse("projection:8"), opened(tmp_path), BASE)
    assert binarizer.signs is not None
    largest = np.full((1, 3), 1e37)
    whole = 2**20 * binarizer.signs.sum(axis=1, dtype=np.int64)
    expected = whole >= binarizer.thresholds[:, 0]
    np.testing.assert_array_equal(unpack(binarizer.encode(largest), 8)[0], expected)
    np.testing.assert_array_equal(unpack(binarizer.encode(-largest), 8)[0], ~expected)


@pytest.mark.parametrize("value", [0.0, 5e-324, -1e-300])
@pytest.mark.parametrize("code", CODES)
def test_features_without_a_spread_have_bits_all_the_same(
    tmp_path: Path, code: str, value: float
) -> None:
    x, _ = write_features(tmp_path)
    np.save(tmp_path / "X.npy", np.full(x.shape, value))
    data = opened(tmp_path)
    bank = binarize(data, fit_binarizer(BinarizerSpec.parse(code), data, BASE), "", lambda _: None)
    assert constant_bits(bank) == bank.features
    assert unpack(bank.test, bank.features).all() == (code != "sign" or value >= 0)


@pytest.mark.parametrize("code", CODES)
def test_a_binarizer_comes_back_from_its_file(tmp_path: Path, code: str) -> None:
    write_features(tmp_path)
    data = opened(tmp_path)
    made = fit_binarizer(BinarizerSpec.parse(code), data, BASE)
    path = tmp_path / "b.npz"
    path.write_bytes(encode_binarizer(made))
    back = read_binarizer(path)
    assert encode_binarizer(back) == encode_binarizer(made)
    one, other = (binarize(data, b, "", lambda _: None) for b in (made, back))
    np.testing.assert_array_equal(one.train, other.train)
    # Whoever has NumPy alone can read the thresholds.
    with np.load(path) as arrays:
        np.testing.assert_array_equal(arrays["thresholds"], made.thresholds)


def test_a_bank_is_no_binarizer(tmp_path: Path) -> None:
    write_features(tmp_path)
    data = opened(tmp_path)
    made = fit_binarizer(BinarizerSpec.parse("sign"), data, np.arange(2))
    (tmp_path / "bank.bin").write_bytes(encode_bank(binarize(data, made, "", lambda _: None)))
    with pytest.raises(UserError, match=r"bank\.bin must be an archive of arrays: it begins with"):
        read_binarizer(tmp_path / "bank.bin")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"code": np.array("round")}, r"must be one of sign, median, thermometer:P, projection:N"),
        ({"code": np.array("sign:3")}, r"must be one of sign, .* not 'sign:3'"),
        ({"thresholds": np.zeros((3, 2))}, r"Thresholds must be 1 for each value, not of shape"),
        ({"thresholds": np.full((3, 1), np.nan)}, r"must be finite numbers in ascending order"),
        ({"signs": np.ones((3, 3), np.int8)}, r"Signs must be there for a projection, and for no"),
        ({"code": np.array("projection:3")}, r"Signs must be there for a projection, and for no"),
        ({"names": np.array(["a"])}, r"Names must be 2, one a class, not \('a',\)"),
        ({"labels": None}, r"must be a binarizer that engram bank wrote: 'labels'"),
    ],
)
def test_a_foreign_file_is_no_binarizer(tmp_path: Path, change: dict, message: str) -> None:
    arrays = {
        "code": np.array("median"),
        "thresholds": np.zeros((3, 1)),
        "labels": np.array([0, 1]),
        "names": np.array(["0", "1"]),
    }
    save_arrays(tmp_path / "b", {k: v for k, v in (arrays | change).items() if v is not None})
    with pytest.raises(UserError, match=message):
        read_binarizer(tmp_path / "b")


@pytest.mark.parametrize("code", ["median", "projection:256"])
def test_no_more_than_a_block_is_in_memory_beside_the_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    rng = np.random.default_rng(0)
    shape, file = (40_000, 128), tmp_path / "X.npy"
    x = np.lib.format.open_memmap(file, "w+", np.float32, shape)
    x[:] = rng.normal(size=shape)
    x.flush()
    np.save(tmp_path / "y.npy", rng.integers(0, 4, len(x)))
    monkeypatch.setattr("sim.data.features._BLOCK", 2**15)
    monkeypatch.setattr("sim.data.binarize._FITTED", 2**17)
    data = opened(tmp_path)
    tracemalloc.start()
    try:
        bank = binarize(
            data, fit_binarizer(BinarizerSpec.parse(code), data, BASE[1:]), "", lambda _: None
        )
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    kept = bank.train.nbytes + bank.test.nbytes
    # 1 MiB to fit and a quarter for a block, with what NumPy copies of both; all is 20 MB.
    assert most < kept + 3 * 2**20
    assert file.stat().st_size > 3 * most
