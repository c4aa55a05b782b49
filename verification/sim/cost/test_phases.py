# SPDX-License-Identifier: MIT
"""Phases of a chip: identities that hold for all numbers, and a task counted by hand."""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import fsum, log
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import (
    ClassCounterParams,
    OnlineMixtureParams,
    PrototypeClassifierParams,
    WatchParams,
)
from sim.cost.configuration import CostConfig, load_cost
from sim.cost.counting import count, counting, counting_memories
from sim.cost.counts import chip as chip_counts
from sim.cost.counts import (
    class_counter,
    correlated,
    latent_buffer,
    online_mixture,
    prototype_classifier,
    sampler,
    trainer,
)
from sim.cost.counts.draws import draw_cycles
from sim.cost.counts.tally import Action, Tally
from sim.cost.heads import trainer_of, with_head
from sim.cost.learning import Source, learn, remember, replay, working_memories
from sim.cost.life import chip_memories, life, memories_beside
from sim.cost.phases import answer, append, draws, exemplars, inference, load
from verification.sim.cost.small_chip import small_config

SOURCES: tuple[Source, ...] = ("GBM", "latent replay", "likelihood")

TASKS = st.fixed_dictionaries({
    "classes": st.integers(1, 5),
    "samples": st.integers(1, 12),
    "epochs": st.integers(1, 4),
    "batch": st.integers(2, 30),
    "embeddings": st.sampled_from(["buffer", "recompute"]),
    "gradients": st.sampled_from(["registers", "memory"]),
    "fit": st.sampled_from(["host", "chip"]),
})  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> CostConfig:
    return small_config(tmp_path_factory.mktemp("chip"))


def changed(config: CostConfig, **task: object) -> CostConfig:
    return replace(config, task=config.task.model_copy(update=task))


def drawing(config: CostConfig, draws_per_read: int) -> CostConfig:
    sized = replace(config.chip.sampler, draws_per_read=draws_per_read)
    return replace(config, chip=replace(config.chip, sampler=sized))


def test_a_task_waits_for_slow_draws_and_has_no_cycles_for_several_at_once(tmp_path: Path) -> None:
    """Four beats of four lanes: two are ready, and two come every 32 cycles."""
    lines = "  sampler:\n    rank: 32\n"
    slow = small_config(tmp_path, "  sampler:\n", lines)
    four = replace(slow.chip.sampler.prototypes, lanes=4)
    chip = replace(
        slow.chip,
        sampler=replace(slow.chip.sampler, prototypes=four),
        latent=replace(slow.chip.latent, lanes=4),
    )
    slow = with_head(replace(slow, chip=chip), "integer")
    fast = replace(slow, chip=replace(chip, sampler=replace(chip.sampler, rank=0)))
    taken = trainer.take_cycles(trainer_of(slow), 6)
    fed = max(4 * 32, taken + 2 * 31)
    first = max(0, draw_cycles(chip.sampler, 1) - fed)
    found, without = learn(slow, "GBM").cycles, learn(fast, "GBM").cycles
    assert found is not None
    assert without is not None
    assert found - without == 21 * (6 * (fed - taken) + first)
    twice = replace(slow, chip=replace(chip, sampler=replace(chip.sampler, draws_per_read=2)))
    assert learn(twice, "GBM").cycles is None


def test_the_life_of_a_chip(config: CostConfig) -> None:
    assert [(phase.name, phase.unit) for phase in life(config)] == [
        ("inference", "image"),
        ("pseudo-exemplar, parallel", "exemplar"),
        ("pseudo-exemplar, serial", "exemplar"),
        ("latent exemplar", "exemplar"),
        ("append a class", "class"),
        ("learn a class by counting", "class"),
        ("learn a task, GBM", "task"),
        ("learn a task, latent replay", "task"),
        ("learn a task, likelihood", "task"),
        ("learn a task, GBM, integer head", "task"),
        ("learn a task, GBM, ternary head", "task"),
        ("learn a task, latent replay, integer head", "task"),
        ("begin the rows of a class", "class"),
        ("consolidate a task, CWR*", "task"),
        ("classify, head", "embedding"),
        ("classify, integer head", "embedding"),
        ("classify, likelihood", "embedding"),
        ("load a network", "network"),
    ]
    names = [phase.name for phase in life(changed(config, fit="host"))]
    assert "learn a class by counting" not in names


