# SPDX-License-Identifier: MIT
"""`engram bank --features` and a study on what it writes: features of a network nobody knows."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from golden.bits import unpack
from sim.data.bank_file import read_bank
from verification.sim.own_features import clouds, write_features

Engram = Callable[..., tuple[int, str, str]]

STUDY = """\
data: {name: bank, path: bank.bin}
tasks: {base: 2, increment: 2}
head: {hidden: 8, epochs: 2}
methods:
  - {replay: gbm, code_width: 4}
  - {replay: ncm}
seeds: 1
"""
GIVEN = ("bank", "--features", "X.npy", "--labels", "y.npy")
MADE = (*GIVEN, "--binarize", "thermometer:3", "--base", 2)


@pytest.fixture
def engram(engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engram:
    """Run the command line in a folder with features and a study."""
    monkeypatch.chdir(tmp_path)
    write_features(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY)
    return engram


def test_a_study_runs_on_features_of_an_unknown_network(engram: Engram, tmp_path: Path) -> None:
    status, out, err = engram(*MADE)
    assert (status, err) == (0, "")
    size = (tmp_path / "bank.bin").stat().st_size
    assert out.splitlines() == [
        "coding: 360/360 samples",
        "Binarizer: bank.binarizer.npz, for --binarizer",
        f"Bank: bank.bin, 300 training and 60 test embeddings of 96 bits, {size} bytes",
    ]
    status, out, err = engram("run", "study.yaml", "--out", "out", "--jobs", 1)
    assert (status, err) == (0, "")
    assert "Warning: the bank does not say on which classes its network was trained" in out
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["data"]["network_bits"] is None
    for text in (results["data"]["provenance"], (tmp_path / "out" / "report.md").read_text()):
        assert "32 features coded by thermometer:3; embeddings of no known network" in text
        assert "binarizer has seen" not in text
    final = {run["label"]: run["final"] for run in results["runs"]}
    assert final["nearest mean K = 1, q = 8"] > 0.6  # of six classes
    assert not (tmp_path / "out" / "accuracy_by_chip_bits.png").exists()
    figure = ("--kind", "bits", "--axis", "chip", "--out", "f.png")
    status, _, err = engram("plot", "out", *figure)
    assert status == 2
    assert "it must be the results of a bank whose network is known" in err


def test_classes_have_their_names_in_results_and_report(engram: Engram, tmp_path: Path) -> None:
    names = ["ant", "bee", "cow", "dog", "elk", "fox"]
    (tmp_path / "names.txt").write_text("\n".join(names))
    assert engram(*MADE, "--names", "names.txt")[0] == 0
    study = ("run", "study.yaml", "--set", "methods=[{replay: ncm}]", "--jobs", 1)
    assert engram(*study, "--out", "out")[0] == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["data"]["class_names"] == names
    report = (tmp_path / "out" / "report.md").read_text()
    assert " Classes: ant, bee; cow, dog; elk, fox." in report


def test_a_study_whose_later_classes_were_looked_at_is_refused(
    engram: Engram, tmp_path: Path
) -> None:
    assert engram(*MADE)[0] == 0
    status, _, err = engram("run", "study.yaml", "--set", "tasks.order=3", "--out", "out")
    assert status == 2
    assert "tasks: later tasks must bring classes that the binarizer of the bank was not" in err
    assert "not 2 classes of its fit (1, 0)" in err
    allowed = ("--set", "tasks.order=3", "--set", "tasks.allow_seen=true")
    status, out, _ = engram("run", "study.yaml", *allowed, "--out", "out", "--jobs", 1)
    assert status == 0
    assert "Warning: the binarizer was fitted on 2 of the classes of later tasks" in out
    said = "whose binarizer has seen 2 of the classes of later tasks"
    assert said in (tmp_path / "out" / "report.md").read_text()
    # A fit on the first classes of that order is what the study needs, and sign needs no fit.
    for more in (("--binarize", "median", "--base", 2, "--order", 3), ("--binarize", "sign")):
        assert engram(*GIVEN, *more)[0] == 0
        order = ("--set", "tasks.order=3", "--set", "methods=[{replay: ncm}]")
        status, out, _ = engram("run", "study.yaml", *order, "--out", "out", "--jobs", 1)
        assert (status, "binarizer was fitted" in out) == (0, False)


def test_other_samples_are_coded_alike_by_the_binarizer_of_the_first(
    engram: Engram, tmp_path: Path
) -> None:
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\ne\nf\n")
    names = ("--names", "names.txt")
    assert engram(*MADE, *names, "--out", "one.bin")[0] == 0
    with np.load("one.binarizer.npz") as arrays:
        thresholds, fitted = arrays["thresholds"], arrays["names"].tolist()
    assert fitted == ["a", "b"]
    x, labels = clouds(classes=8, per_class=12, seed=5)
    np.save("Z.npy", 3 * x)
    np.save("z.npy", labels)
    (tmp_path / "more.txt").write_text("h\nb\ng\nd\ne\nf\nc\na\n")
    again = ("--binarizer", "one.binarizer.npz", "--names", "more.txt", "--out", "two.bin")
    status, out, err = engram("bank", "--features", "Z.npy", "--labels", "z.npy", *again)
    assert (status, err) == (0, "")
    assert "Binarizer:" not in out
    assert not Path("two.binarizer.npz").exists()
    bank = read_bank(tmp_path / "two.bin")
    bits = (3 * x[:, :, np.newaxis] >= thresholds).reshape(len(x), -1)
    seen = np.sort(np.concatenate([unpack(bank.train, 96), unpack(bank.test, 96)]), axis=0)
    np.testing.assert_array_equal(seen, np.sort(bits, axis=0))
    assert bank.trained_classes() == {1, 7}  # by their names
    first = read_bank(tmp_path / "one.bin").pretraining["binarizer"]
    assert bank.pretraining["binarizer"] == first


def test_a_test_split_of_its_own_is_taken(engram: Engram, tmp_path: Path) -> None:
    x, labels = clouds(per_class=4, seed=2)
    np.save("X2.npy", x)
    np.save("y2.npy", labels)
    status, out, _ = engram(
        *GIVEN, "--test-features", "X2.npy", "--test-labels", "y2.npy", "--binarize", "sign"
    )
    assert status == 0
    assert "360 training and 24 test embeddings of 32 bits" in out
    bank = read_bank(tmp_path / "bank.bin")
    np.testing.assert_array_equal(unpack(bank.test, 32), x >= 0)


def test_bits_that_tell_nothing_are_counted(engram: Engram) -> None:
    x, _ = clouds()
    np.save("X.npy", np.maximum(x - 2, 0))
    status, out, _ = engram(*GIVEN, "--binarize", "median", "--base", 2)
    assert status == 0
    assert "Warning: " in out
    assert "of 32 bits are the same in all training samples and tell nothing." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bank",), "--features, which are embeddings already, and it has neither"),
        (("bank", "net.bin", *GIVEN[1:]), "which are embeddings already, not both"),
        (("bank", "net.bin", "--labels", "y.npy"), "--labels must be left out beside a network"),
        (("bank", "net.bin", "--base", 2), "--base must be left out beside a network file"),
        ((*MADE, "--data", "mnist"), "--data must be left out beside --features"),
        ((*MADE, "--data-dir", "."), "--data-dir must be left out beside --features"),
        (("bank", "--features", "X.npy", "--binarize", "sign"), "--features needs --labels, the"),
        (GIVEN, "--features needs either --binarize, a binarizer to fit, or --binarizer, the"),
        ((*MADE, "--binarizer", "b.npz"), "--features needs either --binarize, a binarizer to"),
        ((*GIVEN, "--binarizer", "b.npz", "--base", 2), "left out with --binarizer: it is"),
        ((*GIVEN, "--binarize", "sign", "--base", 2), "must be left out with sign: it is not fit"),
        ((*GIVEN, "--binarize", "median"), "--binarize median needs --base N: its thresholds come"),
        ((*GIVEN, "--binarize", "rounding"), "--binarize must be one of sign, median, thermometer"),
        ((*GIVEN, "--binarize", "median", "--base", 7), "--base must be at most the 6 classes"),
        # What cannot be written is told before the data are read.
        ((*GIVEN, "--binarize", "median", "--base", 7, "--out", "."), ". cannot be written: it is"),
        ((*MADE, "--test-features", "X.npy"), "--test-features and --test-labels must be given bo"),
        ((*MADE, "--out", "y.npy"), "--out must not be one of the files that are read, y.npy"),
        ((*GIVEN, "--binarizer", "y.npy"), "y.npy is damaged: it must end in the SHA-256 of its"),
        ((*GIVEN, "--binarizer", "wide.npz"), "32 features a sample of X.npy, not for 9"),
        ((*MADE, "--labels", "wide.npz"), "wide.npz must be one array of NumPy, .npy, not an"),
        ((*MADE, "--out", "wide.bin", "--names", "wide.binarizer.npz"), "where the binarizer"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_message_and_no_file(
    engram: Engram, tmp_path: Path, arguments: tuple, message: str
) -> None:
    x, labels = clouds(features=9)
    np.save("W.npy", x)
    made = ("--features", "W.npy", "--labels", "y.npy", "--binarize", "sign", "--out", "wide.bin")
    assert engram("bank", *made)[0] == 0
    Path("wide.binarizer.npz").rename("wide.npz")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    status, _, err = engram(*arguments)
    assert status == 2
    assert message in err
    assert "Traceback" not in err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("label", [0, 5])
@pytest.mark.parametrize("code", ["sign", "projection:8"])
def test_a_feature_that_is_not_finite_leaves_no_file(
    engram: Engram, tmp_path: Path, code: str, label: int
) -> None:
    x, labels = clouds()
    row = int(np.flatnonzero(labels == label)[1])
    x[row, 3] = np.nan
    np.save("X.npy", x)
    base = () if code == "sign" else ("--base", 2)
    status, _, err = engram(*GIVEN, "--binarize", code, *base)
    assert status == 2
    assert f"X.npy: features must be finite numbers below 1e+38, and feature 3 of row {row}" in err
    assert not (tmp_path / "bank.bin").exists()
    assert not (tmp_path / "bank.binarizer.npz").exists()


def test_a_bank_of_no_network_is_of_no_network_that_is_named(
    engram: Engram, tmp_path: Path
) -> None:
    assert engram(*MADE)[0] == 0
    status, _, err = engram("run", "study.yaml", "--set", "data.network=cifar100", "--out", "out")
    assert status == 2
    assert "bank.bin: Bank must be of the network " in err
    assert "not of no known network" in err


def test_features_of_the_same_samples_by_two_networks_are_one_study(
    engram: Engram, tmp_path: Path
) -> None:
    assert engram(*MADE)[0] == 0
    _, labels = clouds()
    other = np.random.default_rng(4).normal(size=(6, 32))[labels]
    np.save("X.npy", other + 0.5 * np.random.default_rng(5).normal(size=other.shape))
    assert engram(*MADE, "--out", "other.bin")[0] == 0
    both = ("--set", "data.others=[other.bin]", "--set", "methods=[{replay: ncm}]")
    status, _, err = engram("run", "study.yaml", *both, "--out", "out", "--jobs", 1)
    assert (status, err) == (0, "")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert len(results["runs"]) == 2
