# SPDX-License-Identifier: MIT
"""Gates as arrays, their levels cycle by cycle, and glitches of known number by hand."""

import json
from pathlib import Path

import pytest

from rtl.catalogue import BLOCKS
from rtl.emit import Design
from rtl.mvu import tile_layout
from sim.data.embed import read_network
from sim.data.samples import read_samples
from sim.data.shipped import shipped_file
from sim.hardware.mapping import map_cells, map_netlist
from verification.bench.activity_works import SHIPPED, drawn_work, pictures_work, sampler_work
from verification.bench.circuit import Circuit, read_circuit
from verification.bench.gate_kernels import LONGEST
from verification.bench.gate_run import GateRun, run_gates
from verification.rtl.engine import BenchError, Step
from verification.rtl.simulators import streams_of
from verification.rtl.test_mvu import TAG
from verification.rtl.toggles import Activity, Group, Switching, measure


def cell(kind: str, output: str = "Y", **pins: int | str) -> dict:
    directions = {pin: "output" if pin == output else "input" for pin in pins}
    connections = {pin: [net] for pin, net in pins.items()}
    return {"type": kind, "port_directions": directions, "connections": connections}


def flop(d: int | str, q: int) -> dict:
    return cell("$_DFF_P_", "Q", D=d, C=2, Q=q)


def content(ports: dict[str, tuple[str, list[int]]], cells: dict[str, dict]) -> str:
    """Return a module of nets 2 to 19, of which 2 is the clock."""
    told = {name: {"direction": way, "bits": bits} for name, (way, bits) in ports.items()}
    module = {
        "ports": {"clk": {"direction": "input", "bits": [2]}, **told},
        "cells": cells,
        "netnames": {"all": {"bits": list(range(2, 20))}},
    }
    return json.dumps({"modules": {"top": module}})


#: ``y = a ^ ~~a``: always 0 once it is settled, and a pulse of two steps after every edge of a.
PULSE = content(
    {"a": ("input", [3]), "y": ("output", [6])},
    {
        "flip": cell("$_NOT_", A=3, Y=4),
        "late": cell("$_XOR_", A=3, B=5, Y=6),
        "back": cell("$_NOT_", A=4, Y=5),
    },
)


def run(circuit: Circuit, a: list[int]) -> GateRun:
    """Hold `a` at one level after another, a cycle each, from the second on counted."""
    steps = [Step(pins={"a": level}, cycles=1) for level in a]
    return run_gates(circuit, [], steps[:1], steps[1:])


def changes(activity: Activity) -> dict[str, int]:
    return {group.kind: switching.outputs for group, switching in activity.groups.items()}


def test_gates_stand_after_those_that_drive_them() -> None:
    circuit = read_circuit("top", PULSE, None)
    assert [group.kind for group in circuit.gates.groups] == ["$_NOT_", "$_NOT_", "$_XOR_"]
    assert circuit.gates.outputs.tolist() == [4, 5, 6]
    assert circuit.sources.tolist() == [3]
    assert circuit.gates.tables.tolist() == [0b01, 0b01, 0b0110]


def test_a_pulse_counts_with_delays_alone() -> None:
    ran = run(read_circuit("top", PULSE, None), [0, 1, 0, 0, 1])
    assert ran.cycles == 4
    assert changes(ran.settled) == {"$_NOT_": 2 * 3, "$_XOR_": 0}
    # `a` has three edges; two steps after each the inverters follow, and the pulse ends.
    assert changes(ran.delayed()) == {"$_NOT_": 2 * 3, "$_XOR_": 2 * 3}
    # Pins: the inverters' are `a` and the first inverter, those of the XOR `a` and the second.
    assert ran.delayed().groups[Group("", "$_XOR_")] == Switching(gates=1, outputs=6, inputs=6)


@pytest.mark.parametrize(("xor", "passes"), [(1, True), (2, True), (3, False), (LONGEST, False)])
def test_a_pulse_shorter_than_the_delay_does_not_pass(xor: int, passes: bool) -> None:
    ran = run(read_circuit("top", PULSE, None), [0, 1, 0])
    found = ran.delayed({"$_NOT_": 1, "$_XOR_": xor})
    assert changes(found) == {"$_NOT_": 2 * 2, "$_XOR_": 2 * 2 if passes else 0}


def test_a_chain_of_glitches_is_counted_by_hand() -> None:
    """``a`` falls and rises under ``a ^ ~~a`` and an AND of it with ``a``: the AND sees a = 1."""
    cells = json.loads(PULSE)["modules"]["top"]["cells"]
    both = {**cells, "and": cell("$_AND_", A=6, B=3, Y=7)}
    text = content({"a": ("input", [3]), "y": ("output", [7])}, both)
    ran = run(read_circuit("top", text, None), [0, 1, 0])
    # After the rise the pulse passes the AND. After the fall `a` is 0 before the pulse comes.
    assert changes(ran.delayed()) == {"$_NOT_": 4, "$_XOR_": 4, "$_AND_": 2}
    assert changes(ran.settled) == {"$_NOT_": 4, "$_XOR_": 0, "$_AND_": 0}


