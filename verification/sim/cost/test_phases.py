# SPDX-License-Identifier: MIT
"""Phases of a chip: identities that hold whatever its numbers, and a task counted by hand."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.cost.configuration import CostConfig, load_cost
from sim.cost.counts import latent_buffer, sampler
from sim.cost.counts.tally import Action, Tally
from sim.cost.learning import Source, learn, remember, replay, working_memories
from sim.cost.life import chip_memories, life, memories_beside
from sim.cost.phases import answer, append, draws, inference
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


def test_the_life_of_a_chip(config: CostConfig) -> None:
    assert [(phase.name, phase.unit) for phase in life(config)] == [
        ("inference", "image"),
        ("pseudo-exemplar, parallel", "exemplar"),
        ("pseudo-exemplar, serial", "exemplar"),
        ("latent exemplar", "exemplar"),
        ("append a class", "class"),
        ("learn a task, GBM", "task"),
        ("learn a task, latent replay", "task"),
        ("learn a task, likelihood", "task"),
        ("classify, head", "embedding"),
        ("classify, likelihood", "embedding"),
    ]


@settings(max_examples=20, deadline=None)
@given(task=TASKS)
def test_every_access_is_to_a_memory_of_its_width(config: CostConfig, task: dict) -> None:
    drawn = changed(config, **task)
    memories = [*chip_memories(drawn), *memories_beside(drawn)]
    widths = {memory.component: memory.width for memory in memories}
    assert len(widths) == len(memories)
    for phase in life(drawn):
        for action in phase.tally:
            if action.kind in ("read", "write"):
                assert widths[action.component] == action.width, phase.name


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


@pytest.mark.parametrize("draws_per_read", [1, 2, 7])
def test_m_exemplars_share_a_read_and_nothing_else(config: CostConfig, draws_per_read: int) -> None:
    one, many = next(draws(config)), next(draws(drawing(config, draws_per_read)))
    row = Action("sampler.prototypes.memory", "read", 32)
    assert (one.tally[row], many.tally[row]) == (2, Fraction(2, draws_per_read))
    for action in (Action("sampler.bernoulli", "compare", 4), Action("sampler.lfsr", "lfsr_step")):
        assert many.tally[action] == one.tally[action] > 0
    assert many.cycles == one.cycles == 2  # a beat a cycle


def test_a_serial_exemplar_takes_a_cycle_a_plane(config: CostConfig) -> None:
    _, serial, _ = draws(config)
    # All 8 lanes are decided before plane t with a chance of (1 - 2**-t)**8.
    beat = sum(1 - (1 - Fraction(1, 2**t)) ** 8 for t in range(4))
    assert serial.cycles == 2 * beat


def test_a_class_is_appended_row_by_row_behind_its_header(config: CostConfig) -> None:
    host = changed(config, fit="host")
    two = replace(host, memory=host.memory.model_copy(update={"components": 2}))
    assert append(config).cycles == 1 + 2
    assert append(two).cycles == 1 + 2 * 2
    row = Action("sampler.prototypes.memory", "write", 32)
    assert (append(config).tally[row], append(two).tally[row]) == (2, 4)


def test_a_task_counted_by_hand(config: CostConfig) -> None:
    """4 of 6 classes are old: of 9 samples a batch 6 are replayed, 3 new; 7 batches an epoch."""
    phase = learn(config, "GBM")
    assert phase.note == (
        "2 classes, 20 samples; 21 batches, 6 of 9 replayed; no hardware trains yet: no cycles"
    )
    assert phase.cycles is None
    assert phase.tally[Action("sampler.prototypes.memory", "read", 32)] == 21 * 6 * 2
    assert phase.tally[Action("sampler.prototypes.memory", "write", 32)] == 2 * 2
    assert phase.tally[Action("task.embeddings", "write", 8)] == 20 * 2
    assert phase.tally[Action("task.embeddings", "read", 8)] == 21 * 3 * 2
    assert phase.tally[Action("training.step", "accumulate", 12)] == 21 * 304
    assert phase.tally[Action("training.gradient", "accumulate", 8)] == 21 * 9 * 304
    assert phase.tally[Action("fit.count", "accumulate", 4)] == 2 * 10 * 16
    program = Action("network.program", "read", 173)
    forward = 21 * 9 * answer(config, "head").tally[program]
    assert phase.tally[program] == 20 * inference(config).tally[program] + forward
    assert phase.operations == 20 * inference(config).operations + 21 * 9 * 2 * 304


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
    """E = 3: of sample i > 3 a number below i is drawn, and one below 3 names what it replaces."""
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
    assert replay(reference, "GBM") == (
        1668 * 122 * sampler.draw(reference.chip.sampler, 1).within("sampler")
    )
