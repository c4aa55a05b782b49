# SPDX-License-Identifier: MIT
"""The chip: network, sampler and latent buffer side by side, each doing what it does alone."""

from golden.params import ChipParams, NetworkParams
from sim.cost.counts import latent_buffer, network, sampler
from sim.cost.counts.mapping import program
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["inference", "load", "memories"]


def memories(params: ChipParams) -> tuple[Memory, ...]:
    """Return the memories of the chip; nothing but the three blocks has any."""
    return (
        *(memory.within("network") for memory in network.memories(params.accelerator)),
        *(memory.within("sampler") for memory in sampler.memories(params.sampler)),
        *(memory.within("latent_buffer") for memory in latent_buffer.memories(params.latent)),
    )


def inference(described: NetworkParams, params: ChipParams, *, features: bool = True) -> Tally:
    """Return what a picture takes, its class and logits, and its embedding if that leaves.

    The words of the embedding pass a register in which they become beats of L. What the latent
    buffer does with them is `latent_buffer.learn`.

    Parameters
    ----------
    described : NetworkParams
        The network that is loaded.
    params : ChipParams
    features : bool
        Whether its program sends the embedding; always, if it has no head.
    """
    mvu = params.accelerator.mvu
    layers = program(described, mvu, features=features)
    words = sum(layer.words for layer in layers if layer.operation == "features")
    picture = network.inference(described, params.accelerator, features=features)
    regrouped = Tally({Action("regroup.store", "register", mvu.simd): words})
    return picture.within("network") + regrouped


def load(described: NetworkParams, params: ChipParams, *, features: bool = True) -> Tally:
    """Return the writes that bring a network into the chip.

    Parameters
    ----------
    described : NetworkParams
        The network that is loaded.
    params : ChipParams
    features : bool
        Whether its program sends the embedding; always, if it has no head.
    """
    return network.load(described, params.accelerator, features=features).within("network")
