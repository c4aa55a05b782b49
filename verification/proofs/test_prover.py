# SPDX-License-Identifier: MIT
"""What passed is kept by its netlist, and nothing else passes without the solver."""

import subprocess
from pathlib import Path
from typing import NoReturn

import pytest
from amaranth.hdl import Assert, Module, Signal

from verification.proofs import prover
from verification.proofs.prover import ProofError, prove


def sums(unequal_to: int) -> tuple[Module, Signal]:
    """Return a module that states which double no number of four bits has."""
    m, number = Module(), Signal(4)
    m.d.comb += Assert(number + number != unequal_to)
    return m, number


def test_what_passed_is_kept_and_what_failed_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prover, "PASSED", tmp_path / "passed")
    for unequal_to, passes in ((7, True), (8, False)):
        module, number = sums(unequal_to)
        if passes:
            prove(module, [number])
        else:
            with pytest.raises(ProofError, match=r"^FAIL"):
                prove(module, [number])

    def started(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the solver was started")

    monkeypatch.setattr(subprocess, "run", started)
    module, number = sums(7)  # made in another line than the first time
    prove(module, [number])
    for unequal_to, options in ((8, {}), (9, {}), (7, {"depth": 3}), (7, {"mode": "bmc"})):
        module, number = sums(unequal_to)
        with pytest.raises(AssertionError, match="the solver was started"):
            prove(module, [number], **options)
