# SPDX-License-Identifier: MIT
"""An exploration as one page of HTML that needs nothing but itself."""
