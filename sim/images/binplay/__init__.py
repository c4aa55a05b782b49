# SPDX-License-Identifier: MIT
"""BinPlay: a decoder makes pseudo-exemplars from codes; a sample's index determines its code."""
