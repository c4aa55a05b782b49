# SPDX-License-Identifier: MIT
"""Runs of the chip: a script, to its end, on a simulator, with a small network."""

from functools import cache
from typing import Any

from golden.params import ChipParams
from rtl.chip import Chip
from rtl.verilog import convert
from verification.rtl.chip_coverage import cover_run, noted
from verification.rtl.chip_script import Script
from verification.rtl.coverage import cover, record
from verification.rtl.engine import BenchError
from verification.rtl.simulators import run_module

__all__ = ["NETWORK", "run_script"]

NETWORK: dict[str, Any] = {
    "head": {"classes": 5, "hidden": 6},
    "input": {"bits": 7, "channels": 3, "height": 6, "width": 6},
    "layers": [
        {"kind": "thermometer", "levels": 4},
        {"kind": "conv", "groups": 1, "kernel": 3, "outputs": 12, "padding": "same",
         "shuffle": False, "thresholds": True},
        {"kind": "pool", "size": 2},
        {"kind": "dense", "outputs": 20, "thresholds": True},
    ],
}  # fmt: skip


@cache
def _text(chip: ChipParams) -> str:
    return convert(Chip(chip), "chip")


def run_script(
    simulator: str,
    name: str,
    host: Script,
    pauses: float = 0.0,
    seed: int = 0,
    patience: int | None = None,
) -> dict[str, Any]:
    """Run a script to its end, after which nothing more may come.

    Parameters
    ----------
    simulator : str
    name : str
        Name of the chip in the report of the benches.
    host : Script
    pauses : float
        Chance a cycle that a channel pauses.
    seed : int
        Of the pauses.
    patience : int, optional
        Cycles that an operation may take, where the usual ones are too few.

    Returns
    -------
    dict
        What the run left, as `verification.rtl.cocotb_chip` writes it.
    """
    host.do("nothing")
    host.note("output_stalls")
    case = {"script": host.operations, "pauses": pauses, "seed": seed}
    if patience is not None:
        case["patience"] = patience
    result = run_module(_text(host.chip), "chip", "verification.rtl.cocotb_chip", case, simulator)
    if "error" in result:
        raise BenchError(result["error"])
    count = {"cycles": result["cycles"], "transfers": result["packets"]}
    record("chip", simulator, name, **count, stalls=noted(result, "output_stalls")[-1])
    cover("chip: request drawn with a basis", host.correlated)
    cover_run(host.operations, host.chip, result)
    return result
