# SPDX-License-Identifier: MIT
"""Sizes of the maps of a network, which some ingredients of a recipe need."""

from golden.params import ConvParams, NetworkParams, PoolParams
from sim.documents.yaml_lines import Document
from sim.images.pretrain.terms import DistillationConfig, RotationsConfig
from sim.work.errors import UserError

__all__ = ["TEACHER_BLOCKS", "check_stages", "map_sizes"]

#: Blocks of a float teacher, each of which halves the height and the width.
TEACHER_BLOCKS = 3

Size = tuple[int, int]


def map_sizes(network: NetworkParams) -> set[Size]:
    """Return height and width of the maps after the layers of neurons and the pools behind them.

    Parameters
    ----------
    network : NetworkParams
    """
    layers = network.layers[1:]
    sizes = set()
    for layer, after in zip(layers, (*layers[1:], None), strict=True):
        if isinstance(layer, ConvParams):
            shape = (after if isinstance(after, PoolParams) else layer).output
            sizes.add((shape.height, shape.width))
    return sizes - {(1, 1)}


def check_stages(
    network: NetworkParams,
    distillation: DistillationConfig | None,
    rotations: RotationsConfig | None,
    document: Document,
) -> None:
    """Check that a network has maps where attention needs them, and squares where rotations do.

    Parameters
    ----------
    network : NetworkParams
    distillation : DistillationConfig or None
    rotations : RotationsConfig or None
    document : Document
        Place of every value, for messages.

    Raises
    ------
    UserError
        If it has not; the message names the line.
    """
    height, width = network.input.height, network.input.width
    if rotations is not None and height != width:
        where = document.where_within(("rotations",))
        raise UserError(f"{where}: rotations need square images, not {height} x {width}")
    if distillation is None or not distillation.attention:
        return
    halves = [(height >> n, width >> n) for n in range(1, TEACHER_BLOCKS + 1)]
    halves = [size for size in halves if size != (1, 1)]
    if not map_sizes(network) & set(halves):
        path = ("distillation", "attention")
        sizes = ", ".join(f"{h} x {w}" for h, w in halves)
        raise UserError(
            f"{document.where(path)}: distillation.attention needs a map of {sizes} after a layer "
            "of the network, and it has none"
        )
