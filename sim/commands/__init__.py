# SPDX-License-Identifier: MIT
"""The work of each command, from its arguments to its report; one file for each command."""
