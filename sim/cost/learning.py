# SPDX-License-Identifier: MIT
"""The cost of learning a task: embeddings, their memory, exemplars of the past, and training."""

from fractions import Fraction
from math import log
from typing import Literal

from sim.cost.configuration import CostConfig
from sim.cost.counting import count, count_cycles, counting_memories
from sim.cost.counts import correlated, latent_buffer, selector, trainer
from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.heads import head_of, trainer_of
from sim.cost.phases import Phase, append, exemplars, inference
from sim.learn.batches import split_batch

__all__ = [
    "Source",
    "batches_of",
    "learn",
    "lesson",
    "remember",
    "replay",
    "replays",
    "working_memories",
]

Source = Literal["GBM", "latent replay", "likelihood"]

# Reciprocals up to this number are summed exactly. The sum is a fraction with hundreds of digits.
_EXACT = 1000


def learn(config: CostConfig, source: Source) -> Phase:
    """Return the learning of the last task, with all earlier classes already in memory.

    Parameters
    ----------
    config : CostConfig
    source : {"GBM", "latent replay", "likelihood"}
        Where the exemplars of the past come from. "likelihood" trains no head and needs none.
    """
    replayed = None if source == "likelihood" else replay(config, source)
    return lesson(
        config, source, remember(config, source), replayed, _memory_cycles(config, source)
    )


def lesson(
    config: CostConfig,
    source: str,
    remembered: Tally,
    replayed: Tally | None,
    cycles: Fraction | None = None,
) -> Phase:
    """Return the learning of the last task from any memory of the past.

    Parameters
    ----------
    config : CostConfig
    source : str
        Where the exemplars of the past come from. It is part of the name of the phase.
    remembered : Tally
        Actions that store the classes of the task.
    replayed : Tally or None
        Actions that provide the exemplars of the past, `replays` of them. None if no head is
        trained.
    cycles : Fraction, optional
        Cycles of storing the classes and of the exemplars of the past, where hardware defines them.
    """
    task = config.task
    samples = task.classes * task.samples
    extracted = samples
    tally = remembered
    operations, note = 0, f"{task.classes} classes, {samples} samples"
    remark = "classes by counting" if task.fit == "chip" else "fitted on the host: no cycles"
    if replayed is not None:
        batches, past, new = _batches(config)
        head = head_of(config)
        each, remark = head.batch_cycles, head.remark
        tally += batches * head.batch + replayed
        cycles = None if cycles is None or each is None else cycles + batches * each
        if task.embeddings == "buffer":
            tally += _buffered(config, samples, batches * new)
        else:
            extracted *= task.epochs
        operations = batches * task.batch * head.operations
        note += f"; {batches} batches, {past} of {task.batch} replayed"
    image = inference(config)
    if cycles is not None and image.cycles is not None:
        cycles += extracted * image.cycles
    kind = config.head_kind
    head_name = "" if kind == "binary" or replayed is None else f", {kind} head"
    return Phase(
        name=f"learn a task, {source}{head_name}",
        unit="task",
        tally=extracted * image.tally + tally,
        cycles=cycles,
        operations=operations + extracted * image.operations,
        bits=extracted * image.bits,
        note=f"{note}; {remark}",
    )


def replays(config: CostConfig) -> int:
    """Return how many exemplars of the past the learning of the last task uses."""
    batches, replayed, _ = _batches(config)
    return batches * replayed


def batches_of(config: CostConfig) -> int:
    """Return how many batches train the head in the last task."""
    return _batches(config)[0]


def working_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories that learning a task needs in addition to the chip's."""
    task, prototypes = config.task, config.chip.sampler.prototypes
    memories = [*head_of(config).working]
    if task.fit == "chip":
        memories += counting_memories(config)
    if task.embeddings == "buffer":
        rows = task.classes * task.samples * prototypes.beats
        memories.append(Memory("task.embeddings", rows, prototypes.lanes))
    return tuple(memories)


def replay(config: CostConfig, source: Source) -> Tally:
    """Return the actions that provide the exemplars of the past for the last task."""
    number = 0 if source == "likelihood" else replays(config)
    if source == "GBM":
        return exemplars(config.chip.sampler, number, shared=config.chip.shared).within("sampler")
    return number * latent_buffer.answer(config.chip.latent, 1).within("latent_buffer")


