# SPDX-License-Identifier: MIT
"""Storages of trials: SQLite, a journal file, or PostgreSQL."""
