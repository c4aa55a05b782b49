# SPDX-License-Identifier: MIT
"""Measures of a method: bits that it keeps between tasks, and accuracies."""
