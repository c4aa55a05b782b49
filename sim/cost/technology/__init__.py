# SPDX-License-Identifier: MIT
"""Energies, areas and leakages of a technology: tables of values with sources and bounds."""
