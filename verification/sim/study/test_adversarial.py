# SPDX-License-Identifier: MIT
"""Studies that must come out at chance, or say what is wrong with their data.

Labels that are shuffled, or embeddings that are random, tell nothing about a class. Whatever a
source of replay does then, its accuracy on c classes of equally many test samples must be 1/c.
Where it is not, a test label has found its way into what is learnt. A bank with such a way in must
say so.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from scipy.stats import binom

from golden.bits import pack
from sim.data.bank import Bank
from sim.data.bank_file import BankFile, encode_bank
from sim.data.repeats import find_repeats
from sim.learn.sections import BinaryHeadConfig, HeadConfig, IntegerHeadConfig
from sim.replay import SOURCES
from sim.study.experiment import Experiment
from sim.study.methods import Method
from sim.study.summary import summarize
from verification.sim.small_study import write_config

Kind = Literal["honest", "shuffled", "random", "leaking"]
Engram = Callable[..., tuple[int, str, str]]

FEATURES, CLASSES = 64, 6
TRAIN, TEST = 60, 200  # samples a class
TASKS = (range(2), range(2, 4), range(4, 6))

HEADS: dict[str, HeadConfig | IntegerHeadConfig] = {
    "binary": BinaryHeadConfig(hidden=16, epochs=3, batch=32),
    "integer": IntegerHeadConfig(kind="integer", epochs=3, batch=32),
}

#: Two-sided level of a test. This file has some 300 of them. If the code is right, a new choice of
#: all seeds would give a false alarm in 3 of 100 cases.
LEVEL = 1e-4


@cache
def made(kind: Kind) -> Bank:
    """Return a bank: noisy prototypes of the classes; with shuffled labels; or random bits.

    Of the leaking bank, whose bits are random, all training samples are among the test samples.
    """
    rng = np.random.default_rng(1)
    prototypes = rng.integers(2, size=(CLASSES, FEATURES), dtype=np.uint8)
    bits, labels = {}, {}
    for part, each in (("train", TRAIN), ("test", TEST)):
        labels[part] = np.repeat(np.arange(CLASSES), each)
        shape = (len(labels[part]), FEATURES)
        if kind in ("random", "leaking"):
            bits[part] = rng.integers(2, size=shape, dtype=np.uint8)
        else:
            bits[part] = prototypes[labels[part]] ^ (rng.random(shape) < 0.1)
    if kind == "shuffled":
        labels = {part: rng.permutation(of_part) for part, of_part in labels.items()}
    if kind == "leaking":
        for c in range(CLASSES):
            bits["test"][c * TEST : c * TEST + TRAIN] = bits["train"][c * TRAIN : (c + 1) * TRAIN]
    return Bank(
        features=FEATURES,
        train=pack(bits["train"]),
        train_labels=labels["train"],
        test=pack(bits["test"]),
        test_labels=labels["test"],
        tasks=TASKS,
        class_names=tuple("abcdef"),
        thermometer=None,
        provenance=f"made up, {kind}",
    )


def correct(kind: Kind, head: str, source: str) -> list[int]:
    """Return how many test samples of the classes seen a study gets right after every task."""
    method = Method(source, SOURCES[source].Params(), 0)
    run = Experiment(made(kind), HEADS[head], method, seed=0)
    while not run.done:
        run.step(lambda _: None)
    seen = summarize(run)["accuracy_seen"]
    return [round(a * TEST * task.stop) for a, task in zip(seen, TASKS, strict=True)]


def chance(classes: int) -> tuple[int, int]:
    """Return the smallest and the largest count of right answers that chance explains.

    The count is binomial, or narrower: it is a sum over test samples of which each has its own
    chance to be right, and these chances have the mean 1/c. For shuffled labels the samples hang
    together, but with equally many of each class the variance grows by n / (n - 1) at most.
    """
    low, high = binom.interval(1 - LEVEL, TEST * classes, 1 / classes)
    return int(low), int(high)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["shuffled", "random"])
def test_what_tells_nothing_comes_out_at_chance(kind: Kind, source: str, head: str) -> None:
    for found, task in zip(correct(kind, head, source), TASKS, strict=True):
        low, high = chance(task.stop)
        assert low <= found <= high, f"{found} right of {TEST * task.stop} on {task.stop} classes"


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("source", SOURCES)
def test_honest_data_come_out_above_chance(source: str, head: str) -> None:
    found = correct("honest", head, source)
    assert all(n > chance(task.stop)[1] for n, task in zip(found, TASKS, strict=True))


def test_random_bits_that_leak_come_out_above_chance_and_are_found() -> None:
    bank = made("leaking")
    assert correct("leaking", "binary", "icarl")[-1] > chance(CLASSES)[1]
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
    bank = made(kind)
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
    assert f"tasks of 2 classes. {said}\n" in (tmp_path / "out" / "report.md").read_text()
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["data"]["repeats"] == {
        "count": 360 if kind == "leaking" else 0,
        "samples": 1200,
        "chance": 0.0,
        "features": 64,
        "leak": kind == "leaking",
    }
