# SPDX-License-Identifier: MIT
"""What actions, memories and area take: tables of sourced figures, with their bounds."""
