# SPDX-License-Identifier: MIT
"""BinPlay: pseudo-exemplars decoded from codes that follow from the index of a sample."""
