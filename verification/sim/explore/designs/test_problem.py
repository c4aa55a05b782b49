# SPDX-License-Identifier: MIT
"""The identity of an exploration: the code that decides what a design is and what it is worth."""

import subprocess
import sys
from pathlib import Path

from sim.explore.designs.problem import _CODE
from sim.work.cache.engine import code_files

ROOT = Path(__file__).parents[4]
# These decide which designs are tried, where trials are kept and what is shown, not their values.
BESIDE = ("sim/explore/search", "sim/explore/storage", "sim/report", "sim/explore/__init__.py")


def test_code_of_an_exploration_is_every_module_that_decides_values() -> None:
    # An interpreter of its own: this one has loaded what no exploration needs.
    check = (
        "import sys, sim.explore.designs.problem\n"
        "for module in list(sys.modules.values()): print(getattr(module, '__file__', None))"
    )
    told = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = {Path(line) for line in told.stdout.splitlines()}
    ours = {path for path in loaded if path.is_relative_to(ROOT) and ".venv" not in path.parts}
    beside = {path for path in ours if any(path.is_relative_to(ROOT / part) for part in BESIDE)}
    assert len(ours) > 100
    assert ours - beside - set(code_files(*_CODE)) == set()
