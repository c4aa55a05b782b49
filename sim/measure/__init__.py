# SPDX-License-Identifier: MIT
"""What is measured: bits that survive between tasks, and accuracies."""
