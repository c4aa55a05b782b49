# SPDX-License-Identifier: MIT
"""Compiled twins of the slow loops. They give the same bits for any shape, threads and chunks."""

from golden.kernels.gemm import xnor_gemm
from golden.kernels.infer import head_logits, infer
from golden.kernels.sampler import draw

__all__ = ["draw", "head_logits", "infer", "xnor_gemm"]
