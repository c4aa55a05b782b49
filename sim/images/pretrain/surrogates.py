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
``reste``            ``|u|^(1/o - 1) / o``        after Wu et al. (ReSTE), 2023
                     where ``|u| <= 1``
==================== ============================ ==================================

with the half-width ``w`` of the window. The derivative of ``reste`` is that of ``|u|^(1/o)`` with
the sign of ``u``, which comes nearer to the sign as the power ``o`` rises. Below ``|u| = 0.1`` it
is the slope of the line through 0, ``0.1^(1/o) / 0.1``. With the power 1 it is ``hard_window``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["SURROGATES", "Surrogate", "sign", "soft_sign", "weight_sign"]

#: |u| below which ``reste`` is a line: its derivative has a pole at 0.
_LINE = 0.1


def _hard_window(u: Tensor, _: float) -> Tensor:
    return (u.abs() <= 1).to(u.dtype)


def _piecewise_linear(u: Tensor, _: float) -> Tensor:
    return (1 - u.abs()).clamp_(min=0)


def _approx_sign(u: Tensor, _: float) -> Tensor:
    return (2 - 2 * u.abs()).clamp_(min=0)


def _reste(u: Tensor, power: float) -> Tensor:
    size, root = u.abs(), 1 / power
    curve = root * size.clamp(min=_LINE) ** (root - 1)
    return torch.where(size < _LINE, _LINE ** (root - 1), curve) * (size <= 1)


#: Derivatives by name, of ``u`` and a power, which ``reste`` alone has.
SURROGATES: dict[str, Callable[[Tensor, float], Tensor]] = {
    "approx_sign": _approx_sign,
    "hard_window": _hard_window,
    "piecewise_linear": _piecewise_linear,
    "reste": _reste,
}


def _bipolar(x: Tensor) -> Tensor:
    """Return +1 where x >= 0, else -1."""
    return (x >= 0).to(x.dtype).mul_(2).sub_(1)


class _Sign(torch.autograd.Function):
    """Sign whose derivative is a surrogate."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, x: Tensor, surrogate: str, window: float, power: float
    ) -> Tensor:
        ctx.save_for_backward(x)
        ctx.surrogate, ctx.window, ctx.power = surrogate, window, power
        return _bipolar(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        slope = SURROGATES[ctx.surrogate](x / ctx.window, ctx.power)
        return gradient * slope, None, None, None


class _WeightSign(torch.autograd.Function):
    """Sign that passes its gradient on unchanged."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # type: ignore[override]
        return _bipolar(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient


@dataclass
class Surrogate:
    """Sign of activations with a surrogate whose power can change while training goes on.

    Parameters
    ----------
    name : str
        One of `SURROGATES`.
    window : float
        w, half-width.
    power : float
        o, at least 1; ``reste`` alone has it.
    """

    name: str
    window: float
    power: float = 1.0

    def __call__(self, x: Tensor) -> Tensor:
        """Return the sign of activations, see `sign`."""
        return sign(x, self.name, self.window, self.power)


def sign(x: Tensor, surrogate: str, window: float = 1.0, power: float = 1.0) -> Tensor:
    """Return the sign of activations.

    Parameters
    ----------
    x : Tensor
        Sums of neurons, scaled to unit deviation.
    surrogate : str
        One of `SURROGATES`.
    window : float
        w, half-width.
    power : float
        o, at least 1; ``reste`` alone has it.

    Returns
    -------
    Tensor
        -1 and +1, of the type and shape of `x`.
    """
    return _Sign.apply(x, surrogate, window, power)  # type: ignore[no-any-return]


def soft_sign(x: Tensor, window: float = 1.0) -> Tensor:
    """Return ``x/w`` clipped to [-1, 1]; it replaces `sign` before activations are binary."""
    return (x / window).clamp(-1, 1)


def weight_sign(latent: Tensor) -> Tensor:
    """Return the signs of latent weights; the gradient passes unchanged."""
    return _WeightSign.apply(latent)  # type: ignore[no-any-return]
