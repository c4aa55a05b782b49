# SPDX-License-Identifier: MIT
"""Supplies of the memories of the network that embeds: designs that embed again, and prices."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("optuna")

from sim.data.failing_network import Failing, load_failing_network
from sim.data.sections import BanksConfig
from sim.documents.validation import validate
from sim.documents.yaml_lines import parse
from sim.explore.designs.evaluate import Evaluator
from sim.explore.designs.inputs import load_inputs
from sim.explore.space.objectives import Objective
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.space import Space
from sim.learn.cells import load_cells
from sim.study.experiment import Experiment
from sim.work.errors import UserError
from verification.sim.failing_bank import write_failing_bank

SPACE = """\
data: {name: bank, path: bank.bin, network: net.bin}
tasks: {base: 50, increment: 25, order: 1993}
methods: [{replay: likelihood}]
hardware:
  technology: cmos28
  network: net.yaml
  network_voltage: [null, 0.45]
  map_voltage: [null, 0.4]
  cell: illustrative
objectives: [accuracy, energy]
fidelity: {rungs: [{tasks: 2}, {seeds: 2}]}
"""
DESCRIPTION = """\
input: {height: 32, width: 32, channels: 3, bits: 7}
layers:
  - {kind: thermometer, levels: 8}
  - {kind: pool, size: 4}
  - {kind: dense, outputs: 70}
"""
ENERGY = Objective.named("energy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    write_failing_bank(folder)
    (folder / "net.yaml").write_text(DESCRIPTION)
    return folder


@pytest.fixture(scope="module")
def evaluator(folder: Path) -> Evaluator:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        document = parse(SPACE, "space.yaml")
        return Evaluator(load_inputs(validate(ExploreConfig, document), document, Path("data")))


def parameters(weights: float | None, maps: float | None) -> dict[str, float | str | None]:
    return {
        "replay": "likelihood",
        "hardware.network_voltage": weights,
        "hardware.map_voltage": maps,
    }


@pytest.mark.parametrize(
    ("weights", "maps"), [(None, None), (0.45, None), (None, 0.4), (0.45, 0.4)]
)
def test_a_design_learns_what_the_network_embeds_at_its_supplies(
    evaluator: Evaluator, folder: Path, weights: float | None, maps: float | None
) -> None:
    point = Space(evaluator.config).point(parameters(weights, maps))
    *_, last = evaluator.rungs(point)
    cells = load_cells("illustrative")
    found = []
    for seed in (0, 1):
        bank = evaluator.bank
        own, read = [
            None if volts is None else Failing(seed, round(2**32 * cells.share(volts)))
            for volts in (weights, maps)
        ]
        if own or read:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                document = parse(SPACE, "space.yaml")
                data = BanksConfig(name="bank", path="bank.bin", network="net.bin")
                network = load_failing_network(data, document, Path("data"))
            bank = network.embed(bank, own, read)
            assert bank.digest != evaluator.bank.digest
        run = Experiment(bank, point.config.head, point.method, seed)
        while not run.done:
            run.step(lambda _: None)
        curve = [
            np.mean(told == bank.test_labels[bank.test_labels < task.stop])
            for told, task in zip(run.predictions, bank.tasks, strict=True)
        ]
        found.append(100 * float(np.mean(curve)))
    assert last.accuracies == pytest.approx(found)


@pytest.mark.parametrize(
    ("weights", "maps", "memory"),
    [(0.45, None, "network.mvu.weights"), (None, 0.4, "network.fetch.map")],
)
def test_a_lower_supply_saves_energy_in_its_own_memory_and_in_leakage_alone(
    evaluator: Evaluator, weights: float | None, maps: float | None, memory: str
) -> None:
    space = Space(evaluator.config)
    sound = evaluator.parts(space.point(parameters(None, None)), ENERGY)
    own = evaluator.parts(space.point(parameters(weights, maps)), ENERGY)
    assert {name for name in sound if own[name] != sound[name]} - {"leakage"} == {memory}
    assert own[memory] < sound[memory]


def test_a_space_whose_images_are_missing_is_refused_with_the_line_of_its_bank(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    document = parse(SPACE, "space.yaml")
    config = validate(ExploreConfig, document)
    with pytest.raises(UserError, match=r"^space.yaml:1: data.path: .* give it with --data-dir"):
        load_inputs(config, document, None)
    sound = re.sub(r"  (network|map)_voltage.*\n", "", SPACE)
    document = parse(sound, "space.yaml")
    assert load_inputs(validate(ExploreConfig, document), document, None).failing is None
