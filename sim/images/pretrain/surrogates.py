# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Signs that let gradients through: straight-through estimators.

The sign is +1 at 0 and above (contract, 2). Its derivative, zero almost everywhere, is replaced by

==================== ============================ ==================================
name                 derivative at ``u = x/w``    source
==================== ============================ ==================================
``hard_window``      1 where ``|u| <= 1``         Hubara et al., 2016
``piecewise_linear`` ``max(0, 1 - |u|)``          Esser et al., PNAS 2016
``approx_sign``      ``max(0, 2 - 2|u|)``         Liu et al. (Bi-Real Net), 2018
==================== ============================ ==================================

with the half-width ``w`` of the window.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["SURROGATES", "sign", "soft_sign", "weight_sign"]


def _hard_window(u: Tensor) -> Tensor:
    return (u.abs() <= 1).to(u.dtype)


def _piecewise_linear(u: Tensor) -> Tensor:
    return (1 - u.abs()).clamp_(min=0)


def _approx_sign(u: Tensor) -> Tensor:
    return (2 - 2 * u.abs()).clamp_(min=0)


#: Derivatives by name.
SURROGATES: dict[str, Callable[[Tensor], Tensor]] = {
    "approx_sign": _approx_sign,
    "hard_window": _hard_window,
    "piecewise_linear": _piecewise_linear,
}


def _bipolar(x: Tensor) -> Tensor:
    """Return +1 where x >= 0, else -1."""
    return (x >= 0).to(x.dtype).mul_(2).sub_(1)


class _Sign(torch.autograd.Function):
    """Sign whose derivative is a surrogate."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, surrogate: str, window: float) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(x)
        ctx.surrogate, ctx.window = surrogate, window
        return _bipolar(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        return gradient * SURROGATES[ctx.surrogate](x / ctx.window), None, None


class _WeightSign(torch.autograd.Function):
    """Sign that passes its gradient on unchanged."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # type: ignore[override]
        return _bipolar(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient


def sign(x: Tensor, surrogate: str, window: float = 1.0) -> Tensor:
    """Return the sign of activations.

    Parameters
    ----------
    x : Tensor
        Sums of neurons, scaled to unit deviation.
    surrogate : str
        One of `SURROGATES`.
    window : float
        w, half-width.

    Returns
    -------
    Tensor
        -1 and +1, of the type and shape of `x`.
    """
    return _Sign.apply(x, surrogate, window)  # type: ignore[no-any-return]


def soft_sign(x: Tensor, window: float = 1.0) -> Tensor:
    """Return ``x/w`` clipped to [-1, 1]; it replaces `sign` before activations are binary."""
    return (x / window).clamp(-1, 1)


def weight_sign(latent: Tensor) -> Tensor:
    """Return the signs of latent weights; the gradient passes unchanged."""
    return _WeightSign.apply(latent)  # type: ignore[no-any-return]
