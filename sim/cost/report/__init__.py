# SPDX-License-Identifier: MIT
"""The report of a price: Markdown, pictures, terminal, and files for programs."""
