# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Conversion of a PyTorch module's weights to arrays and back."""

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["load_weights", "weights_of"]


def weights_of(model: nn.Module) -> dict[str, NDArray[Any]]:
    """Return all weights and statistics of a module as arrays."""
    return {name: tensor.cpu().numpy() for name, tensor in model.state_dict().items()}


def load_weights(model: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Load the weights and statistics that `weights_of` returned."""
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
