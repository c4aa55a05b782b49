# SPDX-License-Identifier: MIT
"""`engram pretrain` from outside: what it writes, how it goes on, its mistakes."""

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.bits import unpack
from golden.network import Network
from sim.data.bank_file import read_bank
from sim.images.pretrain.train import ImageTrainer
from verification.sim.small_cifar import write_small_cifar

Engram = Callable[..., tuple[int, str, str]]

CONFIG = """\
title: A small training
network: net.yaml
classes: {data: cifar100, order: 1993, base: 10}
model: {levels: 4}
training: {epochs: 3, batch: 16, learning_rate: 0.01}
"""

NETWORK = """\
input: {height: 32, width: 32, channels: 3, bits: 7}
layers:
  - {kind: thermometer, levels: 85}
  - {kind: conv, outputs: 8}
  - {kind: pool, size: 4}
  - {kind: conv, outputs: 8, groups: 2}
  - {kind: pool, size: 4}
  - {kind: dense, outputs: 32}
head: {classes: 100, hidden: 8}
"""

WRITTEN = ["bank.bin", "curves.png", "log.csv", "network.bin", "network.json"]


@pytest.fixture
def pretrain(engram: Engram, tmp_path: Path) -> Engram:
    """`engram pretrain` of the small configuration on a small archive, into a named folder."""
    write_small_cifar(tmp_path / "data")
    (tmp_path / "net.yaml").write_text(NETWORK)
    (tmp_path / "a.yaml").write_text(CONFIG)

    def call(out: str, *arguments: object) -> tuple[int, str, str]:
        return engram(
            "pretrain", tmp_path / "a.yaml", "--set", f"network={tmp_path / 'net.yaml'}",
            "--data-dir", tmp_path / "data", "--out", tmp_path / out, *arguments,
        )  # fmt: skip

    return call


def names_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_network_bank_and_log_belong_together(pretrain: Engram, tmp_path: Path) -> None:
    status, out, err = pretrain("out")
    assert (status, err) == (0, "")
    assert names_in(tmp_path / "out") == WRITTEN
    assert not (tmp_path / "out.partial").exists()
    assert "Golden and trained network agree on all 100 test images." in out

    content = (tmp_path / "out" / "network.bin").read_bytes()
    network = Network.from_bytes(content)
    assert network.head is not None
    assert network.head.params.classes == 10
    card = json.loads((tmp_path / "out" / "network.json").read_text())
    assert card["network_sha256"] == hashlib.sha256(content).hexdigest()
    assert card["pretraining"]["classes"] == {"data": "cifar100", "order": 1993, "base": 10}
    with (tmp_path / "out" / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["test_accuracy"]) == pytest.approx(card["test_accuracy"])

    bank = read_bank(tmp_path / "out" / "bank.bin", card["network_sha256"])
    assert bank.pretraining == card["pretraining"]
    assert (len(bank.train), len(bank.test), bank.features) == (300, 100, 32)
    # The logged accuracy is that of the plain golden network on the base classes alone.
    order = np.random.RandomState(1993).permutation(100)[:10]
    chosen = np.isin(bank.test_labels, order)
    answers = network.head.classify(unpack(bank.test[chosen], 32), 10)
    hits = order[answers] == bank.test_labels[chosen]
    assert hits.mean() == pytest.approx(card["test_accuracy"])


def test_a_killed_training_goes_on_with_the_same_bits(
    pretrain: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = (
        "--set",
        "distillation={width: 4, training: {epochs: 2}}",
        "--set",
        "real_epochs=1",
    )
    assert pretrain("whole", *arguments)[0] == 0
    step = ImageTrainer.step
    for killed_after in (1, 3):  # an epoch of the teacher; and one of the network after its two
        done = []

        def dies(self: ImageTrainer, report: Callable[[int, int], None]) -> object:
            if len(done) == killed_after:  # noqa: B023
                raise KeyboardInterrupt
            done.append(1)  # noqa: B023
            return step(self, report)

        monkeypatch.setattr(ImageTrainer, "step", dies)
        assert pretrain("cut", *arguments)[0] == 130
        monkeypatch.setattr(ImageTrainer, "step", step)
        status, _, err = pretrain("cut", *arguments)
        assert status == 2
        assert "cut.partial holds an unfinished training: go on with --resume" in err
        assert pretrain("cut", "--resume", *arguments)[0] == 0
        for name in ("network.bin", "bank.bin"):
            cut, whole = (tmp_path / out / name for out in ("cut", "whole"))
            assert cut.read_bytes() == whole.read_bytes()


def test_folder_in_the_way_of_the_work_is_left_alone(pretrain: Engram, tmp_path: Path) -> None:
    precious = tmp_path / "out.partial" / "notes.txt"
    precious.parent.mkdir()
    precious.write_text("precious")
    status, _, err = pretrain("out", "--resume")
    assert status == 2
    assert "out.partial is in the way: it is not the folder of an unfinished training" in err
    assert precious.read_text() == "precious"


def test_the_bank_command_rebuilds_every_byte(
    engram: Engram, pretrain: Engram, tmp_path: Path
) -> None:
    assert pretrain("out", "--set", "training.epochs=1")[0] == 0
    folder = tmp_path / "out"
    again = tmp_path / "again.bin"
    assert engram(
        "bank", folder / "network.bin", "--data-dir", tmp_path / "data", "--out", again
    )[0] == 0  # fmt: skip
    assert again.read_bytes() == (folder / "bank.bin").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--set", "classes.base=101"),
            "--set classes.base=101: classes.base must be at most the 100",
        ),
        (
            ("--set", "classes.held_out.share=0.001"),
            "classes.held_out.share must leave samples to train and to test on, and 0.001 of the",
        ),
        (("--set", "model.window=0"), "--set model.window=0: model.window must be a number > 0"),
        (("--device", "tpu"), "--device must be cpu or cuda, not 'tpu'"),
        (
            ("--set", "classes.data=digits"),
            "Images must be 32 x 32 x 3 for the network, not the 8 x",
        ),
        (("--set", "network.input.bits=9"), "Pixels of the network must have at most the 8 bits"),
        (
            ("--set", "network=fbnn-1M-wide", "--set", "model={batch_norm: true}")
            + ("--set", "start=cifar100"),
            "after the 10 base classes, and cifar100 has learnt 40 of them",
        ),
    ],
)
def test_a_mistake_is_one_message(
    pretrain: Engram, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    status, _, err = pretrain("out", *arguments)
    assert status == 2
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_cuda_without_a_gpu_is_one_message(
    pretrain: Engram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    status, _, err = pretrain("out", "--device", "cuda")
    assert status == 2
    assert "--device cuda needs a GPU that PyTorch can use, and PyTorch finds none" in err
