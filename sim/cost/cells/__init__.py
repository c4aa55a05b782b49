# SPDX-License-Identifier: MIT
"""Standard cells: libraries read, their values, and actions in cells."""
