# SPDX-License-Identifier: MIT
"""Training of binary feature extractors; needs PyTorch (extra ``train``)."""
