# SPDX-License-Identifier: MIT
"""The page on data of a user's own: its commands run, one after the other, as they stand."""

import json
import re
import shlex
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from golden.network import Network
from golden.params import NetworkParams
from sim.data.bank_file import read_bank
from verification.sim.own_features import clouds
from verification.sim.own_images import write_classes

Engram = Callable[..., tuple[int, str, str]]

PAGE = Path(__file__).parents[1] / "docs" / "own-data.md"

NETWORK = {
    "input": {"height": 8, "width": 8, "channels": 3, "bits": 7},
    "layers": [{"kind": "thermometer", "levels": 8}, {"kind": "dense", "outputs": 70}],
}

#: What the page leaves to the reader: the configuration of a training.
TRAINING = """\
network: net.yaml
classes: {data: ./pets, base: 2, resize: 8x8}
training: {epochs: 1, batch: 4}
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S)


def prepare(folder: Path) -> None:
    """Write what a user has: features, images, a network, and the files of the page."""
    (code,) = blocks("python")
    features, labels = clouds()
    exec(code, {"features": features, "labels": labels})  # into the working directory
    more, more_labels = clouds(per_class=12, seed=1)
    np.save("new.npy", more)
    np.save("new_labels.npy", more_labels)
    write_classes(folder / "pets", side=10)
    network = Network.random(NetworkParams.from_description(NETWORK), np.random.default_rng(0))
    (folder / "network.bin").write_bytes(network.to_bytes())
    (folder / "net.yaml").write_text(json.dumps(NETWORK | {"head": {"classes": 2, "hidden": 0}}))
    (folder / "own.yaml").write_text(TRAINING)
    for text in blocks("yaml"):
        name = re.match(r"# (\S+\.yaml)\n", text)
        assert name is not None
        (folder / name[1]).write_text(text)


def test_commands_of_the_page_run_as_they_stand(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path)
    done = 0
    for line in "".join(blocks("sh")).splitlines():
        name, *arguments = shlex.split(line)
        assert name == "engram"
        if arguments[0] == "pretrain" and find_spec("torch") is None:
            continue
        one = ["--jobs", "1"] if arguments[0] == "run" else []
        status, _, err = engram(*arguments, *one)
        assert (status, err) == (0, ""), line
        done += 1
    assert done >= 7
    results = json.loads((tmp_path / "build" / "features" / "results.json").read_text())
    assert len(results["runs"]) == 3
    first, further = read_bank(tmp_path / "features.bin"), read_bank(tmp_path / "new.bin")
    assert first.pretraining["binarizer"] == further.pretraining["binarizer"]
    assert first.trained_classes() == further.trained_classes() == {0, 1}


def test_the_page_names_every_binarizer_and_every_array() -> None:
    text = PAGE.read_text()
    for code in ("`sign`", "`median`", "`thermometer:P`", "`projection:N`"):
        assert code in text
    for array in ("train_images", "train_labels", "test_images", "test_labels", "class_names"):
        assert f"`{array}.npy`" in text