@settings(max_examples=20, deadline=None)
@given(task=TASKS, components=st.sampled_from([1, 2]))
def test_every_access_is_to_a_memory_of_its_width(
    config: CostConfig, task: dict, components: int
) -> None:
    drawn = changed(config, **task) if components == 1 else several(config, **task)
    memories = [*chip_memories(drawn), *memories_beside(drawn)]
    widths = {memory.component: memory.width for memory in memories}
    assert len(widths) == len(memories)
    for phase in life(drawn):
        for action in phase.tally:
            if action.kind in ("read", "write"):
                assert widths[action.component] == action.width, phase.name


@pytest.mark.parametrize("blocks", [{"slots": 3}, {"slots": 1, "table_width": 10}])
def test_a_chip_that_counts_classes_has_the_memories_for_it(
    config: CostConfig, blocks: dict[str, int]
) -> None:
    own = replace(config, chip=replace(config.chip, **blocks))
    memories = [*chip_memories(own), *memories_beside(own)]
    widths = {memory.component: memory.width for memory in memories}
    assert len(widths) == len(memories)
    depths = {m.component: m.depth for m in chip_memories(own)}
    assert depths["learner.class_counter.counters"] == blocks["slots"] * 2
    for phase in life(own):
        for action in phase.tally:
            if action.kind in ("read", "write"):
                assert widths[action.component] == action.width, (phase.name, action)


@pytest.mark.parametrize("secded", [0, 2])
def test_a_chip_with_a_watch_reads_check_bits_with_every_row(
    config: CostConfig, secded: int
) -> None:
    watch = WatchParams(secded=secded, self_test=True)
    own = replace(config, chip=replace(config.chip, watch=watch))
    memories = [*chip_memories(own), *memories_beside(own)]
    widths = {memory.component: memory.width for memory in memories}
    rows = "sampler.prototypes.rows"
    assert ("sampler.prototypes.memory" in widths, f"{rows}.memory" in widths) == (False, True)
    beside = Action(f"{rows}.checks", "read", widths.get(f"{rows}.checks", 1))
    gates = Action(f"{rows}.code", "logic")
    for phase, plain in zip(life(own), life(config), strict=True):
        for action in phase.tally:
            if action.kind in ("read", "write"):
                assert widths[action.component] == action.width, (phase.name, action)
        width = widths[f"{rows}.memory"]
        read = plain.tally[Action("sampler.prototypes.memory", "read", width)]
        written = plain.tally[Action("sampler.prototypes.memory", "write", width)]
        assert phase.tally[Action(f"{rows}.memory", "read", width)] == read
        assert phase.tally[beside] == read * bool(secded)
        assert bool(phase.tally[gates]) == bool((read or written) and secded)
        assert phase.cycles == plain.cycles


def test_a_chip_with_factors_draws_by_them_and_loads_a_basis(tmp_path: Path) -> None:
    own = small_config(tmp_path, "  sampler:\n", "  sampler:\n    rank: 4\n")
    factors = own.chip.factors
    assert factors is not None
    phases = {phase.name: phase for phase in life(own)}
    assert "pseudo-exemplar, serial" not in phases
    drawn, basis = phases["pseudo-exemplar, parallel"], phases["load a basis"]
    # Two beats of four loadings; eight lanes in the memory of each row.
    assert drawn.cycles == 8
    assert drawn.tally[Action("sampler.basis.memory", "read", 32)] == 8
    assert drawn.tally[Action("sampler.sums.lfsr", "lfsr_step")] == 4
    assert basis.tally[Action("sampler.basis.memory", "write", 32)] == 8
    assert basis.cycles == correlated.load_cycles(factors, 15)
    assert phases["learn a task, GBM"].cycles is None
    # All cycles but for waits; with two beats, both are ready. The first draw of each of 21
    # batches takes longer than the trainer is busy, or does not.
    whole, none = "learn a task, GBM, integer head", small_config(tmp_path)
    alone = {phase.name: phase for phase in life(none)}[whole].cycles
    taken = trainer.take_cycles(trainer_of(own), 6)
    first = max(0, correlated.draw_cycles(factors, 1) - taken)
    assert alone is not None
    assert phases[whole].cycles == alone + 21 * first
    memories = [*chip_memories(own), *memories_beside(own)]
    widths = {memory.component: memory.width for memory in memories}
    assert len(widths) == len(memories)
    for phase in phases.values():
        for action in phase.tally:
            if action.kind in ("read", "write"):
                assert widths[action.component] == action.width, (phase.name, action)


