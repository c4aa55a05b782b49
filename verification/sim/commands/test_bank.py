# SPDX-License-Identifier: MIT
"""`engram bank`, studies on a bank, and what both say of files that do not belong together."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.bits import unpack
from golden.network import Network
from sim.data.bank_file import encode_bank, read_bank
from sim.data.datasets import load
from verification.sim.failing_bank import NETWORK
from verification.sim.small_cifar import write_small_cifar

Engram = Callable[..., tuple[int, str, str]]

STUDY = """\
data: {name: bank, path: bank.bin}
tasks: {base: 50, increment: 25, order: 1993}
head: {hidden: 8, epochs: 1}
methods:
  - {replay: gbm, code_width: 4}
seeds: 1
"""


@pytest.fixture
def engram(engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engram:
    """Run the command line in a folder with data and a network."""
    monkeypatch.chdir(tmp_path)
    write_small_cifar(tmp_path / "data")
    network = Network.random(NETWORK, np.random.default_rng(0))
    (tmp_path / "net.bin").write_bytes(network.to_bytes())
    return engram


def test_a_bank_holds_what_the_plain_golden_network_says(engram: Engram, tmp_path: Path) -> None:
    status, out, err = engram("bank", "net.bin", "--data-dir", "data")
    assert (status, err) == (0, "")
    assert "300 training and 100 test embeddings of 70 bits" in out
    assert out.startswith("embedding: 300/400 images\nembedding: 400/400 images\nBank: ")
    content = (tmp_path / "net.bin").read_bytes()
    bank = read_bank(tmp_path / "bank.bin", hashlib.sha256(content).hexdigest())
    images = load("cifar100", tmp_path / "data")
    network = Network.from_bytes(content)
    np.testing.assert_array_equal(unpack(bank.test, 70), network.forward(images.test_images >> 1))
    np.testing.assert_array_equal(
        unpack(bank.train[-20:], 70), network.forward(images.train_images[-20:] >> 1)
    )
    np.testing.assert_array_equal(bank.train_labels, images.train_labels)
    assert bank.data_sha256 == images.digest()
    assert bank.pretraining == {}


def test_a_bank_of_failing_weights_is_that_of_the_network_that_they_read_as(
    engram: Engram, tmp_path: Path
) -> None:
    status, _, err = engram(
        "bank", "net.bin", "--data-dir", "data", "--failing", "0.05", "--die", "3"
    )
    assert (status, err) == (0, "")
    bank = read_bank(tmp_path / "bank.bin")
    sound = Network.from_bytes((tmp_path / "net.bin").read_bytes())
    pixels = load("cifar100", tmp_path / "data").test_images >> 1
    failing = sound.failing(3, round(0.05 * 2**32)).forward(pixels)
    np.testing.assert_array_equal(unpack(bank.test, 70), failing)
    assert (failing != sound.forward(pixels)).any()
    assert bank.pretraining["faults"] == {"share": 0.05, "die": 3}
    (tmp_path / "study.yaml").write_text(STUDY)
    assert engram("run", "study.yaml", "--out", "out")[0] == 0


def test_a_bank_through_failing_maps_is_that_of_the_network_whose_maps_fail(
    engram: Engram, tmp_path: Path
) -> None:
    shares = "--failing", "0.01", "--failing-maps", "0.02"
    assert engram("bank", "net.bin", "--data-dir", "data", *shares)[0] == 0
    bank = read_bank(tmp_path / "bank.bin")
    sound = Network.from_bytes((tmp_path / "net.bin").read_bytes())
    pixels = load("cifar100", tmp_path / "data").test_images >> 1
    weights = sound.failing(0, round(0.01 * 2**32))
    both = weights.failing_maps(0, round(0.02 * 2**32)).forward(pixels)
    np.testing.assert_array_equal(unpack(bank.test, 70), both)
    assert (both != weights.forward(pixels)).any()
    assert bank.pretraining["faults"] == {"share": 0.01, "maps": 0.02, "die": 0}
    (tmp_path / "study.yaml").write_text(STUDY)
    assert engram("run", "study.yaml", "--out", "out")[0] == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    told = "0.01 of whose weight cells and 0.02 of whose map cells fail on the die 0"
    assert told in results["data"]["provenance"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--die", "3"], "--die must be left out without --failing or --failing-maps: no cell fa"),
        (["--failing-maps", "-0.1"], "--failing-maps"),
        (["--failing-maps", "nan"], "--failing-maps"),
        (["--failing", "1.5"], "--failing"),
    ],
)
def test_faults_that_cannot_be(engram: Engram, options: list[str], message: str) -> None:
    status, _, err = engram("bank", "net.bin", "--data-dir", "data", *options)
    assert status == 2
    assert message in err


def test_a_study_runs_on_a_bank_without_images(engram: Engram, tmp_path: Path) -> None:
    assert engram("bank", "net.bin", "--data-dir", "data")[0] == 0
    (tmp_path / "study.yaml").write_text(STUDY)
    status, _, err = engram("run", "study.yaml", "--out", "out", "--jobs", 1)
    assert (status, err) == (0, "")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [len(row) for row in results["runs"][0]["accuracy_matrix"]] == [3, 3, 3]
    assert results["data"]["features"] == 70
    assert "embedded by the network" in results["data"]["provenance"]
    assert not (tmp_path / "out" / "exemplars.png").exists()
    assert (tmp_path / "out" / "correlations.png").exists()


def test_a_study_may_name_its_network(engram: Engram, tmp_path: Path) -> None:
    assert engram("bank", "net.bin", "--data-dir", "data")[0] == 0
    (tmp_path / "study.yaml").write_text(STUDY)
    other = Network.random(NETWORK, np.random.default_rng(1))
    (tmp_path / "other.bin").write_bytes(other.to_bytes())
    status, _, err = engram("run", "study.yaml", "--set", "data.network=other.bin", "--out", "out")
    assert status == 2
    assert "bank.bin: Bank must be of the network" in err
    status, _, _ = engram(
        "run", "study.yaml", "--set", "data.network=net.bin", "--out", "out", "--jobs", 1
    )
    assert status == 0


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("data={name: bank}", "path must be given for a bank: the file that engram bank wrote"),
        ("data={name: digits, path: a}", "path and network must be left out for digits"),
        ("data.path=nothing.bin", "nothing.bin cannot be read: no such file"),
        ("data.path=net.bin", "net.bin: Bank file must begin with b'ENGRAMBK', not b'ENGRAMNN'"),
        ("tasks.increment=30", "tasks: Increment must divide the 50 classes after the base"),
    ],
)
def test_a_mistake_about_a_bank_is_one_message(
    engram: Engram, tmp_path: Path, assignment: str, message: str
) -> None:
    assert engram("bank", "net.bin", "--data-dir", "data")[0] == 0
    (tmp_path / "study.yaml").write_text(STUDY)
    status, _, err = engram("run", "study.yaml", "--set", assignment, "--out", "out")
    assert status == 2
    assert message in err
    assert "Traceback" not in err


def test_a_damaged_network_is_named(engram: Engram, tmp_path: Path) -> None:
    data = (tmp_path / "net.bin").read_bytes()
    (tmp_path / "net.bin").write_bytes(data[:-1])
    status, _, err = engram("bank", "net.bin", "--data-dir", "data")
    assert status == 2
    assert "net.bin: Network file must be" in err
    assert "cut short" in err
    assert not (tmp_path / "bank.bin").exists()


def test_images_of_another_size_are_refused(engram: Engram) -> None:
    status, _, err = engram("bank", "net.bin", "--data", "digits")
    assert status == 2
    assert "Images must be 32 x 32 x 3 for the network, not the 8 x 8 x 1 of digits" in err


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("{}", "net.json must be the card of a network, and it is damaged"),
        (
            json.dumps({"network_sha256": "0" * 64, "pretraining": {}}),
            "net.json must be the card of the network",
        ),
    ],
)
def test_a_card_of_another_network_is_refused(
    engram: Engram, tmp_path: Path, card: str, message: str
) -> None:
    (tmp_path / "net.json").write_text(card)
    status, _, err = engram("bank", "net.bin", "--data-dir", "data")
    assert status == 2
    assert message in err


@pytest.mark.parametrize("command", ["pretrain", "native"])
def test_training_without_pytorch_says_what_to_install(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("sim.cli.needs.find_spec", lambda name: None)
    status, _, err = engram(command)
    assert status == 2
    install = "pip install -e '.[train]' in the project's folder"
    assert err == f"engram: engram {command} needs PyTorch: {install}\n"


@pytest.mark.parametrize("out", ["net.bin", "net.json", "./net.bin"])
def test_a_bank_never_overwrites_its_network_or_card(
    engram: Engram, tmp_path: Path, out: str
) -> None:
    before = (tmp_path / "net.bin").read_bytes()
    status, _, err = engram("bank", "net.bin", "--data-dir", "data", "--out", out)
    assert status == 2
    assert "--out must not be the network file or its card" in err
    assert (tmp_path / "net.bin").read_bytes() == before
    assert not (tmp_path / "net.json").exists()


@pytest.mark.parametrize(
    "card", ["[" * 100_000, '{"network_sha256": 5, "pretraining": {"a": NaN}}', "{}", "[]"]
)
def test_a_damaged_card_is_named(engram: Engram, tmp_path: Path, card: str) -> None:
    (tmp_path / "net.json").write_text(card)
    status, _, err = engram("bank", "net.bin", "--data-dir", "data")
    assert status == 2
    assert "net.json must be the card of a network, and it is damaged" in err


def test_a_class_without_test_samples_is_refused(engram: Engram, tmp_path: Path) -> None:
    assert engram("bank", "net.bin", "--data-dir", "data")[0] == 0
    bank = read_bank(tmp_path / "bank.bin")
    kept = bank.test_labels != 7
    cut = replace(bank, test=bank.test[kept], test_labels=bank.test_labels[kept])
    (tmp_path / "bank.bin").write_bytes(encode_bank(cut))
    (tmp_path / "study.yaml").write_text(STUDY)
    status, _, err = engram("run", "study.yaml", "--out", "out")
    assert status == 2
    assert f"Every class must have test samples, and class {bank.class_names[7]} has none" in err
    assert not (tmp_path / "out").exists()
