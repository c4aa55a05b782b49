# SPDX-License-Identifier: MIT
"""Inputs that decide the results of long work, so that it resumes only with the same inputs."""

from importlib.metadata import version

__all__ = ["identity"]


def identity(configuration: str, data: str, **more: str) -> dict[str, str]:
    """Return the inputs that decide the results of a piece of work, under the names for messages.

    Parameters
    ----------
    configuration, data : str
        Digests of the configuration and of the data.
    more : str
        Further inputs that decide the results, such as the device and its computing library.
    """
    return {"version": version("engram"), "configuration": configuration, "data": data, **more}
