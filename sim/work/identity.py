# SPDX-License-Identifier: MIT
"""What decides the results of long work, so that it goes on only where it began with the same."""

from importlib.metadata import version

__all__ = ["identity"]


def identity(configuration: str, data: str, **more: str) -> dict[str, str]:
    """Return what decides the results of a piece of work, by the names that messages use.

    Parameters
    ----------
    configuration, data : str
        Digests of both.
    more : str
        What else decides them, as the device and the library that compute on it.
    """
    return {"version": version("engram"), "configuration": configuration, "data": data, **more}
