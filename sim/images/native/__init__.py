# SPDX-License-Identifier: MIT
"""Class-incremental learning in image space, the feature extractor being trained on (PyTorch)."""
