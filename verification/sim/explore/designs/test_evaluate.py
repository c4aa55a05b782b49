# SPDX-License-Identifier: MIT
"""Values of designs: costs held to the cost model, accuracies to the study that a design is."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.bits import unpack
from golden.params import NetworkParams, PrototypeClassifierParams
from sim.cost.counting import count_cycles
from sim.cost.counts import chip as chip_counts
from sim.cost.counts import latent_buffer, prototype_classifier, trainer
from sim.cost.heads import head_of, trainer_of
from sim.cost.learning import Source, learn, working_memories
from sim.cost.life import chip_memories, memories_beside
from sim.cost.phases import draws, inference
from sim.cost.pricing import price, price_memories
from sim.cost.technology.loading import load_technology
from sim.cost.totals import Total, total
from sim.data.bank import Bank
from sim.data.networks import load_network
from sim.data.source import load_bank
from sim.explore.designs.chip import chip_of, extractor
from sim.explore.designs.evaluate import Evaluator
from sim.explore.designs.past import PARTS
from sim.explore.space.objectives import Objective
from sim.explore.space.point import Point
from sim.explore.space.space import Space
from sim.replay import SOURCES as METHODS
from sim.replay import Classifier
from sim.study.config import load_config
from sim.study.experiment import Experiment
from sim.study.ledgers import ledger_of
from sim.study.study import Study
from sim.work.cache import Cache
from sim.work.errors import UserError
from verification.sim.small_space import SPACE, evaluator_of, inputs_of, space_of

OPEN130 = load_technology("open130")
SOURCES: dict[str, Source] = {
    "gbm": "GBM",
    "correlated": "GBM",
    "latent": "latent replay",
}
# One design of every method that has a price, at other values than the defaults.
EVERY = """\
data: {name: digits}
tasks: {base: 4, increment: 2}
head: {hidden: 16, epochs: 1}
hardware: {pe: 8, simd: 32, lanes: 32}
methods:
  - {replay: gbm, components: 1, code_width: 6, draws_per_read: 3, lanes: 32}
  - replay: correlated
    components: 1
    code_width: 6
    draws_per_read: 3
    lanes: 32
    rank: 8
  - {replay: latent, exemplars: 7}
  - {replay: herded, exemplars: 7}
  - {replay: fetril, code_width: 5}
  - {replay: ncm, components: 2, code_width: 4}
  - {replay: likelihood, code_width: 4}
  - {replay: hamming, components: 2}
  - {replay: low_rank, rank: 6, code_width: 5}
