# SPDX-License-Identifier: MIT
"""What a chip does in its life: the phases that are priced, and the memories they need."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from golden.params import HeadParams, SamplerParams
from sim.batches import split_batch
from sim.cost.configuration import CostConfig
from sim.cost.counts import chip, latent_buffer, likelihood, network, sampler, training
from sim.cost.counts.mapping import program
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = [
    "Classifier",
    "Phase",
    "Source",
    "answer",
    "chip_memories",
    "classifier_memories",
    "learn",
    "life",
    "replay",
    "working_memories",
]

Source = Literal["GBM", "latent replay", "likelihood"]
Classifier = Literal["head", "likelihood"]

# Layers of the machine's program that are the head; the copy leads to its second half.
_HEAD_LAYERS = ("hidden", "copy", "logits")


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Something a chip does, from beginning to end.

    Parameters
    ----------
    name : str
    unit : str
        What it is once, such as "image".
    tally : Tally
    cycles : Fraction or None
        None where no hardware says how long it takes.
    operations : int
        Synapses of the network and of the head that it takes, times two: an XNOR and an addition.
    note : str
    """

    name: str
    unit: str
    tally: Tally
    cycles: Fraction | None
    operations: int = 0
    note: str = ""


def life(config: CostConfig) -> tuple[Phase, ...]:
    """Return the phases of a chip: it infers, draws, appends and learns."""
    return (
        _inference(config),
        *_draw_phases(config),
        _append(config),
        learn(config, "GBM"),
        learn(config, "latent replay"),
        learn(config, "likelihood"),
        answer(config, "head"),
        answer(config, "likelihood"),
    )


def chip_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories of the emitted chip."""
    return chip.memories(config.chip)


def working_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories that learning a task needs beside the chip's."""
    task, prototypes = config.task, config.chip.sampler.prototypes
    head = training.head_memories(
        _head(config),
        pe=config.chip.accelerator.mvu.pe,
        backward_bits=task.backward_bits,
        weight_bits=task.weight_bits,
    )
    memories = [memory.within("training") for memory in head]
    if task.fit == "chip":
        memories += [m.within("fit") for m in training.fit_memories(prototypes, task.samples)]
    if task.embeddings == "buffer":
        rows = task.classes * task.samples * prototypes.beats
        memories.append(Memory("task.embeddings", rows, prototypes.lanes))
    return tuple(memories)


def classifier_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories that classifying by likelihood needs beside the chip's."""
    found = likelihood.memories(config.chip.sampler.prototypes)
    return tuple(memory.within("likelihood") for memory in found)


def _draw_phases(config: CostConfig) -> Iterator[Phase]:
    """Yield what one exemplar of the past takes: drawn in both modes, or read from the buffer."""
    for mode in ("parallel", "serial"):
        params = replace(config.chip.sampler, mode=mode)
        yield Phase(
            name=f"pseudo-exemplar, {mode}",
            unit="exemplar",
            tally=_exemplars(params, Fraction(1)).within("sampler"),
            cycles=_exemplar_cycles(params),
            note=f"M = {params.draws_per_read}; planes are the number expected",
        )
    latent = config.chip.latent
    yield Phase(
        name="latent exemplar",
        unit="exemplar",
        tally=latent_buffer.answer(latent, 1).within("latent_buffer"),
        cycles=_latent_cycles(config),
    )


def _inference(config: CostConfig) -> Phase:
    machine = config.chip.accelerator
    layers = program(config.network, machine.mvu)
    return Phase(
        name="inference",
        unit="image",
        tally=network.inference(config.network, machine).within("network"),
        cycles=Fraction(network.cycles(config.network, machine)),
        operations=2 * sum(layer.synapses for layer in layers),
        note=f"{float(network.utilisation(layers, machine)):.1%} of the synapses in use",
    )


def _append(config: CostConfig) -> Phase:
    tally = sampler.append(config.chip.sampler, config.memory.components).within("sampler")
    prototypes = config.chip.sampler.prototypes
    return Phase(
        name="append a class",
        unit="class",
        tally=tally,
        cycles=Fraction(1 + config.memory.components * prototypes.beats),
        note="header and rows, one a cycle",
    )


def learn(config: CostConfig, source: Source) -> Phase:
    """Return the learning of the last task, when all classes but its own are in memory.

    Parameters
    ----------
    config : CostConfig
    source : {"GBM", "latent replay", "likelihood"}
        Where the past comes from; a classifier by likelihood trains no head.
    """
    task, head = config.task, _head(config)
    samples = task.classes * task.samples
    extracted = samples
    tally = _remember(config, source)
    operations, note = 0, f"{task.classes} classes, {samples} samples"
    if source != "likelihood":
        batches, replayed, new = _batches(config)
        tally += _train(config, head, batches) + replay(config, source)
        if task.embeddings == "buffer":
            tally += _buffered(config, samples, batches * new)
        else:
            extracted *= task.epochs
        operations = 2 * batches * task.batch * head.weight_count
        note += f"; {batches} batches, {replayed} of {task.batch} replayed"
    image = _inference(config)
    return Phase(
        name=f"learn a task, {source}",
        unit="task",
        tally=extracted * image.tally + tally,
        cycles=None,
        operations=operations + extracted * image.operations,
        note=f"{note}; no hardware trains yet: no cycles",
    )


