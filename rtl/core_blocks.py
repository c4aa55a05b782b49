# SPDX-License-Identifier: MIT
"""The blocks of the core, and whom a picture inside concerns."""

from typing import NamedTuple

from amaranth.hdl import Module, Signal, Value

from golden.params import ChipParams
from rtl.correlated import CorrelatedSampler
from rtl.head_trainer import HeadTrainer
from rtl.latent_buffer import LatentBuffer
from rtl.learner import Learner
from rtl.network import Network
from rtl.regroup import Regroup
from rtl.requests import Requests
from rtl.sampler import Sampler

__all__ = ["Blocks", "Inside", "join_blocks"]


class Blocks(NamedTuple):
    """The blocks of the core."""

    network: Network
    regroup: Regroup
    sampler: Sampler
    latent_buffer: LatentBuffer
    requests: Requests
    learner: Learner
    head_trainer: HeadTrainer


class Inside(NamedTuple):
    """What the picture inside is for.

    Attributes
    ----------
    filling : Signal
        Its pixels still come.
    learning, counting, answering, heading : Signal
        Its features go, or will go, to the latent buffer, to the class counter, to the classifier
        by prototypes, to the head that learns. A picture is answered until its answer has left.
    """

    filling: Signal
    learning: Signal
    counting: Signal
    answering: Signal
    heading: Signal

    def replaying(self, blocks: Blocks) -> Value:
        """Return whether the head draws, or may begin to do so when the picture has come."""
        return self.heading | blocks.head_trainer.drawing


def join_blocks(m: Module, params: ChipParams) -> Blocks:
    """Make the blocks of a core, as its submodules."""
    blocks = Blocks(
        network=Network(params.accelerator),
        regroup=Regroup(params),
        sampler=(CorrelatedSampler if params.factors else Sampler)(
            params.sampler, shared=params.shared, watch=params.watch
        ),
        latent_buffer=LatentBuffer(params.latent),
        requests=Requests(params),
        learner=Learner(params),
        head_trainer=HeadTrainer(params),
    )
    for name, block in blocks._asdict().items():
        m.submodules[name] = block
    if params.shared:
        _share_prototypes(m, blocks.sampler, blocks.learner)
    return blocks


def _share_prototypes(m: Module, sampler: Sampler, learner: Learner) -> None:
    """Let a learner read the prototypes of a sampler."""
    for name in learner.signature.members:
        if name.startswith("reader_") and name != "reader_go":
            m.d.comb += getattr(sampler, name).eq(getattr(learner, name))
    for name in ("reader_go", "n_classes", "entry", "codes"):
        m.d.comb += getattr(learner, name).eq(getattr(sampler, name))
