# SPDX-License-Identifier: MIT
"""Pictures of a generative memory: their numbers against plain definitions, and the command."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster

from golden.bits import pack
from sim.measure import metrics
from sim.pictures import scatter
from sim.pictures.dependence import correlation_distances
from sim.pictures.flips import flip_rates
from sim.pictures.learning import learn
from sim.pictures.modes import tree
from sim.pictures.scatter import same_kind_share
from sim.study.experiment import Experiment
from sim.study.fidelity import Exemplars
from verification.sim.small_study import small_bank, small_config, write_config

Engram = Callable[..., tuple[int, str, str]]

STUDY = """\
title: Pictures of digits
data: {name: digits, bits: 2, levels: 2}
tasks: {base: 4, increment: 3}
head: {hidden: 8, epochs: 2, batch: 64}
methods:
  - {replay: latent, exemplars: 2}
  - {replay: gbm, components: [1, 3], code_width: 3}
"""


def coins(rng: np.random.Generator, shape: tuple[int, int], mean: float = 0.5) -> np.ndarray:
    return (rng.random(shape) < mean).astype(np.uint8)


def test_flip_rate_is_the_share_of_the_rarer_value() -> None:
    bits = np.array([[0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 0, 1], [0, 1, 1, 0]], np.uint8)
    assert flip_rates(bits).tolist() == [0, 0, 0.5, 0.25]


def test_tree_joins_rows_by_the_places_where_they_differ() -> None:
    bits = np.array([[0] * 8, [0] * 7 + [1], [1] * 8, [1] * 6 + [0] * 2], np.uint8)
    joined = tree(bits)
    assert (joined[:2, 2] ** 2).tolist() == pytest.approx([1, 2])  # Hamming distances of the pairs
    assert joined[:2, :2].tolist() == [[0, 1], [2, 3]]
    assert fcluster(joined, 2, criterion="maxclust").tolist() == [1, 1, 2, 2]


def test_share_of_the_same_kind_is_that_of_a_plain_search() -> None:
    rng = np.random.default_rng(0)
    real, drawn = coins(rng, (30, 25)), coins(rng, (40, 25), 0.6)
    everything = [*((row, "real") for row in real), *((row, "drawn") for row in drawn)]
    hits = 0
    for i, (row, kind) in enumerate(everything):
        others = [(int((row != o).sum()), j) for j, (o, _) in enumerate(everything) if j != i]
        hits += everything[min(others)[1]][1] == kind
    assert same_kind_share(real, drawn) == hits / 70


def test_one_law_is_told_apart_by_chance_and_two_by_certainty() -> None:
    rng = np.random.default_rng(1)
    alike = same_kind_share(coins(rng, (400, 64)), coins(rng, (400, 64)))
    assert alike == pytest.approx(0.5, abs=0.05)
    assert same_kind_share(coins(rng, (50, 64), 0.1), coins(rng, (50, 64), 0.9)) == 1


def test_correlation_distances_are_those_of_numpy_class_by_class(tmp_path: Path) -> None:
    bank = small_bank(small_config(tmp_path))
    rng = np.random.default_rng(2)
    sets = []
    for _ in range(2):
        bits = coins(rng, (300, bank.features), 0.4)
        sets.append((bits, Exemplars(packed=pack(bits), labels=np.arange(300) % bank.n_classes)))
    (one, a), (other, b) = sets
    distances = correlation_distances(a, b, bank)
    assert distances.shape == (bank.n_classes,)
    for label in range(bank.n_classes):
        rows = a.labels == label
        expected = np.linalg.norm(np.corrcoef(one[rows].T) - np.corrcoef(other[rows].T))
        assert distances[label] == pytest.approx(expected, rel=1e-4)


def test_noting_every_epoch_changes_no_bit_of_a_run(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    bank = small_bank(config)
    method = next(m for m in config.expanded_methods() if m.replay == "gbm")
    run = learn(bank, config.head, method, 3, lambda _: None)
    plain = Experiment(bank, config.head, method, 3)
    while not plain.done:
        plain.step(lambda _: None)
    for noted, expected in zip(run.experiment.predictions, plain.predictions, strict=True):
        np.testing.assert_array_equal(noted, expected)
    matrix, samples = metrics.accuracy_matrix(plain.predictions, bank.test_labels, bank.tasks)
    last = {epoch.task: epoch.test for epoch in run.epochs}  # the last epoch of each task
    assert list(last.values()) == pytest.approx(metrics.seen_accuracy(matrix, samples))
    portrait = run.portrait()
    assert (portrait.drawn.packed != portrait.again.packed).any()


def test_command_writes_a_report_with_every_picture(
    engram: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scatter, "SHOWN_SAMPLES", 10)
    out = tmp_path / "new" / "pictures"
    status, text, err = engram("pictures", write_config(tmp_path, STUDY), "--out", out)
    assert (status, err) == (0, "")
    assert "report.md, 7 of them" in text
    report = (out / "report.md").read_text()
    names = [
        "flip_rates",
        "modes",
        "accuracy_by_task",
        "training_curves",
        "stability",
        "maps",
        "correlation_errors",
    ]
    assert [report.index(f"({name}.png)") for name in names] == sorted(
        report.index(f"({name}.png)") for name in names
    )
    for name in names:
        image = matplotlib.image.imread(out / f"{name}.png")
        assert image.std() > 0.02  # something is drawn
    assert report.startswith("# Pictures of digits\n\nMade by `engram pictures ")
    assert "seed 0" in report
    # The largest memory is the one whose training is shown; every memory is held to real ones.
    assert report.count("| GBM K = 1, q = 3 |") == report.count("| GBM K = 3, q = 3 |") == 4


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        (
            "methods=[{replay: joint}]",
            "methods must contain a generative method: one of ",
        ),
        (
            "methods.1.increment=2",
            "methods must have no increment: all pictures show the study's own tasks",
        ),
        (
            "data.each={train: 5, test: 5}",
            "data.each must be left out: pictures show all samples",
        ),
        (
            "tasks.increment=6",
            "tasks must be at least 3 (one initial, one past and one new), not 2",
        ),
        (
            "data={name: digits, bits: 4, levels: 16}",
            "Embeddings must have at most 1000 bits, not 1024: larger matrices of correlations",
        ),
        (
            "tasks.orders=[given, 1]",
            "tasks.orders must be left out: pictures show one run of each method",
        ),
    ],
    ids=[
        "no memory",
        "other tasks",
        "some samples",
        "too few tasks",
        "too many features",
        "several orders",
    ],
)
def test_study_that_a_picture_cannot_be_drawn_of_is_refused(
    engram: Engram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    assignment: str,
    message: str,
) -> None:
    monkeypatch.setattr("sim.commands.pictures.LARGEST_FEATURES", 1000)
    config = write_config(tmp_path, STUDY)
    status, _, err = engram("pictures", config, "--set", assignment, "--out", tmp_path / "pictures")
    assert status == 2
    assert message in err
    assert not (tmp_path / "pictures").exists()
