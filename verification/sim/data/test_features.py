# SPDX-License-Identifier: MIT
"""Arrays of features and labels: their split, their names, and every fault named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.data.features import FeatureSet, open_features
from sim.work.errors import UserError
from verification.sim.own_features import clouds, write_features


def opened(folder: Path) -> FeatureSet:
    """Open what lies in a folder; a file that is not there is not given."""
    paths = [folder / name for name in ("X.npy", "y.npy", "X2.npy", "y2.npy", "names.txt")]
    optional = [path if path.exists() else None for path in paths[2:]]
    return open_features(paths[0], paths[1], *optional)


def test_every_sixth_sample_of_a_class_is_for_the_test(tmp_path: Path) -> None:
    labels = np.array([0] * 7 + [1, 0] * 6, np.uint16)
    np.save(tmp_path / "X.npy", np.arange(2 * len(labels)).reshape(-1, 2))
    np.save(tmp_path / "y.npy", labels)
    data = opened(tmp_path)
    # Sample 5 of class 0 is row 5, its sample 11 row 16; sample 5 of class 1 is row 17.
    assert data.test.rows.tolist() == [5, 16, 17]
    assert data.test.labels.tolist() == [0, 0, 1]
    assert sorted([*data.train.rows, *data.test.rows]) == list(range(len(labels)))
    assert "in whose order every 6th sample of a class is a test sample" in data.provenance


def test_a_split_that_is_given_is_kept(tmp_path: Path) -> None:
    train, train_labels = write_features(tmp_path)
    test, test_labels = clouds(per_class=3, seed=1)
    np.save(tmp_path / "X2.npy", test)
    np.save(tmp_path / "y2.npy", test_labels)
    (tmp_path / "names.txt").write_text("cat\ndog\ncow\nhen\nfox\npig\n\n")
    data = opened(tmp_path)
    assert data.class_names == ("cat", "dog", "cow", "hen", "fox", "pig")
    for part, x, y in ((data.train, train, train_labels), (data.test, test, test_labels)):
        np.testing.assert_array_equal(part.labels, y)
        ((places, values),) = part.blocks(1)
        assert (places, values.dtype) == (slice(0, len(x)), np.float64)
        np.testing.assert_array_equal(values, x)
    assert "features of X.npy (SHA-256 " in data.provenance
    assert " to train and of X2.npy (SHA-256 " in data.provenance


def test_rows_that_are_chosen_come_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, _ = write_features(tmp_path)
    part = opened(tmp_path).train.of_classes(np.array([3, 0]))
    monkeypatch.setattr("sim.data.features._BLOCK", 100)
    blocks = list(part.blocks(25, slice(2, 9)))
    assert {len(values) for _, values in blocks[:-1]} == {4}
    np.testing.assert_array_equal(np.concatenate([v for _, v in blocks]), x[part.rows, 2:9])
    assert set(part.labels) == {0, 3}


def save(name: str, array: object) -> Callable[[Path], object]:
    return lambda folder: np.save(folder / name, np.array(array))


def text(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(content)


Y = np.repeat(np.arange(6), 60)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            text("X.npy", "1,2,3"),
            r"X\.npy must be an array of NumPy, \.npy: it begins with b'1,2,3'$",
        ),
        (text("y.npy", ""), r"y\.npy must be an array of NumPy, \.npy: it begins with b''$"),
        (
            save("X.npy", np.zeros((360, 2), object)),
            r"X\.npy must be an array of NumPy, \.npy: it holds Python objects, not numbers or te",
        ),
        (lambda f: (f / "X.npy").unlink(), r"X\.npy cannot be read: no such file"),
        (
            lambda f: (f / "X.npy").write_bytes((f / "X.npy").read_bytes()[:-1]),
            r"X\.npy must be an array of NumPy, \.npy: it is cut short$",
        ),
        (save("X.npy", np.zeros(360)), r"X\.npy must be an array of \(samples, features\), not"),
        (save("X.npy", np.zeros((360, 2, 2))), r"not of shape \(360, 2, 2\)"),
        (save("X.npy", np.zeros((360, 0))), r"X\.npy must be an array of"),
        (
            save("X.npy", np.zeros((360, 2), complex)),
            r"hold real numbers of 64 bits at most, not c",
        ),
        (
            save("X.npy", np.full((360, 2), "a")),
            r"X\.npy must hold real numbers of 64 bits at most",
        ),
        (save("X.npy", np.zeros((359, 2))), r"a label for each of the 359 samples of .*X\.npy, at"),
        (
            save("y.npy", np.zeros((360, 1), int)),
            r"y\.npy must be an array of \(samples,\) integers",
        ),
        (save("y.npy", Y.astype(str)), r"not of <U21 .*: names go into the file of --names$"),
        (save("y.npy", Y.astype(float)), r"not of float64 and shape \(360,\)"),
        (save("y.npy", Y - 1), r"y\.npy must hold classes in 0\.\.65535, not -1"),
        (save("y.npy", Y + 70_000), r"y\.npy must hold classes in 0\.\.65535, not 70000"),
        (
            save("y.npy", Y + 1),
            r"training samples of every class from 0 to 6, and class 0 has none$",
        ),
        (
            save("y.npy", [*Y[:-5], 6, 6, 6, 6, 6]),
            r"0 to 6, and class 6 has none: without --test-features, every 6th is one$",
        ),
        (save("X2.npy", np.zeros((9, 31))), r"X2\.npy must have the 32 features a sample of .*X"),
        (save("y2.npy", [0, 1, 2, 3, 4, 4, 4, 4, 4]), r"y2\.npy must have test samples of every"),
        (
            save("y2.npy", [0, 1, 2, 3, 4, 5, 6, 6, 6]),
            r"y\.npy must have training samples of every",
        ),
        (text("names.txt", "a\nb\n"), r"names\.txt must have a line for each of 6 classes, not 2"),
        (text("names.txt", "a\nb\nc\na\ne\nf"), r"a name of its own, not 'a'"),
        (text("names.txt", "a\nb\n\nd\ne\nf"), r"a name of its own, not ''"),
        (text("names.txt", "a\nb\nc\n\x1b[31m\ne\nf"), r"of characters to print, not '\\x1b\[31m'"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, spoil: Callable[[Path], object], message: str) -> None:
    write_features(tmp_path)
    if "2" in message.partition(" ")[0] or "y\\.npy must have training" in message:
        np.save(tmp_path / "X2.npy", np.zeros((9, 32)))
        np.save(tmp_path / "y2.npy", np.arange(9) % 6)
    spoil(tmp_path)
    with pytest.raises(UserError, match=message):
        opened(tmp_path)


def test_an_archive_of_arrays_is_no_array(tmp_path: Path) -> None:
    write_features(tmp_path)
    np.savez(tmp_path / "X.npz", a=np.zeros(3))
    (tmp_path / "X.npz").rename(tmp_path / "X.npy")
    with pytest.raises(UserError, match=r"must be one array of NumPy, \.npy, not an archive of"):
        opened(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2e38])
@pytest.mark.parametrize("columns", [slice(None), slice(3, 9)])
def test_a_feature_that_is_not_finite_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float, columns: slice
) -> None:
    x, labels = write_features(tmp_path)
    row = int(np.flatnonzero(labels == 2)[40])
    x[row, 5] = value
    np.save(tmp_path / "X.npy", x)
    monkeypatch.setattr("sim.data.features._BLOCK", 320)
    train = opened(tmp_path).train
    found = rf"X\.npy: features must be finite numbers below 1e\+38, and feature 5 of row {row} is "
    for part in (train, train.of_classes(np.array([2]))):
        with pytest.raises(UserError, match=found):
            list(part.blocks(32, columns))
    assert all(len(values) for _, values in train.of_classes(np.array([1])).blocks(32, columns))
