# SPDX-License-Identifier: MIT
import contextlib
import gzip
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.data.datasets import ImageSet, load
from sim.data.datasets.idx import read_idx
from sim.work.errors import UserError

STEMS = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def idx(array: np.ndarray) -> bytes:
    """The idx format, written from its published description."""
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return {
        STEMS[0]: rng.integers(0, 256, (12, 3, 4)),
        STEMS[1]: np.arange(12) % 10,
        STEMS[2]: rng.integers(0, 256, (5, 3, 4)),
        STEMS[3]: np.array([9, 8, 0, 0, 1]),
    }


def write_archive(folder: Path, compressed: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, array in arrays().items():
        if compressed:
            (folder / f"{stem}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (folder / stem).write_bytes(idx(array))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("place", [".", "mnist"])
def test_an_archive_is_read_as_it_was_written(tmp_path: Path, place: str, compressed: bool) -> None:
    write_archive(tmp_path / place, compressed)
    mnist = load("mnist", tmp_path)
    expected = arrays()
    np.testing.assert_array_equal(mnist.train_images[..., 0], expected[STEMS[0]])
    np.testing.assert_array_equal(mnist.train_labels, expected[STEMS[1]])
    np.testing.assert_array_equal(mnist.test_images[..., 0], expected[STEMS[2]])
    np.testing.assert_array_equal(mnist.test_labels, expected[STEMS[3]])
    assert mnist.train_images.shape == (12, 3, 4, 1)
    assert mnist.train_images.dtype == np.uint8
    assert mnist.train_labels.dtype == np.int64
    assert mnist.pixel_bits == 8


@pytest.mark.parametrize("place", ["", "mnist", "MNIST/raw"])
@pytest.mark.parametrize(
    "spelling",
    ["{dash}", "{dot}", "{dash}.gz", "{dot}.gz", "{dash}/{dash}", "{dot}/{dash}", "{dash}/{dot}"],
)
def test_files_are_found_under_the_names_that_archives_give_them(
    tmp_path: Path, place: str, spelling: str
) -> None:
    for stem, array in arrays().items():
        name = spelling.format(dash=stem, dot=stem.replace("-idx", ".idx"))
        path = tmp_path / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(idx(array)) if name.endswith(".gz") else idx(array))
    mnist = load("mnist", tmp_path)
    np.testing.assert_array_equal(mnist.train_images[..., 0], arrays()[STEMS[0]])
    assert mnist.test_labels.tolist() == [9, 8, 0, 0, 1]


def test_each_of_the_two_data_sets_prefers_the_folder_of_its_name(tmp_path: Path) -> None:
    write_archive(tmp_path / "mnist")
    write_archive(tmp_path / "fashion-mnist")
    clothes = np.full(12, 3)
    (tmp_path / "fashion-mnist" / f"{STEMS[1]}.gz").write_bytes(gzip.compress(idx(clothes)))
    assert load("fashion-mnist", tmp_path).train_labels.tolist() == clothes.tolist()
    assert load("fashion-mnist", tmp_path).class_names[9] == "ankle boot"
    assert load("mnist", tmp_path).train_labels.tolist() == arrays()[STEMS[1]].tolist()


@pytest.mark.parametrize("stem", STEMS)
def test_a_missing_file_is_named_with_the_places_looked_at_and_its_source(
    tmp_path: Path, stem: str
) -> None:
    write_archive(tmp_path)
    (tmp_path / f"{stem}.gz").unlink()
    message = (
        f"MNIST file {stem} (or {stem}.gz) is neither in {tmp_path / 'mnist'} nor in {tmp_path}; "
        "it is published at https://yann.lecun.com/exdb/mnist/"
    )
    with pytest.raises(UserError, match=re.escape(message)):
        load("mnist", tmp_path)


def test_a_file_is_held_to_its_header(tmp_path: Path) -> None:
    good = idx(arrays()[STEMS[0]])
    path = tmp_path / "images"
    for data, message in (
        (good[:-1], "images must hold 160 bytes for 12 x 3 x 4 items, not 159"),
        (good + b"\0", "images must hold 160 bytes for 12 x 3 x 4 items, not 161"),
        (good[:9], "images must have a header of 16 bytes, not 9"),
        (b"", "images must begin with the idx magic 00000803, not "),
        (b"\0\0\x0d\x03" + good[4:], "images must begin with the idx magic 00000803, not 00000d03"),
        (idx(np.zeros(3)), "images must begin with the idx magic 00000803, not 00000801"),
        (good[:4] + b"\xff" * 4 + good[8:], "must hold 51539607556 bytes for 4294967295 x 3 x 4 "),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=re.escape(message)):
            read_idx(path, 3)


def test_a_damaged_compressed_file_is_named(tmp_path: Path) -> None:
    good = gzip.compress(idx(arrays()[STEMS[0]]))
    path = tmp_path / "images.gz"
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0x40
    for data, message in (
        (good[:-10], "images.gz is damaged: it is cut short"),
        (bytes(flipped), "images.gz is damaged: "),
        (b"no gzip at all", "images.gz is damaged: Not a gzipped file"),
        (b"", "images.gz must begin with the idx magic"),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=re.escape(message)):
            read_idx(path, 3)


def test_no_single_flipped_bit_of_a_compressed_file_goes_unseen(tmp_path: Path) -> None:
    images = arrays()[STEMS[0]]
    good = gzip.compress(idx(images))
    path = tmp_path / "images.gz"
    for position in range(len(good) * 8):
        data = bytearray(good)
        data[position // 8] ^= 1 << (position % 8)
        path.write_bytes(data)
        # Some bits, such as the time stamp, do not touch the data.
        with contextlib.suppress(UserError):
            np.testing.assert_array_equal(read_idx(path, 3), images)


def test_labels_must_match_images_and_classes(tmp_path: Path) -> None:
    write_archive(tmp_path, compressed=False)
    labels = tmp_path / STEMS[1]
    labels.write_bytes(idx(np.zeros(11)))
    with pytest.raises(UserError, match="must hold 12 labels, one for every image, not 11"):
        load("mnist", tmp_path)
    labels.write_bytes(idx(np.full(12, 10)))
    with pytest.raises(
        UserError, match=r"train-labels-idx1-ubyte must hold labels in 0..9, not 10"
    ):
        load("mnist", tmp_path)


def test_test_images_must_be_of_the_size_of_the_training_images(tmp_path: Path) -> None:
    write_archive(tmp_path, compressed=False)
    (tmp_path / STEMS[2]).write_bytes(idx(np.zeros((5, 4, 4))))
    message = (
        r"MNIST test images must be of the \(3, 4\) pixels of the training images, not \(4, 4\)"
    )
    with pytest.raises(UserError, match=message):
        load("mnist", tmp_path)


def test_the_real_mnist_has_its_published_size_and_first_labels(
    load_real: Callable[[str], ImageSet],
) -> None:
    mnist = load_real("mnist")
    assert mnist.train_images.shape == (60000, 28, 28, 1)
    assert mnist.test_images.shape == (10000, 28, 28, 1)
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(mnist.train_labels).tolist() == counts


OWN = {
    "train-images": np.arange(4 * 6, dtype=np.uint8).reshape(4, 2, 3),
    "train-labels": np.array([0, 2, 1, 1], np.uint8),
    "t10k-images": np.arange(3 * 6, dtype=np.uint8).reshape(3, 2, 3) + 100,
    "t10k-labels": np.array([2, 0, 1], np.uint8),
}


def write_own(folder: Path, before: str = "", test: str = "t10k", dash: str = "-") -> None:
    folder.mkdir()
    for name, array in OWN.items():
        stem = f"{before}{name.replace('t10k', test)}{dash}idx{array.ndim}-ubyte"
        if before:
            (folder / f"{stem}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (folder / stem).write_bytes(idx(array))


@pytest.mark.parametrize(
    ("before", "test", "dash"), [("", "t10k", "-"), ("", "t10k", "."), ("emnist-own-", "test", "-")]
)
def test_a_folder_of_idx_files_is_data_of_a_user(
    tmp_path: Path, before: str, test: str, dash: str
) -> None:
    write_own(tmp_path / "mine", before, test, dash)
    (tmp_path / "mine" / "readme.txt").touch()
    found = load(f"{tmp_path}/mine")
    assert found.class_names == ("0", "1", "2")
    assert found.train_images[..., 0].tolist() == OWN["train-images"].tolist()
    assert found.test_images[..., 0].tolist() == OWN["t10k-images"].tolist()
    assert found.train_labels.tolist() == [0, 2, 1, 1]
    assert found.test_labels.tolist() == [2, 0, 1]
    assert load(f"{tmp_path}/mine", resize="4x4").test_images.shape == (3, 4, 4, 1)


def test_a_folder_of_idx_files_must_have_each_once(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write_own(folder)
    images = folder / "t10k-images-idx3-ubyte"
    (folder / "t10k-images.idx3-ubyte").write_bytes(images.read_bytes())
    told = (
        r"mine must have one file t10k-images-idx3-ubyte, plain or \.gz, not 2: t10k-images-idx3-"
    )
    with pytest.raises(UserError, match=told):
        load(f"{tmp_path}/mine")
    images.unlink()
    (folder / "t10k-images.idx3-ubyte").unlink()
    with pytest.raises(UserError, match=r"one file t10k-images-idx3-ubyte, plain or \.gz, not 0$"):
        load(f"{tmp_path}/mine")


def test_idx_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    write_own(tmp_path / "mine")
    labels = tmp_path / "mine" / "train-labels-idx1-ubyte"
    labels.write_bytes(idx(np.array([0, 1, 2], np.uint8)))
    with pytest.raises(UserError, match=r"train-labels-idx1-ubyte must be integers, one for each"):
        load(f"{tmp_path}/mine")
