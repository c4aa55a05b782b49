# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Correlation of features within a class, as a penalty (after Shi et al., CwD, 2022)."""

import torch
from torch import Tensor

__all__ = ["decorrelation"]

_EPSILON = 1e-5  # added to variances


def decorrelation(x: Tensor, labels: Tensor, *, pooled: bool) -> Tensor:
    """Return the mean square of the correlations of two features within a class.

    Features are centred at the mean of their class, and divided by their deviation over all images
    of the batch. So no feature escapes by shrinking.

    A sum over the squares of D x D correlations is one over the squares of n x n scalar products:
    both are the squared norm of the matrix, and the second is smaller for a batch of n images.

    Parameters
    ----------
    x : Tensor of shape (n_images, D), float
    labels : Tensor of shape (n_images,), int64
    pooled : bool
        Whether there is one correlation over all classes; else the mean over the classes of which
        there are two images or more.

    Returns
    -------
    Tensor
        0 if no class has two images.
    """
    same = (labels.unsqueeze(0) == labels.unsqueeze(1)).to(x.dtype)
    count = same.sum(1)  # images of the class of an image
    centred = x - same @ x / count.unsqueeze(1)
    freedom = (1 - 1 / count).sum().clamp(min=1)  # images less classes
    z = centred / (centred.square().sum(0) / freedom + _EPSILON).sqrt()
    squares = z.square()
    products = (z @ z.T).square() - squares @ squares.T  # less the diagonal of D x D
    if pooled:
        total = products.sum() / freedom.square()
    else:
        weights = same / (count - 1).clamp(min=1).square()
        classes = torch.where(count > 1, 1 / count, 0).sum().clamp(min=1)
        total = (products * weights).sum() / classes
    return total / max(x.shape[1] * (x.shape[1] - 1), 1)
