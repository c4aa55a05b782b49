# SPDX-License-Identifier: MIT
"""`engram pretrain` takes every data set that `engram run` knows, and a user's own pictures."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.data.bank_file import read_bank
from sim.data.datasets import NAMES, load
from verification.sim import own_images
from verification.sim.data import (
    test_datasets_cifar,
    test_datasets_idx,
    test_datasets_tiny_imagenet,
)
from verification.sim.small_cifar import write_small_cifar

Engram = Callable[..., tuple[int, str, str]]

#: What writes a small archive of each data set; digits need none.
WRITERS: dict[str, Callable[[Path], object]] = {
    "cifar10": test_datasets_cifar.write_cifar10,
    "cifar100": write_small_cifar,
    "digits": lambda folder: None,
    "fashion-mnist": lambda folder: test_datasets_idx.write_archive(folder / "fashion-mnist"),
    "mnist": lambda folder: test_datasets_idx.write_archive(folder / "mnist"),
    "tiny-imagenet": test_datasets_tiny_imagenet.write_archive,
}


def trained(engram: Engram, tmp_path: Path, name: str, data_dir: Path | None) -> None:
    """Train on two classes of a data set, and hold the bank to its images."""
    images = load(name, data_dir)
    height, width, channels = images.train_images.shape[1:]
    bits = min(7, images.pixel_bits)
    (tmp_path / "net.yaml").write_text(
        f"input: {{height: {height}, width: {width}, channels: {channels}, bits: {bits}}}\n"
        "layers:\n  - {kind: thermometer, levels: 4}\n  - {kind: dense, outputs: 32}\n"
        "head: {classes: 2, hidden: 0}\n"
    )
    (tmp_path / "a.yaml").write_text(
        f"network: {tmp_path / 'net.yaml'}\n"
        f"classes: {{data: {name}, order: identity, base: 2}}\n"
        "training: {epochs: 1, batch: 8}\n"
    )
    where = ("--data-dir", data_dir) if data_dir is not None else ()
    status, out, err = engram("pretrain", tmp_path / "a.yaml", *where, "--out", tmp_path / "out")
    assert (status, err) == (0, ""), err
    assert f"agree on all {len(images.test_images)} test images" in out
    bank = read_bank(tmp_path / "out" / "bank.bin")
    assert bank.train_labels.tolist() == images.train_labels.tolist()
    assert bank.test_labels.tolist() == images.test_labels.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_every_data_set_of_a_name_trains_a_network(
    engram: Engram, tmp_path: Path, name: str
) -> None:
    WRITERS[name](tmp_path / "data")
    trained(engram, tmp_path, name, tmp_path / "data" if name != "digits" else None)


def test_pictures_of_a_user_train_a_network(engram: Engram, tmp_path: Path) -> None:
    trained(engram, tmp_path, str(own_images.write_split(tmp_path / "pets")), None)
