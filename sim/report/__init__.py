# SPDX-License-Identifier: MIT
"""Parts that all reports share: Markdown, JSON, figures as bytes, means with their spread."""
