# SPDX-License-Identifier: MIT
"""Studies whose test samples leak into training: what a run on such a bank says.

That a method is at chance where there is nothing to learn is a check of conformance.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.data.bank_file import BankFile, encode_bank
from sim.data.repeats import find_repeats
from sim.learn.sections import BinaryHeadConfig
from sim.replay import SOURCES
from sim.study.made_up import CLASSES, FEATURES, TRAIN, Kind, chance, correct, made_up
from sim.study.methods import Method
from verification.sim.small_study import write_config

Engram = Callable[..., tuple[int, str, str]]


def test_random_bits_that_leak_come_out_above_chance_and_are_found() -> None:
    bank = made_up("leaking")
    method = Method("icarl", SOURCES["icarl"].Params(), 0)
    head = BinaryHeadConfig(hidden=16, epochs=3, batch=32)
    assert correct("leaking", head, method)[-1] > chance(CLASSES)[1]
    found = find_repeats(bank.train, bank.train_labels, bank.test, bank.test_labels, FEATURES)
    assert (found.count, found.leak) == (TRAIN * CLASSES, True)


STUDY = """\
title: A study of a bank
data: {{name: bank, path: {path}}}
tasks: {{base: 2, increment: 2}}
head: {{epochs: 1}}
methods: [{{replay: ncm}}, {{replay: latent, exemplars: 5}}]
{more}
seeds: 1
"""
COMPARISON = "budgets: [1]\nchoice: {base: 1, increment: 1}"


@pytest.mark.parametrize("more", ["", COMPARISON], ids=["study", "comparison"])
@pytest.mark.parametrize("kind", ["leaking", "honest"])
def test_a_run_on_a_bank_says_whether_it_leaks(
    engram: Engram, tmp_path: Path, kind: Kind, more: str
) -> None:
    bank = made_up(kind)
    file = BankFile(
        features=FEATURES,
        train=bank.train,
        train_labels=bank.train_labels,
        test=bank.test,
        test_labels=bank.test_labels,
        class_names=bank.class_names,
        data="made up",
        data_sha256="0" * 64,
        provenance="made up",
        network_sha256="0" * 64,
        pretraining={"classes": {"data": "other"}},
    )
    (tmp_path / "bank.bin").write_bytes(encode_bank(file))
    config = write_config(tmp_path, STUDY.format(path=tmp_path / "bank.bin", more=more))
    status, out, err = engram("run", config, "--out", tmp_path / "out", "--jobs", 1)
    assert (status, err) == (0, "")
    said = (
        "360 of the 1200 test embeddings are also training embeddings of the same class (30 %; of "
        "training embeddings among themselves 0 %): test samples may have leaked into training."
        if kind == "leaking"
        else "No test embedding is also a training embedding of its class."
    )
    assert (f"Warning: {said}" in " ".join(out.split())) == (kind == "leaking")
    assert ("Warning" in out) == (kind == "leaking")
    report = (tmp_path / "out" / "report.md").read_text()
    assert f" {said}\n" in report.partition("tasks of 2 classes.")[2]
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["data"]["repeats"] == {
        "count": 360 if kind == "leaking" else 0,
        "samples": 1200,
        "chance": 0.0,
        "features": 64,
        "leak": kind == "leaking",
    }
