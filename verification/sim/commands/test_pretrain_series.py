# SPDX-License-Identifier: MIT
"""`engram pretrain --series`: recipes compared, work that goes on, mistakes told."""

import hashlib
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.kernels import infer
from golden.network import Network
from golden.params import NetworkParams
from sim.commands import pretrain_series
from sim.images.pretrain.export import to_golden
from sim.images.pretrain.judge import JUDGES
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.sections import ModelConfig
from sim.images.pretrain.split import BaseSplit
from sim.images.pretrain.train import ImageTrainer

Engram = Callable[..., tuple[int, str, str]]

NETWORK = """\
input: {height: 8, width: 8, channels: 1, bits: 4}
layers:
  - {kind: thermometer, levels: 4}
  - {kind: dense, outputs: 64, thresholds: true}
head: {classes: 10, hidden: 0}
"""

CONFIG = """\
network: net.yaml
classes: {data: digits, order: identity, base: 6}
model: {batch_norm: true}
augment: {flip: false, shift: 0}
training: {epochs: 2, batch: 32, learning_rate: 0.01}
"""

SERIES = """\
title: A small series
new: 2
increment: 1
seeds: 2
recipes:
  - {}
  - {training.epochs: [1, 3], augment.shift: 1}
"""

HEADINGS = ["learnt classes", *JUDGES]


def quickly_judged(
    network: Network, split: BaseSplit, new: int, increment: int
) -> dict[str, float]:
    """Numbers that tell the network, in place of accuracies, which `test_judge` is about."""
    assert (new, increment) == (2, 1)
    assert set(split.train_labels) == set(split.test_labels) == set(range(6))
    infer(network, split.test_images)  # pixels have the bits of the network
    number = zlib.crc32(network.to_bytes()) / 2**32
    return {heading: number / place for place, heading in enumerate(JUDGES, 1)}


