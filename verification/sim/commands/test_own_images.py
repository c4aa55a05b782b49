# SPDX-License-Identifier: MIT
"""Commands on images that a user brings: a study, a bank of a network, samples, a pre-training."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.bits import unpack
from golden.network import Network
from golden.params import NetworkParams
from sim.data.bank_file import encode_bank, read_bank
from sim.data.datasets import load
from sim.data.samples import read_samples
from sim.images.pretrain.sections import ClassesConfig
from sim.work.errors import UserError
from verification.sim.own_images import NAMES, pixels, save_image, write_classes, write_split

Engram = Callable[..., tuple[int, str, str]]

STUDY = """\
data: {name: ./pets, bits: 4, levels: 8}
tasks: {base: 2, increment: 2}
head: {hidden: 8, epochs: 2}
methods:
  - {replay: gbm, code_width: 4}
  - {replay: ncm}
seeds: 1
"""

NETWORK = {
    "input": {"height": 8, "width": 8, "channels": 3, "bits": 7},
    "layers": [{"kind": "thermometer", "levels": 8}, {"kind": "dense", "outputs": 70}],
}

TRAINING = """\
title: A small training
network: net.yaml
classes: {data: ./pets, order: 1993, base: 2, resize: 8x8}
model: {levels: 4}
training: {epochs: 1, batch: 4, learning_rate: 0.01}
"""

TRAINED = """\
input: {height: 8, width: 8, channels: 3, bits: 7}
layers:
  - {kind: thermometer, levels: 8}
  - {kind: dense, outputs: 32}
