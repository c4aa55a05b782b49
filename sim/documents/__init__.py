# SPDX-License-Identifier: MIT
"""YAML with the line of every key, overrides, schemas and messages."""
