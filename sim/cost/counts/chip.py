# SPDX-License-Identifier: MIT
"""Counts of the chip: network, sampler and latent buffer, each as if it worked alone."""

from golden.params import ChipParams, NetworkParams
from sim.cost.counts import latent_buffer, network, sampler
from sim.cost.counts.mapping import program
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["append_cycles", "append_words", "inference", "load", "memories"]

_WORD = 64  # bits of a word of the chip's streams


def memories(params: ChipParams) -> tuple[Memory, ...]:
    """Return the memories of the chip. Only the three blocks have memories."""
    return (
        *(memory.within("network") for memory in network.memories(params.accelerator)),
        *(memory.within("sampler") for memory in sampler.memories(params.sampler)),
        *(memory.within("latent_buffer") for memory in latent_buffer.memories(params.latent)),
    )


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
    mvu = params.accelerator.mvu
    layers = program(described, mvu, features=features)
    words = sum(layer.words for layer in layers if layer.operation == "features")
    picture = network.inference(described, params.accelerator, features=features)
    regrouped = Tally({Action("regroup.store", "register", mvu.simd): words})
    return picture.within("network") + regrouped


def append_words(params: ChipParams, components: int) -> int:
    """Return the words of the packet that appends a class of K components.

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
