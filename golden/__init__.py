# SPDX-License-Identifier: MIT
"""The bit-exact model of the chip, written from ``docs/contract.md``. It decides every bit."""
