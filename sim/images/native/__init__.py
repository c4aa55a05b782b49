# SPDX-License-Identifier: MIT
"""Class-incremental learning in image space: tasks also train the feature extractor (PyTorch)."""
