# SPDX-License-Identifier: MIT
"""Phases of a chip without learning: inference, draws, appending, classifying, and loading."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from golden.params import LatentBufferParams, PrototypeClassifierParams, SamplerParams
from golden.params.correlated import MAX_SHIFT
from sim.cost.configuration import CostConfig
from sim.cost.counts import (
    chip,
    correlated,
    latent_buffer,
    network,
    prototype_classifier,
    prototypes,
    sampler,
)
from sim.cost.counts.draws import draw, draw_cycles, factors_of
from sim.cost.counts.mapping import program
from sim.cost.counts.tally import Memory, Tally, field_bits

__all__ = [
    "Classifier",
    "Phase",
    "answer",
    "append",
    "classifier_memories",
    "drawn_exemplar",
    "draws",
    "exemplars",
    "inference",
    "latent_exemplar",
    "load",
    "load_basis",
]

Classifier = Literal["head", "likelihood"]

# Layers of the machine's program that form the head. The copy brings the embedding to its second
# half.
_HEAD_LAYERS = ("hidden", "copy", "logits")
_CLASSIFIER = "learner.prototype_classifier"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One complete piece of work of a chip.

    Parameters
    ----------
    name : str
    unit : str
        What the phase handles once, such as "image".
    tally : Tally
        Actions of one such unit.
    cycles : Fraction or None
        Clock cycles of one unit. None where no hardware defines them.
    operations : int
        Two for each synapse of the network and of the head: an XNOR and an addition.
    bits : int
        Bits of data that enter or leave the chip.
    note : str
        Remark for the report.
    """

    name: str
    unit: str
    tally: Tally
    cycles: Fraction | None
    operations: int = 0
    bits: int = 0
    note: str = ""


def inference(config: CostConfig) -> Phase:
    """Return the inference of one image, from its pixels to embedding, logits and class."""
    machine = config.chip.accelerator
    layers = program(config.network, machine)
    return Phase(
        name="inference",
        unit="image",
        tally=chip.inference(config.network, config.chip),
        cycles=Fraction(network.cycles(config.network, machine)),
        operations=2 * sum(layer.synapses for layer in layers),
        bits=config.network.input.size * config.network.bits
        + field_bits(config.memory.classes - 1),
        note=f"{float(network.utilisation(layers, machine)):.1%} of the synapses in use",
    )


def draws(config: CostConfig) -> Iterator[Phase]:
    """Yield the phases of one past exemplar: drawn in each mode, or read from the buffer.

    A sampler with factors is parallel.
    """
    factors = config.chip.factors
    for mode in ("parallel",) if factors else ("parallel", "serial"):
        params = replace(config.chip.sampler, mode=mode)
        yield drawn_exemplar(params, shared=config.chip.shared)
    yield latent_exemplar(config.chip.latent)


def drawn_exemplar(params: SamplerParams, *, shared: bool = False) -> Phase:
    """Return one exemplar of a long series that a sampler draws.

    Parameters
    ----------
    params : SamplerParams
    shared : bool
        As in `sim.cost.counts.sampler.draw`.
    """
    factors = factors_of(params)
    note = f"R = {factors.rank} factors" if factors else "planes are the number expected"
    return Phase(
        name=f"pseudo-exemplar, {params.mode}",
        unit="exemplar",
        tally=exemplars(params, 1, shared=shared).within("sampler"),
        cycles=_exemplar_cycles(params),
        note=f"M = {params.draws_per_read}; its class named; {note}",
    )


def latent_exemplar(params: LatentBufferParams) -> Phase:
    """Return one exemplar of a long series that the latent buffer gives."""
    more = latent_buffer.answer_cycles(params, 2) - latent_buffer.answer_cycles(params, 1)
    return Phase(
        name="latent exemplar",
        unit="exemplar",
        tally=latent_buffer.answer(params, 1).within("latent_buffer"),
        cycles=Fraction(more),
    )