@pytest.fixture
def series(engram: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engram:
    """`engram pretrain --series` of the small series, into a named folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pretrain_series, "judged", quickly_judged)
    (tmp_path / "net.yaml").write_text(NETWORK)
    (tmp_path / "a.yaml").write_text(CONFIG)
    (tmp_path / "s.yaml").write_text(SERIES)

    def call(out: str, *arguments: object) -> tuple[int, str, str]:
        return engram("pretrain", "a.yaml", "--series", "s.yaml", "--out", out, *arguments)

    return call


def test_the_report_has_every_recipe_with_mean_and_spread(series: Engram, tmp_path: Path) -> None:
    status, out, err = series("out")
    assert (status, err) == (0, "")
    assert "training.epochs=3, augment.shift=1, seed 1" in out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["report.md", "results.json"]
    assert not (tmp_path / "out.partial").exists()
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["learnt"] == 4
    assert [one["set"] for one in results["recipes"]] == [
        [],
        ["training.epochs=1", "augment.shift=1"],
        ["training.epochs=3", "augment.shift=1"],
    ]
    report = (tmp_path / "out" / "report.md").read_text()
    assert f"| recipe | {' | '.join(HEADINGS)} |" in report
    plain, *_, last = (one["results"] for one in results["recipes"])
    assert all(list(one) == HEADINGS for one in plain)
    gbm = [100 * one[HEADINGS[1]] for one in last]
    assert f"{fmean(gbm):.1f} ± {stdev(gbm):.1f}" in report
    gains = [a - 100 * b[HEADINGS[1]] for a, b in zip(gbm, plain, strict=True)]
    assert f"{fmean(gains):+.1f} ± {stdev(gains):.1f}" in report
    # Four digits are easy, and every recipe and seed is a network of its own.
    assert min(one["learnt classes"] for one in plain) > 0.5
    assert len({one[HEADINGS[1]] for each in results["recipes"] for one in each["results"]}) == 6


def test_what_is_common_holds_unless_set_or_a_recipe_says_otherwise(
    series: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "s.yaml").write_text(
        "{new: 2, increment: 1, seeds: 1, common: {training.epochs: 2, augment.shift: 2}, "
        "recipes: [{}, {training.epochs: 3}]}"
    )
    trained: list[tuple[int, int]] = []
    begin = ImageTrainer.__init__

    def watched(self: ImageTrainer, *arguments: object, **others: object) -> None:
        begin(self, *arguments, **others)  # type: ignore[arg-type]
        trained.append((self.config.epochs, self.augmentation.shift))

    monkeypatch.setattr(ImageTrainer, "__init__", watched)
    assert series("out", "--set", "augment.shift=1")[0] == 0
    assert trained == [(2, 1), (3, 1)]
    report = (tmp_path / "out" / "report.md").read_text()
    assert "All have `training.epochs=2`, `augment.shift=2`, unless `--set` or the recipe" in report


def test_a_killed_series_goes_on_and_trains_nothing_twice(
    series: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert series("whole")[0] == 0
    step, done = ImageTrainer.step, []

    def dies(self: ImageTrainer, report: Callable[[int, int], None]) -> object:
        if len(done) == 7:  # networks of 2, 2, 1 and 1 epochs, and an epoch of the fifth
            raise KeyboardInterrupt
        return counted(self, report)

    def counted(self: ImageTrainer, report: Callable[[int, int], None]) -> object:
        done.append(1)
        return step(self, report)

    monkeypatch.setattr(ImageTrainer, "step", dies)
    assert series("cut")[0] == 130
    left = sorted(p.name for p in (tmp_path / "cut.partial").iterdir())
    assert left == [*(f"run_{i}.json" for i in range(4)), "run_4", "series.json"]
    assert series("cut")[0] == 2
    monkeypatch.setattr(ImageTrainer, "step", counted)
    done.clear()
    assert series("cut", "--resume")[0] == 0
    assert len(done) == 5  # two more of the fifth network, three of the sixth
    whole, cut = (json.loads((tmp_path / o / "results.json").read_text()) for o in ("whole", "cut"))
    assert cut["recipes"] == whole["recipes"]
    assert not (tmp_path / "cut.partial").exists()


def test_a_run_killed_after_its_result_leaves_nothing_behind(
    series: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(self: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pretrain_series.TrainingFolder, "close", dies)
        assert series("out")[0] == 130
    left = sorted(p.name for p in (tmp_path / "out.partial").iterdir())
    assert left == ["run_0", "run_0.json", "series.json"]
    assert series("out", "--resume")[0] == 0
    assert not (tmp_path / "out.partial").exists()


@pytest.mark.parametrize("content", ["{}", '{"learnt classes": 0.5}', "[]", "{", "NaN"])
def test_a_damaged_result_is_told(
    series: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    def dies(self: object, report: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ImageTrainer, "step", dies)
    assert series("out")[0] == 130
    (tmp_path / "out.partial" / "run_0.json").write_text(content)
    status, _, err = series("out", "--resume")
    assert status == 2
    assert "run_0.json is damaged: remove it to train this network again" in " ".join(err.split())


def test_a_recipe_may_change_the_bits_of_a_pixel(series: Engram, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "{new: 2, increment: 1, seeds: 1, recipes: [{network.input.bits: 3}]}"
    )
    assert series("out")[0] == 0


def write_network(path: Path, classes: int, learnt: dict | None) -> None:
    """Write a network that a recipe can name, and a card of the classes that it has learnt."""
    params = NetworkParams.from_description(
        yaml.safe_load(NETWORK) | {"head": {"classes": classes, "hidden": 0}}
    )
    twin = BinaryNetwork(params, ModelConfig(batch_norm=True), np.random.default_rng(0))
    content = to_golden(twin).to_bytes()
    path.write_bytes(content)
    if learnt is not None:
        sha256 = hashlib.sha256(content).hexdigest()
        card = {"network_sha256": sha256, "pretraining": {"classes": learnt}}
        path.with_suffix(".json").write_text(json.dumps(card))


def learnt(base: int, order: object = "identity", data: str = "digits") -> dict:
    return {"data": data, "order": order, "base": base}


NAMED = "{new: 2, increment: 1, seeds: 1, recipes: [{training.epochs: 1, %s}]}"
START, TEACHER = "start: a.bin", "distillation.networks: [[a.bin]]"


@pytest.mark.parametrize(
    ("named", "card", "message"),
    [
        (START, learnt(5), "knows no class after the 4 base classes, and a.bin has learnt 1 of"),
        (START, learnt(4, 1993), "knows no class after the 4 base classes, and a.bin has learnt"),
        (START, {"data": "x", "names": ["1", "7"]}, "and a.bin has learnt 1 of them"),
        (TEACHER, learnt(4, 1993), "networks.0 must have learnt the 4 base classes of digits in"),
        (TEACHER, learnt(4, data="mnist"), "in their order, and a.bin has learnt others"),
        (TEACHER, {"data": "x", "names": ["1", "0", "2", "3"]}, "and a.bin has learnt others"),
    ],
)
def test_a_network_that_knows_new_classes_is_refused(
    series: Engram, tmp_path: Path, named: str, card: dict, message: str
) -> None:
    write_network(tmp_path / "a.bin", 4, card)
    (tmp_path / "s.yaml").write_text(NAMED % named)
    status, out, err = series("out")
    assert status == 2
    assert message in " ".join(err.split())
    assert "seed 0" not in out
    assert not (tmp_path / "out").exists()


def test_a_start_of_the_common_recipe_is_held_to_the_classes_of_the_series(
    series: Engram, tmp_path: Path
) -> None:
    write_network(tmp_path / "a.bin", 6, learnt(6))  # all that CONFIG learns, two too many here
    status, _, err = series("out", "--set", "start=a.bin")
    assert status == 2
    assert "a.bin has learnt 2 of them" in " ".join(err.split())


@pytest.mark.parametrize("named", [START, TEACHER])
@pytest.mark.parametrize("card", [learnt(4), {"data": "x", "names": list("0123")}, {}, None])
def test_the_report_names_networks_that_nothing_is_known_of(
    series: Engram, tmp_path: Path, named: str, card: dict | None
) -> None:
    write_network(tmp_path / "a.bin", 4, card)
    (tmp_path / "s.yaml").write_text(NAMED % named)
    status, _, err = series("out")
    assert (status, err) == (0, "")
    untold = json.loads((tmp_path / "out" / "results.json").read_text())["untold"]
    assert untold == ([] if card else ["a.bin"])
    report = (tmp_path / "out" / "report.md").read_text()
    assert ("No card says which classes `a.bin` learnt" in report) == bool(untold)


@pytest.mark.parametrize(
    ("changed", "to", "message"),
    [
        ("new: 2", "new: 5", r"s.yaml:2: new must leave two of the 6 base classes to learn, so"),
        ("increment: 1", "increment: 3", "s.yaml:3: increment must divide the 2 new classes, not"),
        ("- {}", "- {seed: 1}", "must leave seed out: the series sets the seed, and"),
        ("- {}", "- {classes.base: 3}", "must leave classes.base out: the series sets the seed,"),
        ("- {}", "- {classes.order: 7}", "must leave classes.order out: the series sets the seed"),
        ("- {}", "- {classes.data: mnist}", "must leave classes.data out"),
        ("- {}", "- {classes.held_out.share: 0.2}", "must leave classes.held_out.share out"),
        ("- {}", "- {classes: {order: 7}}", "must leave classes out"),
        ("- {}", "- {' classes.order': 7}", "must leave  classes.order out"),
        ("- {}", "- {'classes={order: 7} #': 7}", "must leave classes={order: 7} # out"),
        ("- {}", "- {network.input.bits: 5}", "s.yaml: Pixels of the network must have at most"),
        ("- {}", "- {network.input.width: 4}", "s.yaml: Images must be 8 x 4 x 1 for the network"),
        ("- {}", "- {training.epochs: []}", "must give training.epochs at least one value"),
        ("- {}", "- {training.epoch: 1}", "training.epoch is no known key: did you mean epochs?"),
        ("[1, 3]", "[1, 1]", "recipes must differ, and training.epochs=1, augment.shift=1 is"),
        ("seeds: 2", "common: {classes.base: 3}", "must leave classes.base out: the series sets"),
        ("title:", "titel:", "s.yaml:1: titel is no known key: did you mean title?"),
    ],
)
def test_a_mistake_is_told_before_anything_is_trained(
    series: Engram, tmp_path: Path, changed: str, to: str, message: str
) -> None:
    assert changed in SERIES
    (tmp_path / "s.yaml").write_text(SERIES.replace(changed, to, 1))
    status, out, err = series("out")
    assert status == 2
    assert message in err
    assert "Traceback" not in err
    assert "seed 0" not in out
    assert not (tmp_path / "out").exists()
