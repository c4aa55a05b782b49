# SPDX-License-Identifier: MIT
"""Counts of the chip: each of its blocks as if it worked alone."""

from golden.params import ChipParams, ClassCounterParams, NetworkParams
from sim.cost.counts import (
    class_counter,
    draws,
    head_trainer,
    latent_buffer,
    network,
    online_mixture,
    prototype_classifier,
    prototypes,
)
from sim.cost.counts.mapping import program
from sim.cost.counts.prototype_rows import watched_memories
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = [
    "answer",
    "append_cycles",
    "append_words",
    "beside_sampler",
    "close",
    "count",
    "inference",
    "load",
    "memories",
]

_WORD = 64  # bits of a word of the chip's streams
_COUNTER, _MIXTURE = "learner.class_counter", "learner.online_mixture"


def memories(params: ChipParams) -> tuple[Memory, ...]:
    """Return the memories of the chip. Only its blocks have memories."""
    learner: list[Memory] = []
    if params.counter is not None and params.mixture is not None:
        kept = online_mixture.memories(params.mixture, params.counter)
        learner += [memory.within(_MIXTURE) for memory in kept]
    elif params.counter is not None:
        kept = class_counter.memories(params.counter)
        learner += [memory.within(_COUNTER) for memory in kept]
    if params.classifier is not None:
        kept = prototype_classifier.memories(params.classifier)
        learner += [memory.within("learner.prototype_classifier") for memory in kept]
    prototype = watched_memories(
        draws.memories(params.sampler, shared=params.shared),
        params.sampler.prototypes,
        params.watch,
    )
    return (
        *(memory.within("network") for memory in network.memories(params.accelerator)),
        *(memory.within("sampler") for memory in prototype),
        *(memory.within("latent_buffer") for memory in latent_buffer.memories(params.latent)),
        *learner,
        *(memory.within("head_trainer") for memory in head_trainer.memories(params)),
    )


def count(params: ChipParams, exemplars: int, *, begun: int = 0) -> Tally:
    """Return the actions of counting exemplars, from pictures or packets.

    Parameters
    ----------
    params : ChipParams
    exemplars : int
    begun : int
        Those of them that begin a component, where components compete.

    Raises
    ------
    ValueError
        If the chip counts no classes, or `begun` is no part of `exemplars`, or not 0 where no
        components compete.
    """
    counter, mixture = _counter(params), params.mixture
    most = 0 if mixture is None else exemplars
    if not 0 <= begun <= most:
        raise ValueError(f"Exemplars that begin a component must be 0 to {most}, not {begun}")
    if mixture is None:
        return class_counter.learn(counter, exemplars).within(_COUNTER)
    return online_mixture.learn(mixture, counter, begun=begun, counted=exemplars - begun).within(
        _MIXTURE
    )


def close(params: ChipParams, *, appended: int, replaced: int, components: int = 1) -> Tally:
    """Return the actions of opening and closing classes, with those of the prototype memory.

    Parameters
    ----------
    params : ChipParams
    appended, replaced : int
        Classes that are closed for the first time, and again.
    components : int
        Components of each of these classes, where components compete.

    Raises
    ------
    ValueError
        If the chip counts no classes, or its slots have no such number of components.
    """
    counter, memory, mixture = _counter(params), params.sampler.prototypes, params.mixture
    if not 1 <= components <= params.slot_components:
        raise ValueError(
            f"Components of a closed class must be 1 to {params.slot_components}, the "
            f"slot_components of the chip, not {components}"
        )
    classes = appended + replaced
    if mixture is None:
        commands = class_counter.command(counter, opened=appended, reopened=replaced)
        closed = (commands + class_counter.close(counter, classes)).within(_COUNTER)
    else:
        commands = online_mixture.command(mixture, counter, opened=appended, reopened=replaced)
        divided = online_mixture.close(mixture, counter, classes, classes * components)
        closed = (commands + divided).within(_MIXTURE)
    new = appended * prototypes.append(memory, components, editable=True)
    written = new + replaced * prototypes.replace(memory, components)
    return closed + written.within("sampler.prototypes")


def answer(params: ChipParams, pictures: int, *, classes: int, components: int) -> Tally:
    """Return the actions of naming pictures by prototypes; see `prototype_classifier.classify`.

    Parameters
    ----------
    params : ChipParams
    pictures : int
    classes, components : int
        Classes in the memory, with those that were removed, and components of those that are there.

    Raises
    ------
    ValueError
        If the chip has no classifier by prototypes.
    """
    if params.classifier is None:
        raise ValueError("Chip must have a classifier by prototypes: table_width must be above 0")
    done = prototype_classifier.classify(
        params.classifier, pictures, classes=classes, components=components
    )
    return beside_sampler(done, "learner.prototype_classifier")


def beside_sampler(tally: Tally, block: str) -> Tally:
    """Return the actions of a block that reads prototypes from the memory of the sampler.

    Parameters
    ----------
    tally : Tally
        Actions of the block; those on the memory have component "prototypes".
    block : str
        Component of the block.
    """
    memory = "prototypes."
    own = Tally({a: n for a, n in tally.items() if not a.component.startswith(memory)})
    read = Tally({a: n for a, n in tally.items() if a.component.startswith(memory)})
    return own.within(block) + read.within("sampler")


def inference(described: NetworkParams, params: ChipParams, *, features: bool = True) -> Tally:
    """Return the actions of one picture: its class and logits, and its embedding if it is sent.

    The words of the embedding pass through a register that regroups them into beats of L. The
    latent buffer's own actions are those of `latent_buffer.learn`.

    Parameters
    ----------
    described : NetworkParams
        Network that is loaded.
    params : ChipParams
    features : bool
        Whether its program sends the embedding. A network without a head always sends it.
    """
    machine = params.accelerator
    layers = program(described, machine, features=features)
    words = sum(layer.words for layer in layers if layer.operation == "features")
    picture = network.inference(described, params.accelerator, features=features)
    regrouped = Tally({Action("regroup.store", "register", machine.mvu.simd): words})
    return picture.within("network") + regrouped


def append_words(params: ChipParams, components: int) -> int:
    """Return the words of the packet that appends a class of K components, of 64 bits each.

    The first is its header. Then come the thresholds, in as many words as those of the largest
    class, and the rows, each from a word of its own on.
    """
    prototypes = params.sampler.prototypes
    thresholds = -(-16 * max(1, prototypes.class_components - 1) // _WORD)
    rows = components * prototypes.beats
    return 1 + thresholds + rows * -(-prototypes.row_width // _WORD)


def append_cycles(params: ChipParams, components: int) -> int:
    """Return the cycles of appending a class whose words come without gaps.

    The first cycle counted takes the header; the last one writes the last row.
    """
    return append_words(params, components) + 1


def load(described: NetworkParams, params: ChipParams, *, features: bool = True) -> Tally:
    """Return the writes that load a network into the chip.

    Parameters
    ----------
    described : NetworkParams
        Network that is loaded.
    params : ChipParams
    features : bool
        Whether its program sends the embedding. A network without a head always sends it.
    """
    return network.load(described, params.accelerator, features=features).within("network")


def _counter(params: ChipParams) -> ClassCounterParams:
    """Return the slots in which the chip counts classes."""
    if params.counter is None:
        raise ValueError("Chip must count classes: slots must be above 0")
    return params.counter
