# SPDX-License-Identifier: MIT
"""Images, embedding banks, class orders, tasks, networks, and the files shipped with engram."""
