# SPDX-License-Identifier: MIT
"""Classes that the network of a bank was trained on are not taken for new ones, without a word."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.data.bank_file import encode_bank, read_bank
from sim.data.embedded_bank import bank_of_file
from sim.data.shipped import shipped_file
from sim.data.tasks import class_order, split_tasks

Engram = Callable[..., tuple[int, str, str]]

QUICK = (
    "--set", "methods=[{replay: ncm}]", "--set", "head.epochs=1", "--seeds", 1, "--jobs", 1,
)  # fmt: skip


def test_a_bank_counts_the_later_classes_that_its_network_knows() -> None:
    file = read_bank(shipped_file("cifar100", "bank.bin"))
    trained = file.trained_classes() or frozenset()
    assert trained == set(np.random.RandomState(1993).permutation(100)[:50].tolist())
    for order, base in ((1993, 50), (1993, 20), (7, 50), ("identity", 60)):
        permutation = class_order(100, order)
        later = set(permutation[base:].tolist())
        bank = bank_of_file(file, permutation, split_tasks(100, base, 5))
        assert set(bank.seen) == {file.class_names[label] for label in later & trained}
        assert ("has seen" in bank.provenance) == bool(later & trained)


@pytest.mark.parametrize(
    "pretraining",
    [
        {},
        {"classes": None},
        {"classes": {"data": "cifar100"}},
        {"classes": {"data": "cifar100", "order": "no", "base": 50}},
    ],
)
def test_a_bank_that_does_not_say_its_classes_is_told(pretraining: dict) -> None:
    file = replace(read_bank(shipped_file("cifar100", "bank.bin")), pretraining=pretraining)
    bank = bank_of_file(file, class_order(100, 1993), split_tasks(100, 50, 5))
    assert (file.trained_classes(), bank.seen, bank.says_trained) == (None, (), False)
    assert bank.provenance.endswith("the bank does not say on which classes it was trained")


def test_a_run_on_a_bank_that_does_not_say_its_classes_warns(
    engram: Engram, tmp_path: Path
) -> None:
    file = replace(read_bank(shipped_file("cifar100", "bank.bin")), pretraining={})
    (tmp_path / "untold.bin").write_bytes(encode_bank(file))
    path = ("--set", f"data.path={tmp_path / 'untold.bin'}")
    status, out, err = engram("run", "cifar100", *path, *QUICK, "--out", tmp_path / "out")
    assert (status, err) == (0, "")
    assert "Warning: the bank does not say on which classes its network was trained" in " ".join(
        out.split()
    )
    assert "does not say on which classes" in (tmp_path / "out" / "report.md").read_text()


def test_a_network_of_other_data_has_seen_no_class() -> None:
    classes = {"classes": {"data": "mnist", "order": 1993, "base": 5}}
    file = replace(read_bank(shipped_file("cifar100", "bank.bin")), pretraining=classes)
    bank = bank_of_file(file, class_order(100, 1993), split_tasks(100, 50, 5))
    assert (file.trained_classes(), bank.says_trained) == (frozenset(), True)


@pytest.mark.parametrize("key", ["tasks.base=20", "tasks.order=3"])
@pytest.mark.parametrize("command", ["run", "pictures", "explore"])
def test_later_tasks_of_known_classes_are_refused(
    engram: Engram, tmp_path: Path, command: str, key: str
) -> None:
    status, _, err = engram(command, "cifar100", "--set", key, "--out", tmp_path / "out")
    assert status == 2
    assert "tasks: later tasks must bring classes that the network of the bank was not" in err
    assert "set tasks.allow_seen to true, and the report says so" in err
    assert not (tmp_path / "out").exists()


def test_if_they_are_allowed_report_terminal_and_results_say_so(
    engram: Engram, tmp_path: Path
) -> None:
    allowed = ("--set", "tasks.base=20", "--set", "tasks.allow_seen=true")
    status, out, err = engram("run", "cifar100", *allowed, *QUICK, "--out", tmp_path / "out")
    assert (status, err) == (0, "")
    assert "Warning: the network was trained on 30 of the classes of later tasks" in " ".join(
        out.split()
    )
    said = "whose training has seen 30 of the classes of later tasks"
    assert said in (tmp_path / "out" / "report.md").read_text()
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert said in results["data"]["provenance"]
    assert results["config"]["tasks"]["allow_seen"] is True


def test_new_classes_need_no_permission(engram: Engram, tmp_path: Path) -> None:
    # false is what the key stands for when it is left out, to the last bit of the digest.
    digests = []
    for more in ((), ("--set", "tasks.allow_seen=false")):
        folder = tmp_path / str(len(more))
        status, out, _ = engram("run", "cifar100", *more, *QUICK, "--out", folder)
        assert status == 0
        assert "Warning" not in out
        results = json.loads((folder / "results.json").read_text())
        digests.append(results["config_sha256"])
    assert digests[0] == digests[1]
