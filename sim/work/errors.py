# SPDX-License-Identifier: MIT
"""The one exception that a user of the study bench is meant to see."""

__all__ = ["UserError"]


class UserError(Exception):
    """Bad input or environment.

    Its text is one clear message that names what is wrong and where (key and line, or path); the
    command line prints it without a traceback and exits with status 2.
    """