def test_the_networks_synapses_are_counted_twice_an_image(config: CostConfig) -> None:
    # 3x3 windows over 4 channels, one window of 4x4 over 8, and a head of 304 weights.
    synapses = 16 * 8 * 9 * 4 + 16 * 16 * 8 + 304
    assert inference(config).operations == 2 * synapses
    assert answer(config, "head").operations == 2 * 304


def test_the_head_is_part_of_inference(config: CostConfig) -> None:
    head, image = answer(config, "head"), inference(config)
    assert all(count <= image.tally[action] for action, count in head.tally.items())
    assert head.cycles is not None
    assert image.cycles is not None
    assert head.cycles < image.cycles


def test_the_words_of_an_embedding_are_regrouped_as_they_leave(config: CostConfig) -> None:
    # D = 16 in words of 8.
    assert inference(config).tally[Action("regroup.store", "register", 8)] == 2


def test_every_layer_that_runs_was_loaded(config: CostConfig) -> None:
    loaded, image = load(config), inference(config)
    run = image.tally[Action("network.program", "read", 173)]
    assert loaded.tally[Action("network.program", "write", 173)] == run
    rows = loaded.tally[Action("network.mvu.weights", "write", 8)]
    # 3x3x4 and 4x4x8 inputs of 8 and 16 neurons, and a head of 304 weights: rows may have room.
    assert rows * 8 >= 9 * 4 * 8 + 16 * 8 * 16 + 304
    assert loaded.cycles is None
    assert loaded.tally.of("read") == 0


@pytest.mark.parametrize("draws_per_read", [1, 2, 7])
@pytest.mark.parametrize("selection", ["round_robin", "uniform", "weighted"])
def test_the_class_of_a_request_is_named(
    config: CostConfig, draws_per_read: int, selection: str
) -> None:
    params = replace(config.chip.sampler, draws_per_read=draws_per_read, selection=selection)
    found = exemplars(params, 28)
    requests = 28 // draws_per_read
    assert found[Action("prototypes.table", "read", 25)] == requests
    # A label of 0..5 has 3 bits, each found by a threshold.
    thresholds = found[Action("selector.thresholds", "read", 16)]
    assert thresholds == (3 * requests if selection == "weighted" else 0)
    # Whatever the selection, a label is clocked into a register.
    named = [action for action in found if action.component == "selector.labels"]
    assert {"accumulate", "register"} & {action.kind for action in named}


@pytest.mark.parametrize("selection", ["uniform", "weighted"])
def test_shares_of_classes_are_written_once_a_task(config: CostConfig, selection: str) -> None:
    own = replace(config.chip.sampler, selection=selection)
    weighted = replace(config, chip=replace(config.chip, sampler=own))
    writes = remember(weighted, "GBM")[Action("sampler.selector.thresholds", "write", 16)]
    assert writes == (5 if selection == "weighted" else 0)  # the sixth class needs none
    widths = {memory.component: memory.width for memory in chip_memories(weighted)}
    assert ("sampler.selector.thresholds" in widths) == (selection == "weighted")


