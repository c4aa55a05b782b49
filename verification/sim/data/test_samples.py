# SPDX-License-Identifier: MIT
"""`engram samples`: which images it takes, and what it says of files and requests at fault."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.data.datasets import load
from sim.data.samples import read_samples
from sim.work.arrays_file import save_arrays
from sim.work.errors import UserError
from verification.sim.small_cifar import write_small_cifar

Engram = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_small_cifar(tmp_path / "data", test=250)


def test_samples_are_the_first_test_images_of_every_class(
    engram: Engram, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "samples.bin"
    status, text, err = engram("samples", "--data-dir", data, "--out", out)
    assert (status, err) == (0, "")
    assert "200 test images of cifar100" in text
    samples, images = read_samples(out), load("cifar100", data)
    np.testing.assert_array_equal(samples.images, images.test_images[samples.places])
    np.testing.assert_array_equal(samples.labels, images.test_labels[samples.places])
    assert np.bincount(samples.labels).tolist() == [2] * 100
    taken = {c: [p for p, label in enumerate(images.test_labels) if label == c] for c in range(100)}
    assert samples.places.tolist() == sorted(p for places in taken.values() for p in places[:2])


def test_more_of_a_class_than_there_are_is_refused(
    engram: Engram, data: Path, tmp_path: Path
) -> None:
    status, _, err = engram(
        "samples", "--data-dir", data, "--per-class", 3, "--out", tmp_path / "s.bin"
    )
    assert status == 2
    assert "--per-class must be at most the 2 test images of the smallest class" in err
    assert not (tmp_path / "s.bin").exists()


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.bin"
    path.write_bytes(b"no samples at all, but long enough to hold a checksum of 32 bytes")
    with pytest.raises(UserError, match=r"s\.bin is damaged"):
        read_samples(path)
    save_arrays(path, {"images": np.zeros(3)})
    with pytest.raises(UserError, match=r"s\.bin must hold images, labels and places, not images"):
        read_samples(path)
