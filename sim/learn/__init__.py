# SPDX-License-Identifier: MIT
"""All that is fitted in NumPy: the head, mixtures, expansions, codes, decoders."""
