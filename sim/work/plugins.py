# SPDX-License-Identifier: MIT
"""Code of others: Python files that a user names, and what installed packages offer.

A package offers an object as an entry point of one of the groups below. A file is named on the
command line. Whatever code decides the bits of a run counts as engram's own: `foreign_code` has a
digest of it for the keys of caches and the identity of unfinished work.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from typing import Any

from sim.work.errors import UserError
from sim.work.files import read_bytes
from sim.work.refusals import real_path

__all__ = [
    "REPLAY",
    "TECHNOLOGY",
    "Carrier",
    "Offer",
    "foreign_code",
    "foreign_versions",
    "load_files",
    "loaded_files",
    "offers",
]

#: Group of the entry points that name a `sim.replay.ReplaySource`.
REPLAY = "engram.replay"
#: Group of the entry points that name the path of a technology's YAML file.
TECHNOLOGY = "engram.technology"

_PREFIX = "engram_plugin_"  # of the names of modules, so that no file hides another module

#: Digest of every file that was loaded, by its absolute path.
_loaded: dict[Path, str] = {}


@dataclass(frozen=True)
class Offer:
    """An object that an installed package offers.

    Parameters
    ----------
    name : str
        Name of the entry point.
    described : str
        The entry point and its package, for messages.
    value : object
        What the entry point leads to.
    """

    name: str
    described: str
    value: Any


def offers(group: str) -> Iterator[Offer]:
    """Yield what installed packages offer in a group, by name.

    Raises
    ------
    UserError
        If an entry point cannot be loaded; the message names its package and the reason.
    """
    for point in _points(group):
        described = f"{point.group} {point.name} = {point.value} of {_package(point)}"
        try:
            value = point.load()
        except (Exception, SystemExit) as error:
            raise UserError(
                f"{described} cannot be loaded: {_reason(error)}: mend the package or uninstall it"
            ) from error
        yield Offer(point.name, described, value)


def load_files(paths: Iterable[Path]) -> None:
    """Run Python files as modules, each once in a process.

    Parameters
    ----------
    paths : iterable of Path
        Files that end in ``.py``.

    Raises
    ------
    UserError
        If a file cannot be read or its code fails; the message names file, line and reason.
    """
    for given in paths:
        if given.suffix != ".py":
            raise UserError(f"--plugin must be a Python file that ends in .py, not {given}")
        path = real_path(given)
        if path not in _loaded:
            _load(path)


def loaded_files() -> tuple[Path, ...]:
    """Return the absolute paths of all files that `load_files` has loaded."""
    return tuple(_loaded)


class Carrier:
    """An argument for a new process: whoever unpickles it loads the files that are loaded here.

    It must be the first argument, because later ones may be objects of the classes of these files.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return load_files, (loaded_files(),)


def foreign_code() -> dict[str, str]:
    """Return the SHA-256 of the code of others that may decide the bits of a run.

    Returns
    -------
    dict of str to str
        By the name of a package with methods, and of a loaded file.
    """
    packages = {_top(point): _package_digest(_top(point)) for point in _points(REPLAY)}
    return packages | {path.name: digest for path, digest in _loaded.items()}


def foreign_versions() -> dict[str, str]:
    """Return the version of each package with methods, and a digest of each loaded file."""
    packages = {
        point.dist.name: point.dist.version for point in _points(REPLAY) if point.dist is not None
    }
    return packages | {path.name: digest[:12] for path, digest in _loaded.items()}


def _points(group: str) -> list[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda point: (point.name, point.value))


def _package(point: EntryPoint) -> str:
    return f"package {point.dist.name} {point.dist.version}" if point.dist else "a package"


def _top(point: EntryPoint) -> str:
    return point.module.partition(".")[0]


def _package_digest(name: str) -> str:
    """Return the SHA-256 of the Python files of a package or module, which is not imported."""
    spec = find_spec(name)
    folders = [Path(f) for f in (spec.submodule_search_locations or ())] if spec else []
    files: Mapping[str, Path] = {
        str(path.relative_to(folder)): path for folder in folders for path in folder.rglob("*.py")
    }
    if spec and not folders and spec.origin:
        files = {Path(spec.origin).name: Path(spec.origin)}
    sha = hashlib.sha256()
    for place in sorted(files):
        content = read_bytes(files[place])
        sha.update(f"{place} {len(content)}\n".encode())
        sha.update(content)
    return sha.hexdigest()


def _load(path: Path) -> None:
    name = _PREFIX + path.stem
    if name in sys.modules:
        raise UserError(
            f"--plugin {path} has the name of {sys.modules[name].__file__}, which is loaded "
            "already: rename one of them"
        )
    content = read_bytes(path)
    spec = spec_from_file_location(name, path)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        # Not by the loader: the code that runs is that of the digest, whoever writes the file now.
        exec(compile(content, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UserError(f"--plugin {_place(path, error)}: {_reason(error)}") from error
    _loaded[path] = hashlib.sha256(content).hexdigest()


def _place(path: Path, error: BaseException) -> str:
    """Return the file and the last line of it that led to an error, as far as it is known."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}:{error.lineno}"
    lines = [
        frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _reason(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
