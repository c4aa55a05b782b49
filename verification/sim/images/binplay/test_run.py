# SPDX-License-Identifier: MIT
"""BinPlay on images: small runs that learn, rehearse, stop and go on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from rich.console import Console

from sim.commands import binplay as command
from sim.commands.binplay import BinPlayCommand
from sim.data.datasets import ImageSet
from sim.images.binplay.continual import BinPlayRun
from sim.images.binplay.report import binplay_ledger
from sim.images.binplay.settings import BinPlayConfig, load_binplay
from sim.work.errors import UserError

SMALL = {
    "samples": 8,
    "autoencoder": {
        "latent": 40, "width": 1, "warmup": 1, "coded": 2, "frozen": 2, "batch": 4,
    },
    "classifier": {"epochs": 4, "batch": 8, "dropout": 0.0},
}  # fmt: skip
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads of small networks wait for each other, where other tests run beside them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def bars() -> ImageSet:
    """Images of four classes: a bright bar at one of four heights, with noise."""
    rng = np.random.default_rng(0)
    sets = []
    for each in (9, 5):
        labels = np.arange(4 * each) % 4
        images = rng.integers(0, 60, (len(labels), 28, 28, 1), np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[7 * label : 7 * label + 7] += 180
        sets.append((images, labels))
    (train, train_labels), (test, test_labels) = sets
    return ImageSet(
        name="bars", train_images=train, train_labels=train_labels, test_images=test,
        test_labels=test_labels, pixel_bits=8, class_names=("a", "b", "c", "d"),
        provenance="drawn for a test",
    )  # fmt: skip


def config_of(**changes: Any) -> BinPlayConfig:
    return BinPlayConfig.model_validate({**SMALL, **changes})


def silent(line: str) -> None:
    pass


def run_of(**changes: Any) -> BinPlayRun:
    return BinPlayRun(config_of(**changes), bars(), CPU)


def test_it_learns_bars_and_keeps_them() -> None:
    training = {"coded": 2, "frozen": 8, "learning_rate": 0.01}
    run = run_of(
        autoencoder={**SMALL["autoencoder"], **training},
        classifier={**SMALL["classifier"], "epochs": 8},
    )
    while not run.done:
        run.step(silent)
    assert [len(found) for found in run.accuracy] == [1, 2]
    assert run.accuracy[0][0] > 0.9
    assert np.mean(run.accuracy[1]) > 0.8


def test_indices_belong_to_the_classes_of_their_task() -> None:
    run = run_of()
    run.step(silent)
    assert sorted(run.labels.tolist()) == [0] * 8 + [1] * 8
    codes = run._past_codes()
    assert codes.shape == (16, run.coder.params.bits)
    bits = run.coder.codes(range(1, 17), 1)
    assert np.array_equal(codes.numpy(), 2.0 * bits - 1)


def test_a_checkpoint_goes_on_bit_for_bit(tmp_path: Path) -> None:
    first, second = run_of(), run_of()
    first.step(silent)
    first.save(tmp_path / "run.arrays")
    second.load(tmp_path / "run.arrays")
    for run in (first, second):
        run.step(silent)
    assert first.accuracy == second.accuracy
    for one, other in zip(first.decoder.parameters(), second.decoder.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(UserError, match="must be a checkpoint of this configuration"):
        run_of(seed=1).load(tmp_path / "run.arrays")


def test_switches_of_table_1() -> None:
    """Neither reconstructed new samples nor soft targets: then classes of indices are kept."""
    run = run_of(classifier={**SMALL["classifier"], "reconstructed": False, "soft_targets": False})
    while not run.done:
        run.step(silent)
    entries = {entry.name: entry.bits for entry in binplay_ledger(run, 4)}
    assert entries["classes"] == 32 * 2
    assert "classes" not in {entry.name for entry in binplay_ledger(run_of(), 4)}


@pytest.mark.parametrize("name", ["mnist", "lite"])
def test_built_in_configurations_are_read(name: str) -> None:
    assert load_binplay(name).data == "mnist"


def test_codes_of_the_papers_setting_do_not_repeat() -> None:
    params = load_binplay("mnist").codes(60_000, 5)
    assert (params.width, params.index_bits, params.task_bits) == (16, 192, 10)


def test_command_writes_report_and_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load", lambda name, folder: bars())
    path = tmp_path / "small.yaml"
    path.write_text(json.dumps(SMALL))
    out = tmp_path / "out"
    BinPlayCommand(
        config=str(path), assignments=["seed=3"], out=out, data_dir=None, resume=False,
        device="cpu", command="engram binplay small.yaml",
    ).execute(Console(quiet=True))  # fmt: skip
    results = json.loads((out / "results.json").read_text())
    assert len(results["accuracy"]) == 2
    assert results["config"]["seed"] == 3
    assert "| after task 2 |" in (out / "report.md").read_text()
    assert not (tmp_path / "out.partial").exists()


def test_command_goes_on_after_the_last_whole_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "load", lambda name, folder: bars())
    path = tmp_path / "small.yaml"
    path.write_text(json.dumps(SMALL))
    whole = BinPlayRun.step

    def execute(out: str, resume: bool) -> Any:
        BinPlayCommand(
            config=str(path), assignments=[], out=tmp_path / out, data_dir=None, resume=resume,
            device="cpu", command="engram binplay small.yaml",
        ).execute(Console(quiet=True))  # fmt: skip
        return json.loads((tmp_path / out / "results.json").read_text())["accuracy"]

    def stopped(run: BinPlayRun, report: Any) -> None:
        if run.task == 1:
            raise KeyboardInterrupt
        whole(run, report)

    monkeypatch.setattr(BinPlayRun, "step", stopped)
    with pytest.raises(KeyboardInterrupt):
        execute("cut", resume=False)
    monkeypatch.setattr(BinPlayRun, "step", whole)
    with pytest.raises(UserError, match="go on with --resume"):
        execute("cut", resume=False)
    assert execute("cut", resume=True) == execute("straight", resume=False)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("data=digits", "data: must be one of cifar10, cifar100, fashion-mnist, mnist"),
        ("increment=3", "increment must divide the 4 classes of mnist, not 3"),
    ],
)
def test_refusals(
    assignment: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "load", lambda name, folder: bars())
    with pytest.raises(UserError, match=message):
        BinPlayCommand(
            config="lite", assignments=[assignment], out=tmp_path / "out", data_dir=None,
            resume=False, device="cpu", command="engram binplay lite",
        ).execute(Console(quiet=True))  # fmt: skip
