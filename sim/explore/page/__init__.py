# SPDX-License-Identifier: MIT
"""An exploration as one self-contained page of HTML."""
