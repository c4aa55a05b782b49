# SPDX-License-Identifier: MIT
"""Which files of this project a test stands on, and which of them stand on a module."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from verification.house import imported_names

__all__ = ["ROOT", "built_on", "module_name", "reached_from"]

ROOT = Path(__file__).parents[2]
DECIDE = ("rtl", "golden", "verification")  # the packages whose files decide what a bench says
ALL = (*DECIDE, "sim")


def reached_from(paths: Iterable[Path], packages: tuple[str, ...] = DECIDE) -> set[Path]:
    """Return files of this project: these, and those of some packages that they import.

    Packages count with their `__init__`, which is run on the way.

    Parameters
    ----------
    paths : iterable of Path
    packages : tuple of str
        Those that are followed; hardware, golden model and benches unless said otherwise.
    """
    reached, left = set[Path](), list(paths)
    while left:
        path = left.pop()
        if path not in reached:
            reached.add(path)
            left += _imports(path, packages)
    return reached


def built_on(targets: set[Path], paths: Iterable[Path]) -> set[Path]:
    """Return which of some files, and of all that they import, reach one of the targets."""
    reached = reached_from(paths, ALL)
    found = targets & reached
    while more := {p for p in reached - found if not found.isdisjoint(_imports(p, ALL))}:
        found |= more
    return found


def module_name(path: Path) -> str:
    """Return the dotted name of a file of this project."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def _imports(path: Path, packages: tuple[str, ...]) -> frozenset[Path]:
    found = set[Path]()
    for name in imported_names(path.read_text()):
        parts = name.split(".")
        if parts[0] in packages:
            stems = [ROOT.joinpath(*parts[:n]) for n in range(1, len(parts) + 1)]
            files = [*(stem.with_suffix(".py") for stem in stems)]
            files += [stem / "__init__.py" for stem in stems]
            found.update(file for file in files if file.exists())
    return frozenset(found)
