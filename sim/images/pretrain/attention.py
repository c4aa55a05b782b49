# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Attention maps: where a network looks, to be learnt from a teacher.

The attention at a place of a map is the sum of squares of its channels; the maps of an image have
Euclidean length 1 (Zagoruyko and Komodakis, 2017). The squares of signs are all 1, so a binary
network has the attention of the sums before its signs, as in Martinez et al. (2020).
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["attention", "attention_distance", "last_maps"]


def attention(maps: Tensor) -> Tensor:
    """Return the attention maps (n_images, H*W) of maps (n_images, channels, H, W)."""
    exact = maps.to(torch.promote_types(maps.dtype, torch.float32))
    return functional.normalize(exact.square().sum(1).flatten(1), dim=1)


def last_maps(maps: Sequence[Tensor]) -> dict[tuple[int, ...], Tensor]:
    """Return the last maps of each height and width, those of one pixel left out.

    Parameters
    ----------
    maps : sequence of Tensor
        Outputs of layers in order; those that are no maps are left out.
    """
    return {tuple(x.shape[2:]): x for x in maps if x.ndim == 4 and x[0, 0].numel() > 1}


def attention_distance(maps: Sequence[Tensor], taught: Sequence[Tensor]) -> Tensor:
    """Return the squared distance of attention maps, mean over images, sum over stages.

    A stage is a height and width that both networks have; the last maps of it count.

    Parameters
    ----------
    maps, taught : sequence of Tensor
        Outputs of the layers of the network that learns, and of its teacher, in order.
    """
    own, others = last_maps(maps), last_maps(taught)
    stages = [
        (attention(own[size]) - attention(others[size])).square().sum(1).mean()
        for size in own
        if size in others
    ]
    return torch.stack(stages).sum()
