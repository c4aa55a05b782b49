# SPDX-License-Identifier: MIT
"""What each command does, from its arguments to its report: a file a command."""
