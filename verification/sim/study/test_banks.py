# SPDX-License-Identifier: MIT
"""A study on the embeddings of several networks: its runs, its report, banks that do not fit."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.data.bank_file import BankFile, encode_bank
from verification.sim.small_study import write_config

Engram = Callable[..., tuple[int, str, str]]

STUDY = """\
title: Two networks
data: {name: bank, path: ONE, others: [TWO]}
tasks: {base: 2, increment: 2, orders: [given, 1]}
head: {kind: integer, epochs: 1, batch: 32}
methods: [{replay: gbm, code_width: 4}, {replay: hamming}]
seeds: 1
"""


def bank(seed: int, classes: int = 6, features: int = 64) -> BankFile:
    """Embeddings of one set of samples; the seed is that of the network."""
    rng = np.random.default_rng(seed)
    means = rng.random((classes, features))
    labels = np.repeat(np.arange(classes), 30)

    def packed() -> np.ndarray:
        bits = rng.random((len(labels), features)) < means[labels]
        return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)

    return BankFile(
        features=features, train=packed(), train_labels=labels, test=packed(), test_labels=labels,
        class_names=tuple(f"class {i}" for i in range(classes)), data="made up",
        data_sha256="0" * 64, provenance="made up", network_sha256=f"{seed:064d}",
    )  # fmt: skip


def write(folder: Path, *files: BankFile) -> str:
    text = STUDY
    for name, file in zip(("ONE", "TWO"), files, strict=True):
        (folder / f"{name}.bin").write_bytes(encode_bank(file))
        text = text.replace(name, str(folder / f"{name}.bin"))
    return str(write_config(folder, text))


def runs_in(folder: Path) -> list[dict]:
    runs = json.loads((folder / "results.json").read_text())["runs"]
    return [{k: v for k, v in run.items() if k != "seconds"} for run in runs]


def test_every_run_is_done_on_every_bank(engram: Engram, tmp_path: Path) -> None:
    config = write(tmp_path, bank(1), bank(2))
    status, _, err = engram("run", config, "--out", tmp_path / "out", "--jobs", 1)
    assert (status, err) == (0, "")
    runs = runs_in(tmp_path / "out")
    assert [(r["label"], r["bank"], r["order"]) for r in runs] == [
        (label, number, order)
        for label in ("GBM K = 1, q = 4", "nearest prototype (Hamming) K = 1")
        for number in (0, 1)
        for order in ("given", 1)
    ]
    report = (tmp_path / "out" / "report.md").read_text()
    assert "± is the standard deviation over 2 networks x 2 orders of the later classes" in report
    assert f"embedded by the network {1:064d}"[:30] in report
    assert "; also made up" in report
    for number, path in enumerate(("ONE", "TWO")):
        alone = ("--set", f"data={{name: bank, path: {tmp_path / path}.bin}}")
        assert engram("run", config, *alone, "--out", tmp_path / path, "--jobs", 1)[0] == 0
        own = [{**run, "bank": 0} for run in runs if run["bank"] == number]
        assert runs_in(tmp_path / path) == own


def test_several_networks_can_be_plotted(engram: Engram, tmp_path: Path) -> None:
    config = write(tmp_path, bank(1), bank(2))
    assert engram("run", config, "--out", tmp_path / "out", "--jobs", 1)[0] == 0
    for kind in ("bits", "differences"):
        figure = tmp_path / f"{kind}.svg"
        given = ("plot", tmp_path / "out", "--kind", kind, "--out", figure)
        assert engram(*given)[0] == 0
        assert figure.exists()


def test_choices_are_made_once_for_all_banks(engram: Engram, tmp_path: Path) -> None:
    config = write(tmp_path, bank(1), bank(2))
    tuned = ("--set", "tuned={rate: [9, 12]}", "--set", "tasks.base=4")
    tuned += ("--set", "choice={base: 2, increment: 2}")
    assert engram("run", config, *tuned, "--out", tmp_path / "out", "--jobs", 1)[0] == 0
    rates = {run["tuned"]["rate"] for run in runs_in(tmp_path / "out") if "tuned" in run}
    assert len(rates) == 1


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            bank(2, features=128),
            "data.others.0 must be a bank of D = 64 as the study's, not of",
        ),
        (
            replace(bank(2), test_labels=np.roll(bank(2).test_labels, 1)),
            "data.others.0 must be a bank of the study's own samples, in order",
        ),
        (
            replace(bank(2), class_names=bank(2).class_names[::-1]),
            "data.others.0 must be a bank of the study's own samples, in order",
        ),
        (
            replace(bank(2), data_sha256="1" * 64),
            "data.others.0 must be a bank of the study's own samples, in order",
        ),
    ],
)
def test_a_bank_of_other_samples_is_refused(
    engram: Engram, tmp_path: Path, other: BankFile, message: str
) -> None:
    config = write(tmp_path, bank(1), other)
    status, _, err = engram("run", config, "--out", tmp_path / "out")
    assert status == 2
    assert f"small.yaml:2: {message}" in " ".join(err.split())


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("data={name: digits, others: [a]}", "others must be left out for digits"),
        ("data={name: bank, path: a, others: [b, a]}", "others must name every bank once, not a"),
        ("data={name: bank, path: a, others: []}", "data.others must be a list of 1 or more items"),
    ],
)
def test_others_that_are_no_other_banks_are_refused(
    engram: Engram, tmp_path: Path, assignment: str, message: str
) -> None:
    config = write(tmp_path, bank(1), bank(2))
    status, _, err = engram("run", config, "--set", assignment, "--out", tmp_path / "out")
    assert status == 2
    assert message in " ".join(err.split())
