# SPDX-License-Identifier: MIT
import os
import pickle
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.data.datasets import ImageSet, load
from sim.data.datasets.cifar import read_pickle
from sim.work.errors import UserError


def pixels(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3072)).astype(np.uint8)


def write(path: Path, entry: Any, protocol: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(entry, protocol=protocol))


def write_cifar100(folder: Path) -> None:
    names = [b"class_%d" % i for i in range(100)]
    write(folder / "meta", {b"fine_label_names": names, b"coarse_label_names": []})
    write(folder / "train", {b"data": pixels(4, 1), b"fine_labels": [99, 0, 5, 5]})
    write(folder / "test", {b"data": pixels(2, 2), b"fine_labels": [7, 8]})


def write_cifar10(folder: Path) -> None:
    write(folder / "batches.meta", {"label_names": list("abcdefghij")})
    for i in range(1, 6):
        write(folder / f"data_batch_{i}", {"data": pixels(2, i), "labels": [i, 0]}, protocol=4)
    write(folder / "test_batch", {"data": pixels(3, 6), "labels": [1, 2, 3]})


def as_python_2_wrote_it(rows: np.ndarray, labels: list[int]) -> bytes:
    """An entry in the opcodes of Python 2's protocol 2, as in the published archives."""

    def text(value: str) -> bytes:
        return b"U" + bytes((len(value),)) + value.encode()

    def name(module: str, attribute: str) -> bytes:
        return f"c{module}\n{attribute}\n".encode()

    count, width = rows.shape
    empty = name("numpy.core.multiarray", "_reconstruct") + name("numpy", "ndarray")
    empty += b"K\x00\x85" + text("b") + b"\x87R"
    dtype = name("numpy", "dtype") + text("u1") + b"K\x00K\x01\x87R"
    dtype += b"(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    raw = rows.tobytes()
    state = b"(K\x01K" + bytes((count,)) + b"M" + struct.pack("<H", width) + b"\x86" + dtype
    state += b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb"
    items = b"".join(b"K" + bytes((label,)) for label in labels)
    entry = text("data") + empty + state + text("fine_labels") + b"](" + items + b"e"
    return b"\x80\x02}(" + entry + b"u."


def test_cifar100_is_the_same_data_in_every_order_of_the_archive(tmp_path: Path) -> None:
    data, labels = pixels(40, 3), np.arange(40) % 4
    names = [b"image_%03d.png" % n for n in np.random.default_rng(0).permutation(40)]
    rng, digests = np.random.default_rng(1), set()
    for copy in ("a", "b", "sorted"):
        order = rng.permutation(40) if copy != "sorted" else np.lexsort((names, labels))
        entry = {b"data": data[order], b"fine_labels": labels[order].tolist()}
        if copy != "sorted":  # in order, an archive needs no names
            entry[b"filenames"] = [names[i] for i in order]
        write_cifar100(tmp_path / copy)
        write(tmp_path / copy / "train", entry)
        digests.add(load("cifar100", tmp_path / copy).digest())
    assert len(digests) == 1


def test_file_names_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_cifar100(tmp_path)
    entry = {b"data": pixels(2, 1), b"fine_labels": [1, 2], b"filenames": [b"one"]}
    write(tmp_path / "train", entry)
    with pytest.raises(UserError, match=r"train must hold a list filenames with one for each of 2"):
        load("cifar100", tmp_path)


@pytest.mark.parametrize("inside", [False, True])
def test_cifar100_is_read_as_it_was_written(tmp_path: Path, inside: bool) -> None:
    folder = tmp_path / "cifar-100-python"
    write_cifar100(folder)
    cifar = load("cifar100", folder if inside else tmp_path)
    assert cifar.train_labels.tolist() == [0, 5, 5, 99]
    assert cifar.test_labels.tolist() == [7, 8]
    assert cifar.train_labels.dtype == np.int64
    assert cifar.class_names[99] == "class_99"
    assert cifar.pixel_bits == 8
    assert cifar.train_images.shape == (4, 32, 32, 3)
    source = pixels(4, 1)
    for place, sample, row, column, colour in ((3, 0, 0, 0, 0), (0, 1, 0, 31, 1), (2, 3, 31, 2, 2)):
        flat = colour * 1024 + row * 32 + column
        assert cifar.train_images[place, row, column, colour] == source[sample, flat]


def test_cifar10_joins_its_batches_in_order(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-py")
    cifar = load("cifar10", tmp_path)
    assert cifar.train_labels.tolist() == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0]
    assert cifar.test_labels.tolist() == [1, 2, 3]
    assert cifar.class_names == tuple("abcdefghij")
    assert cifar.train_images[8, 0, 0, 0] == pixels(2, 5)[0, 0]


