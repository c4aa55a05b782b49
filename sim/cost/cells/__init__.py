# SPDX-License-Identifier: MIT
"""Standard cells: libraries read, their figures, and actions in cells."""
