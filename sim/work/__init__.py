# SPDX-License-Identifier: MIT
"""What every long command stands on: files, checkpoints, cache, processes and bars."""
