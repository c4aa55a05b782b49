# SPDX-License-Identifier: MIT
"""All methods at equal bits: parameters chosen within each budget, then one table of all."""
