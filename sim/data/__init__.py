# SPDX-License-Identifier: MIT
"""Images, embedding banks, class orders and tasks, networks, and what ships with engram."""