@pytest.mark.parametrize("draws_per_read", [1, 2, 7])
def test_m_exemplars_share_a_read_and_nothing_else(config: CostConfig, draws_per_read: int) -> None:
    one, many = next(draws(config)), next(draws(drawing(config, draws_per_read)))
    row = Action("sampler.prototypes.memory", "read", 32)
    assert (one.tally[row], many.tally[row]) == (2, Fraction(2, draws_per_read))
    for action in (Action("sampler.bernoulli", "compare", 4), Action("sampler.lfsr", "lfsr_step")):
        assert many.tally[action] == one.tally[action] > 0
    assert many.cycles == one.cycles == 2  # a beat a cycle


def test_a_serial_exemplar_takes_a_cycle_a_plane_and_one_if_decided_early(
    config: CostConfig,
) -> None:
    _, serial, _ = draws(config)
    # All 8 lanes are decided before plane t with a chance of (1 - 2**-t)**8.
    beat = sum(1 - (1 - Fraction(1, 2**t)) ** 8 for t in range(4))
    early = (1 - Fraction(1, 2**3)) ** 8
    assert serial.cycles == 2 * (beat + early)


def test_a_class_is_appended_word_by_word(config: CostConfig) -> None:
    """A header, a word of thresholds, rows of 32 bits in a word each, and a cycle for the last."""
    host = changed(config, fit="host")
    two = replace(host, memory=host.memory.model_copy(update={"components": 2}))
    assert append(config).cycles == 1 + 1 + 2 + 1
    assert append(two).cycles == 1 + 1 + 2 * 2 + 1
    assert append(load_cost("reference")).note == "a packet of 66 words, one a cycle"
    row = Action("sampler.prototypes.memory", "write", 32)
    assert (append(config).tally[row], append(two).tally[row]) == (2, 4)


def test_a_task_counted_by_hand(config: CostConfig) -> None:
    """4 of 6 classes are old: of 9 samples a batch 6 are replayed, 3 new; 7 batches an epoch."""
    phase = learn(config, "GBM")
    assert phase.note == (
        "2 classes, 20 samples; 21 batches, 6 of 9 replayed; an estimate: no block trains this "
        "head, hence no cycles"
    )
    assert phase.cycles is None
    assert phase.tally[Action("sampler.prototypes.memory", "read", 32)] == 21 * 6 * 2
    assert phase.tally[Action("sampler.prototypes.memory", "write", 32)] == 2 * 2
    assert phase.tally[Action("task.embeddings", "write", 8)] == 20 * 2
    assert phase.tally[Action("task.embeddings", "read", 8)] == 21 * 3 * 2
    assert phase.tally[Action("training.step", "accumulate", 12)] == 21 * 304
    assert phase.tally[Action("training.gradient", "accumulate", 8)] == 21 * 9 * 304
    assert phase.tally[Action("learner.class_counter.count", "accumulate", 8 * 16)] == 2 * 10 * 2
    program = Action("network.program", "read", 173)
    forward = 21 * 9 * answer(config, "head").tally[program]
    assert phase.tally[program] == 20 * inference(config).tally[program] + forward
    assert phase.operations == 20 * inference(config).operations + 21 * 9 * 2 * 304


def test_a_class_is_counted_by_the_block_that_counts(config: CostConfig) -> None:
    """10 samples of two beats of 8 lanes, and a close that divides 16 counts."""
    params = ClassCounterParams(prototypes=config.chip.sampler.prototypes, slots=2)
    phase, image = counting(config), inference(config)
    own = class_counter.command(params, opened=1, reopened=0) + class_counter.learn(params, 10)
    own += class_counter.close(params, 1)
    assert phase.tally == (
        10 * image.tally + own.within("learner.class_counter") + append(config).tally
    )
    # A row of counts is read and written for each beat; the close reads each once more.
    assert phase.tally[Action("learner.class_counter.counters", "write", 128)] == 10 * 2
    assert phase.tally[Action("learner.class_counter.counters", "read", 128)] == 10 * 2 + 2
    assert phase.tally[Action("sampler.prototypes.memory", "write", 32)] == 2
    assert image.cycles is not None
    cycles = class_counter.learn_cycles(params, 10) + class_counter.close_cycles(params, 1)
    assert phase.cycles == 10 * image.cycles + cycles
    assert phase.operations == 10 * image.operations


