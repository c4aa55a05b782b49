# SPDX-License-Identifier: MIT
"""The values of designs: their costs, and the accuracies of their runs."""
