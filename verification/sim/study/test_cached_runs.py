# SPDX-License-Identifier: MIT
"""Runs with a cache: the same bits as without, and nothing taken over from another run."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sim.data.bank import Bank
from sim.data.source import load_bank
from sim.data.tasks import split_tasks
from sim.learn.sections import HeadConfig
from sim.replay import SOURCES
from sim.replay.prototypes import MixtureSettings, fit_prototypes
from sim.study.config import StudyConfig, load_config
from sim.study.experiment import Experiment
from sim.study.fidelity import Exemplars, frobenius_distances
from sim.study.methods import Method
from sim.study.study import Study
from sim.study.summary import summarize
from sim.work.cache import NO_CACHE, Cache
from verification.sim.small_study import small_bank, small_config, write_config

SMALL = """\
title: Small
data: {name: digits, bits: 2, levels: 2}
tasks: {base: 4, increment: 3}
head: {hidden: 8, epochs: 1, batch: 64}
methods: [{replay: gbm, code_width: [2, 3]}, {replay: ncm}, {replay: ncm, increment: 6}]
seeds: 1
"""
BUDGETS = "budgets: [0.02]\nchoice: {base: 2, increment: 2}\n"

METHODS: list[tuple[str, dict[str, Any]]] = [
    ("binplay", {"samples": 4, "epochs": 2, "index_bits": 20, "prefix_bits": 40}),
    ("correlated", {"components": 2, "code_width": 3, "rank": 4}),
    ("cwr", {"exemplars": 3}),
    ("der", {"exemplars": 3, "hidden": 4, "blocks": 2}),
    ("fecam", {"rank": 3}),
    ("fetril", {"code_width": 4}),
    ("gbm", {"components": 2, "code_width": 3}),
    ("gbm", {"components": 2, "code_width": "float", "requests": "weighted"}),
    ("gbm", {"mode": "serial", "lanes": 8, "draws_per_read": 3}),
    ("hamming", {"components": 2}),
    ("herded", {"budget": 37}),
    ("hyperdimensional", {}),
    ("icarl", {"exemplars": 3}),
    ("joint", {}),
    ("latent", {"exemplars": 3, "logit_gain": 4.0}),
    ("likelihood", {"components": 2}),
    ("low_rank", {"rank": 5}),
    ("memo", {"exemplars": 3, "hidden": 4}),
    ("ncm", {}),
    ("none", {}),
    ("quadratic", {"rank": 3}),
    ("logistic", {"steps": 5}),
    ("ridge", {"hidden": 16}),
    ("slda", {}),
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    return small_config(tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="module")
def bank(config: StudyConfig) -> Bank:
    return small_bank(config)


def method(name: str, **params: Any) -> Method:
    return Method(name, SOURCES[name].Params.model_validate(params), 0)


def finished(experiment: Experiment) -> dict[str, Any]:
    while not experiment.done:
        experiment.step(lambda _: None)
    result = summarize(experiment)
    del result["seconds"]
    return result


def tasks_found(cache: Cache) -> int:
    return cache.counts["task", "found"]


def test_every_source_is_tried() -> None:
    assert {name for name, _ in METHODS} == set(SOURCES)


@pytest.mark.parametrize(("name", "params"), METHODS, ids=lambda v: v if isinstance(v, str) else "")
def test_run_made_found_or_found_in_part_is_the_run_without_a_cache(
    config: StudyConfig, bank: Bank, tmp_path: Path, name: str, params: dict[str, Any]
) -> None:
    def run(cache: Cache) -> tuple[dict[str, Any], dict[str, Any]]:
        experiment = Experiment(bank, config.head, method(name, **params), 1, cache)
        return finished(experiment), experiment.source.state()

    part = Cache(tmp_path / "part")
    begun = Experiment(bank, config.head, method(name, **params), 1, part)
    begun.step(lambda _: None)
    caches = (NO_CACHE, Cache(tmp_path / "whole"), Cache(tmp_path / "whole"), Cache(part.path))
    (plain, state), *others = [run(cache) for cache in caches]
    assert [tasks_found(cache) for cache in caches] == [0, 0, 3, 1]
    for result, end in others:
        assert result == plain
        assert end.keys() == state.keys()
        for key, array in state.items():
            np.testing.assert_array_equal(end[key], array)


def test_rung_of_few_tasks_is_not_trained_again(
    config: StudyConfig, bank: Bank, tmp_path: Path
) -> None:
    def experiment(cache: Cache) -> Experiment:
        return Experiment(bank, config.head, method("gbm"), 0, cache)

    rung = experiment(Cache(tmp_path))
    rung.step(lambda _: None)
    rung.step(lambda _: None)
    promoted = experiment(Cache(tmp_path))
    told: list[int] = []
    while not promoted.done:
        promoted.step(lambda progress: told.append(progress.task))
    assert set(told) == {2}, "only the last task is trained"
    assert promoted.epochs[:2] == rung.epochs
    for one, other in zip(rung.predictions, promoted.predictions, strict=False):
        np.testing.assert_array_equal(one, other)


def flipped(bank: Bank, part: str, label: int) -> Bank:
    """Return a bank with one bit of one sample of a class turned over."""
    packed = getattr(bank, part).copy()
    packed[np.flatnonzero(getattr(bank, f"{part}_labels") == label)[0], 0] ^= np.uint64(1)
    return replace(bank, **{part: packed})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda bank: bank, 3),
        (lambda bank: flipped(bank, "train", 0), 0),
        (lambda bank: flipped(bank, "train", 4), 1),
        (lambda bank: flipped(bank, "train", 9), 2),
        (lambda bank: flipped(bank, "test", 0), 0),
        (lambda bank: bank.in_tasks(split_tasks(10, 4, 6)), 1),
        (lambda bank: bank.in_tasks(split_tasks(10, 4, 2)), 1),
        (lambda bank: bank.in_tasks(split_tasks(10, 7, 3)), 0),
    ],
    ids=["same", "first task", "second task", "last task", "test", "one later task",
         "smaller tasks", "larger base"],
)  # fmt: skip
def test_tasks_are_found_up_to_the_first_whose_data_differ(
    config: StudyConfig, bank: Bank, tmp_path: Path, change: Any, found: int
) -> None:
    finished(Experiment(bank, config.head, method("ncm"), 0, Cache(tmp_path)))
    cache, other = Cache(tmp_path), change(bank)
    assert finished(Experiment(other, config.head, method("ncm"), 0, cache)) == finished(
        Experiment(other, config.head, method("ncm"), 0)
    )
    assert tasks_found(cache) == found


def test_run_of_fewer_classes_begins_otherwise(bank: Bank) -> None:
    # Its head and its memory are of another size.
    fewer = bank.in_tasks(split_tasks(7, 4, 3))
    assert not set(fewer.histories) & set(bank.histories)


# A value of every field of a head that differs from the small study's.
HEAD_CHANGES: dict[str, Any] = {
    "hidden": 9, "start": "reset", "optimizer": "sgd", "learning_rate": 0.0031, "momentum": 0.8,
    "batch": 65, "epochs": 1, "init_scale": 0.11, "logit_gain": 1.0000000000000002,
    "latent_width": 16, "balance": 2.0, "plateau": {"patience": 2},
}  # fmt: skip


@pytest.mark.parametrize("field", HeadConfig.model_fields)
def test_another_head_is_another_run(
    config: StudyConfig, bank: Bank, tmp_path: Path, field: str
) -> None:
    values = {**config.head.model_dump(), field: HEAD_CHANGES[field]}
    cache = Cache(tmp_path)
    for head in (config.head, HeadConfig.model_validate(values)):
        Experiment(bank, head, method("latent"), 0, cache).step(lambda _: None)
    assert cache.hits == 0


@pytest.mark.parametrize(
    ("other", "seed"),
    [
        (method("latent", exemplars=4), 0),
        (method("latent", exemplars=3, requests="uniform"), 0),
        (method("latent", exemplars=3, logit_gain=2.0), 0),
        (method("herded", exemplars=3), 0),
        (method("latent", exemplars=3), 1),
    ],
    ids=["parameter", "requests", "gain", "source", "seed"],
)
def test_another_method_or_seed_is_another_run(
    config: StudyConfig, bank: Bank, tmp_path: Path, other: Method, seed: int
) -> None:
    cache = Cache(tmp_path)
    finished(Experiment(bank, config.head, method("latent", exemplars=3), 0, cache))
    finished(Experiment(bank, config.head, other, seed, cache))
    assert tasks_found(cache) == 0


def test_first_head_is_trained_once_for_all_methods_of_one_gain(
    config: StudyConfig, bank: Bank, tmp_path: Path
) -> None:
    assert isinstance(config.head, HeadConfig)
    gain = config.head.logit_gain
    methods = [method("joint"), method("gbm"), method("fetril", logit_gain=gain), method("none")]
    cache = Cache(tmp_path)
    runs = [finished(Experiment(bank, config.head, each, 0, cache)) for each in methods]
    assert runs == [finished(Experiment(bank, config.head, each, 0)) for each in methods]
    # What never replays shares its heads with nobody after the first task.
    assert cache.counts["head", "found"] == 3
    assert cache.counts["head", "made"] == 3
    finished(Experiment(bank, config.head, method("joint", logit_gain=2 * gain), 0, cache))
    assert cache.counts["head", "made"] == 4


def fits(bank: Bank, cache: Cache, **change: Any) -> list[tuple[int, Any, Any]]:
    task = change.pop("task", 0)
    arguments = {"features": bank.features, "components": 2, "settings": MixtureSettings()}
    seed = change.pop("seed", 0)
    rng = np.random.default_rng(seed)
    found = fit_prototypes(*bank.task_of_train(task), **arguments | change, rng=rng, cache=cache)
    return [(label, means, weights) for label, means, weights in found]


@pytest.mark.parametrize(
    "change",
    [
        {"components": 3},
        {"seed": 1},
        {"task": 1},
        *({"settings": MixtureSettings.model_validate({name: value})} for name, value in (
            ("init", "random"), ("init_scale", 1.0000000000000002), ("pi", "trainable"),
            ("criterion", "expected"), ("tol", 1.0000000000000002e-3), ("max_iter", 9),
            ("n_init", 4), ("warmup_iter", 2), ("count_warmup", True), ("fit", "online"),
        )),
    ],
    ids=str,
)  # fmt: skip
def test_fit_is_another_where_anything_that_decides_it_is(
    bank: Bank, tmp_path: Path, change: dict[str, Any]
) -> None:
    cache = Cache(tmp_path)
    fits(bank, cache)
    plain, made = fits(bank, NO_CACHE, **dict(change)), fits(bank, cache, **dict(change))
    again = fits(bank, cache, **dict(change))
    assert cache.counts == Counter({("fit", "made"): 2, ("fit", "found"): 1})
    for one, *others in zip(plain, made, again, strict=True):
        for other in others:
            assert one[0] == other[0]
            np.testing.assert_array_equal(one[1], other[1])
            np.testing.assert_array_equal(one[2], other[2])


def test_settings_of_a_fit_are_all_tried() -> None:
    assert set(MixtureSettings.model_fields) == {
        "init", "init_scale", "pi", "criterion", "tol", "max_iter", "n_init", "warmup_iter",
        "count_warmup", "fit", "handicap_shift",
    }  # fmt: skip


def test_another_handicap_is_another_fit(bank: Bank, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for shift in (4, 3):
        settings = MixtureSettings(fit="online", handicap_shift=shift)
        fits(bank, cache, settings=settings)
    assert cache.counts == Counter({("fit", "made"): 2})


def test_codes_and_draws_of_prototypes_share_their_fits(
    config: StudyConfig, bank: Bank, tmp_path: Path
) -> None:
    cache = Cache(tmp_path)
    variants = [
        method("gbm", code_width=8),
        method("gbm", code_width=2, requests="uniform"),
        method("gbm", code_width="float"),
        method("gbm", mode="serial", lanes=4, draws_per_read=5),
        method("likelihood"),
        method("ncm", code_width=3),
        method("hamming"),
    ]
    for each in variants:
        finished(Experiment(bank, config.head, each, 0, cache))
    assert cache.counts["fit", "made"] == 3
    assert cache.counts["fit", "found"] == 3 * (len(variants) - 1)


def test_images_are_encoded_once_whatever_their_order(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    config, document = load_config(str(write_config(tmp_path)))
    first = load_bank(config.data, config.tasks, document, None, cache)
    assert cache.counts == Counter({("bank", "made"): 2})
    turned = config.model_copy(update={"tasks": config.tasks.model_copy(update={"order": 1})})
    other = load_bank(turned.data, turned.tasks, document, None, cache)
    assert cache.counts["bank", "found"] == 2
    assert first.digest == load_bank(config.data, config.tasks, document, None).digest
    assert (
        other.digest == load_bank(turned.data, turned.tasks, document, None).digest != first.digest
    )
    finer = config.model_copy(update={"data": config.data.model_copy(update={"levels": 3})})
    load_bank(finer.data, finer.tasks, document, None, cache)
    assert cache.counts["bank", "made"] == 4


def test_distances_of_the_same_exemplars_are_taken_once(bank: Bank, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    drawn = Exemplars(packed=bank.train[::-1].copy(), labels=bank.train_labels)
    with threadpool_limits(1):  # several threads may add in another order each time
        distances = [frobenius_distances(bank, drawn, each) for each in (NO_CACHE, cache, cache)]
    assert distances[0] == distances[1] == distances[2]
    frobenius_distances(bank, Exemplars.real(bank), cache)
    assert cache.counts == Counter({("distance", "made"): 2, ("distance", "found"): 1})


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_study_with_a_cache_equals_one_without_and_counts_over_processes(
    tmp_path: Path, jobs: int
) -> None:
    config = small_config(tmp_path)
    results, hits = [], []
    for name, cache in (("plain", NO_CACHE), *(("cached", Cache(tmp_path / "c")),) * 2):
        before = cache.hits
        study = replace(
            Study.of(config, [small_bank(config)], tmp_path / f"{name}{len(hits)}"), cache=cache
        )
        study.folder.open(resume=False)
        runs = study.run(jobs, lambda *_: None)
        results.append([{k: v for k, v in run.items() if k != "seconds"} for run in runs])
        hits.append(cache.hits - before)
    assert results[0] == results[1] == results[2]
    # The second time every task is found, and the distances of the 5 variants of GBM.
    tasks = sum(run["tasks"] for run in results[0])
    assert hits[2] == tasks + 2 * 5


def without_times(path: Path) -> dict[str, Any]:
    results = json.loads(path.read_text())
    del results["command"]
    for run in results["runs"]:
        del run["seconds"]
    return results


def test_command_says_what_it_found_and_writes_the_same(engram: Any, tmp_path: Path) -> None:
    config = write_config(tmp_path, SMALL)
    said = []
    for number, options in enumerate(([], *(["--cache", tmp_path / "new" / "cache"],) * 2)):
        folder = tmp_path / str(number)
        status, out, err = engram("run", config, "--jobs", 1, "--out", folder, *options)
        assert (status, err) == (0, "")
        said.append(out)
    one, two, three = (without_times(tmp_path / f"{n}" / "results.json") for n in range(3))
    assert one == two == three
    assert "Cache" not in said[0]
    shared = "6 of 10 fits, 1 of 2 heads, 1 of 11 tasks"
    assert f"found 0 of 2 banks, 0 of 2 distances, {shared}." in said[1]
    assert "found 2 of 2 banks, 2 of 2 distances, 11 of 11 tasks." in said[2]

    status, out, _ = engram("cache", tmp_path / "new" / "cache")
    assert status == 0
    assert re.search(r"│ task +│ +10 ", out)
    assert engram("cache", tmp_path / "new" / "cache", "--keep", 0)[0] == 0
    assert not list((tmp_path / "new").rglob("*.arrays"))


def test_comparison_uses_the_cache_too(engram: Any, tmp_path: Path) -> None:
    config = write_config(tmp_path, SMALL.replace(", {replay: ncm, increment: 6}", "") + BUDGETS)
    command = ("run", config, "--cache", tmp_path / "cache", "--jobs", 1, "--out")
    engram(*command, tmp_path / "one")
    status, out, err = engram(*command, tmp_path / "two")
    assert (status, err) == (0, "")
    assert re.search(r" (\d+) of \1 tasks\.", out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("run", "digits", "--cache"), r"Directory {path} cannot be created: a file of that name"),
        (("cache",), r"Directory {path} cannot be read: it is, or lies under, a file"),
    ],
    ids=["run", "cache"],
)
def test_file_in_place_of_the_cache_is_named(
    engram: Any, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    out = ["--out", tmp_path / "o"] if "run" in options else []
    status, _, err = engram(*options, path, *out)
    assert status == 2
    assert message.format(path=path) in err
    assert not (tmp_path / "o").exists()
