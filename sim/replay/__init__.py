# SPDX-License-Identifier: MIT
"""Sources of replayed samples, one module each, those of other packages, and their table by name.

A package offers its source as an entry point of the group ``engram.replay``.
"""

from importlib import import_module
from pkgutil import iter_modules

from sim.replay.base import Classifier, ReplayContext, ReplayParams, ReplaySource, SourceParams
from sim.replay.sources import Sources

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
#: Every source by name.
SOURCES = Sources()
