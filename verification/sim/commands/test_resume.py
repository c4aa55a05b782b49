# SPDX-License-Identifier: MIT
"""--resume: every command goes on only with what the same work began."""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sim.data.datasets import ImageSet, load
from sim.work.work_folder import WorkFolder
from verification.sim.small_comparison import write_comparison
from verification.sim.small_study import write_config

Engram = Callable[..., tuple[int, str, str]]

NETWORK = """\
input: {height: 8, width: 8, channels: 1, bits: 4}
layers:
  - {kind: thermometer, levels: 4}
  - {kind: dense, outputs: 32}
head: {classes: 10, hidden: 8}
"""
CLASSES = "classes: {data: digits, order: identity, base: 4}"

EVERYWHERE = ("version", "configuration", "data")
ON_A_DEVICE = (*EVERYWHERE, "torch", "device")


def study(folder: Path) -> tuple[object, ...]:
    return "run", write_config(folder)


def comparison(folder: Path) -> tuple[object, ...]:
    return "run", write_comparison(folder)


def pretrain(folder: Path) -> tuple[object, ...]:
    (folder / "net.yaml").write_text(NETWORK)
    (folder / "a.yaml").write_text(f"{CLASSES}\nnetwork: {folder / 'net.yaml'}\n")
    return "pretrain", folder / "a.yaml"


def native(folder: Path) -> tuple[object, ...]:
    _, path = pretrain(folder)
    (folder / "a.yaml").write_text(
        (folder / "a.yaml").read_text() + "increment: 2\nmethods: [{replay: joint}]\n"
    )
    return "native", path


def resnet(folder: Path) -> tuple[object, ...]:
    (folder / "a.yaml").write_text(f"{CLASSES}\nwidth: 1\nblocks: [1]\n")
    return "resnet", folder / "a.yaml"


def binplay(folder: Path) -> tuple[object, ...]:
    return "binplay", "lite"


COMMANDS = [
    (study, "study", "seeds=1", EVERYWHERE),
    (comparison, "comparison", "head.hidden=9", EVERYWHERE),
    (pretrain, "training", "seed=1", ON_A_DEVICE),
    (native, "native-study", "seed=1", ON_A_DEVICE),
    (resnet, "training", "seed=1", ON_A_DEVICE),
    (binplay, "binplay", "seed=1", ON_A_DEVICE),
]


def large_digits(name: str, data_dir: Path | None) -> ImageSet:
    """Return the digits in the middle of 28 x 28 pixels, in place of a data set of that size."""
    digits = load("digits")
    around = ((0, 0), (10, 10), (10, 10), (0, 0))
    return replace(
        digits,
        train_images=np.pad(digits.train_images, around),
        test_images=np.pad(digits.test_images, around),
    )


@pytest.mark.parametrize(
    ("begin", "what", "other", "keys"), COMMANDS, ids=[begin.__name__ for begin, *_ in COMMANDS]
)
def test_work_begun_by_another_is_refused(
    begin: Callable[[Path], tuple[object, ...]],
    what: str,
    other: str,
    keys: tuple[str, ...],
    engram: Engram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if keys is ON_A_DEVICE and find_spec("torch") is None:
        pytest.skip("PyTorch (extra `train`) is not installed")
    if begin is binplay:
        monkeypatch.setattr("sim.commands.binplay.load", large_digits)
    command = (*begin(tmp_path), "--out", tmp_path / "out")
    opened = WorkFolder.open

    def killed(self: WorkFolder, resume: bool) -> None:
        opened(self, resume)
        raise KeyboardInterrupt

    monkeypatch.setattr(WorkFolder, "open", killed)
    assert engram(*command)[0] == 130
    mark = tmp_path / "out.partial" / f"{what}.json"
    own = json.loads(mark.read_text())
    assert set(keys) <= set(own)
    assert own["version"] == version("engram")
    assert engram(*command, "--resume")[0] == 130  # which goes on, and is killed again

    monkeypatch.setattr(WorkFolder, "open", opened)
    status, _, err = engram(*command, "--resume", "--set", other)
    assert status == 2
    assert f"holds an unfinished {what} with another configuration" in err
    for key in keys:
        mark.write_text(json.dumps({**own, key: "another"}))
        status, _, err = engram(*command, "--resume")
        assert status == 2
        assert f"{tmp_path / 'out.partial'} holds an unfinished {what} with another {key}: " in err