head: {classes: 100, hidden: 8}
"""


@pytest.fixture
def engram(engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engram:
    """Run the command line in a folder with images, a study and a network."""
    monkeypatch.chdir(tmp_path)
    write_split(tmp_path / "pets")
    (tmp_path / "study.yaml").write_text(STUDY)
    params = NetworkParams.from_description(NETWORK)
    network = Network.random(params, np.random.default_rng(0))
    (tmp_path / "net.bin").write_bytes(network.to_bytes())
    return engram


def archive(folder: Path) -> None:
    """Write the images of the folder into an archive beside it."""
    images = load(f"{folder}/pets")
    parts = {
        f"{part}_{what}": getattr(images, f"{part}_{what}")
        for part in ("train", "test")
        for what in ("images", "labels")
    }
    np.savez(folder / "pets.npz", **parts, class_names=np.array(images.class_names))


def test_a_study_runs_on_a_folder_and_on_an_archive_alike(engram: Engram, tmp_path: Path) -> None:
    archive(tmp_path)
    found = []
    for name, said in (("./pets", "images of pets/, split by folder"), ("pets.npz", "arrays of p")):
        given = ("--set", f"data.name={name}", "--jobs", 1)
        status, _, err = engram("run", "study.yaml", *given, "--out", "out")
        assert (status, err) == (0, "")
        results = json.loads((tmp_path / "out" / "results.json").read_text())
        assert said in results["data"]["provenance"]
        assert results["data"]["features"] == 8 * 8 * 3 * 8
        found.append([run["accuracy_matrix"] for run in results["runs"]])
        assert results["runs"][1]["final"] > 0.9  # a class is a colour
    assert found[0] == found[1]


def test_a_study_resizes_images_when_its_key_says_so(engram: Engram, tmp_path: Path) -> None:
    given = ("--set", "data.resize=4x6", "--set", "methods=[{replay: ncm}]", "--jobs", 1)
    status, _, err = engram("run", "study.yaml", *given, "--out", "out")
    assert (status, err) == (0, "")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["data"]["features"] == 4 * 6 * 3 * 8
    assert "resized to 4 x 6" in results["data"]["provenance"]


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("data.name=pets", "or a path of images, with a / or the ending .npz, not 'pets'"),
        ("data={name: digits, resize: 8x8}", "resize must be left out for digits: it is for image"),
        ("data.resize=big", "resize must be height x width in pixels, as in 32x32, at most 4096"),
        ("data.name=./absent", "Directory absent cannot be read: no such file or directory"),
        ("data.name=absent.npz", "absent.npz cannot be read: no such file or directory"),
    ],
)
def test_a_mistake_in_a_study_is_one_message(
    engram: Engram, tmp_path: Path, assignment: str, message: str
) -> None:
    status, _, err = engram("run", "study.yaml", "--set", assignment, "--out", "out")
    assert status == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_a_network_embeds_images_of_a_user(engram: Engram, tmp_path: Path) -> None:
    status, out, err = engram("bank", "net.bin", "--data", "./pets", "--out", "pets.bin")
    assert (status, err) == (0, "")
    assert "40 training and 12 test embeddings of 70 bits" in out
    bank, images = read_bank(tmp_path / "pets.bin"), load("./pets")
    network = Network.from_bytes((tmp_path / "net.bin").read_bytes())
    np.testing.assert_array_equal(unpack(bank.test, 70), network.forward(images.test_images >> 1))
    assert bank.class_names == tuple(sorted(NAMES))
    assert (bank.data, bank.data_sha256) == ("pets/", images.digest())


def test_images_must_have_the_size_and_colours_of_the_network(
    engram: Engram, tmp_path: Path
) -> None:
    write_classes(tmp_path / "large", side=16)
    write_classes(tmp_path / "grey", colours=1)
    status, _, err = engram("bank", "net.bin", "--data", "./large")
    assert status == 2
    assert err.endswith(
        "8 x 8 x 3 for the network, not the 16 x 16 x 3 of large/: resize them to 8x8\n"
    )
    assert engram("bank", "net.bin", "--data", "./large", "--resize", "8x8")[0] == 0
    status, _, err = engram("bank", "net.bin", "--data", "./grey", "--resize", "8x8")
    assert status == 2
    assert err.endswith("8 x 8 x 3 for the network, not the 8 x 8 x 1 of grey/\n")
    status, _, err = engram("bank", "net.bin", "--data", "digits", "--resize", "8x8")
    assert status == 2
    assert "engram: --resize must be left out for digits: it is for images of your own" in err


def test_samples_of_images_of_a_user(engram: Engram, tmp_path: Path) -> None:
    status, out, _ = engram("samples", "--data", "./pets", "--resize", "8x8", "--out", "s.bin")
    assert status == 0
    assert "8 test images of ./pets" in out
    samples, images = read_samples(tmp_path / "s.bin"), load("./pets")
    np.testing.assert_array_equal(samples.images, images.test_images[samples.places])
    assert np.bincount(samples.labels).tolist() == [2] * 4


@pytest.mark.parametrize("command", [("bank", "net.bin"), ("samples", "--per-class", "1")])
@pytest.mark.parametrize(
    ("data", "out"),
    [
        ("pets.npz", "pets.npz"),
        ("./arrays", "arrays/train_images.npy"),
        ("./pets", "pets/train/ant/000.png"),
        ("./pets", "pets/test/ant/../bee/new.PNG"),
    ],
)
def test_images_of_a_user_are_not_written_over(
    engram: Engram, tmp_path: Path, command: tuple[str, ...], data: str, out: str
) -> None:
    images = load("./pets")
    arrays = {
        f"{part}_{kind}": getattr(images, f"{part}_{kind}")
        for part in ("train", "test")
        for kind in ("images", "labels")
    }
    np.savez(tmp_path / "pets.npz", **arrays)
    (tmp_path / "arrays").mkdir()
    for name, array in arrays.items():
        np.save(tmp_path / "arrays" / f"{name}.npy", array)
    before = load(data).digest()
    status, _, err = engram(*command, "--data", data, "--out", out)
    assert status == 2
    assert err.endswith(f"--out must not be a file of the images that are read, {out}\n")
    assert load(data).digest() == before
    assert engram(*command, "--data", data, "--out", "arrays/new.bin")[0] == 0


def test_classes_of_a_pre_training_are_known_by_their_names(engram: Engram, tmp_path: Path) -> None:
    images, classes = load("./pets"), ClassesConfig(data="./pets", order=1993, base=2)
    about = classes.about(images)
    order = np.random.RandomState(1993).permutation(4)
    trained = {images.class_names[label] for label in order[:2]}
    assert (about["data"], set(about["names"])) == ("pets/", trained)
    assert "names" not in ClassesConfig().about(images)  # of a data set that has a name
    # The folder moves, and gets a class whose name comes first.
    (tmp_path / "pets").rename(tmp_path / "animals")
    for part in ("train", "test"):
        for number, image in enumerate(pixels(7, 3)):
            save_image(tmp_path / "animals" / part / "aardvark" / f"{number}.png", image)
    assert engram("bank", "net.bin", "--data", "./animals", "--out", "more.bin")[0] == 0
    bank = replace(read_bank(tmp_path / "more.bin"), pretraining={"classes": about})
    assert {bank.class_names[label] for label in bank.trained_classes() or ()} == trained
    (tmp_path / "more.bin").write_bytes(encode_bank(bank))
    given = ("--set", "data={name: bank, path: more.bin}", "--set", "tasks={base: 1, increment: 2}")
    status, _, err = engram("run", "study.yaml", *given, "--out", "out")
    assert status == 2
    said = f"not trained on, not 2 classes of its training ({', '.join(sorted(trained))})"
    assert said in err


def test_a_pre_training_on_images_of_a_user(engram: Engram, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")
    (tmp_path / "net.yaml").write_text(TRAINED)
    (tmp_path / "train.yaml").write_text(TRAINING)
    status, _, err = engram("pretrain", "train.yaml", "--out", "out")
    assert (status, err) == (0, "")
    bank = read_bank(tmp_path / "out" / "bank.bin")
    card = json.loads((tmp_path / "out" / "network.json").read_text())
    assert card["pretraining"] == bank.pretraining
    assert len(bank.trained_classes() or ()) == 2
    network = ("out/network.bin", "--data", "./pets", "--resize", "8x8", "--out", "again.bin")
    assert engram("bank", *network)[0] == 0
    assert (tmp_path / "again.bin").read_bytes() == (tmp_path / "out" / "bank.bin").read_bytes()
    wrong = ("--set", "classes.data=mnist")
    status, _, err = engram("pretrain", "train.yaml", *wrong, "--out", "other")
    assert status == 2
    assert "resize must be left out for mnist: it is for images of your own" in err


def test_a_path_is_read_where_the_command_runs(engram: Engram, tmp_path: Path) -> None:
    assert load("./pets").digest() == load(f"{tmp_path}/pets").digest()
    with pytest.raises(UserError, match="absent/pets cannot be read: no such file"):
        load("absent/pets")
