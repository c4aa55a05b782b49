# SPDX-License-Identifier: MIT
"""Learning from images; every module needs PyTorch (extra ``train``)."""
