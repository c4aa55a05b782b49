# SPDX-License-Identifier: MIT
"""What an exploration found: the front, the recommended designs, sensitivities, the report."""
