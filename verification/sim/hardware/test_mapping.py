# SPDX-License-Identifier: MIT
"""Gates of a design: their number, area and leakage, and the block that each belongs to."""

import gzip
import json
import re
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from golden.params import LfsrParams, MvuParams
from rtl.catalogue import BLOCKS
from rtl.emit import Design
from sim.cost.cells.liberty_cells import read_cells
from sim.cost.cells.table import read_table
from sim.cost.quantity import Range
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import load_technology
from sim.cost.technology.technology import Price
from sim.hardware.gate_cells import FLIPFLOP, GATE_EQUIVALENTS, cells_by_gate
from sim.hardware.mapping import count_parts, map_block, map_netlist
from sim.hardware.modules import groups_of
from sim.hardware.netlist import Gate, Netlist
from sim.hardware.tools import verilog_of
from sim.work.errors import UserError
from verification.sim.cost.small_library import TEXT

TINY = Design.of("lfsr", {"params": LfsrParams(width=16, taps=(16, 15, 13, 4), seed=1, step=4)})
TECHNOLOGY = load_technology("open130")

_LARGE, _NAND, _FLOP = (TEXT.index(f"  cell ({name})") for name in ("INV_LARGE", "NAND", "FLOP"))
_BUF = TEXT[_LARGE:_NAND].replace("INV_LARGE", "BUF").replace("A'", "A")
_NOR = TEXT[_NAND:_FLOP].replace("NAND", "NOR").replace("!A + !B", "!A * !B")
CELLS = TEXT[:_FLOP] + _BUF + _NOR + TEXT[_FLOP:]


def library(folder: Path, text: str = CELLS) -> Path:
    path = folder / "cells.lib"
    path.write_text(text)
    return path


def test_gates_are_priced_in_equivalents(tmp_path: Path) -> None:
    figures = {
        "gate_area": Price(Range(low=1, nominal=2, high=3, source="a")),
        "flipflop_area": Price(Range(low=10, nominal=20, high=30, source="b", sureness="L")),
    }
    mapped = map_block(TINY, replace(TECHNOLOGY, logic=figures), cache=tmp_path)
    assert mapped.flipflops == mapped.cells[FLIPFLOP] == 16
    assert mapped.cells.keys() <= {FLIPFLOP, *GATE_EQUIVALENTS}
    gates = sum(GATE_EQUIVALENTS[k] * n for k, n in mapped.cells.items() if k != FLIPFLOP)
    assert mapped.area == Range(
        low=gates + 160, nominal=2 * gates + 320, high=3 * gates + 480, source="a and b",
        sureness="L",
    )  # fmt: skip
    assert mapped.leakage is None
    assert mapped.library is None
    assert mapped.missing == ("gate_leakage", "flipflop_leakage")


def test_memories_are_left_out(tmp_path: Path) -> None:
    arguments = BLOCKS["prototypes"].arguments("tiny")
    mapped = map_block(Design.of("prototypes", arguments), TECHNOLOGY, cache=tmp_path)
    assert mapped.cells.keys() <= {FLIPFLOP, *GATE_EQUIVALENTS}
    assert 0 < mapped.flipflops < 30


def test_equivalents_are_those_of_real_cells() -> None:
    cells = cells_by_gate(read_table(BUILT_IN / "sg13g2_stdcell.csv"))
    nand = cells["$_NAND_"].area
    assert {k: round(cells[k].area / nand, 2) for k in GATE_EQUIVALENTS} == GATE_EQUIVALENTS


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_cells_of_a_liberty_file_add_up(tmp_path: Path, packed: bool) -> None:
    path = library(tmp_path)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    mapped = map_block(TINY, TECHNOLOGY, (path,), cache=tmp_path)
    cells = {cell.name: cell for cell in read_cells(path).cells}
    assert mapped.cells.keys() <= cells.keys()
    assert mapped.flipflops == mapped.cells["FLOP"] == 16
    area = sum(n * cells[kind].area for kind, n in mapped.cells.items())
    assert mapped.area == Range.exactly(area, "liberty")
    leakage = sum(n * (cells[kind].leakage or 0) for kind, n in mapped.cells.items())
    assert mapped.leakage == Range.exactly(leakage, "liberty")
    assert (mapped.library, mapped.missing) == ("small", ())
    path.write_text(CELLS.replace("cell_leakage_power : 7;", ""))
    silent = map_block(TINY, TECHNOLOGY, (path,), cache=tmp_path)
    assert (silent.area, silent.leakage) == (mapped.area, None)
    assert silent.missing == ("leakage of FLOP",)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (TEXT, "a buffer, a NOR of two inputs"),
        (TEXT[:_FLOP] + _BUF + _NOR + "}\n", "a flip-flop that stores its data input"),
    ],
    ids=["gates", "flip-flop"],
)
def test_a_liberty_file_that_lacks_cells_is_refused(
    tmp_path: Path, text: str, missing: str
) -> None:
    path = library(tmp_path, text)
    with pytest.raises(UserError) as caught:
        map_block(TINY, TECHNOLOGY, (path,), cache=tmp_path)
    assert str(caught.value) == f"{path} must have {missing} to map designs to it"