"""


def design(replay: str, text: str = EVERY) -> tuple[Evaluator, Point]:
    return evaluator_of(text), space_of(text).first(replay)


def parts(replay: str, name: str, of: str | None = None, text: str = EVERY) -> dict[str, float]:
    evaluator, point = design(replay, text)
    return evaluator.parts(point, Objective.named(name, of))


def value(replay: str, name: str, of: str | None = None, text: str = EVERY) -> float:
    return sum(parts(replay, name, of, text).values())


def switched(replay: str, of: str | None = None) -> float:
    """Return the energy of actions, wires and control, without what the time of the phase costs."""
    timed = ("idle clocks", "leakage", "input and output")
    return sum(v for name, v in parts(replay, "energy", of).items() if name not in timed)


@pytest.mark.parametrize("replay", PARTS)
def test_bits_are_known_before_it_learns(replay: str) -> None:
    """They are the memory of the past, or that and what the head keeps."""
    evaluator, point = design(replay)
    past = ledger_of(point.method, 1024, 10).bits_full
    state = ledger_of(point.method, 1024, 10, point.config.head).bits_full
    assert value(replay, "bits", "past") == pytest.approx(past / 1e6, rel=1e-12)
    assert evaluator.static(point)["bits"] == pytest.approx(state / 1e6, rel=1e-12)
    assert (state == past) == issubclass(METHODS[replay], Classifier)


@pytest.mark.parametrize("replay", SOURCES)
def test_energy_of_a_class_is_that_of_the_cost_model(replay: str) -> None:
    evaluator, point = design(replay)
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    lines = price_memories((*chip_memories(config), *memories_beside(config)), OPEN130)
    task = price(learn(config, SOURCES[replay]).tally, lines, OPEN130).total
    assert config.task.classes == 2
    assert switched(replay) == pytest.approx(1e3 * task.nominal / 2)


def test_memories_leak_for_as_long_as_a_design_takes() -> None:
    evaluator, point = design("gbm")
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    own = ("network.", "sampler.")
    memories = [m for m in chip_memories(config) if m.component.startswith(own)]
    accessed = {action.component for action in learn(config, "GBM").tally}
    beside = [m for m in memories_beside(config) if m.component in accessed]
    for of, used, joules, seconds in (("class", beside, 1e-3, 1e-3), ("image", [], 1e-6, 1e-3)):
        lines = price_memories((*memories, *used), OPEN130)
        leakage = total(line.leakage for line in lines).nominal
        latency = value("gbm", "latency", of) * seconds
        leaked = parts("gbm", "energy", of)["leakage"] * joules
        assert leaked == pytest.approx(leakage * latency), of


@pytest.mark.parametrize("replay", ["gbm", "correlated"])
def test_energy_and_latency_of_an_image_and_an_exemplar_are_those_of_the_cost_model(
    replay: str,
) -> None:
    evaluator, point = design(replay)
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    lines = price_memories(chip_memories(config), OPEN130)
    image, drawn = inference(config), next(draws(config))
    assert image.cycles is not None
    assert drawn.cycles is not None
    assert switched(replay, "image") == pytest.approx(
        1e6 * price(image.tally, lines, OPEN130).total.nominal
    )
    assert switched(replay, "exemplar") == pytest.approx(
        1e9 * price(drawn.tally, lines, OPEN130).total.nominal
    )
    assert value(replay, "latency", "image") == pytest.approx(1e3 * float(image.cycles) / 50e6)
    assert value(replay, "latency", "exemplar") == pytest.approx(1e6 * float(drawn.cycles) / 50e6)


def test_rows_of_weights_that_serve_more_pixels_cost_less() -> None:
    text = """\
data: {name: bank, path: cifar100}
tasks: {base: 50, increment: 5, order: 1993}
hardware: {weight_reuse: [1, 4], network: fbnn-1M-wide}
methods: [{replay: gbm, components: 1, code_width: 6}]
"""
    evaluator, energy = evaluator_of(text), Objective.named("energy", "image")
    one, four = map(space_of(text).point, space_of(text).points())
    assert evaluator.network is not None
    assert chip_of(four, evaluator.bank, evaluator.network).chip.accelerator.mvu.weight_reuse == 4
    assert four.label.endswith("P = 4")
    parts_of_one, parts_of_four = (evaluator.parts(point, energy) for point in (one, four))
    weights = "network.mvu.weights"
    assert parts_of_four[weights] < 0.3 * parts_of_one[weights]
    assert parts_of_four["network.mvu"] < parts_of_one["network.mvu"]
    # One pixel a row of weights leaves room to gather windows, in a memory of their own. Layers
    # then have descriptors that say so.
    machines = [chip_of(p, evaluator.bank, evaluator.network).chip.accelerator for p in (one, four)]
    assert [machine.gather_words for machine in machines] == [7, 0]
    area_of_one, area_of_four = (
        dict(evaluator.parts(point, Objective.named("area"))) for point in (one, four)
    )
    assert area_of_one.pop("network.gather.window") > 0
    assert area_of_four.pop("network.program") <= area_of_one.pop("network.program")
    assert area_of_four == area_of_one


def test_two_units_take_half_the_cycles_and_the_same_bits() -> None:
    text = """\
