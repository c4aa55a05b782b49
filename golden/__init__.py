# SPDX-License-Identifier: MIT
"""What every bit must be: the bit-exact model of the chip, written from ``docs/contract.md``."""
