# SPDX-License-Identifier: MIT
"""What actions, memories and area take: tables of sourced values, with their bounds."""