def several(config: CostConfig, **task: object) -> CostConfig:
    """Return a configuration with two prototypes a class."""
    memory = config.memory.model_copy(update={"components": 2})
    return changed(replace(config, memory=memory), **task)


def test_a_class_of_several_prototypes_is_counted_by_components_that_compete(
    config: CostConfig,
) -> None:
    """10 samples: two begin a component, and 8 are compared with both."""
    two = several(config)
    prototypes = config.chip.sampler.prototypes
    params = OnlineMixtureParams(features=16, components=2, code_width=4)
    counter = ClassCounterParams(prototypes=prototypes, slots=2)
    phase, image = counting(two), inference(two)
    own = online_mixture.command(params, counter, opened=1, reopened=0)
    own += online_mixture.learn(params, counter, begun=2, counted=8)
    own += online_mixture.close(params, counter, 1, 2)
    assert phase.tally == (
        10 * image.tally + own.within("learner.online_mixture") + append(two).tally
    )
    # Two rows of counts are read and written a sample; the close reads both of each component.
    assert phase.tally[Action("learner.online_mixture.counters", "write", 128)] == 10 * 2
    assert phase.tally[Action("learner.online_mixture.counters", "read", 128)] == 10 * 2 + 4
    assert phase.tally[Action("learner.online_mixture.majorities", "read", 8)] == 8 * 2 * 2
    assert phase.tally[Action("sampler.prototypes.memory", "write", 32)] == 2 * 2
    assert image.cycles is not None
    cycles = online_mixture.learn_cycles(params, counter, begun=2, counted=8)
    cycles += online_mixture.close_cycles(params, counter, 1, 2)
    assert phase.cycles == 10 * image.cycles + cycles
    # A look-up, two beats, and two more to count; two comparisons of 9 cycles with 8 of them; then
    # a threshold, and four rows of eight divisions of 7 cycles.
    assert cycles == 10 * (2 + 2 + 3) + 8 * (2 * 9 + 1) + (3 + 20 + 4 * (1 + 8 * 7) + 1)
    likelihood = learn(two, "likelihood")
    assert likelihood.cycles == 2 * (10 * image.cycles + cycles)
    depths = {memory.component: memory.depth for memory in memories_beside(two)}
    assert depths["learner.online_mixture.majorities"] == 2 * 2 * 2
    assert depths["learner.online_mixture.exemplar"] == 2
    assert not any(name.startswith("learner.class_counter") for name in depths)


def test_a_chip_whose_components_compete_has_their_memories(config: CostConfig) -> None:
    two = several(config)
    chip = replace(
        two.chip,
        slots=2,
        slot_components=2,
        sampler=replace(
            two.chip.sampler,
            prototypes=replace(two.chip.sampler.prototypes, class_components=2),
        ),
    )
    own, other = (replace(two, chip=replace(chip, slot_components=k)) for k in (2, 1))
    beside, inside = counting_memories(other), chip_memories(own)
    assert {memory.component for memory in beside} == {
        f"learner.online_mixture.{name}"
        for name in ("counters", "majorities", "exemplar", "seen", "kept")
    }
    assert set(beside) <= set(inside)
    assert counting_memories(own) == ()
    assert not any("class_counter" in memory.component for memory in inside)
    assert count(own) == count(other)
    left_out = "a block that this chip leaves out"
    assert [left_out in counting(c).note for c in (own, other)] == [False, True]
    # A class of one prototype is learned by the class counter, which such a chip leaves out.
    one = replace(own, memory=config.memory)
    assert {memory.component for memory in counting_memories(one)} == {
        "learner.class_counter.counters", "learner.class_counter.seen",
    }  # fmt: skip


