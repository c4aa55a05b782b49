# SPDX-License-Identifier: MIT
"""What ships: every file is the one on the card, and all of them belong together."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from golden.bits import pack
from golden.conv import Conv
from golden.kernels import head_logits, infer
from golden.network import Network
from sim.data import shipped
from sim.data.bank_file import read_bank
from sim.data.datasets import ImageSet
from sim.data.embed import pixels_of, read_network
from sim.data.samples import Samples, read_samples
from sim.data.shipped import shipped_file, shipped_names
from sim.data.tasks import class_order
from sim.measure.ledger import network_ledger
from sim.work.errors import UserError

Engram = Callable[..., tuple[int, str, str]]

NAME = "cifar100"
#: Classes, training and test images of each, and bits of an embedding.
SIZES = {"cifar100": (100, 500, 100, 512), "fashion-mnist": (10, 6000, 1000, 256)}


@pytest.fixture(scope="module", params=shipped_names())
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def network(name: str) -> Network:
    return read_network(shipped_file(name, "network.bin"))[0]


@pytest.fixture(scope="module")
def samples(name: str) -> Samples:
    """The labelled images of the data set, which one network of it ships."""
    own = (shipped.FOLDER / name / "samples.bin").exists()
    return read_samples(shipped_file(name if own else NAME, "samples.bin"))


@pytest.fixture(scope="module")
def pixels(network: Network, samples: Samples) -> np.ndarray:
    return samples.images >> (8 - network.params.bits)


def test_cards_name_every_file_beside_them() -> None:
    assert NAME in shipped_names()
    for name in shipped_names():
        folder = shipped.FOLDER / name
        card = json.loads((folder / "card.json").read_text())
        data = {file.name for file in folder.iterdir()} - {"card.json", "README.md"}
        assert set(card["files"]) == data
        for file in data:
            assert shipped_file(name, file) == folder / file
        assert {"origin", "licence", "commands"} <= set(card)


def test_sizes_are_within_their_limits(name: str, network: Network) -> None:
    assert shipped_file(name, "network.bin").stat().st_size <= 200_000
    assert shipped_file(name, "bank.bin").stat().st_size <= 6_000_000
    assert network.head is not None
    assert network.params.weight_count + network.head.params.weight_count <= 1_300_000
    assert network_ledger(network.params).bits_full <= 1_300_000


def test_bank_is_of_the_network_and_of_all_images(name: str, samples: Samples) -> None:
    content = shipped_file(name, "network.bin").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    bank = read_bank(shipped_file(name, "bank.bin"), digest)
    classes, train, test, features = SIZES[bank.data]
    assert bank.features == features
    assert np.bincount(bank.train_labels).tolist() == [train] * classes
    assert np.bincount(bank.test_labels).tolist() == [test] * classes
    np.testing.assert_array_equal(bank.test_labels[samples.places], samples.labels)


def test_plain_and_compiled_network_give_the_bits_of_the_bank(
    name: str, network: Network, samples: Samples, pixels: np.ndarray
) -> None:
    bank = read_bank(shipped_file(name, "bank.bin"))
    stored = bank.test[samples.places]
    np.testing.assert_array_equal(infer(network, pixels), stored)
    np.testing.assert_array_equal(pack(network.forward(pixels[::10])), stored[::10])


def test_head_knows_the_base_classes(name: str, network: Network, samples: Samples) -> None:
    """The card's accuracy, on all test images of the base classes, from the bank alone."""
    card = json.loads(shipped_file(name, "network.json").read_text())
    bank = read_bank(shipped_file(name, "bank.bin"))
    classes = card["pretraining"]["classes"]
    position = np.argsort(class_order(len(bank.class_names), classes["order"]))[bank.test_labels]
    base = position < classes["base"]
    assert network.head is not None
    answers = head_logits(network.head, bank.test[base]).argmax(axis=1)
    assert (answers == position[base]).mean() == card["test_accuracy"]


def test_trained_twin_of_the_weights_has_the_same_bits(
    network: Network, pixels: np.ndarray
) -> None:
    pytest.importorskip("torch")
    from sim.images.pretrain.export import check_equal, to_twin

    check_equal(to_twin(network), network, pixels)


def test_all_real_test_images_have_the_bits_of_bank_and_twin(
    name: str, network: Network, load_real: Callable[[str], ImageSet]
) -> None:
    bank = read_bank(shipped_file(name, "bank.bin"))
    images = load_real(bank.data)
    assert images.digest() == bank.data_sha256
    pixels = pixels_of(images, "test", network.params.bits)
    np.testing.assert_array_equal(infer(network, pixels), bank.test)
    pytest.importorskip("torch")
    from sim.images.pretrain.export import check_equal, to_twin

    check_equal(to_twin(network), network, pixels)


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Folder of a copy of what ships, which engram then takes for the original."""
    shutil.copytree(shipped.FOLDER / NAME, tmp_path / NAME)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    return tmp_path / NAME


@pytest.mark.parametrize("file", ["bank.bin", "network.bin"])
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_file_is_named_and_refused(
    engram: Engram, copied: Path, tmp_path: Path, file: str, damage: str
) -> None:
    content = bytearray((copied / file).read_bytes())
    if damage == "cut":
        del content[-100:]
    else:
        content[len(content) // 2] ^= 1
    (copied / file).write_bytes(content)
    status, _, err = engram("run", "cifar100", "--out", tmp_path / "out", "--jobs", 1)
    assert status == 2
    assert f"{file} must be the file that was shipped" in err
    assert not (tmp_path / "out").exists()


def test_damaged_samples_are_named_and_refused(copied: Path) -> None:
    (copied / "samples.bin").write_bytes((copied / "samples.bin").read_bytes()[:-1])
    with pytest.raises(UserError, match=r"samples\.bin must be the file that was shipped"):
        shipped_file(NAME, "samples.bin")


def test_another_network_than_the_banks_is_refused(engram: Engram, tmp_path: Path) -> None:
    content = bytearray(shipped_file(NAME, "network.bin").read_bytes())
    other = Network.from_bytes(bytes(content))
    first = next(layer for layer in other.layers if isinstance(layer, Conv))
    first.weights[0, 0, 0, 0] ^= 1
    (tmp_path / "other.bin").write_bytes(other.to_bytes())
    out = tmp_path / "out"
    for network, message in (("other.bin", "must be of the network"), ("none.bin", "none.bin")):
        setting = f"data.network={tmp_path / network}"
        status, _, err = engram("run", "cifar100", "--set", setting, "--out", out, "--jobs", 1)
        assert status == 2
        assert message in err
        assert not out.exists()


def test_a_damaged_card_is_named_and_refused(engram: Engram, copied: Path, tmp_path: Path) -> None:
    (copied / "card.json").write_text("{}")
    status, _, err = engram("run", "cifar100", "--out", tmp_path / "out", "--jobs", 1)
    assert status == 2
    assert "card.json must name the SHA-256 of bank.bin, and it is damaged" in err
