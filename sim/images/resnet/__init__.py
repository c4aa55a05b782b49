# SPDX-License-Identifier: MIT
"""Real-valued residual networks whose embeddings become bits; needs PyTorch (extra ``train``)."""