def append(config: CostConfig) -> Phase:
    """Return the storing of the prototypes of one more class."""
    params, components = config.chip, config.memory.components
    return Phase(
        name="append a class",
        unit="class",
        tally=prototypes.append(
            params.sampler.prototypes, components, editable=params.shared
        ).within("sampler.prototypes"),
        cycles=Fraction(chip.append_cycles(params, components)),
        bits=64 * chip.append_words(params, components),
        note=f"a packet of {chip.append_words(params, components)} words, one a cycle",
    )


def load_basis(config: CostConfig) -> Phase | None:
    """Return the loading of a basis; None if the sampler has no factors."""
    factors = config.chip.factors
    if factors is None:
        return None
    return Phase(
        name="load a basis",
        unit="basis",
        tally=correlated.load(factors).within("sampler"),
        cycles=Fraction(correlated.load_cycles(factors, MAX_SHIFT)),
        note=f"cycles of the largest exponent, {MAX_SHIFT}",
    )


def load(config: CostConfig) -> Phase:
    """Return the loading of the network into the chip after its supply is switched on."""
    tally = chip.load(config.network, config.chip)
    return Phase(
        name="load a network",
        unit="network",
        tally=tally,
        cycles=None,
        bits=int(sum(a.width * n for a, n in tally.items() if a.kind == "write")),
        note="as fast as its words come: no cycles",
    )


def answer(config: CostConfig, classifier: Classifier) -> Phase:
    """Return the classification of one embedding, without the feature extractor.

    By likelihood, all classes are in the memory of prototypes. The nearest mean and the Hamming
    distance cost as much, because the block is the same, with another table.
    """
    machine, memory = config.chip.accelerator, config.memory
    if classifier == "likelihood":
        params, stored = _classifier(config), memory.classes * memory.components
        done = prototype_classifier.classify(
            params, 1, classes=memory.classes, components=stored, editable=config.chip.shared
        )
        where = "" if config.chip.classifier else "; a block that this chip leaves out"
        return Phase(
            name="classify, likelihood",
            unit="embedding",
            tally=chip.beside_sampler(done, _CLASSIFIER),
            cycles=Fraction(prototype_classifier.classify_cycles(params, 1, components=stored)),
            note=f"costs of {params.table_width} bits, {params.fold} cycles a row{where}",
        )
    layers = [a for a in program(config.network, machine) if a.name in _HEAD_LAYERS]
    return Phase(
        name="classify, head",
        unit="embedding",
        tally=sum((network.tally(layer, machine) for layer in layers), Tally()).within("network"),
        cycles=Fraction(sum(network.layer_cycles(layer, machine) for layer in layers)),
        operations=2 * sum(layer.synapses for layer in layers),
        note="part of inference",
    )


def classifier_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories that classifying by likelihood needs in addition to the chip's."""
    if config.chip.classifier is not None:
        return ()
    found = prototype_classifier.memories(_classifier(config))
    return tuple(memory.within(_CLASSIFIER) for memory in found)


def _classifier(config: CostConfig) -> PrototypeClassifierParams:
    """Return the chip's classifier by prototypes, or one for its memory."""
    own = PrototypeClassifierParams(prototypes=config.chip.sampler.prototypes)
    return config.chip.classifier or own


def exemplars(params: SamplerParams, number: int, *, shared: bool = False) -> Tally:
    """Return the actions of so many exemplars; each request names a class and draws M of them.

    Parameters
    ----------
    params : SamplerParams
    number : int
    shared : bool
        As in `sim.cost.counts.sampler.draw`.
    """
    request = sampler.name_class(params) + draw(params, 1, shared=shared)
    return Fraction(number, params.draws_per_read) * request


def _exemplar_cycles(params: SamplerParams) -> Fraction:
    """Return the cycles that one more exemplar takes in a long series."""
    more = draw_cycles(params, 2) - draw_cycles(params, 1)
    return more / params.draws_per_read