def test_a_liberty_file_is_checked_before_it_is_used(tmp_path: Path) -> None:
    path = library(tmp_path, CELLS.replace("area : 2;", "area : big;"))
    with pytest.raises(UserError, match=r"cells\.lib:21: area must be a number, not 'big'$"):
        map_block(TINY, TECHNOLOGY, (path,), cache=tmp_path)


def test_without_yosys_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.hardware.tools.find_spec", lambda _: None)
    with pytest.raises(UserError) as caught:
        map_netlist(TINY, cache=tmp_path)
    assert str(caught.value) == (
        "Mapping lfsr to gates needs Yosys: pip install -e '.[synth]' in the project's folder"
    )


def test_the_second_time_takes_no_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = map_block(TINY, TECHNOLOGY, cache=tmp_path)
    monkeypatch.setattr("sim.hardware.tools.subprocess.Popen", None)
    assert map_block(TINY, TECHNOLOGY, cache=tmp_path) == first


def test_groups_side_by_side_give_the_gates_of_one_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = Design.of("sampler", BLOCKS["sampler"].arguments("tiny"))
    cells = []
    for least in (1, 10**9):
        groups = groups_of(verilog_of(design), least)
        monkeypatch.setattr("sim.hardware.mapper.groups_of", lambda _, groups=groups: groups)
        told: list[tuple[int, int, str]] = []
        mapped = map_block(
            design, TECHNOLOGY, cache=tmp_path / str(least), jobs=2,
            advance=lambda *step, told=told: told.append(step),
        )  # fmt: skip
        cells.append(mapped.cells)
        runs = len(groups) + 1
        assert [step[:2] for step in told] == [(begun, runs) for begun in range(runs)]
    apart, together = cells
    # Yosys knows a little less of a module that it sees as a frame.
    assert apart[FLIPFLOP] == together[FLIPFLOP]
    assert sum(apart.values()) == pytest.approx(sum(together.values()), rel=0.01)


def test_only_what_has_changed_is_mapped_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = BLOCKS["sampler"].arguments("tiny")
    monkeypatch.setattr("sim.hardware.mapper.groups_of", partial(groups_of, least=1))
    first, second = (
        Design.of("sampler", {"params": replace(arguments["params"], seed=seed)}) for seed in (1, 2)
    )
    told: list[str] = []
    map_block(first, TECHNOLOGY, cache=tmp_path, advance=lambda *step: told.append(step[2]))
    assert len(list(tmp_path.glob("*.json"))) == len(told)
    map_block(second, TECHNOLOGY, cache=tmp_path)
    changed = len(list(tmp_path.glob("*.json"))) - len(told)
    lfsrs = len(arguments["params"].streams) + 2  # those of the selector, too
    assert changed <= lfsrs + 1 < len(told)


@pytest.mark.parametrize("cells", [False, True], ids=["generic", "liberty"])
def test_gates_of_a_netlist_are_those_mapped(tmp_path: Path, cells: bool) -> None:
    liberty = (library(tmp_path),) if cells else ()
    netlist = map_netlist(TINY, liberty, cache=tmp_path)
    mapped = map_block(TINY, TECHNOLOGY, liberty, cache=tmp_path)
    assert Counter(gate.kind for gate in netlist.gates) == mapped.cells
    assert {gate.component for gate in netlist.gates} == {""}
    outputs = [net for gate in netlist.gates for net in gate.outputs]
    assert len(set(outputs)) == len(netlist.gates)
    for net in outputs:
        # Alone or in a concatenation. A net of a port is a bit of it, such as word[0].
        whole = rf"(?<!\w){re.escape(net)}(?!\w)"
        assert re.search(rf"^[^=<]*{whole}[^=<]*<?= ", netlist.verilog, re.MULTILINE)


def test_gates_belong_to_their_block(tmp_path: Path) -> None:
    design = Design.of("sampler", BLOCKS["sampler"].arguments("tiny"))
    netlist = map_netlist(design, cache=tmp_path)
    parts = {gate.component for gate in netlist.gates}
    assert parts == {"", "bernoulli", "lfsr", "prototypes", "selector"}
    lfsrs = [g for g in netlist.gates if (g.component, g.kind) == ("lfsr", FLIPFLOP)]
    assert len(lfsrs) == 3 * 64


def test_parts_of_an_array_are_counted_as_often_as_they_occur(tmp_path: Path) -> None:
    params = MvuParams(pe=3, simd=8, weight_depth=16, tile_depth=4)
    array = Design.of("mvu", {"params": params, "tag": 4})
    parts = count_parts(array, cache=tmp_path)
    assert list(parts) == ["xnor_0", "mvu"]
    assert all(count % 3 == 0 for count in parts["xnor_0"].values())
    assert parts["xnor_0"] + parts["mvu"] == map_block(array, TECHNOLOGY, cache=tmp_path).cells


