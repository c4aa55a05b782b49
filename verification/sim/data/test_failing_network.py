# SPDX-License-Identifier: MIT
"""A network that fails while it embeds: its embeddings, and studies of methods on them."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.bits import unpack
from sim.data.bank import Bank
from sim.data.datasets import ImageSet, load
from sim.data.failing_network import Failing, FailingNetwork, load_failing_network
from sim.data.sections import BanksConfig, TasksConfig
from sim.data.source import load_banks
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document, parse
from sim.study.config import StudyConfig
from sim.study.report.faults import fault_lines
from sim.study.report.groups import group_runs
from sim.study.study import Study
from sim.work.cache import Cache
from sim.work.errors import UserError
from verification.sim.failing_bank import write_failing_bank
from verification.sim.small_cifar import write_small_cifar

Engram = Callable[..., tuple[int, str, str]]

TASKS = TasksConfig(base=50, increment=25, order=1993)
CELLS = Failing(die=3, threshold=2**28)
STUDY = """\
data: {name: bank, path: bank.bin, network: net.bin, each: {train: 2, test: 1}}
tasks: {base: 50, increment: 25, order: 1993}
methods:
  - {replay: likelihood}
  - {replay: likelihood, network_faults: {share: [0, 0.2, 0.4]}}
  - {replay: likelihood, map_faults: {share: [0, 0.3], die: 5}}
