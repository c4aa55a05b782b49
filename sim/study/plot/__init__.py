# SPDX-License-Identifier: MIT
"""Figures for papers, drawn from the results of finished studies and comparisons."""