def test_parts_are_counted_with_all_that_they_contain(tmp_path: Path) -> None:
    design = Design.of("network", BLOCKS["network"].arguments("tiny"))
    parts = count_parts(design, cache=tmp_path)
    assert parts.keys() > {"mvu", "window", "collector", "network"}
    whole = sum(parts.values(), Counter())
    assert whole.keys() <= {FLIPFLOP, *GATE_EQUIVALENTS}
    # Flattened as one, a little of what lies between the parts is saved.
    mapped = map_block(design, TECHNOLOGY, cache=tmp_path)
    assert whole.total() == pytest.approx(sum(mapped.cells.values()), rel=0.01)
    assert whole[FLIPFLOP] == pytest.approx(mapped.flipflops, rel=0.01)


def test_a_netlist_is_read_pin_by_pin() -> None:
    def cell(kind: str, directions: dict[str, str], **connections: list[object]) -> object:
        return {"type": kind, "port_directions": directions, "connections": connections}

    content = json.dumps({"modules": {"top": {
        "netnames": {"clk": {"bits": [2]}, "a": {"bits": [3, 4]}, "n7": {"bits": [5]}},
        "cells": {
            "$abc$1": cell("NAND", {"A": "input", "B": "input", "Y": "output"},
                           A=[3], B=["1"], Y=[5]),
            r"$flatten\part_3.$flatten\inner.$ff$2": cell(
                "DFF", {"C": "input", "D": "input", "Q": "output"}, C=[2], D=[5], Q=[4]),
            r"part_3.memory": cell("$mem_v2", {}),
        },
    }}})  # fmt: skip
    assert Netlist.of("top", content, "text").gates == (
        Gate("NAND", "", ("a[0]",), ("n7",)),
        Gate("DFF", "part.inner", ("n7",), ("a[1]",)),
    )


def two_files(folder: Path, old: str = "", new: str = "") -> tuple[Path, Path]:
    """Write the cells as two files, the first with inverters only, and change the second."""
    start, end = CELLS.index("  cell ("), CELLS.index("  cell (BUF)")
    one, two = folder / "one.lib", folder / "two.lib"
    one.write_text(CELLS[:end] + "} /* the end } */\n")
    rest = CELLS[:start] + CELLS[end:]
    assert old in rest
    two.write_text(rest.replace(old, new) if old else rest)
    return one, two


def test_cells_may_lie_in_several_files(tmp_path: Path) -> None:
    one, two = two_files(tmp_path)
    mapped = map_block(TINY, TECHNOLOGY, (one, two), cache=tmp_path)
    assert mapped.cells.keys() == {"INV", "NAND", "NOR", "FLOP"}
    # One file or two, in either order, the cells are the same, and so is the result.
    assert mapped == map_block(TINY, TECHNOLOGY, (two, one), cache=tmp_path)
    assert mapped == map_block(TINY, TECHNOLOGY, (library(tmp_path),), cache=tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"1ns"', '"1ps"', "{two}:4: time_unit must be that of {one}:4"),
        ("(1, ff)", "(2, ff)", "{two}:7: capacitive_load_unit must be that of {one}:7"),
        ('"0, 8"', '"0, 9"', "{two}:10: power_lut_template edge must be that of {one}:10"),
    ],
    ids=["time", "load", "template"],
)
def test_files_that_differ_in_what_their_numbers_mean_are_not_mapped_to(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    one, two = two_files(tmp_path, old, new)
    with pytest.raises(UserError) as caught:
        map_block(TINY, TECHNOLOGY, (one, two), cache=tmp_path)
    said = message.format(one=one, two=two)
    assert str(caught.value) == f"{said} to map designs to both files"


@pytest.mark.parametrize("name", ["NAND", "FLOP"])
def test_a_cell_without_an_area_is_never_chosen(tmp_path: Path, name: str) -> None:
    wanted = map_block(TINY, TECHNOLOGY, (library(tmp_path),), cache=tmp_path)
    start = CELLS.index(f"  cell ({name})")
    cell = CELLS[start : CELLS.index("\n  }\n", start) + 5]
    twin = re.sub(r"area : [0-9]+;", "", cell.replace(f"({name})", "(FREE)"))
    assert "area" not in twin
    path = library(tmp_path, CELLS[:start] + twin + CELLS[start:])
    assert map_block(TINY, TECHNOLOGY, (path,), cache=tmp_path) == wanted
    gates = map_netlist(TINY, (path,), cache=tmp_path).gates
    assert "FREE" not in {gate.kind for gate in gates}


def test_a_cell_without_an_area_whose_name_is_a_pattern_is_refused(tmp_path: Path) -> None:
    path = library(tmp_path, CELLS[: CELLS.rindex("}")] + '  cell ("N*") { }\n}\n')
    with pytest.raises(UserError) as caught:
        map_block(TINY, TECHNOLOGY, (path,), cache=tmp_path)
    assert str(caught.value) == (
        f"{path}: cell 'N*' must have an area, or a name of letters, digits and _ only, "
        "to map designs to it"
    )
