# SPDX-License-Identifier: MIT
"""Heads that learn on a chip, priced: the trainer by its own counts, the others by hand."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from golden.params import CorrelatedSamplerParams, TrainerParams, XnorParams
from sim.cost.bills import Prices
from sim.cost.configuration import CostConfig, HeadKind, load_cost
from sim.cost.counting import count_cycles
from sim.cost.counts import latent_buffer, trainer, xnor
from sim.cost.counts.tally import Action, Memory
from sim.cost.heads import head_of, load_hidden, with_head
from sim.cost.learning import batches_of, learn, remember, replay, working_memories
from sim.cost.life import life
from sim.cost.overheads import idle_beside
from sim.cost.phases import answer, inference
from sim.cost.pricing import price_memories
from sim.cost.totals import Total, total
from verification.sim.cost.small_chip import small_config, small_technology

# D = 16, L = 8, 6 classes; 9 samples a batch, 21 batches of which 6 samples are drawn.
PARAMS = TrainerParams(features=16, classes=6, backward_width=8, rounding="stochastic", lanes=8)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> CostConfig:
    return small_config(tmp_path_factory.mktemp("chip"))


def test_the_integer_head_is_the_trainer(config: CostConfig) -> None:
    own = with_head(config, "integer")
    head, phase = head_of(own), learn(own, "GBM")
    assert own.network.head is None
    assert head.batch == trainer.learn(PARAMS, 9, 6).within("trainer")
    assert head.batch_cycles == head.least_cycles == trainer.learn_cycles(PARAMS, 9, 6)
    rest = 20 * inference(own).tally + remember(own, "GBM") + replay(own, "GBM")
    learned = phase.tally[Action("trainer.weights", "write", 64)]
    assert learned == 21 * trainer.learn(PARAMS, 9, 6)[Action("weights", "write", 64)]
    assert all(phase.tally[action] >= n for action, n in (rest + 21 * head.batch).items())
    image, batch = inference(own).cycles, head.batch_cycles
    assert image is not None
    assert batch is not None
    assert phase.cycles == 20 * image + 21 * batch + 2 * count_cycles(own)
    assert (
        phase.note == "2 classes, 20 samples; 21 batches, 6 of 9 replayed; trained by the trainer"
    )
    assert phase.operations == 20 * inference(own).operations + 21 * 9 * 2 * 16 * 6


def hidden(config: CostConfig, neurons: int, latent_bits: int = 1) -> CostConfig:
    """Return a configuration whose integer head has a hidden layer, which 1 bit freezes."""
    layer = {"trainer_hidden": neurons, "trainer_latent_bits": latent_bits}
    task = config.task.model_copy(update=layer)
    return with_head(replace(config, task=task), "integer")


def test_a_hidden_layer_is_priced_as_the_block_counts(config: CostConfig) -> None:
    own, bare = hidden(config, 12), with_head(config, "integer")
    params = replace(PARAMS, hidden=12, binary_width=1)
    head, before = head_of(own), head_of(bare)
    assert head.batch == trainer.learn(params, 9, 6).within("trainer")
    assert head.batch_cycles == head.least_cycles == trainer.learn_cycles(params, 9, 6)
    # Two rows a neuron, once an exemplar; z has 12 + 16 bits in four beats.
    assert head.batch[Action("trainer.hidden.weights", "read", 8)] == 9 * 12 * 2
    assert head.batch[Action("trainer.hidden.neurons", "register", 12)] == 9 * (12 + 4)
    assert head.answer is not None
    assert head.answer.tally[Action("trainer.hidden.weights", "read", 8)] == 12 * 2
    assert head.answer.cycles == trainer.classify_cycles(params, 1, 6)
    assert head.operations == 2 * (12 * 16 + 28 * 6)
    added = {m.component: (m.depth, m.width) for m in head.kept}
    assert added["trainer.hidden.weights"] == (24, 8)
    assert added["trainer.hidden.exemplar"] == (2, 8)
    assert not any("hidden" in memory.component for memory in head.working)
    assert not any("hidden" in m.component for m in (*before.kept, *before.working))


def test_registers_of_a_hidden_layer_are_clocked_and_its_memories_leak(
    config: CostConfig, tmp_path: Path
) -> None:
    """Its flip-flops have a clock all the while, and its memories a supply."""
    technology, clocked, leakage, of_layer = small_technology(tmp_path), {}, {}, Total()
    for neurons in (0, 12):
        own = hidden(config, neurons)
        kept = price_memories(head_of(own).kept, technology)
        prices = Prices(config=own, technology=technology, memories=kept)
        leakage[neurons] = prices.leakage.nominal
        of_layer = total(line.leakage for line in kept if ".hidden." in line.memory.component)
        # A phase so long leaves next to no cycle in which a register is at work.
        long = replace(learn(own, "GBM"), cycles=Fraction(10**9))
        clocked[neurons] = idle_beside(long, 1.0).nominal / 10**9
    inside = sum(a.width for a in xnor.tally(XnorParams(inputs=8)) if a.kind == "register")
    # Neurons, a count up to D = 16, and the XNORs; the trainer's own are as wide as without.
    assert clocked[12] - clocked[0] == pytest.approx(12 + 5 + inside, rel=1e-3)
    assert of_layer.nominal > 0
    # Rows of the classifier are longer, too: 28 inputs in place of 16.
    assert leakage[12] > leakage[0] + of_layer.nominal


def test_a_hidden_layer_is_loaded_neuron_by_neuron(config: CostConfig) -> None:
    assert load_hidden(config) is None
    phase = load_hidden(hidden(config, 12))
    assert phase is not None
    assert dict(phase.tally) == {Action("trainer.hidden.weights", "write", 8): 24}
    assert phase.cycles == 12 * 3  # a header and two rows each
    assert phase.bits == 12 * 3 * 64
    assert "load a hidden layer" in [found.name for found in life(hidden(config, 12))]


def test_a_hidden_layer_that_learns_is_priced_as_the_block_counts(config: CostConfig) -> None:
    own, frozen = hidden(config, 12, 4), head_of(hidden(config, 12))
    params, head = replace(PARAMS, hidden=12, binary_width=4), head_of(own)
    assert head.batch == trainer.learn(params, 9, 6).within("trainer")
    assert head.batch_cycles == trainer.learn_cycles(params, 9, 6)
    # Two groups of neurons for six classes, and two rows a neuron, for each exemplar; 24 rows move.
    assert frozen.batch_cycles is not None
    assert head.batch_cycles == frozen.batch_cycles + 9 * (2 * 6 + 12 * 2) + 10
    assert head.batch[Action("trainer.hidden.rests", "write", 8 * 3)] == 24
    # An answer needs the signs alone: its cycles and its memories are those of a frozen layer.
    assert head.answer is not None
    assert frozen.answer is not None
    assert head.answer.cycles == frozen.answer.cycles
    assert sum(m.bits for m in head.kept) == sum(m.bits for m in frozen.kept)
    used = {a.component for a in head.answer.tally if a.kind in ("read", "write")}
    assert used == {m.component for m in head.kept}
    learns = {m.component: m.bits for m in head.working if ".hidden." in m.component}
    assert learns == {
        "trainer.hidden.rests": 24 * 8 * 3,
        "trainer.hidden.exemplars": 9 * 16,
        "trainer.hidden.near": 9 * 2 * 8,
        "trainer.hidden.gradients": 9 * 2 * 64,
    }


@pytest.mark.parametrize(("width", "words"), [(4, 1), (8, 1), (16, 2)])
def test_a_row_of_latent_weights_is_loaded_in_as_many_words_as_it_needs(
    config: CostConfig, width: int, words: int
) -> None:
    phase = load_hidden(hidden(config, 12, width))
    assert phase is not None
    assert (phase.cycles, phase.bits) == (12 * (1 + 2 * words), 64 * 12 * (1 + 2 * words))
    assert phase.tally[Action("trainer.hidden.rests", "write", 8 * (width - 1))] == 24
    assert "load a hidden layer" in [found.name for found in life(hidden(config, 12, width))]


def test_draws_with_factors_before_a_hidden_layer_have_no_cycles(config: CostConfig) -> None:
    sampler = CorrelatedSamplerParams(
        prototypes=config.chip.sampler.prototypes, rank=3, loading_width=3
    )
    drawn = replace(config, chip=replace(config.chip, sampler=sampler))
    assert learn(with_head(drawn, "integer"), "GBM").cycles is not None
    assert learn(hidden(drawn, 12), "GBM").cycles is None
    assert learn(hidden(drawn, 12), "latent replay").cycles is not None


def test_a_layer_that_is_not_there_leaves_the_digest(config: CostConfig) -> None:
    assert "trainer_hidden" not in repr(config)
    assert "trainer_hidden=12" in repr(hidden(config, 12))
    assert hidden(config, 0).digest == with_head(config, "integer").digest
    assert hidden(config, 12).digest != hidden(config, 0).digest
    assert "trainer_latent_bits" not in repr(hidden(config, 12))
    assert hidden(config, 12, 4).digest != hidden(config, 12).digest


def test_an_answer_of_the_integer_head_is_no_part_of_inference(config: CostConfig) -> None:
    head = head_of(with_head(config, "integer"))
    assert head.answer is not None
    assert head.answer.tally == trainer.classify(PARAMS, 1, 6).within("trainer")
    assert head.answer.cycles == trainer.classify_cycles(PARAMS, 1, 6)
    assert [memory.component for memory in head.kept] == ["trainer.weights", "trainer.exemplars"]
    whole = {memory.within("trainer") for memory in trainer.memories(PARAMS, 9)}
    assert {*head.kept, *head.working} == whole


def test_a_ternary_head_moves_the_counters_of_two_classes_a_sample(config: CostConfig) -> None:
    own = with_head(config, "ternary")
    head, forward = head_of(own), answer(own, "head")
    assert own.head.hidden == 0
    # Rows of 8 counters of 8 bits, two a class; two planes of two words of 8 bits a class.
    assert head.working == (Memory("ternary.counters", 12, 64, ports=2),)
    assert head.kept == ()
    assert head.answer is None
    assert head.batch[Action("ternary.counters", "read", 64)] == 9 * 4
    assert head.batch[Action("ternary.counters", "write", 64)] == 9 * 4
    assert head.batch[Action("ternary.move", "accumulate", 8)] == 9 * 4 * 8
    assert head.batch[Action("network.mvu.weights", "write", 8)] == 9 * 2 * 2 * 2
    assert all(head.batch[action] >= 9 * n for action, n in forward.tally.items())
    assert forward.cycles is not None
    assert head.least_cycles == 9 * (forward.cycles + 4)
    assert head.batch_cycles is None
    assert learn(own, "GBM").cycles is None
    assert "an estimate: no block has the counters yet" in learn(own, "GBM").note


@pytest.mark.parametrize(("bits", "width"), [(4, 32), (6, 48)])
def test_narrow_counters_have_narrow_rows(config: CostConfig, bits: int, width: int) -> None:
    narrow = replace(config, task=config.task.model_copy(update={"counter_bits": bits}))
    (memory,) = head_of(with_head(narrow, "ternary")).working
    assert memory.width == width


@pytest.mark.parametrize("kind", ["binary", "integer", "ternary"])
def test_every_access_of_a_batch_is_to_a_memory_of_its_width(
    config: CostConfig, kind: HeadKind
) -> None:
    own = with_head(config, kind)
    head = head_of(own)
    widths = {m.component: m.width for m in (*head.kept, *working_memories(own))}
    for action in head.batch:
        if action.kind in ("read", "write") and not action.component.startswith("network."):
            assert widths[action.component] == action.width


def test_what_hardware_does_not_do_has_no_cycles(config: CostConfig) -> None:
    own = with_head(config, "integer")
    assert learn(config, "latent replay").cycles is None  # of the binary head
    serial = replace(own.chip.sampler, mode="serial")
    assert learn(replace(own, chip=replace(own.chip, sampler=serial)), "GBM").cycles is None
    assert isinstance(learn(own, "GBM").cycles, Fraction)


def test_latent_replay_has_the_cycles_of_its_buffer_and_of_the_trainer(config: CostConfig) -> None:
    """Images, what the buffer takes in, and batches, one after another."""
    own = with_head(config, "integer")
    task, latent, head = own.task, own.chip.latent, head_of(own)
    image = inference(own).cycles
    assert image is not None
    assert head.batch_cycles is not None
    kept = min(latent.exemplars, task.samples)
    stored = latent_buffer.learn_cycles(
        latent, filled=kept, replaced=0, dropped=task.samples - kept
    )
    assert learn(own, "latent replay").cycles == (
        task.classes * (task.samples * image + stored) + batches_of(own) * head.batch_cycles
    )
    # The trainer takes longer for an exemplar than the buffer gives one.
    each = latent_buffer.answer_cycles(latent, 2) - latent_buffer.answer_cycles(latent, 1)
    whole = with_head(load_cost("reference"), "integer")
    assert (head_of(whole).batch_cycles or 0) / whole.task.batch > each
