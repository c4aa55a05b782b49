# SPDX-License-Identifier: MIT
"""What every report needs, whatever it is of: Markdown, JSON, figures as bytes, spreads."""
