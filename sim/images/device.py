# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The processor or GPU that PyTorch computes on."""

import torch

from sim.work.errors import UserError

__all__ = ["choose_device", "device_name", "environment"]


def choose_device(name: str) -> torch.device:
    """Return the device of that name, ``cpu`` or ``cuda``.

    Raises
    ------
    UserError
        If the name is another one, or PyTorch finds no such device.
    """
    if name not in ("cpu", "cuda"):
        raise UserError(f"--device must be cpu or cuda, not {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda needs a GPU that PyTorch can use, and PyTorch finds none")
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """Return the name of a device: ``cpu``, or the model name of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def environment(device: torch.device) -> dict[str, str]:
    """Return the version of PyTorch and the device, on which the bits of results depend."""
    return {"torch": torch.__version__, "device": device_name(device)}
