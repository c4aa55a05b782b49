# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The processor or GPU that PyTorch computes on."""

from typing import TypeVar

import torch

from sim.documents.section import Section
from sim.work.errors import UserError

__all__ = ["choose_device", "device_name", "environment", "with_precision"]

S = TypeVar("S", bound=Section)

#: Instructions of processors that multiply bfloat16; without them PyTorch emulates it, 2.6 times
#: slower than float32.
_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")


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


def with_precision(section: S, device: torch.device) -> S:
    """Return a configuration with the arithmetic of a device wherever it says ``auto``.

    Training is fastest in bfloat16 on a device that has it, and in float32 on all others.

    Parameters
    ----------
    section : Section
        Each `precision` in it, at any depth, is ``auto``, ``bfloat16`` or ``float32``.
    device : torch.device
    """
    changed: dict[str, object] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            changed[name] = with_precision(value, device)
        elif name == "precision" and value == "auto":
            changed[name] = "bfloat16" if _has_bfloat16(device) else "float32"
    return section.model_copy(update=changed)


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in _BFLOAT16)
