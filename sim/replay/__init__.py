# SPDX-License-Identifier: MIT
"""Sources of replayed samples, one module each, and their table by name."""

from importlib import import_module
from pkgutil import iter_modules

from sim.replay.base import Classifier, ReplayContext, ReplayParams, ReplaySource, SourceParams

__all__ = [
    "SOURCES",
    "Classifier",
    "ReplayContext",
    "ReplayParams",
    "ReplaySource",
    "SourceParams",
]


for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

#: Every source by name, in alphabetical order.
SOURCES: dict[str, type[ReplaySource]] = dict(sorted(ReplaySource.known.items()))