def answer(config: CostConfig, classifier: Classifier) -> Phase:
    """Return what naming the class of an embedding takes, after the extractor."""
    machine, memory = config.chip.accelerator, config.memory
    if classifier == "likelihood":
        prototypes = config.chip.sampler.prototypes
        return Phase(
            name="classify, likelihood",
            unit="embedding",
            tally=likelihood.classify(prototypes, memory.classes * memory.components),
            cycles=None,
            note="no hardware does it yet: no cycles",
        )
    layers = [a for a in program(config.network, machine.mvu) if a.name in _HEAD_LAYERS]
    return Phase(
        name="classify, head",
        unit="embedding",
        tally=sum((network.tally(layer, machine) for layer in layers), Tally()).within("network"),
        cycles=Fraction(sum(network.layer_cycles(layer, machine) for layer in layers)),
        operations=2 * sum(layer.synapses for layer in layers),
        note="part of inference",
    )


def _train(config: CostConfig, head: HeadParams, batches: int) -> Tally:
    """Return what some batches of head training take."""
    task, pe = config.task, config.chip.accelerator.mvu.pe
    sample = training.train_sample(head, pe=pe, backward_bits=task.backward_bits)
    step = training.train_batch(
        head, pe=pe, backward_bits=task.backward_bits, weight_bits=task.weight_bits
    )
    return (batches * (task.batch * sample + step)).within("training")


def replay(config: CostConfig, source: Source) -> Tally:
    """Return what the exemplars of the past take that the last task is learned with."""
    batches, replayed, _ = _batches(config)
    exemplars = 0 if source == "likelihood" else batches * replayed
    if source == "GBM":
        return _exemplars(config.chip.sampler, Fraction(exemplars)).within("sampler")
    return exemplars * latent_buffer.answer(config.chip.latent, 1).within("latent_buffer")


def _batches(config: CostConfig) -> tuple[int, int, int]:
    """Return the batches of the last task, and how many samples of each are old and new."""
    task = config.task
    replayed, new = split_batch(task.batch, config.memory.classes - task.classes, task.classes)
    return task.epochs * -(-task.classes * task.samples // new), replayed, new


def _remember(config: CostConfig, source: Source) -> Tally:
    """Return what keeping the classes of a task takes."""
    task, prototypes = config.task, config.chip.sampler.prototypes
    if source != "latent replay":
        append = _append(config).tally
        if task.fit == "chip":
            append += training.fit_class(prototypes, task.samples).within("fit")
        return task.classes * append
    latent = config.chip.latent
    kept = min(latent.exemplars, task.samples)
    # Of a reservoir of E, sample i replaces one with probability E / i.
    replaced = sum((Fraction(kept, i) for i in range(kept + 1, task.samples + 1)), Fraction(0))
    dropped = task.samples - kept - replaced
    each = (
        latent_buffer.learn(latent, filled=kept, replaced=0, dropped=0)
        + replaced * latent_buffer.learn(latent, filled=0, replaced=1, dropped=0)
        + dropped * latent_buffer.learn(latent, filled=0, replaced=0, dropped=1)
    )
    return task.classes * each.within("latent_buffer")


def _buffered(config: CostConfig, samples: int, reads: int) -> Tally:
    """Return the traffic of embeddings that are kept until the task is learned."""
    prototypes = config.chip.sampler.prototypes
    return Tally({
        Action("task.embeddings", "write", prototypes.lanes): samples * prototypes.beats,
        Action("task.embeddings", "read", prototypes.lanes): reads * prototypes.beats,
    })  # fmt: skip


def _exemplars(params: SamplerParams, exemplars: Fraction) -> Tally:
    """Return what some exemplars take, M of them a request."""
    return exemplars / params.draws_per_read * sampler.draw(params, 1)


def _exemplar_cycles(params: SamplerParams) -> Fraction:
    """Return the cycles of an exemplar among many."""
    more = sampler.draw_cycles(params, 2) - sampler.draw_cycles(params, 1)
    return more / params.draws_per_read


def _latent_cycles(config: CostConfig) -> Fraction:
    latent = config.chip.latent
    more = latent_buffer.answer_cycles(latent, 2) - latent_buffer.answer_cycles(latent, 1)
    return Fraction(more)


def _head(config: CostConfig) -> HeadParams:
    """Return the head of all classes."""
    return HeadParams(
        features=config.chip.sampler.prototypes.features,
        hidden=config.task.hidden,
        classes=config.memory.classes,
    )