def test_delays_out_of_range_are_refused() -> None:
    ran = run(read_circuit("top", PULSE, None), [0, 1])
    with pytest.raises(ValueError, match="must be 1 to 63 steps, not 1 to 64"):
        ran.delayed({"$_NOT_": 1, "$_XOR_": 64})
    with pytest.raises(ValueError, match="not 0 to 1"):
        ran.delayed({"$_NOT_": 1, "$_XOR_": 0})


def test_what_does_not_fit_is_named() -> None:
    ports = {"a": ("input", [3])}
    circle = {"x": cell("$_NOT_", A=4, Y=5), "y": cell("$_NOT_", A=5, Y=4)}
    for cells, message in (
        ({"x": cell("MYSTERY", A=3, Y=4)}, "MYSTERY must have one output with a known function"),
        ({"x": cell("$_NOT_", A=3, Y=4, EN=5)}, "_NOT_ must have EN tied, which its function"),
        (circle, r"in a circle, as \$_NOT_, \$_NOT_"),
    ):
        with pytest.raises(ValueError, match=message):
            read_circuit("top", content(ports, cells), None)


def test_a_counter_is_driven_by_the_engine_of_all_benches() -> None:
    """Two bits that count to three and over while `a`, in the cycle of the reset, too."""
    cells = {
        "low": cell("$_XOR_", A=3, B=4, Y=6),
        "carry": cell("$_AND_", A=3, B=4, Y=7),
        "high": cell("$_XOR_", A=7, B=5, Y=8),
        "\\part.n": flop(6, 4),
        "\\part.m": flop(8, 5),
    }
    circuit = read_circuit(
        "top", content({"a": ("input", [3]), "n": ("output", [4, 5])}, cells), None
    )
    steps = [Step(pins={"a": 1}, cycles=9, reads={"n": 1})]
    found = run_gates(circuit, [], [], steps).settled
    assert found.cycles == 10
    # 0, 1, 2, 3, 0, 1, 2, 3, 0, 1.
    assert found.groups[Group("part", "$_DFF_P_")] == Switching(
        gates=2, outputs=9 + 4, inputs=9 + 5
    )
    with pytest.raises(BenchError, match="step 0: n is 0x1, expected 0x2"):
        run_gates(circuit, [], [], [Step(pins={"a": 1}, cycles=9, reads={"n": 2})])


@pytest.mark.slow  # Yosys and Verilator take three minutes
def test_a_sampler_in_gates_changes_as_verilator_says(tmp_path: Path) -> None:
    """Memories included, and cycle by cycle the same changes as of the same gates in Verilog."""
    work = sampler_work(BLOCKS["sampler"].arguments("tiny")["params"], 10, 2)
    design = Design.of(work.block, work.arguments)
    circuit = read_circuit(design.name, map_cells(design, cache=tmp_path), None)
    ran = run_gates(circuit, streams_of(work.component), work.before, work.steps)
    netlist = map_netlist(design, cache=tmp_path)
    assert ran.settled == measure(netlist, design.ports, work.component, work.before, work.steps)
    assert {name: n for name, n in ran.accesses.items() if n} == {
        ("prototypes.memory", "read"): 10 * 3, ("prototypes.table", "read"): 10,
    }  # fmt: skip
    # What changes with the clock changes once, whatever the delays.
    state = Group("lfsr", "$_DFF_P_")
    assert ran.delayed().groups[state].outputs == ran.settled.groups[state].outputs
    assert changes(ran.delayed())["$_XOR_"] >= changes(ran.settled)["$_XOR_"]


def test_trained_works_are_those_of_the_shipped_network() -> None:
    drawn = drawn_work(BLOCKS["sampler"].arguments("full")["params"], 2, 3)
    assert drawn.name.endswith("draws 2 exemplars of 3 classes of cifar100, D = 512")
    assert len(drawn.before) == 3
    pictures = pictures_work(BLOCKS["mvu"].arguments("full")["params"], 2, 3)
    # 6 pixels, 8 tiles of 16 neurons, 9 words of 64 channels.
    assert len(pictures.steps[0].inputs["i"]) == 6 * 8 * 9
    network, _ = read_network(shipped_file(SHIPPED, "network.bin"))
    samples = read_samples(shipped_file(SHIPPED, "samples.bin"))
    *_, (_, fired) = zip(range(4), network.maps(samples.images[:2] >> 1), strict=False)
    # Windows from row 8 and column 0 on have their middle one further: nothing is padded.
    wanted = fired[:, 9, 1:4].reshape(-1, 16)
    tiles = tile_layout(BLOCKS["mvu"].arguments("full")["params"], TAG)
    found = [tiles.from_bits(tile).bits for tile in pictures.steps[0].outputs["o"]]
    assert found == [sum(int(bit) << n for n, bit in enumerate(row)) for row in wanted]