def test_pickles_of_protocol_5_are_read(tmp_path: Path) -> None:
    rows = pixels(6, 3)
    for order in ("C", "F"):
        write(tmp_path / "train", {"data": np.asarray(rows, order=order)}, protocol=5)
        assert b"_frombuffer" in (tmp_path / "train").read_bytes()
        np.testing.assert_array_equal(read_pickle(tmp_path / "train")["data"], rows)
    write(tmp_path / "train", {"data": np.array([{}])}, protocol=5)
    with pytest.raises(UserError, match="must hold plain arrays only"):
        read_pickle(tmp_path / "train")


def test_an_archive_of_python_2_is_read(tmp_path: Path) -> None:
    write_cifar100(tmp_path)
    rows = pixels(3, 9)
    (tmp_path / "train").write_bytes(as_python_2_wrote_it(rows, [1, 2, 3]))
    cifar = load("cifar100", tmp_path)
    np.testing.assert_array_equal(cifar.train_images[2, :, :, 1].ravel(), rows[2, 1024:2048])
    assert cifar.train_labels.tolist() == [1, 2, 3]


@pytest.mark.parametrize("name", ["meta", "train", "test"])
def test_a_missing_file_is_named_with_its_source(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "cifar-100-python"
    write_cifar100(folder)
    (folder / name).unlink()
    message = f"{folder / name} does not exist; the archive is published at https://www.cs.toronto"
    with pytest.raises(UserError, match=re.escape(message)):
        load("cifar100", tmp_path)


class Payload:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    ("payload", "refused"),
    [
        (Payload(os.system, "touch planted"), f"{os.system.__module__}.system"),
        (Payload(eval, "1 + 1"), "(__builtin__|builtins).eval"),
        (Payload(np.load, "planted"), "numpy.load"),
        (np.array([Payload(eval, "1")], dtype=object), "an array of objects"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_that_asks_for_more_than_arrays_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, payload: Any, refused: str, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "train", {"data": payload}, protocol)
    with pytest.raises(UserError, match=f"train must hold plain arrays only, not {refused}"):
        read_pickle(tmp_path / "train")
    assert not (tmp_path / "planted").exists()


def test_text_in_another_encoding_than_latin1_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train").write_bytes(
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R."
    )
    with pytest.raises(UserError, match="must hold plain arrays only, not text in hex"):
        read_pickle(tmp_path / "train")


def test_a_damaged_pickle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "train"
    write(path, {"data": pixels(2, 1), "fine_labels": [1, 2]})
    good = path.read_bytes()
    for data in (b"", b"text", good[:-1], good[:200], good[100:]):
        path.write_bytes(data)
        with pytest.raises(UserError, match="train is damaged: ."):
            read_pickle(path)
    write(path, [1, 2])
    with pytest.raises(UserError, match="train must hold a dictionary, not list"):
        read_pickle(path)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"fine_labels": []}, "train must hold data, not only fine_labels"),
        ({}, "train must hold data, not only nothing"),
        ({"data": pixels(1, 1)}, "train must hold fine_labels, not only data"),
        ({"data": [1], "fine_labels": [1]}, "train must hold data of unsigned bytes"),
        (
            {"data": np.zeros((1, 3072)), "fine_labels": [1]},
            "train must hold data of unsigned bytes",
        ),
        (
            {"data": pixels(1, 1)[:, 1:], "fine_labels": [1]},
            "must hold rows of 3072 pixels, not 3071",
        ),
        ({"data": pixels(2, 1), "fine_labels": [1]}, "with a label for each of 2 images"),
        ({"data": pixels(1, 1), "fine_labels": 1}, "must hold a list fine_labels"),
        ({"data": pixels(1, 1), "fine_labels": [100]}, r"must hold fine_labels in 0..99, not 100"),
        ({"data": pixels(1, 1), "fine_labels": ["a"]}, r"must hold fine_labels in 0..99, not 'a'"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, entry: dict, message: str) -> None:
    write_cifar100(tmp_path)
    write(tmp_path / "train", entry)
    with pytest.raises(UserError, match=message):
        load("cifar100", tmp_path)


def test_class_names_must_be_complete(tmp_path: Path) -> None:
    write_cifar100(tmp_path)
    write(tmp_path / "meta", {"fine_label_names": ["a"]})
    with pytest.raises(UserError, match="meta must hold a list fine_label_names of 100 names"):
        load("cifar100", tmp_path)


def test_the_real_cifar100_has_its_published_size(
    load_real: Callable[[str], ImageSet],
) -> None:
    cifar = load_real("cifar100")
    assert cifar.train_images.shape == (50000, 32, 32, 3)
    assert cifar.test_images.shape == (10000, 32, 32, 3)
    assert np.bincount(cifar.train_labels).tolist() == [500] * 100
    assert np.bincount(cifar.test_labels).tolist() == [100] * 100
    assert cifar.class_names[:3] == ("apple", "aquarium_fish", "baby")
    means = cifar.train_images.mean((0, 1, 2)) / 255  # known to every user of this data set
    np.testing.assert_allclose(means, [0.5071, 0.4865, 0.4409], atol=1e-4)
