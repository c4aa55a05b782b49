# SPDX-License-Identifier: MIT
"""Packages of extras that some tests need: without them, these tests skip."""

import pytest

__all__ = ["skip_without_onnx"]


def skip_without_onnx() -> None:
    """Skip the module or the test that calls this where a package of the extra `onnx` is absent."""
    for package in ("onnx", "onnxruntime", "qonnx"):
        pytest.importorskip(package, reason="ONNX (extra `onnx`) is not installed")
