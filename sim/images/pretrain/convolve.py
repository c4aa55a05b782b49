# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Convolutions of the trainable twin, with the padding and the channel order of the contract."""

import torch
from torch import Tensor
from torch.nn import functional

from golden.params import ConvParams

__all__ = ["convolve", "shuffle"]


def convolve(x: Tensor, weights: Tensor, p: ConvParams) -> Tensor:
    """Return the sums of a convolution; padding is -1.

    PyTorch's grouped convolutions are slow with many groups, and in bfloat16 on a CPU. So a kernel
    as large as the map becomes one matrix product for each group, and on a CPU each of several
    groups becomes a convolution of its own.

    Parameters
    ----------
    x : Tensor of shape (n_images, channels, H, W)
    weights : Tensor of shape (outputs, inputs of a group, kernel, kernel)
        Of the type of `x`.
    p : ConvParams
    """
    if p.output.size == p.outputs and not p.pad:
        rows = x.reshape(len(x), p.groups, p.inputs).transpose(0, 1)
        columns = weights.reshape(p.groups, -1, p.inputs).transpose(1, 2)
        return torch.bmm(rows, columns).transpose(0, 1).reshape(len(x), -1, 1, 1)
    if p.groups == 1 or x.is_cuda:
        return functional.conv2d(_pad(x, p.pad), weights, groups=p.groups)
    if p.group_inputs == 1:
        x = _pad(x.float(), p.pad)
        return functional.conv2d(x, weights.float(), groups=p.groups).to(weights.dtype)
    parts = zip(x.chunk(p.groups, 1), weights.chunk(p.groups, 0), strict=True)
    # Padded after the split, each group lies in one piece.
    return torch.cat([functional.conv2d(_pad(part, p.pad), w) for part, w in parts], dim=1)


def _pad(x: Tensor, pad: int) -> Tensor:
    return functional.pad(x, (pad,) * 4, value=-1.0) if pad else x


def shuffle(x: Tensor, groups: int) -> Tensor:
    """Return maps whose channels take turns among the groups; channels stay last in memory.

    Parameters
    ----------
    x : Tensor of shape (n_images, channels, H, W)
    groups : int
    """
    last = x.permute(0, 2, 3, 1).unflatten(3, (groups, -1))
    return last.transpose(3, 4).flatten(3).permute(0, 3, 1, 2)