data: {name: bank, path: cifar100}
tasks: {base: 50, increment: 5, order: 1993}
hardware: {units: [1, 2], network: fbnn-1M-wide}
methods: [{replay: gbm, components: 1, code_width: 6}]
"""
    evaluator = evaluator_of(text)
    one, two = map(space_of(text).point, space_of(text).points())
    assert two.label.endswith("units = 2")
    assert evaluator.network is not None
    machines = [chip_of(p, evaluator.bank, evaluator.network).chip.accelerator for p in (one, two)]
    assert [machine.units for machine in machines] == [1, 2]
    rows = [machine.neurons * machine.mvu.weight_depth for machine in machines]
    assert rows[1] == pytest.approx(rows[0], rel=0.02)
    image = Objective.named("latency", "image")
    took = [sum(evaluator.parts(point, image).values()) for point in (one, two)]
    assert took[1] < 0.52 * took[0]


def test_factors_take_their_cycles_and_what_they_store() -> None:
    # 1024 features in 32 beats: of R cycles each, without factors of one.
    assert value("correlated", "latency", "exemplar") == pytest.approx(1e6 * 32 * 8 / 50e6)
    assert value("gbm", "latency", "exemplar") == pytest.approx(1e6 * 32 / 50e6)
    none = EVERY.replace("rank: 8", "rank: 0")
    for name, of in (("energy", "exemplar"), ("latency", "exemplar"), ("area", "past")):
        assert value("correlated", name, of, none) == value("gbm", name, of)
    found = parts("correlated", "area", "past")
    assert found.keys() > parts("gbm", "area", "past").keys()
    assert "sampler.basis.memory" in found


def test_latency_of_a_class_is_that_of_all_that_hardware_does() -> None:
    found = parts("gbm", "latency")
    # 144 samples a class of digits; a batch of 128 has 102 of 8 past and 26 of 2 present classes.
    batches = -(-288 // 26)
    image = value("gbm", "latency", "image")
    exemplar = value("gbm", "latency", "exemplar") / 1e3
    assert found["images"] == pytest.approx(144 * image)
    assert found["exemplars"] == pytest.approx(batches * 102 / 2 * exemplar)
    assert found.keys() == {"images", "exemplars", "forward passes", "memory of the past"}
    assert parts("ncm", "latency").keys() == {"images", "memory of the past"}


def test_a_class_of_one_prototype_takes_the_cycles_of_the_class_counter() -> None:
    evaluator, point = design("gbm", EVERY.replace("components: 2", "components: 1"))
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    text = EVERY.replace("components: 2", "components: 1")
    for replay in ("gbm", "ncm", "likelihood", "hamming"):
        found = parts(replay, "latency", text=text)["memory of the past"]
        assert found >= 1e3 * 144 * 34 / config.clock  # a look-up and 32 rows a sample
    found = parts("gbm", "latency", text=text)["memory of the past"]
    assert found == pytest.approx(1e3 * float(count_cycles(config)) / config.clock)


@pytest.mark.parametrize("replay", ["gbm", "ncm", "likelihood", "hamming"])
def test_a_class_of_several_is_counted_where_its_components_compete(replay: str) -> None:
    method = f"{{replay: {replay}, components: 3, mixture: {{fit: online}}}}"
    text = EVERY[: EVERY.index("methods:")] + f"methods:\n  - {method}\n"
    evaluator, point = design(replay, text)
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    assert (config.task.fit, config.memory.components) == ("chip", 3)
    found = parts(replay, "latency", text=text)["memory of the past"]
    assert found == pytest.approx(1e3 * float(count_cycles(config)) / config.clock)
    area = parts(replay, "area", text=text)
    assert "learner.online_mixture.majorities" in area
    assert not any(name.startswith("fit.") for name in area)


def test_a_class_of_the_latent_buffer_takes_its_cycles() -> None:
    evaluator, point = design("latent")
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    numbers = {"filled": 7, "replaced": 37, "dropped": 100}
    cycles = latent_buffer.learn_cycles(config.chip.latent, **numbers)
    found = parts("latent", "latency")["memory of the past"]
    assert found == pytest.approx(1e3 * cycles / config.clock)


def test_keeping_a_class_takes_a_cycle_for_every_row_of_the_busiest_memory() -> None:
    evaluator, point = design("ncm")
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    past = PARTS["ncm"](config, point.method.params)
    rows: dict[str, Fraction] = {}
    for action, n in past.remembered.items():
        if action.kind in ("read", "write"):
            rows[action.component] = rows.get(action.component, Fraction(0)) + n
    copies = {m.component: m.copies for m in (*past.memories, *past.working)}
    cycles = max(n / copies[name] for name, n in rows.items()) / config.task.classes
    found = parts("ncm", "latency")["memory of the past"]
    assert found == pytest.approx(1e3 * float(cycles) / config.clock)


def area(*totals: Total) -> float:
    return 1e6 * total(totals).nominal


@pytest.mark.parametrize("replay", ["gbm", "latent"])
def test_area_is_of_the_memories_that_the_method_needs(replay: str) -> None:
    evaluator, point = design(replay)
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    own = {"gbm": "sampler.", "latent": "latent_buffer."}[replay]
    lines = price_memories((*chip_memories(config), *working_memories(config)), OPEN130)
    areas = {line.memory.component: line.area for line in lines}
    past = [a for name, a in areas.items() if name.startswith(own)]
    network = [a for name, a in areas.items() if name.startswith("network.")]
    besides = (
        ("training.", "task.", "fit.", "learner.") if replay == "gbm" else ("training.", "task.")
    )
    working = [a for name, a in areas.items() if name.startswith(besides)]
    assert value(replay, "area", "past") == pytest.approx(area(*past))
    assert value(replay, "area", "chip") == pytest.approx(area(*past, *network))
    assert value(replay, "area") == pytest.approx(area(*past, *network, *working))


def test_what_classifies_without_a_head_has_none_in_its_machine() -> None:
    evaluator, point = design("likelihood")
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    assert config.network.head is None
    image = chip_counts.inference(config.network, config.chip)
    params = PrototypeClassifierParams(prototypes=config.chip.sampler.prototypes)
    answer = chip_counts.beside_sampler(
        prototype_classifier.classify(params, 1, classes=10, components=10), "prototype_classifier"
    )
    past = PARTS["likelihood"](config, point.method.params)
    names = {memory.component for memory in past.memories}
    network = [m for m in chip_memories(config) if m.component not in names]
    lines = price_memories((*network, *past.memories), OPEN130)
    joules = price(image + answer, lines, OPEN130).total.nominal
    assert switched("likelihood", "image") == pytest.approx(1e6 * joules)
    # The beats of the picture, a row of each of 10 prototypes a cycle, and the last one's stages.
    cycles = 32 + 1 + 10 * 32 + 7 + params.tables.bit_length() - 1
    assert parts("likelihood", "latency", "image")["classifier"] == pytest.approx(
        1e3 * cycles / 50e6
    )


def test_a_table_of_wider_costs_takes_more_energy_and_no_more_time() -> None:
    text = EVERY.replace("components: 2", "components: 1")
    energies = [value(name, "energy", "image", text) for name in ("hamming", "ncm", "likelihood")]
    assert energies == sorted(set(energies))
    names = ("hamming", "ncm", "likelihood")
    cycles = {parts(name, "latency", "image", text)["classifier"] for name in names}
    assert len(cycles) == 1


@pytest.mark.parametrize("replay", ["ncm", "likelihood", "hamming", "low_rank"])
def test_what_draws_nothing_has_no_exemplar(replay: str) -> None:
    with pytest.raises(ValueError, match="there is no energy of an exemplar: none is drawn"):
        parts(replay, "energy", "exemplar")


def test_two_prototypes_cost_more_to_learn_than_one() -> None:
    assert value("ncm", "energy") > value(
        "ncm", "energy", text=EVERY.replace("components: 2", "components: 1")
    )


def test_a_discriminant_without_directions_costs_less() -> None:
    plain = EVERY.replace("low_rank, rank: 6", "low_rank, rank: 0")
    for objective in ("energy", "latency"):
        assert value("low_rank", objective, text=plain) < value("low_rank", objective)


@pytest.mark.parametrize("replay", PARTS)
def test_every_method_has_all_costs(replay: str) -> None:
    evaluator, point = design(replay)
    costs = evaluator.costs(point)
    assert costs.keys() == {"bits", "energy", "area", "latency"}
    for values in costs.values():
        assert values
        assert all(part["value"] > 0 for part in values)


@pytest.mark.parametrize("replay", ["gbm", "latent", "herded", "fetril"])
def test_more_neurons_side_by_side_are_faster(replay: str) -> None:
    # Without a head, pixels as they are meet no neuron.
    assert value(replay, "latency", text=EVERY.replace("pe: 8", "pe: 16")) < value(
        replay, "latency"
    )


def test_parts_beyond_the_largest_are_one() -> None:
    evaluator, point = design("gbm")
    static, costs = evaluator.static(point), evaluator.costs(point)
    for name, found in costs.items():
        values = [part["value"] for part in found if part["name"] != "other"]
        assert len(values) <= 8
        assert values == sorted(values, reverse=True)
        assert sum(part["value"] for part in found) == pytest.approx(static[name])


def test_violations_are_of_what_is_known() -> None:
    text = 'constraints: ["bits <= 1 kb", "accuracy >= 90 %"]\n' + EVERY
    evaluator, point = design("latent", text)
    static = evaluator.static(point)
    (broken,) = evaluator.violations(static).items()
    assert broken == ("bits <= 1 kb", pytest.approx(static["bits"] * 1e3 - 1))
    assert evaluator.violations({**static, "accuracy": 81.0})["accuracy >= 90 %"] == (
        pytest.approx(0.1)
    )


@pytest.mark.parametrize("place", [3, 390, -1], ids=["gbm", "latent", "ncm"])
def test_the_last_rung_is_the_study_of_the_design(place: int, tmp_path: Path) -> None:
    evaluator = evaluator_of()
    point = space_of().point(space_of().points()[place])
    rungs = list(evaluator.rungs(point))
    path = tmp_path / "design.yaml"
    path.write_text(point.yaml())
    config, document = load_config(str(path))
    bank = load_bank(config.data, config.tasks, document, None)
    study = Study.of(config, [bank], tmp_path / "study")
    study.folder.open(resume=False)
    results = study.run(1, lambda index, progress: None)
    assert [100 * r["average_incremental"] for r in results] == list(rungs[-1].accuracies)
    assert 100 * np.mean([r["accuracy_seen"] for r in results], axis=0) == pytest.approx(
        rungs[-1].by_task
    )
    # Rung 0 is the first two tasks of the first seed, rung 1 all of it.
    assert [(r.rung, r.seeds, len(r.by_task)) for r in rungs] == [(0, 1, 2), (1, 1, 4), (2, 2, 4)]
    first = 100 * np.array(results[0]["accuracy_seen"])
    assert rungs[0].accuracy == pytest.approx(first[:2].mean())
    assert rungs[1].accuracy == pytest.approx(first.mean())


@pytest.mark.parametrize("replay", ["ncm", "latent"])
def test_bits_are_those_that_the_study_reports(replay: str) -> None:
    evaluator, point = design(replay)
    experiment = Experiment(evaluator.bank, point.config.head, point.method, 0)
    while not experiment.done:
        experiment.step(lambda progress: None)
    found = experiment.source.ledger().bits_full
    assert value(replay, "bits", "past") == pytest.approx(found / 1e6, rel=1e-12)
    assert value(replay, "bits") == pytest.approx(experiment.ledger().bits_full / 1e6, rel=1e-12)


def test_nothing_is_learnt_beyond_the_rung_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = []
    step = Experiment.step

    def counting(self: Experiment, report: Any) -> None:
        steps.append((self.seed, self.task))
        step(self, report)

    monkeypatch.setattr(Experiment, "step", counting)
    rungs = evaluator_of().rungs(space_of().first("ncm"))
    assert steps == []
    next(rungs)
    assert steps == [(0, 0), (0, 1)]
    next(rungs)
    assert steps == [(0, 0), (0, 1), (0, 2), (0, 3)]


def test_a_cache_changes_no_value(tmp_path: Path) -> None:
    point = space_of().first("gbm")
    plain = list(evaluator_of().rungs(point))
    for hits in (False, True):
        cache = Cache(tmp_path)
        assert list(Evaluator(inputs_of(), cache).rungs(point)) == plain
        assert bool(cache.hits) == hits


def test_hardware_decides_no_accuracy() -> None:
    space, evaluator = space_of(), evaluator_of()
    parameters = dict(space.points()[-1])
    other = space.point(parameters | {"hardware.pe": 8})
    first, second = (next(evaluator.rungs(p)) for p in (space.point(parameters), other))
    assert first == second
    assert evaluator.static(space.point(parameters)) != evaluator.static(other)


def test_first_bits_of_a_bank() -> None:
    bank: Bank = evaluator_of().bank
    for features in (1, 63, 64, 65, 512, 1023):
        part = bank.first(features)
        assert part.features == features
        assert (unpack(part.test, features) == unpack(bank.test, 1024)[:, :features]).all()
        assert part.train.shape[1] == -(-features // 64)
        if features % 64:
            assert not (part.train[:, -1] >> np.uint64(features % 64)).any()
        assert part.digest != bank.digest
    assert bank.first(1024) is bank
    with pytest.raises(ValueError, match="must be in 1..1024") as caught:
        bank.first(1025)
    assert str(caught.value) == ("features must be in 1..1024, the bits of an embedding, not 1025")


def test_a_study_of_too_many_bits_is_refused(tmp_path: Path) -> None:
    config, document = load_config("digits", ["data.features=1025"])
    with pytest.raises(UserError) as caught:
        load_bank(config.data, config.tasks, document, None)
    assert str(caught.value) == (
        "--set data.features=1025: data.features must be in 1..1024, the bits of an embedding, "
        "not 1025"
    )


def test_a_network_that_makes_fewer_bits_has_fewer_neurons_in_its_last_layer() -> None:
    network = load_network("fbnn-1M-wide")
    cut = extractor(network, 128)
    assert cut.output.size == 128
    assert cut.layers[:-1] == network.layers[:-1]
    # Each of 512 neurons has 16 channels of a map of 4 x 4.
    assert network.weight_count - cut.weight_count >= (512 - 128) * 16 * 16
    with pytest.raises(ValueError, match="features must leave the 16 groups of the last layer"):
        extractor(network, 100)


def test_pixels_that_are_features_are_cut_by_rows() -> None:
    thermometer = evaluator_of().bank.thermometer
    assert thermometer is not None
    network = NetworkParams(input=thermometer.input, bits=thermometer.bits, layers=(thermometer,))
    assert extractor(network, 512).input.height == 4
    with pytest.raises(ValueError, match="features must be whole rows of 128 pixel bits, not 500"):
        extractor(network, 500)


BAD = {
    "more bits than there are": (
        ("features: [512, 1024]", "features: [512, 2000]"),
        "space.yaml:2: data.features.1 must be at most the 1024 bits of an embedding, not 2000",
    ),
    "more exemplars than samples": (
        ("low: 1, high: 20", "low: 1, high: 2000"),
        ("space.yaml:11: methods.1.exemplars.high must be at most the 140 training samples of the "
        "smallest class, not 2000"),
    ),
    "more tasks than there are": (
        ("rungs: [{tasks: 2}", "rungs: [{tasks: 5}"),
        "space.yaml:16: fidelity.rungs.0.tasks must be at most the 4 tasks, not 5",
    ),
    "method without a price": (
        ("{replay: ncm, code_width: 4}", "{replay: cwr}"),
        ("space.yaml:14: objectives.2: energy cannot be computed for latent replay E = 20 + CWR*, "
        "q_f = 8, q_b = 16, binary 4: the cost model has no parts for cwr, only for gbm, "
        "correlated, latent, herded, fetril, likelihood, "
        "ncm, hamming, low_rank"),
    ),
    "method whose bits are not known": (
        ("{replay: ncm, code_width: 4}", "{replay: joint}"),
        ("space.yaml:14: objectives.1: bits cannot be computed for joint training: they are known "
        "only after it has learnt"),
    ),
    "technology that says too little": (
        ("simd: 32,", "simd: 32, technology: cmos28,"),
        ("space.yaml:14: objectives.3: area cannot be computed for GBM K = 1, q = 2, max_iter = 3: "
        "technology cmos28 has no area for network.program"),
    ),
    "exemplars where none are drawn": (
        ("energy, area,", "{name: energy, of: exemplar}, area,"),
        ("space.yaml:14: objectives.2: energy cannot be computed for nearest mean K = 1, q = 4: "
        "there is no energy of an exemplar: none is drawn or read"),
    ),
    "lanes that do not fit": (
        ("simd: 32,", "simd: 48,"),
        ("space.yaml:14: objectives.2: energy cannot be computed for GBM K = 1, q = 2, "
        "max_iter = 3: MVU inputs SIMD must divide the lanes L = 64 or be a multiple of them, "
        "not 48"),
    ),
    "unknown technology": (
        ("simd: 32,", "simd: 32, technology: cmos1,"),
        ("space.yaml:13: hardware.technology: Technology must be a .yaml file or one of cmos22, "
        "cmos28, cmos7, emram14, horowitz45, mram22, open130, rram22, sram22, not 'cmos1'"),
    ),
    "another network": (
        ("simd: 32,", "simd: 32, network: fbnn-1M,"),
        "space.yaml:13: hardware.network must make the 1024 bits of an embedding, not 512",
    ),
    "bank without a network": (
        ("{name: digits, features: [512, 1024]}\ntasks: {base: 4, increment: 2}",
         "{name: bank, path: cifar100}\ntasks: {base: 50, increment: 5, order: 1993}"),
        ("space.yaml:13: hardware.network is missing: energy needs the network that makes the "
        "embeddings of a bank, as in network: fbnn-1M-wide"),
    ),
    "reference off the space": (
        ("gbm.code_width: 6", "gbm.code_width: 7"),
        "space.yaml:18: reference: gbm.code_width must be an integer in 2..6 in steps of 2, not 7",
    ),
    "tasks that do not divide": (
        ("increment: 2", "increment: 4"),
        "space.yaml:3: tasks: Increment must divide the 6 classes after the base, not 4",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD.keys())
def test_what_data_or_cost_model_cannot_give_is_told_first(
    change: tuple[str, str], message: str
) -> None:
    assert change[0] in SPACE
    with pytest.raises(UserError) as caught:
        inputs_of(SPACE.replace(*change))
    assert str(caught.value) == message


def test_accuracy_and_bits_need_neither_network_nor_prices() -> None:
    text = (
        "data: {name: bank, path: cifar100}\ntasks: {base: 50, increment: 5, order: 1993}\n"
        "methods: [{replay: cwr, exemplars: 3}]\nobjectives: [accuracy, bits]"
    )
    evaluator = evaluator_of(text)
    assert evaluator.static(Space(evaluator.config).first("cwr"))["bits"] > 3 * 512 * 100 / 1e6


INTEGER = EVERY.replace(
    "{hidden: 16, epochs: 1}", "{kind: integer, epochs: 1, q_b_non_binary: 16, lanes: 32}"
)
TERNARY = EVERY.replace("{hidden: 16, epochs: 1}", "{kind: ternary, epochs: 1}")


def test_the_integer_head_learns_and_answers_at_the_price_of_the_trainer() -> None:
    evaluator, point = design("gbm", INTEGER)
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    head = head_of(config)
    assert config.network.head is None
    assert (config.head_kind, config.task.trainer_bits) == ("integer", 16)
    found = parts("gbm", "latency", text=INTEGER)
    assert found.keys() == {"images", "exemplars", "training", "memory of the past"}
    batches = -(-288 // 26)  # as of the binary head
    assert head.batch_cycles is not None
    training = 1e3 * batches * float(head.batch_cycles) / 2 / config.clock
    assert found["training"] == pytest.approx(training)
    assert head.answer is not None
    assert head.answer.cycles is not None
    answered = parts("gbm", "latency", "image", INTEGER)["classifier"]
    assert answered == pytest.approx(1e3 * float(head.answer.cycles) / config.clock)
    assert "trainer.weights" in parts("gbm", "area", "chip", INTEGER)
    assert "trainer.errors" not in parts("gbm", "area", "chip", INTEGER)
    assert "trainer.errors" in parts("gbm", "area", text=INTEGER)
    assert parts("gbm", "energy", "image", INTEGER)["trainer.weights"] > 0


def test_the_ternary_head_has_its_counters_beside_the_machine() -> None:
    found = parts("gbm", "area", text=TERNARY)
    assert "ternary.counters" in found
    assert not any(name.startswith(("training.", "trainer.")) for name in found)
    assert "ternary.counters" not in parts("gbm", "area", "chip", TERNARY)
    assert "forward passes" in parts("gbm", "latency", text=TERNARY)
    assert value("gbm", "energy", text=TERNARY) < value("gbm", "energy", text=INTEGER)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("{kind: integer, hidden: 1024}", r"head.hidden must be in 0..1023, not 1024"),
        ("{kind: integer, q_f: 16, q_b_non_binary: 16}", "head.q_f must be 8, not 16"),
    ],
)
def test_a_head_that_the_trainer_cannot_train_has_no_price(head: str, message: str) -> None:
    text = EVERY.replace("{hidden: 16, epochs: 1}", head)
    with pytest.raises(UserError, match=message):
        evaluator_of(text)


def test_a_frozen_hidden_layer_takes_the_time_and_the_energy_of_its_block() -> None:
    text = INTEGER.replace("kind: integer,", "kind: integer, hidden: 40, q_b_binary: 1,")
    evaluator, point = design("gbm", text)
    assert evaluator.network is not None
    config = chip_of(point, evaluator.bank, evaluator.network)
    params = trainer_of(config)
    assert (params.hidden, params.binary_width) == (40, 1)
    size, classes = config.task.batch, config.memory.classes
    found = parts("gbm", "latency", text=text)["training"]
    cycles = -(-288 // 26) * trainer.learn_cycles(params, size, classes)
    assert found == pytest.approx(1e3 * cycles / 2 / config.clock)
    assert found > parts("gbm", "latency", text=INTEGER)["training"]
    answered = parts("gbm", "latency", "image", text)["classifier"]
    one = trainer.classify_cycles(params, 1, classes)
    assert answered == pytest.approx(1e3 * one / config.clock)
    for of in ("image", "class"):
        energies, bare = (parts("gbm", "energy", of, t) for t in (text, INTEGER))
        assert energies["trainer.hidden.weights"] > 0
        assert energies["trainer.hidden"] > 0
        assert energies["idle clocks"] > bare["idle clocks"]
    assert "trainer.hidden.weights" in parts("gbm", "area", "chip", text)


def test_a_hidden_layer_that_learns_takes_more_time_and_area() -> None:
    frozen, text = (
        INTEGER.replace("kind: integer,", f"kind: integer, hidden: 40, q_b_binary: {width},")
        for width in (1, 8)
    )
    evaluator, point = design("gbm", text)
    assert evaluator.network is not None
    params = trainer_of(chip_of(point, evaluator.bank, evaluator.network))
    assert (params.hidden, params.binary_width) == (40, 8)
    longer = parts("gbm", "latency", text=text)["training"]
    assert longer > parts("gbm", "latency", text=frozen)["training"]
    assert parts("gbm", "energy", "class", text)["trainer.hidden.rests"] > 0
    # An answer needs the signs alone.
    assert "trainer.hidden.layer.weights" in parts("gbm", "area", "chip", text)
    assert "trainer.hidden.rests" not in parts("gbm", "area", "chip", text)
    assert parts("gbm", "area", text=text)["trainer.hidden.rests"] > 0


@pytest.mark.parametrize(
    "head",
    ["{kind: integer}", "{kind: integer, lanes: 32, rounding: nearest_even}"],
)
def test_a_head_that_rounds_otherwise_than_the_trainer_has_no_price(head: str) -> None:
    text = EVERY.replace("{hidden: 16, epochs: 1}", head)
    with pytest.raises(UserError, match="the trainer rounds 32 weights at once by random words"):
        evaluator_of(text)
