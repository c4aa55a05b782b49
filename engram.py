# SPDX-License-Identifier: MIT
"""Start of the command line, with a check that Python takes engram's packages from one place."""

import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["main"]

_HOME = Path(__file__).resolve().parent
_PACKAGES = ("golden", "rtl", "sim")


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
