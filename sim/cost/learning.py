# SPDX-License-Identifier: MIT
"""What learning a task takes: embeddings, a memory of them, exemplars of the past, training."""

from fractions import Fraction
from math import log
from typing import Literal

from sim.cost.configuration import CostConfig
from sim.cost.counts import latent_buffer, selector, training
from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.phases import Phase, answer, append, exemplars, inference
from sim.learn.batches import split_batch

__all__ = [
    "Source",
    "learn",
    "lesson",
    "remember",
    "replay",
    "replays",
    "trained",
    "working_memories",
]

Source = Literal["GBM", "latent replay", "likelihood"]

# Sums of reciprocals up to this number are exact, as fractions of hundreds of digits.
_EXACT = 1000


def learn(config: CostConfig, source: Source) -> Phase:
    """Return the learning of the last task, when all classes but its own are in memory.

    Parameters
    ----------
    config : CostConfig
    source : {"GBM", "latent replay", "likelihood"}
        Where the past comes from; a classifier by likelihood trains no head.
    """
    replayed = None if source == "likelihood" else replay(config, source)
    return lesson(config, source, remember(config, source), replayed)


def lesson(config: CostConfig, source: str, remembered: Tally, replayed: Tally | None) -> Phase:
    """Return the learning of the last task from any memory of the past.

    Parameters
    ----------
    config : CostConfig
    source : str
        Where the past comes from, for the name of the phase.
    remembered : Tally
        What keeping the classes of the task takes.
    replayed : Tally or None
        What the exemplars of the past take, `replays` of them; None where no head is trained.
    """
    task = config.task
    samples = task.classes * task.samples
    extracted = samples
    tally = remembered
    operations, note = 0, f"{task.classes} classes, {samples} samples"
    if replayed is not None:
        batches, past, new = _batches(config)
        tally += _train(config, batches) + replayed
        if task.embeddings == "buffer":
            tally += _buffered(config, samples, batches * new)
        else:
            extracted *= task.epochs
        operations = batches * task.batch * answer(config, "head").operations
        note += f"; {batches} batches, {past} of {task.batch} replayed"
    image = inference(config)
    return Phase(
        name=f"learn a task, {source}",
        unit="task",
        tally=extracted * image.tally + tally,
        cycles=None,
        operations=operations + extracted * image.operations,
        note=f"{note}; no hardware trains yet: no cycles",
    )


def replays(config: CostConfig) -> int:
    """Return how many exemplars of the past the last task is learned with."""
    batches, replayed, _ = _batches(config)
    return batches * replayed


def trained(config: CostConfig) -> int:
    """Return how many samples, past and new, train the head while the last task is learned."""
    return _batches(config)[0] * config.task.batch


def working_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories that learning a task needs beside the chip's."""
    task, prototypes = config.task, config.chip.sampler.prototypes
    memories = [*_trainer(config).memories(task.batch)]
    if task.fit == "chip":
        memories += [m.within("fit") for m in training.fit_memories(prototypes, task.samples)]
    if task.embeddings == "buffer":
        rows = task.classes * task.samples * prototypes.beats
        memories.append(Memory("task.embeddings", rows, prototypes.lanes))
    return tuple(memories)


def replay(config: CostConfig, source: Source) -> Tally:
    """Return what the exemplars of the past take that the last task is learned with."""
    number = 0 if source == "likelihood" else replays(config)
    if source == "GBM":
        return exemplars(config.chip.sampler, number).within("sampler")
    return number * latent_buffer.answer(config.chip.latent, 1).within("latent_buffer")


def remember(config: CostConfig, source: Source) -> Tally:
    """Return what keeping the classes of a task takes, and new shares of all where they count."""
    task, prototypes = config.task, config.chip.sampler.prototypes
    if source != "latent replay":
        each = append(config).tally
        if task.fit == "chip":
            each += training.fit_class(prototypes, task.samples).within("fit")
        weights = selector.set_weights(config.chip.sampler.selector, config.memory.classes)
        return task.classes * each + weights.within("sampler.selector")
    latent = config.chip.latent
    kept = min(latent.exemplars, task.samples)
    # Of a reservoir of E, sample i replaces one with probability E / i.
    replaced = kept * _reciprocals(kept, task.samples)
    dropped = task.samples - kept - replaced
    each = (
        latent_buffer.learn(latent, filled=kept, replaced=0, dropped=0)
        + replaced * latent_buffer.learn(latent, filled=0, replaced=1, dropped=0)
        + dropped * latent_buffer.learn(latent, filled=0, replaced=0, dropped=1)
    )
    return task.classes * each.within("latent_buffer")


def _reciprocals(above: int, last: int) -> Fraction:
    """Return the sum of 1 / i over ``above < i <= last``; beyond i = 1000 right to 14 digits."""
    exact = min(last, _EXACT)
    found = sum((Fraction(1, i) for i in range(above + 1, exact + 1)), Fraction(0))
    first = max(above, exact)
    if last <= first:
        return found
    # Euler's and Maclaurin's formula; what it leaves out is below 1 / (120 first^4).
    ends = (1 / last - 1 / first) / 2 - (1 / last**2 - 1 / first**2) / 12
    return found + Fraction(log(last / first) + ends)


def _train(config: CostConfig, batches: int) -> Tally:
    """Return what some batches take: every sample forward and back, and a step."""
    trainer = _trainer(config)
    sample = answer(config, "head").tally + trainer.sample()
    return batches * (config.task.batch * sample + trainer.step())


def _trainer(config: CostConfig) -> training.TrainedHead:
    task = config.task
    return training.TrainedHead(
        head=config.head,
        mvu=config.chip.accelerator.mvu,
        backward_bits=task.backward_bits,
        weight_bits=task.weight_bits,
        gradients=task.gradients,
    )


def _batches(config: CostConfig) -> tuple[int, int, int]:
    """Return the batches of the last task, and how many samples of each are old and new."""
    task = config.task
    replayed, new = split_batch(task.batch, config.memory.classes - task.classes, task.classes)
    return task.epochs * -(-task.classes * task.samples // new), replayed, new


def _buffered(config: CostConfig, samples: int, reads: int) -> Tally:
    """Return the traffic of embeddings that are kept until the task is learned."""
    prototypes = config.chip.sampler.prototypes
    return Tally({
        Action("task.embeddings", "write", prototypes.lanes): samples * prototypes.beats,
        Action("task.embeddings", "read", prototypes.lanes): reads * prototypes.beats,
    })  # fmt: skip
