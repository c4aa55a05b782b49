# SPDX-License-Identifier: MIT
"""engram from Python: the names that users want most; and the start of the command line.

A name is imported when it is first asked for, so that ``import engram`` takes no time. Everything
else is in the packages `golden`, `rtl` and `sim`.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from golden.bernoulli import encode
    from golden.bits import pack, unpack
    from golden.network import Network
    from golden.params import PrototypesParams, SamplerParams
    from golden.sampler import Sampler
    from golden.selector import cumulative_thresholds
    from sim.learn.mixture import BernoulliMixture
    from sim.measure.ledger import Ledger
    from sim.replay import Classifier, ReplaySource
    from sim.study.config import load_config
    from sim.study.results import load_results
    from sim.work.errors import UserError

    __version__: str

__all__ = [
    "BernoulliMixture",
    "Classifier",
    "Ledger",
    "Network",
    "PrototypesParams",
    "ReplaySource",
    "Sampler",
    "SamplerParams",
    "UserError",
    "__version__",
    "cumulative_thresholds",
    "encode",
    "load_config",
    "load_results",
    "main",
    "pack",
    "unpack",
]

#: Module of each name.
_HOMES = {
    "BernoulliMixture": "sim.learn.mixture",
    "Classifier": "sim.replay",
    "Ledger": "sim.measure.ledger",
    "Network": "golden.network",
    "PrototypesParams": "golden.params",
    "ReplaySource": "sim.replay",
    "Sampler": "golden.sampler",
    "SamplerParams": "golden.params",
    "UserError": "sim.work.errors",
    "cumulative_thresholds": "golden.selector",
    "encode": "golden.bernoulli",
    "load_config": "sim.study.config",
    "load_results": "sim.study.results",
    "pack": "golden.bits",
    "unpack": "golden.bits",
}

_HOME = Path(__file__).resolve().parent
_PACKAGES = ("golden", "rtl", "sim")


def __getattr__(name: str) -> Any:
    """Return a name of engram, imported now; see PEP 562."""
    if name == "__version__":
        return version("engram")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__


def main() -> None:
    """Run `engram`; end with status 2 where another package has the name of one of engram's."""
    for name in _PACKAGES:
        found = _place_of(name)
        if found != _HOME / name:
            sys.stderr.write(
                f"engram: package {name} must be the one in {_HOME / name}, but Python finds "
                f"{found}: take that folder out of PYTHONPATH, or rename the package\n"
            )
            sys.exit(2)
    try:
        from sim.cli import main as command_line
    except MemoryError:
        sys.stderr.write("engram: not enough memory to start\n")
        sys.exit(2)
    command_line()


def _place_of(name: str) -> Path | None:
    """Return the file or folder that an import of a package takes."""
    spec = find_spec(name)
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or ())
    return Path(folders[0] if folders else spec.origin or name).resolve()


if __name__ == "__main__":
    main()
