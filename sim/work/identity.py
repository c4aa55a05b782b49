# SPDX-License-Identifier: MIT
"""Inputs that decide the results of long work, so that it resumes only with the same inputs."""

import json
from importlib.metadata import version

from sim.work.plugins import foreign_code

__all__ = ["identity"]


def identity(configuration: str, data: str, **more: str) -> dict[str, str]:
    """Return the inputs that decide the results of a piece of work, under the names for messages.

    Where there are methods of others, the digests of their code are among them.

    Parameters
    ----------
    configuration, data : str
        Digests of the configuration and of the data.
    more : str
        Further inputs that decide the results, such as the device and its computing library.
    """
    foreign = foreign_code()
    plugins = {"plugins": json.dumps(foreign, sort_keys=True)} if foreign else {}
    return {
        "version": version("engram"),
        "configuration": configuration,
        "data": data,
        **plugins,
        **more,
    }
