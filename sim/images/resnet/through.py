# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Binarizers inside a network in training: bits forward, gradients straight through."""

from typing import Any

import torch
from torch import Tensor, nn

from sim.data.binarizers import ROUNDINGS, ThermometerBinarizer
from sim.images.pretrain.surrogates import sign

__all__ = ["Binarizer", "Heaviside", "Thermometer"]


class _Through(torch.autograd.Function):
    """Clip, code and decode; the gradient passes unchanged, even for clipped features."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, thermometer: "Thermometer") -> Tensor:  # type: ignore[override]
        bits = thermometer.bits(features).to(features.dtype)
        return bits.unflatten(1, (-1, thermometer.params.bits)).mean(2)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return gradient, None


class Thermometer(nn.Module):
    """Features as the classifier sees them after the thermometer code (gbm, eqs. 5 and 6).

    Parameters
    ----------
    params : ThermometerBinarizer
        Thermometer code that makes the bits.
    features : int
        D.
    """

    def __init__(self, params: ThermometerBinarizer, features: int) -> None:
        super().__init__()
        self.params = params
        self.outputs = features
        self.n_bits = params.bits * features

    def bits(self, features: Tensor) -> Tensor:
        """Return the bits (n_samples, p D), bool, equal to those of `ThermometerBinarizer`."""
        more, offset = ROUNDINGS[self.params.rounding]
        steps = features.unsqueeze(2) * (self.params.bits + more)
        reached = torch.arange(self.params.bits, device=features.device) + offset
        return (steps >= reached.to(features.dtype)).flatten(1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the decoded features (n_samples, D)."""
        return _Through.apply(features, self)  # type: ignore[no-any-return]


class Heaviside(nn.Module):
    """Projection of D features to f D numbers, followed by the sign.

    The paper does not give the gradient of the step; here it is that of a clip to -1..1 (Hubara et
    al., 2016). The classifier sees -1 and +1.

    Parameters
    ----------
    features : int
        D, length of the embedding.
    factor : int
        f, number of bits for each feature.
    """

    def __init__(self, features: int, factor: int) -> None:
        super().__init__()
        self.outputs = self.n_bits = factor * features
        self.filters = nn.Linear(features, self.outputs)

    def bits(self, features: Tensor) -> Tensor:
        """Return the bits (n_samples, f D), bool."""
        return self.filters(features) >= 0

    def forward(self, features: Tensor) -> Tensor:
        """Return the signs (n_samples, f D)."""
        return sign(self.filters(features), "hard_window")


#: A binarizer between F and G. G sees `outputs` numbers; a sample takes `n_bits` bits.
Binarizer = Thermometer | Heaviside
