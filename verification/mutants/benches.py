# SPDX-License-Identifier: MIT
"""Tests that try a module of `rtl/`: benches, then counts and proofs."""

from pathlib import Path

from verification.house import imported_names
from verification.mutants.reach import ROOT

__all__ = ["ALSO", "PARTS", "benches_of", "others_of"]

#: Files that hold a part of blocks, and the block whose bench is theirs, too.
PARTS = {
    "adder_tree": "prototype_classifier",
    "affine": "cwr",
    "axi_lite_master": "serial_bridge",
    "class_slots": "class_counter",
    "core_packets": "core",
    "core_units": "core_draws",
    "core_values": "core_draws",
    "cwr_control": "cwr",
    "head_rows": "head_trainer",
    "headers": "dispatch",
    "hidden_walk": "hidden_trainer",
    "lanes": "gather",
    "low_rank_control": "low_rank",
    "low_rank_sums": "low_rank",
    "network_blocks": "network",
    "online_mixture_close": "online_mixture",
    "online_mixture_control": "online_mixture",
    "secded": "protected_memory",
    "trainer_control": "trainer",
    "trainer_errors": "trainer",
    "trainer_hidden": "hidden_trainer",
    "trainer_lanes": "trainer",
}
#: Files with hardware that only another block builds: its bench tries them after their own.
ALSO: dict[str, str] = {
    "affine": "trainer",
    "axi_lite_master": "system_bridge",
    "hidden_layer": "hidden_trainer",
    "lanes": "hidden_layer",
    "trainer": "hidden_trainer",
    "trainer_control": "hidden_trainer",
    "trainer_errors": "hidden_trainer",
    "trainer_lanes": "hidden_trainer",
}


def benches_of(module: str) -> list[Path]:
    """Return the benches of a block or of its part, such as there are, its own first."""
    blocks = [PARTS.get(module, module), *([ALSO[module]] if module in ALSO else [])]
    paths = (ROOT / "verification" / "rtl" / f"test_{block}.py" for block in blocks)
    return [path for path in paths if path.exists()]


def others_of(module: str) -> list[Path]:
    """Return the counts and the proofs that import a block."""
    tests, prefix = ROOT / "verification", f"rtl.{module}."
    counts, proofs = tests.glob("rtl/test_counts_*.py"), tests.glob("proofs/test_*.py")
    return [
        path
        for path in (*sorted(counts), *sorted(proofs))
        if any(name.startswith(prefix) for name in imported_names(path.read_text()))
    ]
