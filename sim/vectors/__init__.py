# SPDX-License-Identifier: MIT
"""Test vectors: stimulus and expected words of the blocks, from the golden model alone."""
