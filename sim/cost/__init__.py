# SPDX-License-Identifier: MIT
"""What a chip costs: counts of what it does, times tables of what that takes."""