def remember(config: CostConfig, source: Source) -> Tally:
    """Return the actions that store the classes of a task and, if needed, new class weights."""
    task = config.task
    if source != "latent replay":
        each = append(config).tally
        if task.fit == "chip":
            each += count(config)
        weights = selector.set_weights(config.chip.sampler.selector, config.memory.classes)
        return task.classes * each + weights.within("sampler.selector")
    latent = config.chip.latent
    kept = min(latent.exemplars, task.samples)
    # In a reservoir of E exemplars, sample i replaces one with probability E / i.
    replaced = kept * _reciprocals(kept, task.samples)
    dropped = task.samples - kept - replaced
    each = (
        latent_buffer.learn(latent, filled=kept, replaced=0, dropped=0)
        + replaced * latent_buffer.learn(latent, filled=0, replaced=1, dropped=0)
        + dropped * latent_buffer.learn(latent, filled=0, replaced=0, dropped=1)
    )
    return task.classes * each.within("latent_buffer")


def _reciprocals(above: int, last: int) -> Fraction:
    """Return the sum of 1 / i over ``above < i <= last``; exact to i = 1000, then to 14 digits."""
    exact = min(last, _EXACT)
    found = sum((Fraction(1, i) for i in range(above + 1, exact + 1)), Fraction(0))
    first = max(above, exact)
    if last <= first:
        return found
    # The Euler-Maclaurin formula. Its remainder is below 1 / (120 first^4).
    ends = (1 / last - 1 / first) / 2 - (1 / last**2 - 1 / first**2) / 12
    return found + Fraction(log(last / first) + ends)


def _memory_cycles(config: CostConfig, source: Source) -> Fraction | None:
    """Return the cycles of storing the classes of a task and of drawing; None if not all are known.

    Exemplars of the latent buffer, and draws of the parallel sampler, come as fast as they are
    taken, so that they add none. Those with factors come more slowly, and the trainer waits; how
    long it does behind a hidden layer, which takes exemplars early, is not known.
    """
    if source == "latent replay":
        task, latent = config.task, config.chip.latent
        kept = min(latent.exemplars, task.samples)
        stored = latent_buffer.learn_cycles(
            latent, filled=kept, replaced=task.samples - kept, dropped=0
        )  # a dropped exemplar takes as long as one that replaces another
        return Fraction(task.classes * stored)
    if config.task.fit == "host":
        return None
    stored = config.task.classes * count_cycles(config)
    if source == "likelihood":
        return stored
    sampler = config.chip.sampler
    if sampler.mode != "parallel" or (config.chip.factors and sampler.draws_per_read > 1):
        return None
    if config.chip.factors and config.task.trainer_hidden and config.head_kind == "integer":
        return None
    return stored + _waits(config)


def _waits(config: CostConfig) -> int:
    """Return the most cycles that a trainer waits for draws with factors in a task.

    The draws of a batch begin with its last new sample. If the first of them takes longer than the
    trainer is busy with that one, it waits for the rest, too.
    """
    factors = config.chip.factors
    if factors is None:
        return 0
    batches, past, _ = _batches(config)
    taken = trainer.take_cycles(trainer_of(config), config.memory.classes)
    fed = correlated.fed_cycles(factors, taken)
    first = max(0, correlated.draw_cycles(factors, 1) - fed)
    return batches * (past * (fed - taken) + first * (past > 0))


def _batches(config: CostConfig) -> tuple[int, int, int]:
    """Return the number of batches of the last task, and the old and new samples of each."""
    task = config.task
    replayed, new = split_batch(task.batch, config.memory.classes - task.classes, task.classes)
    return task.epochs * -(-task.classes * task.samples // new), replayed, new


def _buffered(config: CostConfig, samples: int, reads: int) -> Tally:
    """Return the writes and reads of the embeddings kept until the task is learned."""
    prototypes = config.chip.sampler.prototypes
    return Tally({
        Action("task.embeddings", "write", prototypes.lanes): samples * prototypes.beats,
        Action("task.embeddings", "read", prototypes.lanes): reads * prototypes.beats,
    })  # fmt: skip
