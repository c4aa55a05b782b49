# SPDX-License-Identifier: MIT
"""Foundations of every long command: files, checkpoints, cache, processes and progress bars."""
