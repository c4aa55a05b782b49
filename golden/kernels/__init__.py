# SPDX-License-Identifier: MIT
"""Compiled twins of the slow loops: the same bits for any shape, thread count and chunking."""

from golden.kernels.sampling import draw

__all__ = ["draw"]
