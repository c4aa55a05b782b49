# SPDX-License-Identifier: MIT
"""`engram import`: from a model to a network file that other commands read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from verification.extras import skip_without_onnx

skip_without_onnx()

from sim.data.bank_file import read_bank
from sim.data.embed import read_network
from sim.exchange import check
from sim.exchange.agreement import Agreement
from verification.sim.exchange.graphs import Graph

Engram = Callable[..., tuple[int, str, str]]

MODELS = Path(__file__).parents[1] / "exchange" / "brevitas"


def test_a_network_of_brevitas_is_written_and_embeds_a_data_set(
    engram: Engram, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "network.bin"
    status, told, errors = engram(
        "import", MODELS / "tfc.onnx", "--bits", 4, "--check", "digits", "--out", out
    )
    assert (status, errors) == (0, "")
    assert told == (
        f"Network: {out}, 8 x 8 x 1 pixels of 4 bits, 4 layers of 12,288 weights, 64 features, a "
        "head of 10 classes\n"
        "Equal: 355 of 355 test images of digits, all 64 features and the class; accuracy 87.3 %\n"
    )
    status, _, errors = engram("bank", out, "--data", "digits", "--out", tmp_path / "bank.bin")
    assert (status, errors) == (0, "")
    assert read_bank(tmp_path / "bank.bin").features == 64
    written = out.read_bytes()
    engram("import", MODELS / "tfc.onnx", "--bits", 4, "--out", out)
    assert out.read_bytes() == written


def test_a_network_without_head_of_scaled_pixels(engram: Engram, tmp_path: Path) -> None:
    graph = Graph((64,)).bipolar().dense(30, 64).norm(30).bipolar()
    graph.add("MatMul", graph.real(30, 4))
    line = ["--image", "8x8x1", "--mean", "0.3", "--std", "-0.5", "--bits", "3", "--images", "40"]
    line += ["--features", "bipolarquant4_out", "--check", "digits", "--out", "network.bin"]
    status, told, errors = engram("import", graph.save(tmp_path), *line[:-1], tmp_path / "n.bin")
    assert (status, errors) == (0, "")
    assert "Equal: 40 of 40 test images of digits, all 30 features\n" in told
    assert read_network(tmp_path / "n.bin")[0].params.head is None


def test_a_network_that_differs_is_not_written(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    same = np.ones(20, bool)
    other = same & (np.arange(20) != 7)
    for features, classes, name in ((other, same, "features"), (same, other, "class")):
        agreement = Agreement(features, classes, ~same, np.zeros(20, np.int64))
        monkeypatch.setattr(check, "compare", lambda *_, found=agreement: found)
        path = MODELS / "tfc.onnx"
        line = ["--bits", 4, "--check", "digits", "--out", tmp_path / "network.bin"]
        status, told, errors = engram("import", path, *line)
        assert (status, told) == (2, "")
        assert errors == (
            f"engram: {path}: the network must have the {name} of the model, and has others on 1 "
            "of 20 test images of digits, image 7 first: a sum may lie so near a threshold that "
            "the rounding of floating point decides. Nothing is written\n"
        )
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("--mean", "a,b"), "--mean must be numbers with commas between, not 'a,b'"),
        (("--image", "8x8"), "--image must be HxWxC, such as 28x28x1, not '8x8'"),
        (("--layout", "CHW"), "Layout must be NCHW or NHWC, not 'CHW'"),
        (("--resize", "8x8"), "--data-dir, --images and --resize must go with --check"),
        (("--images", "9"), "--data-dir, --images and --resize must go with --check"),
        (("--epsilon", "0"), "--epsilon must be left out beside a model of ONNX"),
        (("--pool", "bits"), "--pool must be left out beside a model of ONNX"),
        (("--features", "x"), f"{MODELS / 'tfc.onnx'}: --features must be the name of a tensor, "),
        (("--check", "mnist"), "Data set mnist needs the folder of its archive: give it with --da"),
        (("--out", MODELS / "tfc.onnx"), f"--out must not be the model, {MODELS / 'tfc.onnx'}"),
    ],
)
def test_options_at_fault(engram: Engram, tmp_path: Path, line: tuple, message: str) -> None:
    given = [MODELS / "tfc.onnx", "--out", tmp_path / "network.bin", *line]
    status, told, errors = engram("import", *given)
    assert (status, told) == (2, "")
    assert errors.startswith(f"engram: {message}")
    assert list(tmp_path.iterdir()) == []


def test_packages_that_are_missing_are_named(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.cli.needs.find_spec", lambda name: None)
    end = "' in the project's folder\n"
    for line, what in (
        (["import", "a.onnx"], "import needs ONNX: pip install -e '.[onnx]"),
        (["export", "a.bin"], "export needs ONNX: pip install -e '.[onnx]"),
        (["import", "--torch", "a.pt"], "import --torch needs PyTorch: pip install -e '.[train]"),
    ):
        assert engram(*line) == (2, "", f"engram: engram {what}{end}")
    status, _, errors = engram("import", "a.npz")  # arrays need nothing
    assert (status, errors) == (
        2, "engram: a.npz needs --network, the description of its layers\n"
    )  # fmt: skip