seeds: 2
"""
BOUNDED = """\
data: {name: bank, path: bank.bin, network: net.bin}
methods: [{replay: gbm}]
bounds: [{replay: joint, map_faults: {share: 0.1}}]
budgets: [1]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images, a network and its bank."""
    folder = tmp_path_factory.mktemp("network")
    write_failing_bank(folder)
    return folder


@pytest.fixture
def engram(engram: Engram, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Engram:
    monkeypatch.chdir(folder)
    return engram


def loaded(folder: Path, **more: Any) -> tuple[Bank, FailingNetwork, ImageSet]:
    data = BanksConfig.model_validate({
        "name": "bank", "path": str(folder / "bank.bin"), "network": str(folder / "net.bin"), **more
    })  # fmt: skip
    document = Document(data={}, source="study", overrides={(): "study"})
    (bank,) = load_banks(data, TASKS, document, None)
    network = load_failing_network(data, document, folder / "data")
    return bank, network, load("cifar100", folder / "data")


@pytest.mark.parametrize("more", [{}, {"each": {"train": 2, "test": 1}}, {"features": 33}])
def test_a_network_none_of_whose_cells_fail_makes_the_embeddings_of_the_bank(
    folder: Path, more: dict[str, Any]
) -> None:
    bank, network, _ = loaded(folder, **more)
    none = Failing(die=3, threshold=0)
    for weights, maps in ((None, None), (none, None), (None, none), (none, none)):
        assert network.embed(bank, weights, maps).digest == bank.digest


def test_embeddings_are_those_of_the_network_as_its_memories_read(
    folder: Path, tmp_path: Path
) -> None:
    bank, network, images = loaded(folder)
    sound, cache = network.network, Cache(tmp_path)
    wanted = {
        "weights": sound.failing(*CELLS),
        "maps": sound.failing_maps(*CELLS),
        "both": sound.failing(*CELLS).failing_maps(*CELLS),
    }
    found = {}
    for name, failing in wanted.items():
        weights, maps = (CELLS if name in (part, "both") else None for part in ("weights", "maps"))
        own = network.embed(bank, weights, maps, cache)
        again = network.embed(bank, weights, maps, cache)  # from the cache
        assert again.digest == own.digest
        np.testing.assert_array_equal(
            unpack(own.train, 70), failing.forward(images.train_images >> 1)
        )
        np.testing.assert_array_equal(
            unpack(own.test, 70), failing.forward(images.test_images >> 1)
        )
        np.testing.assert_array_equal(own.train_labels, bank.train_labels)
        found[name] = own.digest
    assert len({bank.digest, *found.values()}) == 4
    assert (cache.counts["embedding", "made"], cache.counts["embedding", "found"]) == (3, 3)


def test_the_first_samples_of_each_class_are_kept_in_their_order(folder: Path) -> None:
    whole, part = loaded(folder)[0], loaded(folder, each={"train": 2, "test": 1})[0]
    assert np.bincount(part.train_labels).tolist() == [2] * 100
    assert np.bincount(part.test_labels).tolist() == [1] * 100
    kept = [
        i for i, label in enumerate(whole.train_labels)
        if np.count_nonzero(whole.train_labels[:i] == label) < 2
    ]  # fmt: skip
    np.testing.assert_array_equal(part.train, whole.train[kept])
    np.testing.assert_array_equal(part.train_labels, whole.train_labels[kept])
    assert part.provenance.endswith("the first 2 training and 1 test samples of each class alone")


def test_what_does_not_belong_together_is_refused(folder: Path, tmp_path: Path) -> None:
    document = parse(STUDY, "study.yaml")
    bank, net = str(folder / "bank.bin"), str(folder / "net.bin")
    with pytest.raises(UserError, match=r"study.yaml:1: data.network must be given"):
        load_failing_network(BanksConfig(name="bank", path=bank), document, folder / "data")
    archive = r"study.yaml:1: data.path: .* embeds the images .* again: .* --data-dir$"
    with pytest.raises(UserError, match=archive):
        load_failing_network(BanksConfig(name="bank", path=bank, network=net), document, None)
    write_small_cifar(tmp_path / "data", train=400)
    data = BanksConfig(name="bank", path=bank, network=net)
    with pytest.raises(UserError, match=r"data.path must be a bank of the images of cifar100"):
        load_failing_network(data, document, tmp_path / "data")
    with pytest.raises(UserError, match=r"data.each.train must be at most the 3 samples"):
        loaded(folder, each={"train": 4, "test": 1})


def test_a_study_runs_methods_on_networks_that_fail(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(folder)
    document = parse(STUDY, "study.yaml")
    config = validate(StudyConfig, document)
    banks = load_banks(config.data, config.tasks, document, None)
    network = load_failing_network(config.data, document, folder / "data")
    study = Study.of(config, banks, tmp_path, network)
    study.folder.open(False)
    runs = study.run(1, lambda *_: None)
    by_share: dict[tuple[Any, ...], list[float]] = {}
    for run in runs:
        own = [(run.get(key) or {}).get("share") for key in ("network_faults", "map_faults")]
        by_share.setdefault(tuple(own), []).append(run["average_incremental"])
    sound = by_share.pop((None, None))
    assert by_share[0.0, None] == by_share[None, 0.0] == sound
    weights, maps = by_share[0.4, None], by_share[None, 0.3]
    assert weights[0] != weights[1]  # every seed is another die
    assert maps[0] == maps[1] != sound[0]  # but for the one that is named
    lines = fault_lines(group_runs(runs))
    assert [(line.name, [share for share, _ in line.failing]) for line in lines] == [
        ("mixture likelihood K = 1, q = 8, weights of the network", [0.2, 0.4]),
        ("mixture likelihood K = 1, q = 8, maps of the network, die 5", [0.3]),
    ]
    assert runs[-1]["label"].endswith(", 0.3 of the network's map cells fail, die 5")


@pytest.mark.slow
def test_the_command_line_writes_the_report_of_networks_that_fail(
    engram: Engram, folder: Path
) -> None:
    (folder / "study.yaml").write_text(STUDY)
    told = engram("run", "study.yaml", "--data-dir", "data", "--out", "out", "--jobs", "1")
    assert (told[0], told[2]) == (0, "")
    report = (folder / "out/report.md").read_text()
    assert "| mixture likelihood K = 1, q = 8, weights of the network |" in report
    assert "every seed is another die).**" in report.split("## Results")[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{share: [0, 0.2, 0.4]}", "{share: 2}", r"methods.1.network_faults.share must be .*1"),
        ("{share: [0, 0.2, 0.4]}", "{die: 2}", r"network_faults: faults must have either share or"),
        ("{share: [0, 0.2, 0.4]}", "{share: 0.1, plane: 1}", r"plane is no known key"),
        (
            "name: bank, path: bank.bin, network: net.bin",
            "name: digits",
            r"study.yaml:5: methods.1.network_faults must be left out: no network embeds digits",
        ),
        (
            "network: net.bin",
            "network: net.bin, others: [more.bin]",
            r"study.yaml:5: methods.1.network_faults must be left out beside data.others",
        ),
        (
            "seeds: 2",
            "seeds: 2\nbudgets: [1]",
            r"study.yaml:5: methods.1.network_faults must be left out where validation chooses",
        ),
        (
            STUDY,
            BOUNDED,
            r"study.yaml:3: bounds.0.map_faults must be left out where validation chooses",
        ),
        ("train: 2", "train: 9", r"study.yaml:1: data.each.train must be at most the 3 samples"),
        ("train: 2", "train: 0", r"data.each.train must be"),
    ],
)
def test_networks_that_cannot_fail_so_are_refused_with_their_place(
    engram: Engram, folder: Path, old: str, new: str, message: str
) -> None:
    assert old in STUDY
    (folder / "study.yaml").write_text(STUDY.replace(old, new))
    status, _, err = engram("run", "study.yaml", "--data-dir", "data", "--out", "no")
    assert status == 2
    assert "Traceback" not in err
    assert re.search(message, " ".join(err.split())), err
    assert not (folder / "no").exists()


def test_pictures_are_of_sound_networks(engram: Engram, folder: Path) -> None:
    text = STUDY.replace("replay: likelihood", "replay: gbm")
    (folder / "study.yaml").write_text(text)
    status, _, err = engram("pictures", "study.yaml", "--data-dir", "data", "--out", "no")
    assert (status, " ".join(err.split())) == (
        2,
        "engram: methods must have no network_faults: pictures show what the sound network embeds",
    )
    assert not (folder / "no").exists()


def test_the_network_of_the_bank_is_named_by_its_file(folder: Path) -> None:
    network = loaded(folder)[1]
    assert network.name == hashlib.sha256((folder / "net.bin").read_bytes()).hexdigest()
