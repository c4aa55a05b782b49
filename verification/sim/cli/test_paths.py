# SPDX-License-Identifier: MIT
"""Every path that a user can give, as an option or as a key: none ends in a traceback or hangs."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main

from sim.cli import app, images
from sim.data.shipped import FOLDER
from sim.study.config import StudyConfig
from verification.sim import made_up_exploration, made_up_results
from verification.sim.small_cifar import write_small_cifar

Engram = Callable[..., tuple[int, str, str]]

#: Placeholders of the help that stand for a path of a file, and for that of a folder.
FILES = {
    "CONFIG", "FILE", "FILE.py", "MODEL", "NAME|FILE", "NAME|PATH", "NETWORK_FILE", "RESULTS",
    "SPACE", "URL",
}  # fmt: skip
FOLDERS = {"DIR"}

#: What else a command needs so that it comes to look at the path.
BESIDE = {
    ("bank", "binarizer"): ["--features", "X.npy", "--labels", "y.npy"],
    ("bank", "data"): ["NETWORK"],
    ("bank", "data_dir"): ["NETWORK"],
    ("bank", "features"): ["--labels", "y.npy", "--binarize", "sign"],
    ("bank", "labels"): ["--features", "X.npy", "--binarize", "sign"],
    ("bank", "names"): ["--features", "X.npy", "--labels", "y.npy", "--binarize", "sign"],
    ("bank", "test_features"): [
        "--features", "X.npy", "--labels", "y.npy", "--binarize", "sign", "--test-labels", "y.npy",
    ],
    ("bank", "test_labels"): [
        "--features", "X.npy", "--labels", "y.npy", "--binarize", "sign", "--test-features",
        "X.npy",
    ],
    ("bank", "out"): ["NETWORK", "--data-dir", "CIFAR"],
    ("explore", "data_dir"): ["--set", "data={name: mnist}"],
    ("export", "out"): ["NETWORK", "--images", "1"],
    ("import", "check"): ["MODEL", "--bits", "4"],
    ("import", "data_dir"): ["MODEL", "--bits", "4", "--check", "mnist"],
    ("import", "network"): ["X.npz"],
    ("import", "out"): ["MODEL", "--bits", "4"],
    ("import", "torch"): ["--network", "fbnn-S"],
    ("pictures", "data_dir"): ["--set", "data={name: mnist}"],
    ("plot", "out"): ["STUDY", "--kind", "tasks"],
    ("plot", "plugins"): ["STUDY", "--kind", "tasks", "--out", "figure.png"],
    ("plot", "results"): ["--kind", "bits", "--out", "figure.png"],
    ("report", "data_dir"): ["STUDY OF IMAGES"],
    ("report", "out"): ["EXPLORATION", "--html"],
    ("run", "cache"): ["digits"],
    ("run", "data_dir"): ["digits", "--set", "data.name=mnist"],
    ("run", "out"): ["digits"],
    ("samples", "out"): ["--data", "digits"],
    ("rtl", "head"): ["chip", "--size", "tiny", "--network", "cifar100"],
    ("rtl", "out"): ["lfsr", "--size", "tiny"],
    ("schema", "plugins"): ["study"],
    ("vectors", "config"): ["xnor"],
    ("vectors", "network"): ["network"],
    ("vectors", "out"): ["xnor"],
    ("binplay", "out"): ["--data-dir", "CIFAR", "--set", "data=cifar100"],
    **{(name, "out"): ["--data-dir", "CIFAR"] for name in ("native", "resnet")},
    ("pretrain", "out"): ["quick", "--data-dir", "CIFAR"],
}  # fmt: skip

#: Keys of configurations that are paths, as the words of a command with the path at BAD.
KEYS = [
    ("run", "digits", "--set", "data={name: bank, path: BAD}"),
    ("run", "digits", "--set", "data={name: bank, path: cifar100, network: BAD}"),
    ("explore", "digits", "--set", "data={name: bank, path: BAD}"),
    ("run", "compare", "--set", "choice.path=BAD"),
    ("pretrain", "quick", "--set", "network=BAD"),
    ("run", "digits", "--set", "data.name=./BAD"),
    ("samples", "--data", "./BAD"),
    ("samples", "--data", "./BAD/images.npz"),
]

#: Models that Brevitas has exported.
SHIPPED = Path(__file__).parents[1] / "exchange" / "brevitas"

KINDS = ("loop", "pipe", "long", "under", "other")


def parameters() -> list[tuple[str, str]]:
    group: Any = typer.main.get_command(app)
    return [
        (name, parameter.name)
        for name, command in group.commands.items()
        for parameter in command.params
        if parameter.metavar in FILES | FOLDERS
    ]


def words(command: str, name: str, bad: str) -> list[str]:
    """Return a parameter of a command with a value, as a user types it."""
    group: Any = typer.main.get_command(app)
    (parameter,) = [p for p in group.commands[command].params if p.name == name]
    return [bad] if parameter.param_type_name == "argument" else [parameter.opts[0], bad]


def is_folder(command: str, name: str) -> bool:
    group: Any = typer.main.get_command(app)
    (parameter,) = [p for p in group.commands[command].params if p.name == name]
    return parameter.metavar in FOLDERS


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Paths that no command can use, by their kind; the working directory is a new one."""
    monkeypatch.chdir(tmp_path)
    Path("loop.yaml").symlink_to("loop.yaml")
    os.mkfifo("pipe.yaml")
    Path("file.yaml").touch()
    Path("folder.yaml").mkdir()
    np.save("X.npy", np.zeros((12, 2)))
    np.save("y.npy", np.zeros(12, int))

    def late(number: int, frame: object) -> None:
        raise TimeoutError("the command hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(120)
    yield {
        "loop": "loop.yaml",
        "pipe": "pipe.yaml",
        "long": f"{'n' * 300}.yaml",
        "under": "file.yaml/below.yaml",
        "file": "file.yaml",
        "folder": "folder.yaml",
    }
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


def refuse(engram: Engram, command: str, arguments: list[str], path: str, folder: Path) -> None:
    """Give a command; hold it to one message about the path, and to no file that it leaves."""
    if command in images.__all__ and find_spec("torch") is None:
        pytest.skip("PyTorch (extra `train`) is not installed")
    if command in ("import", "export") and find_spec("qonnx") is None:
        pytest.skip("ONNX (extra `onnx`) is not installed")
    if "--torch" in arguments and find_spec("torch") is None:
        pytest.skip("PyTorch (extra `train`) is not installed")
    before = files(folder)
    status, _, errors = engram(command, *arguments)
    assert status == 2, (arguments, errors)
    assert path.partition("/")[0] in errors, errors
    assert "Traceback" not in errors
    assert files(folder) == before


def study_of_images(folder: Path) -> Path:
    """Write results whose data set is one of archives, and return their folder."""
    methods = [{"replay": "hamming"}]
    config = StudyConfig.model_validate({"data": {"name": "mnist"}, "methods": methods})
    about = {"config": config.document(), "config_sha256": config.digest()}
    folder.mkdir()
    results = {"command": "engram run mnist", **about, "runs": [{}]}
    (folder / "results.json").write_text(json.dumps(results))
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("command", "name"), parameters())
def test_a_path_that_cannot_be_used_is_named(
    engram: Engram, tmp_path: Path, bad: dict[str, str], command: str, name: str, kind: str
) -> None:
    if (name, kind) == ("scripts", "pipe"):
        pytest.skip("a script may come through a pipe")
    folder = is_folder(command, name)
    path = bad[("file" if folder else "folder") if kind == "other" else kind]
    places = {
        "CIFAR": lambda: str(write_small_cifar(tmp_path / "cifar")),
        "EXPLORATION": lambda: str(
            made_up_exploration.write(tmp_path / "found", made_up_exploration.exploration(20))
        ),
        "MODEL": lambda: str(SHIPPED / "tfc.onnx"),
        "STUDY": lambda: str(made_up_results.write(tmp_path / "study")),
        "STUDY OF IMAGES": lambda: str(study_of_images(tmp_path / "study")),
        "NETWORK": lambda: str(FOLDER / "cifar100" / "network.bin"),
    }
    beside = [
        places[word]() if word in places else word for word in BESIDE.get((command, name), [])
    ]
    for value in (
        [f"{kept}:///{path}" for kept in ("sqlite", "journal")] if name == "storage" else [path]
    ):
        refuse(engram, command, [*beside, *words(command, name, value)], path, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("line", KEYS, ids=" ".join)
def test_a_path_of_a_configuration_that_cannot_be_used_is_named(
    engram: Engram, tmp_path: Path, bad: dict[str, str], line: tuple[str, ...], kind: str
) -> None:
    path = bad["folder" if kind == "other" else kind]
    command, *arguments = (word.replace("BAD", path) for word in line)
    refuse(engram, command, arguments, path, tmp_path)


def test_a_path_with_a_character_that_no_path_has_is_named(
    engram: Engram, tmp_path: Path, bad: dict[str, str]
) -> None:
    for line in KEYS[:4]:
        command, *arguments = (word.replace("BAD", '"a\\0b"') for word in line)
        status, _, errors = engram(command, *arguments)
        assert status == 2
        assert "'a\\x00b' cannot be read: embedded null byte" in errors


@pytest.mark.parametrize("name", [".", "/", "..", ""])
@pytest.mark.parametrize("command", ["bank", "explore digits --storage none --out"])
def test_a_path_without_a_name_of_its_own_is_no_matter(
    engram: Engram, bad: dict[str, str], command: str, name: str
) -> None:
    status, _, errors = engram(*command.split(), name)
    assert status == 2
    if command == "bank":
        assert errors == f"engram: {Path(name)} cannot be read: it is a directory\n"
    elif name == "/":
        assert errors == "engram: Output folder must not be the root of the file system, /\n"
    else:
        assert "--storage must be sqlite:///FILE" in errors


def test_the_paths_are_those_of_the_command_tree() -> None:
    group: Any = typer.main.get_command(app)
    known = FILES | FOLDERS
    other = {
        parameter.metavar
        for command in group.commands.values()
        for parameter in command.params
        if parameter.metavar not in known and not parameter.opts[0].startswith("--no")
    }
    assert other <= {
        None, "1|2", "A,B,C", "ADDRESS", "BITS", "BLOCK", "C", "CODE", "CYCLES", "E", "HxW",
        "HxWxC", "KEY=VALUE", "KIND", "MB", "N", "NAME", "NCHW|NHWC", "SECONDS", "SEED", "SHARE",
        "V", "cpu|cuda", "hex|json|npz", "md|json|csv", "qonnx", "state|memory|chip", "sums|bits",
        "tiny|small|full",
    }  # fmt: skip
    assert {*BESIDE} <= {*parameters()}
