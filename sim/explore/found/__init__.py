# SPDX-License-Identifier: MIT
"""Results of an exploration: front, recommended designs, sensitivities and report."""
