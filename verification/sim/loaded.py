# SPDX-License-Identifier: MIT
"""Which modules of the project an import loads."""

import subprocess
import sys
from pathlib import Path

__all__ = ["ROOT", "loaded_by"]

ROOT = Path(__file__).parents[2]


def loaded_by(*modules: str) -> set[Path]:
    """Return the files of the project that are loaded once some modules are imported.

    An interpreter of its own imports them: the present one has loaded much that they do not need.
    """
    check = (
        f"import sys, {', '.join(modules)}\n"
        "for module in list(sys.modules.values()): print(getattr(module, '__file__', None))"
    )
    told = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = {Path(line) for line in told.stdout.splitlines()}
    return {path for path in loaded if path.is_relative_to(ROOT) and ".venv" not in path.parts}