@pytest.mark.parametrize(("samples", "shares"), [(1, (1, 0, 0)), (131_075, (2, 131_068, 5))])
def test_samples_begin_components_and_find_them_full(
    config: CostConfig, samples: int, shares: tuple[int, int, int]
) -> None:
    two = several(config, samples=samples)
    params = OnlineMixtureParams(features=16, components=2, code_width=4)
    counter = ClassCounterParams(prototypes=config.chip.sampler.prototypes, slots=2)
    begun, counted, full = shares
    own = online_mixture.command(params, counter, opened=1, reopened=0)
    own += online_mixture.learn(params, counter, begun=begun, counted=counted, full=full)
    own += online_mixture.close(params, counter, 1, begun)
    assert count(two) == own.within("learner.online_mixture")


def test_classes_are_told_apart_by_the_block_that_does_it(config: CostConfig) -> None:
    params = PrototypeClassifierParams(prototypes=config.chip.sampler.prototypes)
    phase = answer(config, "likelihood")
    # Two beats of the picture, then two rows of each of 6 prototypes; 8 lanes make 3 levels.
    assert phase.cycles == 3 + 6 * 2 + 7 + 3
    assert phase.cycles == prototype_classifier.classify_cycles(params, 1, components=6)
    assert phase.tally[Action("learner.prototype_classifier.table", "read", 36)] == 6 * 2 * 8
    assert phase.tally[Action("sampler.prototypes.memory", "read", 32)] == 6 * 2
    beside = {memory.component for memory in memories_beside(config)}
    assert "learner.prototype_classifier.table" in beside
    assert phase.note == "costs of 18 bits, 1 cycles a row; a block that this chip leaves out"


def test_a_chip_with_a_classifier_answers_by_its_own_table(config: CostConfig) -> None:
    own = replace(config, chip=replace(config.chip, table_width=10, table_fold=4))
    phase = answer(own, "likelihood")
    assert phase.tally == chip_counts.answer(own.chip, 1, classes=6, components=6)
    # Two lanes a cycle: one level.
    assert phase.cycles == 3 + 6 * 2 * 4 + 7 + 1
    beside = {memory.component for memory in memories_beside(own)}
    assert not any(name.startswith("learner.prototype_classifier") for name in beside)
    assert phase.note == "costs of 10 bits, 4 cycles a row"


def test_a_task_without_a_head_to_train_has_the_cycles_of_its_counts(config: CostConfig) -> None:
    phase, each = learn(config, "likelihood"), counting(config).cycles
    assert each is not None
    assert phase.cycles == 2 * each
    assert phase.note == "2 classes, 20 samples; classes by counting"
    host = learn(changed(config, fit="host"), "likelihood")
    assert host.cycles is None
    assert host.note == "2 classes, 20 samples; fitted on the host: no cycles"


def test_more_exemplars_than_a_counter_counts_are_dropped(config: CostConfig) -> None:
    most = count(changed(config, samples=65_535))
    more = count(changed(config, samples=65_540))
    params = ClassCounterParams(prototypes=config.chip.sampler.prototypes, slots=2)
    looked_up = class_counter.refuse(params, 5).within("learner.class_counter")
    assert more == most + looked_up


@settings(max_examples=20, deadline=None)
@given(task=TASKS)
def test_sources_differ_by_what_they_keep_and_give_back(config: CostConfig, task: dict) -> None:
    drawn = changed(config, **task)

    def own(source: Source) -> Tally:
        return replay(drawn, source) + remember(drawn, source)

    gbm, latent = learn(drawn, "GBM").tally, learn(drawn, "latent replay").tally
    assert gbm + own("latent replay") == latent + own("GBM")


@settings(max_examples=20, deadline=None)
@given(task=TASKS)
def test_without_a_head_to_train_samples_are_seen_once(config: CostConfig, task: dict) -> None:
    drawn = changed(config, **task)
    samples = drawn.task.classes * drawn.task.samples
    assert not replay(drawn, "likelihood")
    assert learn(drawn, "likelihood").tally == (
        samples * inference(drawn).tally + remember(drawn, "GBM")
    )


