# SPDX-License-Identifier: MIT
"""A comparison of methods at equal bits: the parameters of each are chosen within each budget."""
