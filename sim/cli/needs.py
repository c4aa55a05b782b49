# SPDX-License-Identifier: MIT
"""Packages of extras without which a command cannot begin."""

from collections.abc import Sequence
from importlib.util import find_spec

from sim.work.errors import UserError

__all__ = ["need_onnx", "need_torch"]


def need_torch(command: str) -> None:
    """Refuse a command if PyTorch is not installed.

    Raises
    ------
    UserError
        If it is not.
    """
    _need(command, ("torch",), "PyTorch", "train")


def need_onnx(command: str) -> None:
    """Refuse a command if a package of the extra `onnx` is not installed.

    Raises
    ------
    UserError
        If one is not.
    """
    _need(command, ("onnx", "onnxruntime", "qonnx"), "ONNX", "onnx")


def _need(command: str, packages: Sequence[str], what: str, extra: str) -> None:
    if any(find_spec(name) is None for name in packages):
        raise UserError(
            f"engram {command} needs {what}: pip install -e '.[{extra}]' in the project's folder"
        )
