# SPDX-License-Identifier: MIT
"""Standard cells: readers of libraries, values of cells, and energies of actions from cells."""
