# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""A `state_dict` of PyTorch as arrays, read without running any code of its file."""

import pickle
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from sim.work.errors import UserError
from sim.work.files import find_file, read_bytes

__all__ = ["read_state_dict"]


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file that ``torch.save(model.state_dict(), path)`` wrote.

    Parameters
    ----------
    path : Path
        The file. It may hold the `state_dict` under the key ``state_dict`` or ``model``.

    Raises
    ------
    UserError
        If it cannot be read, or holds anything but tensors, such as a whole module.
    """
    if find_file([path]) is None:
        read_bytes(path)  # says why
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (EOFError, OSError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise UserError(
            f"{path} must be a state_dict of PyTorch, as torch.save(model.state_dict(), ...) "
            "writes it: no code of a file is run, and it holds more than tensors or is damaged"
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not content:
        raise UserError(f"{path} must hold a state_dict, not {type(content).__name__}")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise UserError(f"{path}: {name} must be a tensor, not {type(value).__name__}")
    return {name: tensor.detach().cpu().double().numpy() for name, tensor in content.items()}