def test_embeddings_are_kept_or_made_anew_every_epoch(config: CostConfig) -> None:
    again = changed(config, embeddings="recompute")
    traffic = Tally({
        Action("task.embeddings", "write", 8): 20 * 2,
        Action("task.embeddings", "read", 8): 21 * 3 * 2,
    })  # fmt: skip
    kept, made = learn(config, "GBM"), learn(again, "GBM")
    assert kept.tally + (3 - 1) * 20 * inference(config).tally == made.tally + traffic
    assert "task.embeddings" in {memory.component for memory in working_memories(config)}
    assert "task.embeddings" not in {memory.component for memory in working_memories(again)}


@pytest.mark.parametrize("source", ["GBM", "latent replay"])
def test_twice_the_epochs_replay_twice_the_exemplars(config: CostConfig, source: Source) -> None:
    assert replay(changed(config, epochs=6), source) == 2 * replay(config, source)


def test_a_first_task_replays_nothing(config: CostConfig) -> None:
    first = changed(config, classes=6)
    assert not replay(first, "GBM")
    assert not replay(first, "latent replay")


@pytest.mark.parametrize("samples", [1, 3, 4, 6])
def test_a_reservoir_replaces_as_many_as_over_all_its_draws(
    config: CostConfig, samples: int
) -> None:
    """E = 3: sample i > 3 draws a number below i; a number below 3 is the slot that it replaces."""
    drawn = changed(config, samples=samples)
    kept = min(3, samples)
    courses = list(product(*(range(i) for i in range(kept + 1, samples + 1))))
    replaced = Fraction(sum(sum(n < 3 for n in course) for course in courses), len(courses))
    latent = config.chip.latent
    each = latent_buffer.learn(latent, filled=kept, replaced=0, dropped=0)
    each += replaced * latent_buffer.learn(latent, filled=0, replaced=1, dropped=0)
    each += (samples - kept - replaced) * latent_buffer.learn(
        latent, filled=0, replaced=0, dropped=1
    )
    assert remember(drawn, "latent replay") == 2 * each.within("latent_buffer")


@pytest.mark.parametrize("samples", [1000, 1001, 5000, 200_000])
def test_a_reservoir_of_many_samples_is_as_exact_as_doubles(
    config: CostConfig, samples: int
) -> None:
    tally = remember(changed(config, samples=samples), "latent replay")
    written = float(tally[Action("latent_buffer.rows", "write", 8)])
    expected = 2 * 2 * (3 + fsum(3 / i for i in range(4, samples + 1)))
    assert written == pytest.approx(expected, rel=1e-14)


def test_a_reservoir_of_all_samples_there_are_takes_no_time(config: CostConfig) -> None:
    tally = remember(changed(config, samples=10**15), "latent replay")
    written = float(tally[Action("latent_buffer.rows", "write", 8)])
    euler = 0.5772156649015329
    assert written == pytest.approx(12 * (1 + log(1e15) + euler - 1 - 1 / 2 - 1 / 3))


def test_at_m_1_an_exemplar_of_q_bits_reads_q_times_those_of_latent_replay(
    config: CostConfig,
) -> None:
    drawn, _, latent = draws(config)
    q, features = 4, 16
    rows = drawn.tally[Action("sampler.prototypes.memory", "read", 32)] * 32
    exemplar = latent.tally[Action("latent_buffer.rows", "read", 8)] * 8
    assert (rows, exemplar) == (q * features, features)


def test_the_task_of_the_reference() -> None:
    reference = load_cost("reference")
    phase = learn(reference, "GBM")
    # 5 new classes of 100: 6 of 128 samples are new, 2500 samples make 417 batches an epoch.
    assert phase.note.startswith("5 classes, 2500 samples; 1668 batches, 122 of 128 replayed")
    images = phase.operations - 1668 * 128 * 2 * reference.head.weight_count
    assert images == 2500 * inference(reference).operations
    params = reference.chip.sampler
    request = sampler.draw(params, 1) + sampler.name_class(params)
    assert replay(reference, "GBM") == 1668 * 122 * request.within("sampler")
