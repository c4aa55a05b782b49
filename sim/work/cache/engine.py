# SPDX-License-Identifier: MIT
"""Inputs of a computation's bits other than its arguments: code, libraries and processor."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from sim.work.plugins import foreign_code, foreign_versions

__all__ = ["code_digest", "code_files", "engine"]

_ROOT = Path(__file__).parents[3]
# The wings that a run uses; the wings above them price, draw and search.
_CODE = (
    "golden/**/*.py",
    "sim/__init__.py",
    "sim/work/**/*.py",
    "sim/documents/*.py",
    "sim/measure/*.py",
    "sim/data/**/*.py",
    "sim/learn/*.py",
    "sim/replay/*.py",
    "sim/study/*.py",
)
_LIBRARIES = ("numpy", "numba", "llvmlite", "scikit-learn", "scipy")


@cache
def engine() -> dict[str, Any]:
    """Return the versions of code and libraries, and the features of the processor.

    Training sums in floating point. The linear algebra library chooses the order of the sums for
    the processor, so machines of different kinds may share a cache but not its entries. The result
    is computed once in a process: a process that runs old code never uses the digest of new code.
    """
    described: Any = np.show_config(mode="dicts")
    blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {
        "engram": version("engram"),
        "code": code_digest(),
        "libraries": {name: version(name) for name in _LIBRARIES} | foreign_versions(),
        "blas": sorted({f"{p['internal_api']} {p.get('architecture')}" for p in blas}),
        "processor": described.get("SIMD Extensions", {}).get("found", []),
    }


def code_digest(*more: str) -> str:
    """Return the SHA-256 of the modules that a run uses and of the files that match `more`.

    Methods of others are among these modules.
    """
    sha = hashlib.sha256()
    for path in code_files(*more):
        sha.update(f"{path.relative_to(_ROOT)} {path.stat().st_size}\n".encode())
        sha.update(path.read_bytes())
    for name, digest in sorted(foreign_code().items()):
        sha.update(f"{name} {digest}\n".encode())
    return sha.hexdigest()


def code_files(*more: str) -> list[Path]:
    """Return the modules that a run uses and the files that match `more`, each once."""
    return sorted({path for pattern in (*_CODE, *more) for path in _ROOT.glob(pattern)})
