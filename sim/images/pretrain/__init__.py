# SPDX-License-Identifier: MIT
"""Training of binary feature extractors: the one package that needs PyTorch (extra ``train``)."""
