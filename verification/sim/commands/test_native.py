# SPDX-License-Identifier: MIT
"""`engram native` from outside: its report, going on after an interruption, its mistakes."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.network import Network
from golden.params import NetworkParams
from sim.images.native.run import NativeRun
from sim.images.pretrain import train

Engram = Callable[..., tuple[int, str, str]]

# Ten classes of 8 x 8 pixels: an image has 256 bits, an embedding 32.
CONFIG = """\
title: A small study in image space
classes: {data: digits, order: identity, base: 4}
increment: 2
augment: {flip: false, shift: 1}
training: {epochs: 1, batch: 64, learning_rate: 0.01}
learning: {epochs: 1, batch: 64, learning_rate: 0.01}
head: {hidden: 8, epochs: 2}
methods:
  - {replay: native, megabits: [0.002, 0.02]}
  - {replay: latent, megabits: 0.002}
  - {replay: latent, megabits: 0.002, ideal: true}
  - {replay: float, megabits: 0.02}
  - {replay: joint}
"""

NETWORK = """\
input: {height: 8, width: 8, channels: 1, bits: 4}
layers:
  - {kind: thermometer, levels: 4}
  - {kind: conv, outputs: 16}
  - {kind: pool, size: 4}
  - {kind: dense, outputs: 32}
head: {classes: 10, hidden: 256}
"""


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    monkeypatch.setattr(train, "THREADS", 1)
    yield
    numba.set_num_threads(before)


@pytest.fixture
def native(engram: Engram, tmp_path: Path) -> Engram:
    """`engram native` of the small configuration, into a named folder."""
    (tmp_path / "net.yaml").write_text(NETWORK)
    (tmp_path / "a.yaml").write_text(CONFIG)

    def call(out: str, *arguments: object) -> tuple[int, str, str]:
        return engram(
            "native", tmp_path / "a.yaml", "--set", f"network={tmp_path / 'net.yaml'}",
            "--out", tmp_path / out, *arguments,
        )  # fmt: skip

    return call


def results(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "results.json").read_text())
    for run in found["runs"]:
        del run["seconds"]
    return found


def test_a_killed_study_goes_on_to_the_same_report(
    native: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = native("whole")
    assert (status, err) == (0, "")
    assert "In final accuracy, native replay is" in out
    folder = tmp_path / "whole"
    assert sorted(p.name for p in folder.iterdir()) == [
        "accuracies.png",
        "report.md",
        "results.json",
    ]
    assert not (tmp_path / "whole.partial").exists()

    whole = results(folder)
    runs = {run["label"]: run for run in whole["runs"]}
    assert [*runs] == [
        "native replay, 0.002 Mb",
        "native replay, 0.02 Mb",
        "latent replay, 0.002 Mb",
        "latent replay, ideal pre-training, 0.002 Mb",
        "native replay, floating point, 0.02 Mb",
        "joint training",
    ]
    # 7 and 78 images among the 4 classes seen before the last task; 62 latents among all 6.
    assert [run["exemplars"] for run in whole["runs"]][:5] == [1, 19, 10, 10, 19]
    assert runs["native replay, 0.02 Mb"]["bits_paper"] == 78 * 256
    assert runs["latent replay, 0.002 Mb"]["bits_paper"] == 6 * 10 * 32
    assert all(len(run["accuracy_seen"]) == 3 for run in whole["runs"])
    assert [*whole["pretraining"]] == [
        "binary network, seed 0, base classes",
        "binary network, seed 0, all classes",
        "floating-point network, seed 0, base classes",
    ]
    text = (folder / "report.md").read_text()
    assert "learning.epochs: 1, not 400" in text
    assert "| joint training |" in text

    done: list[int] = []
    step = NativeRun.step

    def dies(self: NativeRun, report: Any) -> None:
        if len(done) == 4:  # in the midst of the second run
            raise KeyboardInterrupt
        done.append(1)
        step(self, report)

    monkeypatch.setattr(NativeRun, "step", dies)
    assert native("cut")[0] == 130
    monkeypatch.setattr(NativeRun, "step", step)
    status, _, err = native("cut")
    assert status == 2
    assert "cut.partial holds an unfinished native-study: go on with --resume" in err
    status, out, _ = native("cut", "--resume")
    assert status == 0
    assert "Going on: 1 of 6 runs have ended." in out
    assert results(tmp_path / "cut")["runs"] == whole["runs"]
    assert results(tmp_path / "cut")["pretraining"] == whole["pretraining"]

    assert native("parallel", "--jobs", 3)[0] == 0
    assert results(tmp_path / "parallel")["runs"] == whole["runs"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--set", "methods.0.megabits=0.001"),
            "--set methods.0.megabits=0.001: methods.0.megabits must be at least 0.001024",
        ),
        (("--set", "classes.base=10"), "classes.base must be fewer than the 10 of digits, not 10"),
        (
            ("--set", "classes.held_out.share=0.001"),
            "classes.held_out.share must leave samples to train and to test on",
        ),
        (("--set", "increment=4"), "increment: Increment must divide the 6 classes"),
        (("--device", "tpu"), "--device must be cpu or cuda, not 'tpu'"),
        (
            ("--set", "network.head.hidden=8"),
            "a.yaml:12: methods.3: network must have at least the 11424 bits",
        ),
    ],
    ids=["budget", "no classes left", "nothing held out", "increment", "device", "float"],
)
def test_a_mistake_is_one_message(
    native: Engram, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    status, _, err = native("out", *arguments)
    assert status == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_a_start_that_knows_later_classes_is_refused(native: Engram, tmp_path: Path) -> None:
    params = NetworkParams.from_description(yaml.safe_load(NETWORK))
    content = Network.random(params, np.random.default_rng(0)).to_bytes()
    (tmp_path / "start.bin").write_bytes(content)
    card = {
        "network_sha256": hashlib.sha256(content).hexdigest(),
        "pretraining": {"classes": {"data": "digits", "order": "identity", "base": 6}},
    }
    (tmp_path / "start.json").write_text(json.dumps(card))
    status, _, err = native("out", "--set", f"start={tmp_path / 'start.bin'}")
    assert status == 2
    assert "after the 4 base classes" in " ".join(err.split())
    assert "has learnt 2 of them" in " ".join(err.split())
    assert not (tmp_path / "out").exists()
