# SPDX-License-Identifier: MIT
"""Counts of the chip: network, sampler and latent buffer, each as if it worked alone."""

from golden.params import ChipParams, NetworkParams
from sim.cost.counts import latent_buffer, network, sampler
from sim.cost.counts.mapping import program
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["inference", "load", "memories"]


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
