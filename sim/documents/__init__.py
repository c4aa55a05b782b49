# SPDX-License-Identifier: MIT
"""YAML documents: the line of every key, overrides, schemas and error messages."""
