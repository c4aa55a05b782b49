# SPDX-License-Identifier: MIT
"""Models trained or fitted in NumPy: heads, mixtures, expansions, codes, decoders."""
