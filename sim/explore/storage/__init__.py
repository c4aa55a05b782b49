# SPDX-License-Identifier: MIT
"""Where trials are kept: SQLite, a journal file, or PostgreSQL."""
