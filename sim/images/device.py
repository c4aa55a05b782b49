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
        If PyTorch finds no such device.
    """
    if name not in ("cpu", "cuda"):
        raise UserError(f"--device must be cpu or cuda, not {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda needs a GPU that PyTorch can use, and it finds none")
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """Return what a device is called: ``cpu``, or the GPU's own name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def environment(device: torch.device) -> dict[str, str]:
    """Return what decides results beside configuration and data: PyTorch, and the device."""
    return {"torch": torch.__version__, "device": device_name(device)}
