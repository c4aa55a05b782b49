# SPDX-License-Identifier: MIT
"""The identity of an exploration: the code that decides what a design is and what it is worth."""

from sim.explore.designs.problem import _CODE
from sim.work.cache.engine import code_files
from verification.sim.loaded import ROOT, loaded_by

# These decide which designs are tried, where trials are kept and what is shown, not their values.
BESIDE = ("sim/explore/search", "sim/explore/storage", "sim/report", "sim/explore/__init__.py")


def test_code_of_an_exploration_is_every_module_that_decides_values() -> None:
    ours = loaded_by("sim.explore.designs.problem")
    beside = {path for path in ours if any(path.is_relative_to(ROOT / part) for part in BESIDE)}
    assert len(ours) > 100
    assert ours - beside - set(code_files(*_CODE)) == set()
