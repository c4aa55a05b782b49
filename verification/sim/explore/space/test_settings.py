# SPDX-License-Identifier: MIT
"""Spaces from YAML: what they may hold, and every fault with its key and line."""

import pytest

from sim.documents.validation import validate
from sim.documents.yaml_lines import parse
from sim.explore.space.settings import BUILT_IN, ExploreConfig, load_explore
from sim.explore.space.vary import RangeSection
from sim.work.errors import UserError
from verification.sim.small_space import SPACE, config_of

NAMES = sorted(path.stem for path in BUILT_IN.glob("*.yaml"))

FAULTS = {
    "empty range": (
        "methods: [{replay: gbm, components: {low: 8, high: 4}}]",
        "methods.0.components: low must be less than high, not 8 and 4: the range is empty",
    ),
    "empty range of one number": (
        "methods: [{replay: gbm, components: {low: 4, high: 4}}]",
        "methods.0.components: low must be less than high, not 4 and 4: the range is empty",
    ),
    "empty list": (
        "methods: [{replay: gbm, components: []}]",
        ("methods.0.components must be an integer in 1..4096 or a list of 1 or more items or a "
        "mapping, not []"),
    ),
    "choice twice": (
        "methods: [{replay: gbm, components: [1, 2, 1]}]",
        "methods.0: components must name every choice once, not 1 again",
    ),
    "features twice": (
        "methods: [{replay: gbm}]\ndata: {features: [8, 8]}",
        "data: features must name every choice once, not 8 again",
    ),
    "unknown parameter": (
        "methods: [{replay: latent, exemplar: 3}]",
        ("methods.0.exemplar is no known key: did you mean exemplars? the keys of methods.0 are "
        "balance, exemplars, faults, head, head_faults, head_start, latent_width, logit_gain, "
        "q_b_non_binary, rate, replay, requests"),
    ),
    "unknown hardware": (
        "methods: [{replay: gbm}]\nhardware: {pes: 3}",
        ("hardware.pes is no known key: did you mean pe? the keys of hardware are backward_bits, "
        "cell, clock_mhz, embeddings, gradients, head_voltage, lanes, map_voltage, network, "
        "network_voltage, past_voltage, pe, simd, technology, units, weight_bits, weight_reuse"),
    ),
    "weight reuse that no machine has": (
        "methods: [{replay: gbm}]\nhardware: {weight_reuse: [1, 3]}",
        "hardware.weight_reuse.1 must be one of 1, 2, 4, 8, not 3",
    ),
    "units that no machine has": (
        "methods: [{replay: gbm}]\nhardware: {units: 3}",
        "hardware.units must be a list or one of 1, 2, not 3",
    ),
    "end of a range out of bounds": (
        "methods: [{replay: gbm, components: {low: 0, high: 4}}]",
        "methods.0.components.low must be an integer in 1..4096, not 0",
    ),
    "range without an end": (
        "methods: [{replay: gbm}]\nhead: {hidden: {low: 3}}",
        "head.hidden.high is missing: it must be an integer in 0..65536",
    ),
    "step too large": (
        "methods: [{replay: gbm, components: {low: 1, high: 4, step: 5}}]",
        "methods.0.components: step must be above 0 and at most high - low = 3, not 5",
    ),
    "step of a logarithm": (
        "methods: [{replay: gbm, components: {low: 1, high: 4, step: 1, log: true}}]",
        "methods.0.components: step must be left out with log: only a linear range has a step",
    ),
    "logarithm of 0": (
        "methods: [{replay: gbm}]\nhead: {hidden: {low: 0, high: 4, log: true}}",
        "head.hidden: low must be above 0 with log, not 0",
    ),
    "fixed technology": (
        "methods: [{replay: gbm}]\nhardware: {technology: [cmos22, open130]}",
        "hardware.technology must be text, not ['cmos22', 'open130']",
    ),
    "source twice": (
        "methods: [{replay: gbm}, {replay: gbm, components: 2}]",
        "methods: must name every source once, not gbm again: give it lists",
    ),
    "no method": (
        "methods: []",
        "methods must be a list of 1 or more items, not []",
    ),
    "unknown objective": (
        "methods: [{replay: gbm}]\nobjectives: [accuracy, power]",
        ("objectives.1 must be a mapping or one of accuracy, bits, energy, area, latency, "
        "not 'power'"),
    ),
    "objective twice": (
        "methods: [{replay: gbm}]\nobjectives: [accuracy, bits, {name: bits}]",
        "objectives: must name every objective once, not bits again",
    ),
    "no accuracy": (
        "methods: [{replay: gbm}]\nobjectives: [bits]",
        "objectives: must include accuracy: all others are known without a search",
    ),
    "energy of a past": (
        "methods: [{replay: gbm}]\nobjectives: [accuracy, {name: energy, of: past}]",
        "objectives.1: of must be one of class, image, exemplar for energy, not 'past'",
    ),
    "bits of an image": (
        "methods: [{replay: gbm}]\nobjectives: [accuracy, {name: bits, of: image}]",
        "objectives.1: of must be one of state, past for bits, not 'image'",
    ),
    "no constraint": (
        'methods: [{replay: gbm}]\nconstraints: ["bits < 1 Mb"]',
        "constraints: must be a bound such as 'bits <= 1 Mb' or 'area <= 1 mm2', not 'bits < 1 Mb'",
    ),
    "last rung of few tasks": (
        "methods: [{replay: gbm}]\nfidelity: {rungs: [{tasks: 3}]}",
        "fidelity: the last of rungs must run all tasks: leave its tasks out",
    ),
    "rung no larger": (
        "methods: [{replay: gbm}]\nfidelity: {rungs: [{tasks: 3, seeds: 2}, {seeds: 1}]}",
        "fidelity: rungs.1 must have all tasks and seeds of rungs.0, and more",
    ),
    "rung of fewer tasks": (
        "methods: [{replay: gbm}]\nfidelity: {rungs: [{tasks: 3}, {tasks: 2, seeds: 2}, {}]}",
        "fidelity: rungs.1 must have all tasks and seeds of rungs.0, and more",
    ),
    "unknown sampler": (
        "methods: [{replay: gbm}]\nsampler: {name: bayes}",
        "sampler.name must be one of grid, random, tpe, nsga2, not 'bayes'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_fault_is_told_with_its_line(text: str, message: str) -> None:
    line = text.count("\n") + 1
    with pytest.raises(UserError) as caught:
        validate(ExploreConfig, parse(text, "space.yaml"))
    assert str(caught.value) == f"space.yaml:{line}: {message}"


def test_a_fault_of_an_override_is_told_with_the_override() -> None:
    with pytest.raises(UserError) as caught:
        load_explore("digits", ["hardware.pe=[]"])
    assert str(caught.value).startswith("--set hardware.pe=[]: hardware.pe must be an integer")


@pytest.mark.parametrize("name", NAMES)
def test_built_in_configurations_are_spaces(name: str) -> None:
    config, _ = load_explore(name)
    assert config.name == name
    assert config.sought[0].name == "accuracy"


def test_numbers_of_a_range() -> None:
    def numbers(**values: object) -> object:
        return RangeSection.model_validate(values).numbers()

    assert numbers(low=1, high=4) == [1, 2, 3, 4]
    assert numbers(low=1, high=6, step=2) == [1, 3, 5]
    assert numbers(low=1, high=4, log=True) == [1, 2, 3, 4]
    assert numbers(low=0.1, high=0.7, step=0.1) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert numbers(low=1.0, high=2.0, step=0.4) == [1.0, 1.4, 1.8]
    assert numbers(low=0.1, high=0.3) is None


def test_what_is_not_given_is_left_to_the_study() -> None:
    config = config_of("methods: [{replay: gbm}]")
    assert config.document()["methods"] == [{"replay": "gbm"}]
    assert config.document()["head"] == {}


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("title: A small space", "title: Another", True),
        ("recommend: [0.1]", "recommend: [0.2]", True),
        ("gbm.code_width: 6", "gbm.code_width: 4", True),
        ("hidden: [0, 16]", "hidden: [0, 17]", False),
        ("bits <= 100 kb", "bits <= 101 kb", False),
        ("seeds: 2", "seeds: 3", False),
        ("pe: [8, 16]", "pe: [8, 17]", False),
        ("features: [512, 1024]", "features: 512", False),
    ],
)
def test_digest_is_of_what_decides_values(old: str, new: str, same: bool) -> None:
    assert old in SPACE
    changed = config_of(SPACE.replace(old, new))
    assert (changed.digest() == config_of().digest()) == same


def test_accuracy_is_the_first_objective_wherever_it_stands() -> None:
    config = config_of("methods: [{replay: gbm}]\nobjectives: [bits, accuracy]")
    assert [objective.name for objective in config.sought] == ["accuracy", "bits"]


def test_what_constraints_bound_is_valued_beside_what_is_sought() -> None:
    config = config_of(
        "methods: [{replay: gbm}]\nobjectives: [accuracy, {name: area, of: past}]\n"
        'constraints: ["area <= 1 mm2", "energy <= 1 mJ"]'
    )
    assert [(o.name, o.of) for o in config.valued] == [
        ("accuracy", None), ("area", "past"), ("energy", "class")
    ]  # fmt: skip
