# SPDX-License-Identifier: MIT
"""The blocks that have vectors: default parameters, what decides their words, how to use them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import Any, Protocol

import numpy as np

from golden.network import Network
from golden.params import (
    ClassCounterParams,
    HeadParams,
    LatentBufferParams,
    MapShape,
    MvuParams,
    PoolParams,
    PrototypesParams,
    SamplerParams,
    SelectorParams,
    ThermometerParams,
    TrainerParams,
    XnorParams,
)
from sim.vectors import latent_buffer, layers, learning, networks, prototypes
from sim.vectors.table import Table, Vectors

__all__ = ["BLOCKS", "Block", "make_vectors"]


class Make(Protocol):
    """Makes the tables of a block, all words from the golden model."""

    def __call__(
        self, arguments: Mapping[str, Any], count: int, rng: np.random.Generator
    ) -> list[Table]:
        """Return the tables.

        Parameters
        ----------
        arguments : mapping of str to Any
            As `Block.arguments` has them, with those that a user changed.
        count : int
            Stimuli.
        rng : numpy.random.Generator
            Draws them.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block with vectors.

    Parameters
    ----------
    make : callable
    arguments : mapping of str to Any
        Defaults: parameters under ``params``, and integers.
    count : int
        Stimuli, if nobody says how many.
    contract : str
        Sections of the hardware contract that decide the words.
    about : str
        What a bench does, in order.
    """

    make: Make
    arguments: Mapping[str, Any]
    count: int
    contract: str
    about: str


_PROTOTYPES = PrototypesParams(
    features=50, code_width=4, lanes=16, components=12, classes=8, class_components=3
)
_SAMPLER = SamplerParams(prototypes=_PROTOTYPES)
_DRAW = (
    "After a reset, append the classes: a header, then its rows. Then make the requests; the beats "
    "come out in order. The LFSRs have the seeds of user seed `seed`."
)

#: Every block by name.
BLOCKS: dict[str, Block] = {
    "prototypes": Block(
        make=prototypes.prototypes,
        arguments={"params": _PROTOTYPES},
        count=40,
        contract="5",
        about="After a reset, make the writes: a header and, if K > 0, its rows.",
    ),
    "selector": Block(
        make=prototypes.selector,
        arguments={"params": SelectorParams(mode="uniform"), "prototypes": _PROTOTYPES},
        count=100,
        contract="4, 6",
        about="After a reset, ask for classes, and choose components; both go on by themselves.",
    ),
    "sampler": Block(
        make=prototypes.sampler,
        arguments={"params": _SAMPLER},
        count=50,
        contract="4 to 7",
        about=_DRAW,
    ),
    "sampler_serial": Block(
        make=prototypes.sampler,
        arguments={"params": replace(_SAMPLER, mode="serial")},
        count=50,
        contract="4 to 7",
        about=_DRAW,
    ),
    "latent_buffer": Block(
        make=latent_buffer.latent_buffer,
        arguments={"params": LatentBufferParams(features=50, lanes=16, classes=6, exemplars=3)},
        count=100,
        contract="4, 10",
        about="After a reset, give the commands; one that learns takes the next B rows.",
    ),
    "class_counter": Block(
        make=learning.class_counter,
        arguments={"params": ClassCounterParams(prototypes=_PROTOTYPES, slots=3)},
        count=200,
        contract="5, 14",
        about="After a reset, give the commands; one that learns takes the next B rows, and one "
        "that closes a class gives its codes.",
    ),
    "trainer": Block(
        make=learning.trainer,
        arguments={
            "params": TrainerParams(
                features=50, classes=5, backward_width=8, rounding="stochastic", rate=9, lanes=16
            ),
            "batch": 8,
        },
        count=10,
        contract="2, 4, 12",
        about="After a reset, learn batch after batch.",
    ),
    "xnor": Block(
        make=layers.xnor,
        arguments={"params": XnorParams(inputs=64)},
        count=200,
        contract="1, 2",
        about="Count for each pair the bits that agree.",
    ),
    "mvu": Block(
        make=layers.mvu,
        arguments={
            "params": MvuParams(pe=4, simd=16, weight_depth=64, tile_depth=8, count_width=10),
            "inputs": 50,
            "outputs": 10,
        },
        count=50,
        contract="2, 3",
        about="Load weights and limits. Then take the steps; each tile comes out after its last.",
    ),
    "thermometer": Block(
        make=layers.thermometer,
        arguments={
            "params": ThermometerParams(
                bits=7, levels=16, input=MapShape(height=4, width=4, channels=3)
            )
        },
        count=10,
        contract="3",
        about="Encode pixel after pixel.",
    ),
    "pool": Block(
        make=layers.pool,
        arguments={"params": PoolParams(input=MapShape(height=8, width=6, channels=16))},
        count=10,
        contract="3",
        about="Pool map after map.",
    ),
    "head": Block(
        make=networks.head,
        arguments={"params": HeadParams(features=50, classes=6, hidden=20)},
        count=50,
        contract="2, 3",
        about="Load the weights. Then classify embedding after embedding.",
    ),
    "network": Block(
        make=networks.network,
        arguments={"network": "fbnn-XS"},
        count=1,
        contract="1 to 3, 9",
        about="Load the weights, which `network.bin` has, too. Then take the pixels; each layer "
        "has a table of its maps.",
    ),
}


def make_vectors(name: str, arguments: Mapping[str, Any], count: int, seed: int) -> Vectors:
    """Return the vectors of a block, all words from the golden model.

    Parameters
    ----------
    name : str
        One of `BLOCKS`.
    arguments : mapping of str to Any
        As `sim.vectors.settings.load_arguments` returns them; of the block network,
        ``{"network": Network}``.
    count : int
        Stimuli.
    seed : int
        Decides all that is drawn for the stimuli. The seeds of LFSRs are parameters.
    """
    block = BLOCKS[name]
    tables = block.make(arguments, count, np.random.default_rng([seed, 0]))
    files, network = {}, arguments.get("network")
    if isinstance(network, Network):
        files["network.bin"] = network.to_bytes()
    return Vectors(
        block=name,
        contract=block.contract,
        parameters={key: _plain(value) for key, value in arguments.items()},
        about=block.about,
        tables=tables,
        files=files,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Network):
        return value.params.describe()
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
