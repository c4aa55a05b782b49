# SPDX-License-Identifier: MIT
"""`engram rtl`: files that repeat to the byte, and words on mistakes and unsound designs."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.head import Head
from golden.network import Network
from golden.params import AcceleratorParams, HeadParams, LfsrParams, NetworkParams
from rtl.catalogue import BLOCKS, SIZES
from rtl.descriptor import load_layout
from rtl.driver.load_file import LoadFile
from rtl.emit import Design, Memory, Port
from rtl.headers import header_layout
from rtl.packets import load_packets
from rtl.program import compile_network
from sim.cost.counts.mapping import program
from sim.cost.counts.room import least_machine
from sim.data.shipped import shipped_names
from sim.hardware.loading import network_files, open_network
from sim.hardware.report import AIMS, BlockRow, SynthesisReport
from sim.hardware.settings import load_block
from sim.hardware.synthesis import STAGES, Costs, runs_of, synthesize
from sim.work.errors import UserError

Engram = Callable[..., tuple[int, str, str]]

TINY = {"params": LfsrParams(width=16, taps=(16, 15, 13, 4), seed=1, step=4)}


@pytest.fixture
def engram(engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engram:
    monkeypatch.chdir(tmp_path)
    return engram


def test_block_becomes_verilog_and_a_manifest(engram: Engram, tmp_path: Path) -> None:
    status, out, err = engram("rtl", "lfsr", "--size", "tiny")
    assert (status, err) == (0, "")
    assert out == "Written: build/rtl/lfsr: lfsr.v, manifest.json\n"
    folder = tmp_path / "build" / "rtl" / "lfsr"
    text = (folder / "lfsr.v").read_text()
    assert "module lfsr(" in text
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest.pop("amaranth")
    assert manifest == {
        "block": "lfsr",
        "parameters": {"width": 16, "taps": [16, 15, 13, 4], "seed": 1, "step": 4},
        "latency": 1,
        "interval": 1,
        "memory_bits": 0,
        "register_bits": 16,
        "memories": [],
        "ports": [
            {"name": "en", "direction": "input", "width": 1},
            {"name": "load", "direction": "input", "width": 1},
            {"name": "seed", "direction": "input", "width": 16},
            {"name": "clk", "direction": "input", "width": 1},
            {"name": "rst", "direction": "input", "width": 1},
            {"name": "word", "direction": "output", "width": 4},
        ],
        "verilog_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def test_memories_become_modules_where_asked(engram: Engram, tmp_path: Path) -> None:
    status, out, err = engram("rtl", "mvu", "--size", "tiny", "--macros", "1")
    assert (status, err) == (0, "")
    assert out == "Written: build/rtl/mvu: mvu.v, manifest.json, memories.v, memories.json\n"
    folder = tmp_path / "build" / "rtl" / "mvu"
    listed = json.loads((folder / "memories.json").read_text())
    design, models = (folder / "mvu.v").read_text(), (folder / "memories.v").read_text()
    whole = json.loads((folder / "manifest.json").read_text())
    plain = Design.of("mvu", BLOCKS["mvu"].arguments("tiny"))
    assert whole["memory_bits"] == plain.memory_bits
    assert sum(m["memories"] * m["depth"] * m["width"] for m in listed["macros"]) == (
        plain.memory_bits
    )
    assert listed["stay"] == []
    for macro in listed["macros"]:
        assert macro["one_port"]
        assert design.count(f"  {macro['module']} ") == macro["memories"]
        assert f"module {macro['module']}(" not in design
        assert f"module {macro['module']}({', '.join(macro['ports'])});" in models
    status, _, _ = engram("rtl", "mvu", "--size", "tiny", "--macros", str(plain.memory_bits))
    assert status == 0
    assert json.loads((folder / "memories.json").read_text())["macros"] == []
    assert (folder / "mvu.v").read_text() == plain.verilog


def test_files_are_the_same_in_every_process(tmp_path: Path) -> None:
    name, main = "sampler", "from sim.cli import main; main()"
    kept = set()
    for seed in ("1", "2"):
        out = tmp_path / seed
        subprocess.run(
            [sys.executable, "-c", main, "rtl", name, "--size", "tiny", "--out", str(out)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
        kept.add(tuple(file.read_bytes() for file in sorted(out.iterdir())))
    assert len(kept) == 1


def test_memories_hold_zeros_where_asked(engram: Engram, tmp_path: Path) -> None:
    for out, options in (("plain", ()), ("filled", ("--memory-init",))):
        arguments = ("rtl", "prototypes", "--size", "tiny", "--out", out, *options)
        assert engram(*arguments)[0] == 0
    assert "initial begin" not in (tmp_path / "plain" / "prototypes.v").read_text()
    assert "    memory[0] = 24'h000000;\n" in (tmp_path / "filled" / "prototypes.v").read_text()


def test_a_file_changes_what_it_names(engram: Engram, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("block: lfsr\nparameters:\n  step: 7\n")
    status, _, err = engram("rtl", "--config", "own.yaml", "--size", "tiny", "--out", "out")
    assert (status, err) == (0, "")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["parameters"]["width"], manifest["parameters"]["step"]) == (16, 7)


@pytest.mark.parametrize(
    ("sampler", "kind"),
    [
        ("{seed: 7}", "SamplerParams"),
        ("{rank: 3, loading_width: 2}", "CorrelatedSamplerParams"),
        ("{rank: 0}", "CorrelatedSamplerParams"),
    ],
)
def test_a_chip_of_which_factors_are_named_has_them(
    sampler: str, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"block: chip\nparameters:\n  sampler: {sampler}\n")
    _, arguments = load_block(None, "tiny", path)
    made, before = arguments["params"], BLOCKS["chip"].arguments("tiny")["params"]
    assert type(made.sampler).__name__ == kind
    assert made.sampler.prototypes == before.sampler.prototypes
    assert bool(made.factors) == ("rank: 3" in sampler)


def test_factors_of_a_serial_sampler_are_refused(engram: Engram, tmp_path: Path) -> None:
    text = "block: chip\nparameters:\n  sampler: {rank: 3, mode: serial}\n"
    (tmp_path / "own.yaml").write_text(text)
    status, _, err = engram("rtl", "--config", "own.yaml", "--size", "tiny")
    place = "engram: own.yaml:3: parameters.sampler"
    message = f"{place}: Sampler mode with factors must be parallel, not 'serial'\n"
    assert (status, err) == (2, message)


def write_network(path: Path, outputs: int = 6, features: int = 24) -> Network:
    params = NetworkParams.from_description({
        "input": {"height": 4, "width": 4, "channels": 3, "bits": 4},
        "layers": [
            {"kind": "thermometer", "levels": 2},
            {"kind": "conv", "outputs": outputs, "thresholds": True},
            {"kind": "pool", "size": 2},
            {"kind": "dense", "outputs": features, "thresholds": True},
        ],
    })  # fmt: skip
    network = Network.random(params, np.random.default_rng(0))
    path.write_bytes(network.to_bytes())
    return network


def test_a_network_becomes_words_to_load(engram: Engram, tmp_path: Path) -> None:
    network = write_network(tmp_path / "net.bin")
    status, _, err = engram("rtl", "network", "--size", "tiny", "--network", "net.bin")
    assert (status, err) == (0, "")
    params = BLOCKS["network"].arguments("tiny")["params"]
    program: Any = compile_network(network, params)  # pyright: ignore[reportArgumentType]
    folder, layout = tmp_path / "build" / "rtl" / "network", load_layout(params)
    lines = (folder / "load.hex").read_text().splitlines()
    assert [int(line, 16) for line in lines] == [
        layout.const(word._asdict()).as_value().value for word in program.words(params)
    ]
    assert {len(line) for line in lines} == {-(-layout.size // 4)}
    about = json.loads((folder / "program.json").read_text())
    assert about["cycles"] == program.cycles(params)
    assert about["load_words"] == len(lines)
    assert [layer["cycles"] for layer in about["layers"]] == program.layer_cycles(params)


def test_for_the_chip_packets_come_with_the_words(engram: Engram, tmp_path: Path) -> None:
    params = BLOCKS["chip"].arguments("tiny")["params"]
    features = params.sampler.prototypes.features
    network: Any = write_network(tmp_path / "net.bin", features=features)
    status, _, err = engram("rtl", "chip", "--size", "tiny", "--network", "net.bin")
    assert (status, err) == (0, "")
    folder = tmp_path / "build" / "rtl" / "chip"
    *blocks, rest = (folder / "load_packets.hex").read_text().split("\n\n")
    assert rest == "", "an empty line ends the last packet, too"
    packets = [
        packet.stream
        for packet in load_packets(compile_network(network, params.accelerator), params)
    ]
    assert [[int(line, 16) for line in block.split()] for block in blocks] == packets
    assert LoadFile.read((folder / "load_packets.bin").read_bytes()).packets == packets
    assert {"engram.c", "engram.h", "registers.h"} <= {path.name for path in folder.iterdir()}
    assert {len(line) for block in blocks for line in block.split()} == {16}
    assert (folder / "load.hex").exists()


def test_the_chip_fits_its_network(engram: Engram, tmp_path: Path) -> None:
    params = NetworkParams.from_description({
        "input": {"height": 10, "width": 10, "channels": 1, "bits": 3},
        "layers": [
            {"kind": "thermometer", "levels": 5},
            {"kind": "conv", "outputs": 40, "kernel": 4, "padding": "valid"},
            {"kind": "dense", "outputs": 30},
        ],
        "head": {"classes": 7, "hidden": 0},
    })  # fmt: skip
    network: Any = Network.random(params, np.random.default_rng(0))
    (tmp_path / "net.bin").write_bytes(network.to_bytes())
    status, out, err = engram("rtl", "chip", "--size", "tiny", "--network", "net.bin")
    assert (status, err) == (0, "")
    before = BLOCKS["chip"].arguments("tiny")["params"]
    _, arguments = load_block("chip", "tiny", None, params)
    chip = arguments["params"]
    machine, least = chip.accelerator, least_machine(params, pe=4, simd=8)
    assert (machine.pixel_bits, machine.colours, machine.levels) == (3, 1, 8)
    assert (machine.classes, chip.sampler.prototypes.classes, chip.latent.classes) == (7, 7, 7)
    assert (chip.sampler.prototypes.features, chip.head.features) == (30, 30)
    assert machine.mvu.weight_depth == least.mvu.weight_depth > before.accelerator.mvu.weight_depth
    assert machine.program_depth == before.accelerator.program_depth  # it was enough
    first = out.splitlines()[0]
    assert first.startswith("For net.bin: accelerator.mvu.weight_depth ")
    assert "accelerator.pixel_bits 3, accelerator.colours 1, " in first
    *blocks, _ = (tmp_path / "build/rtl/chip/load_packets.hex").read_text().split("\n\n")
    packets = load_packets(compile_network(network, machine), chip)
    assert [[int(line, 16) for line in block.split()] for block in blocks] == [
        packet.stream for packet in packets
    ]


def with_head(network: Network, head: Head) -> Network:
    params = replace(network.params, head=head.params)
    return Network(params, network.layers, head)


def packets_in(text: str) -> list[list[int]]:
    """Return the words of each packet of a file in hex."""
    return [[int(word, 16) for word in block.split()] for block in text.split("\n\n")[:-1]]


def memories(packets: list[list[int]]) -> dict[tuple[int, int], dict[int, list[int]]]:
    """Return the rows that packets load, by target and neuron."""
    found: dict[tuple[int, int], dict[int, list[int]]] = {}
    for header, *words in packets:
        fields: Any = header_layout().from_bits(header)
        size = len(words) // fields["count"]
        rows = found.setdefault((fields["target"], fields["index"]), {})
        for row in range(fields["count"]):
            rows[fields["address"] + row] = words[size * row : size * (row + 1)]
    return found


def test_a_head_that_was_trained_again_is_loaded_alone(engram: Engram, tmp_path: Path) -> None:
    bare, rng = write_network(tmp_path / "bare.bin"), np.random.default_rng(1)
    params = HeadParams(features=24, classes=3, hidden=5)
    networks = {}
    for name in ("net", "again"):
        planes = rng.integers(0, 2, (2, 3, 29), np.uint8)
        head = Head(params, rng.integers(0, 2, (5, 24), np.uint8), *planes)
        networks[name] = with_head(bare, head)
        (tmp_path / f"{name}.bin").write_bytes(networks[name].to_bytes())
    line = ("--size", "tiny", "--network", "net.bin", "--out", "one", "--head", "again.bin")
    assert engram("rtl", "chip", *line)[0] == 0
    text = (tmp_path / "one" / "head_packets.hex").read_text()
    whole = (tmp_path / "one" / "load_packets.hex").read_text()
    assert len(text) < len(whole) / 2
    loaded, changed = memories(packets_in(whole)), memories(packets_in(text))
    assert {target for target, _ in changed} == {1}  # weights alone
    for place, rows in changed.items():
        loaded[place] |= rows
    # What is loaded for the other network alone.
    chip: Any = load_block("chip", "tiny", None, networks["net"].params)[1]["params"]
    program = compile_network(networks["again"], chip.accelerator)
    assert loaded == memories([packet.stream for packet in load_packets(program, chip)])


def test_heads_over_other_layers_are_refused(engram: Engram, tmp_path: Path) -> None:
    network = write_network(tmp_path / "net.bin")
    other = Network.random(network.params, np.random.default_rng(5))
    (tmp_path / "bare.bin").write_bytes(network.to_bytes())
    head = Head(
        HeadParams(features=24, classes=3, hidden=0),
        np.zeros((0, 24), np.uint8),
        *np.ones((2, 3, 24), np.uint8),
    )
    (tmp_path / "net.bin").write_bytes(with_head(network, head).to_bytes())
    (tmp_path / "other.bin").write_bytes(with_head(other, head).to_bytes())
    line = ("--size", "tiny", "--network", "net.bin", "--head")
    for block, name, message in (
        ("chip", "bare.bin", "bare.bin: both networks must have a head"),
        ("chip", "other.bin", "other.bin: weights of layer 1 must be those of the network that is"),
        ("network", "net.bin", "--head must go with the block chip, not network"),
        ("chip", "no.bin", "--head must be a file or one of cifar100, "),
    ):
        status, _, err = engram("rtl", block, *line, name)
        assert status == 2
        assert err.startswith(f"engram: {message}")
    assert engram("rtl", "chip", "--head", "net.bin") == (
        2, "", "engram: --head must go with --network, the network that is loaded\n"
    )  # fmt: skip
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            "accelerator: {pixel_bits: 5, levels: 2}",
            "net.bin: Pixels must be 3 colours of 5 bits, not 3 of 4",
        ),
        (
            "accelerator: {mvu: {weight_depth: 3}}",
            "net.bin: Weight memory must hold 38 rows, not 3",
        ),
        (
            "sampler: {prototypes: {features: 20}}",
            (
                "own.yaml:2: parameters: Features D of the latent buffer must be 20 as of the "
                "sampler, not 24"
            ),
        ),
    ],
)
def test_what_a_user_names_does_not_fit_itself(
    engram: Engram, tmp_path: Path, named: str, message: str
) -> None:
    write_network(tmp_path / "net.bin")
    (tmp_path / "own.yaml").write_text(f"block: chip\nparameters: {{{named}}}\n")
    line = ("--size", "tiny", "--config", "own.yaml", "--network", "net.bin")
    status, _, err = engram("rtl", *line)
    assert (status, err) == (2, f"engram: {message}\n")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["net.bin", "own.yaml"]


def test_a_smaller_unit_that_is_named_has_deeper_memories(tmp_path: Path) -> None:
    params = write_network(tmp_path / "net.bin").params
    (tmp_path / "own.yaml").write_text("block: network\nparameters: {mvu: {pe: 1, simd: 2}}\n")
    _, arguments = load_block(None, "tiny", tmp_path / "own.yaml", params)
    machine = arguments["params"]
    assert (machine.mvu.pe, machine.mvu.simd) == (1, 2)
    least = least_machine(params, pe=1, simd=2)
    assert machine.mvu.weight_depth == least.mvu.weight_depth > 64


def test_two_units_that_are_named_hold_half_the_rows_each(tmp_path: Path) -> None:
    network: Any = write_network(tmp_path / "net.bin")
    machines = []
    for units in (1, 2):
        named = f"units: {units}, mvu: {{pe: 1, simd: 2}}"
        (tmp_path / "own.yaml").write_text(f"block: network\nparameters: {{{named}}}\n")
        machines.append(load_block(None, "tiny", tmp_path / "own.yaml", network.params)[1])
    one, two = (arguments["params"] for arguments in machines)
    assert (one.neurons, two.neurons) == (1, 2)
    assert [machine.mvu.weight_depth for machine in (one, two)] == [
        weights_of(network.params, machine) for machine in (one, two)
    ]
    assert 0.5 <= two.mvu.weight_depth / one.mvu.weight_depth < 0.6
    lanes = {word.lane for word in compile_network(network, two).words(two)}
    assert lanes == {0, 1}


def test_three_units_are_refused(engram: Engram, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("block: network\nparameters: {units: 3}\n")
    status, _, err = engram("rtl", "--size", "tiny", "--config", "own.yaml")
    assert status == 2
    assert "Units side by side must be an integer in 1..2, not 3" in err


def weights_of(network: NetworkParams, machine: AcceleratorParams) -> int:
    """Return the rows of weights of all layers on a machine."""
    return sum(layer.weight_rows for layer in program(network, machine))


@pytest.mark.parametrize(
    "named", ["gather_words: 0", "mvu: {weight_reuse: 2}"], ids=["no windows", "two pixels"]
)
def test_a_machine_that_gathers_no_windows_has_room_for_the_network(
    tmp_path: Path, named: str
) -> None:
    """Its first convolution takes more rows of weights than one that gathers."""
    params = write_network(tmp_path / "net.bin").params
    (tmp_path / "own.yaml").write_text(f"block: network\nparameters: {{{named}}}\n")
    machine = load_block(None, "tiny", tmp_path / "own.yaml", params)[1]["params"]
    gathers = load_block("network", "tiny", None, params)[1]["params"]
    assert (gathers.gathers, machine.gathers) == (True, False)
    needed = {m: weights_of(params, m) for m in (gathers, machine)}
    assert needed[machine] > needed[gathers]
    assert all(m.mvu.weight_depth >= rows for m, rows in needed.items())


def test_a_network_of_memories_that_nobody_can_build_is_refused() -> None:
    params = NetworkParams.from_description({
        "input": {"height": 1024, "width": 1024, "channels": 1, "bits": 3},
        "layers": [{"kind": "thermometer", "levels": 1}, {"kind": "conv", "outputs": 1}],
    })  # fmt: skip
    message = "network cannot be made for the network: its feature memories must have at most "
    with pytest.raises(UserError, match=message):
        load_block("network", "tiny", None, params)


def test_a_shipped_network_is_known_by_its_name() -> None:
    network = open_network("cifar100")
    full = BLOCKS["chip"].arguments("full")
    assert load_block("chip", "full", None, network.params)[1] == full
    _, arguments = load_block("chip", "tiny", None, network.params)
    assert "load_packets.hex" in network_files(network, "cifar100", "chip", arguments)


def test_a_folder_in_the_way_of_a_file_stops_all(engram: Engram, tmp_path: Path) -> None:
    (tmp_path / "out" / "manifest.json").mkdir(parents=True)
    status, out, err = engram("rtl", "lfsr", "--size", "tiny", "--out", "out")
    assert (status, out) == (2, "")
    assert err == "engram: out/manifest.json cannot be written: it is a directory\n"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("block: lfrs\n", "own.yaml:1: block must be one of lfsr, "),
        ("block: 3\n", "own.yaml:1: block must be one of lfsr, "),
        ("parameters: {step: 1}\n", "own.yaml:1: block is missing: it must be one of lfsr"),
        (
            "block: lfsr\nparameters:\n  steps: 1\n",
            "own.yaml:3: parameters.steps is no known key: did you mean step? the keys of",
        ),
        (
            "block: lfsr\nparameters:\n  step: yes\n",
            "own.yaml:3: parameters.step must be an integer <= 16777216, not 'yes'\n",
        ),
        (
            "block: chip\nparameters:\n  watch: {secded: true}\n",
            "own.yaml:3: parameters.watch.secded must be an integer <= 10, not true\n",
        ),
        (
            "block: lfsr\nparameters:\n  step: 65\n",
            "own.yaml:2: parameters: LFSR step must be an integer in 1..64, not 65\n",
        ),
        (
            "block: lfsr\nparameters:\n  taps: []\n",
            "own.yaml:2: parameters: LFSR taps must be a tuple of integers, not ()\n",
        ),
        (
            "block: mvu\nparameters: {tag: 0}\n",
            "mvu: MVU tag bits must be an integer >= 1, not 0\n",
        ),
        (
            "block: pool\nparameters: {tag: -1}\n",
            "pool: Pool tag bits must be an integer >= 1, not -1\n",
        ),
        ("block: lfsr\nsize: full\n", "own.yaml:2: size is no known key: "),
        (
            "block: sampler\nparameters:\n  prototypes:\n    features: 1000000000\n",
            (
                "own.yaml:4: parameters.prototypes.features must be an integer <= 16777216, not "
                "1000000000\n"
            ),
        ),
        (
            "block: sampler\nparameters:\n  prototypes:\n    features: 16777216\n",
            (
                "own.yaml:3: parameters.prototypes: components x features / lanes, the rows of its "
                "memory, must be at most 262144, not 26214400\n"
            ),
        ),
        (
            "block: latent_buffer\nparameters: {exemplars: 65534, classes: 65536}\n",
            (
                "own.yaml:2: parameters: classes x exemplars x features / lanes, the rows of its "
                "memory, must be at most 262144, not 34358689792\n"
            ),
        ),
        (
            "block: pool\nparameters:\n  simd: 1000000000\n",
            "own.yaml:3: parameters.simd must be an integer <= 1024, not 1000000000\n",
        ),
        (
            "block: chip\nparameters:\n  watch: {scrub: true}\n",
            (
                "own.yaml:3: parameters.watch: A scrubber needs check bits: with `scrub: true`, "
                "`secded` must be an integer in 1..10, not 0\n"
            ),
        ),
    ],
)
def test_faults_of_a_file_name_the_line(
    engram: Engram, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "own.yaml").write_text(text)
    status, out, err = engram("rtl", "--config", "own.yaml")
    assert (status, out) == (2, "")
    assert err.startswith(f"engram: {message}")
    assert [file.name for file in tmp_path.iterdir()] == ["own.yaml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lfrs",), "BLOCK must be one of lfsr, "),
        (("lfsr", "--size", "huge"), "--size must be one of tiny, small, full, not 'huge'\n"),
        (("lfsr", "--size", "tiny", "--size", "full"), "--size must be given once without --all\n"),
        (("--all",), "--all must go with --synth, which reports on all blocks\n"),
        (
            ("lfsr", "--all", "--synth"),
            "--all must go without BLOCK, --config and --network\n",
        ),
        (
            ("lfsr", "--network", "cifar100"),
            "--network must go with the block network or chip, not lfsr\n",
        ),
        (
            ("chip", "--network", "x"),
            f"--network must be a file or one of {', '.join(shipped_names())}, not 'x': no ",
        ),
        (
            ("chip", "--network", "n" * 300),
            f"--network must be a file or one of {', '.join(shipped_names())}, not '{'n' * 300}': ",
        ),
        (("--config", "no.yaml"), "no.yaml cannot be read: no such file or directory\n"),
        (("--macros", "0"), "--macros must be at least 1 bit, not 0\n"),
        (
            ("--macros", "9", "--memory-init"),
            "--macros must go without --synth and --memory-init: such memories are not in the ",
        ),
    ],
)
def test_faults_of_the_command_line(
    engram: Engram, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    status, out, err = engram("rtl", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"engram: {message}")
    assert list(tmp_path.iterdir()) == []


def test_block_of_the_file_and_of_the_command_line_agree(engram: Engram, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("block: lfsr\n")
    status, _, err = engram("rtl", "sampler", "--config", "own.yaml")
    assert status == 2
    assert err == (
        "engram: own.yaml:1: block must be 'sampler' as in the command line, not 'lfsr'\n"
    )


def test_without_the_tools_synthesis_says_how_to_get_them(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sim.hardware.tools.find_spec", lambda _: None)
    status, _, err = engram("rtl", "lfsr", "--synth")
    assert status == 2
    assert err == (
        "engram: engram rtl --synth needs Yosys and nextpnr: pip install -e '.[synth]' in the "
        "project's folder\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_synthesis_reports_cells_and_clock_rate(engram: Engram, tmp_path: Path) -> None:
    status, out, _ = engram("rtl", "lfsr", "--size", "tiny", "--synth", "--out", "out")
    assert status == 0
    assert sorted(out.splitlines()[:4]) == sorted(f"lfsr: {stage}" for stage in STAGES)
    assert "ECP5 LFE5U-85F, speed grade 6" in out
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    costs = results["blocks"][0]["costs"]
    assert (costs["ff"], costs["ice40_ff"], costs["latches"], costs["bram"]) == (16, 16, 0, 0)
    assert 4 <= costs["lut4"] <= 60
    assert 100 < costs["mhz"] < 1000
    page = (tmp_path / "out" / "report.md").read_text()
    assert "    engram rtl lfsr --size tiny --synth --out out\n" in page
    assert f"| lfsr | tiny | {costs['lut4']} | 16 | 0 | 0 | 0 | {costs['mhz']} |" in page
    # The second time takes no tool.
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "build/synth").iterdir()}
    assert engram("rtl", "lfsr", "--size", "tiny", "--synth", "--out", "out")[0] == 0
    assert before == {
        file: file.stat().st_mtime_ns for file in (tmp_path / "build/synth").iterdir()
    }


def test_several_sizes_are_one_report_block_by_block(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in ("sim.commands.rtl", "rtl.emit"):
        monkeypatch.setattr(f"{module}.BLOCKS", {name: BLOCKS[name] for name in ("lfsr", "pool")})
    costs = Costs(
        generic_cells=1, latches=0, ice40_lut4=1, ice40_ff=1, ice40_ram=1,
        lut4=5, ff=7, bram=0, multipliers=0, mhz=99.9, placements=(99.9,),
    )  # fmt: skip
    monkeypatch.setattr("sim.commands.rtl.synthesize", lambda *_: [costs] * 6)
    sizes = ("--size", "full", "--size", "tiny", "--size", "small", "--size", "tiny")
    assert engram("rtl", "--synth", "--all", *sizes, "--out", "out")[0] == 0
    page = (tmp_path / "out" / "report.md").read_text()
    rows = [line.split(" | ")[:2] for line in page.splitlines() if " | 99.9 | " in line]
    expected = [(name, size) for name in ("lfsr", "pool") for size in SIZES]
    assert rows == [[f"| {name}", size] for name, size in expected]
    blocks = json.loads((tmp_path / "out" / "results.json").read_text())["blocks"]
    assert [(block["block"], block["size"]) for block in blocks] == expected


def unsound(body: str, memories: tuple[Memory, ...] = ()) -> Design:
    """Return a design in handwritten Verilog."""
    text = (
        "module lfsr(input clk, input rst, input [3:0] a, output [3:0] y);\n"
        f"  reg [3:0] r;\n{body}\nendmodule\n"
    )
    ports = (Port("clk", "input", 1), Port("rst", "input", 1))
    ports += (Port("a", "input", 4), Port("y", "output", 4))
    return replace(Design.of("lfsr", TINY), verilog=text, ports=ports, memories=memories)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("wire [3:0] w = a ^ (y & 3); assign y = w + a;", "found logic loop in module lfsr"),
        ("assign y = a; assign y = ~a;", "conflicting drivers"),
        ("always @* if (a[0]) r = a; assign y = r;", "Latch inferred for signal"),
    ],
    ids=["loop", "drivers", "latches"],
)
def test_unsound_designs_are_refused(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        synthesize([(unsound(body), 1)], tmp_path, lambda _: None)
    assert message in str(caught.value)


def test_large_memories_must_be_in_block_ram(tmp_path: Path) -> None:
    design = unsound("assign y = a;", (Memory("m", 64, 512),))
    message = r"^lfsr must have its 32768 bits of large memories in block RAM, but uses only 0 bits"
    with pytest.raises(UserError, match=message):
        synthesize([(design, 1)], tmp_path, lambda _: None)


def test_memories_are_in_block_ram_whatever_their_zeros(tmp_path: Path) -> None:
    zeros = "".join(f"    m[{row}] = 4'h0;\n" for row in range(4096))
    body = f"""  reg [3:0] m [0:4095];
  initial begin
{zeros}  end
  always @(posedge clk) begin m[{{a, a, a}}] <= a; r <= m[{{~a, a, a}}]; end
  assign y = r;"""
    design = unsound(body, (Memory("m", 4, 4096),))
    (costs,) = synthesize([(design, 1)], tmp_path, lambda _: None)
    assert (costs.bram, costs.ff) == (1, 0)


@pytest.mark.slow
def test_designs_that_are_alike_are_synthesized_once(tmp_path: Path) -> None:
    told: list[str] = []
    one, other = unsound("assign y = a;"), unsound("assign y = ~a;")
    designs = [(one, 1), (other, 2), (one, 3)]
    first, second, third = synthesize(designs, tmp_path, told.append, jobs=2)
    assert runs_of(designs) == 15
    assert Counter(told) == {
        "lfsr: generic cells": 2, "lfsr: iCE40": 2, "lfsr: ECP5": 2, "lfsr: place and route": 5,
    }  # fmt: skip
    assert [len(costs.placements) for costs in (first, second, third)] == [1, 2, 3]
    assert third.placements[:1] == first.placements
    # Side by side or in turn: the same costs.
    assert synthesize(designs[1:2], tmp_path / "new", told.append) == [second]


def test_a_report_says_what_learning_adds_where_it_has_all_blocks() -> None:
    design = Design.of("lfsr", TINY)
    costs = Costs(
        generic_cells=1, latches=0, ice40_lut4=1, ice40_ff=1, ice40_ram=1,
        lut4=400, ff=200, bram=4, multipliers=0, mhz=100, placements=(100,),
    )  # fmt: skip
    names = {"network": 4, "class_counter": 1}
    rows = [
        BlockRow(replace(design, name=name), "full", replace(costs, lut4=costs.lut4 * times))
        for name, times in names.items()
    ]
    files = SynthesisReport(rows, "engram").files()
    text, results = str(files["report.md"]), json.loads(files["results.json"])
    assert "## Learning beside inference" in text
    assert "| the counter alone (`class_counter`) | full | 400 | 200 | 4 | 0.0 | 25.0 |" in text
    (found,) = results["learning"]
    assert found["percent"] == {"LUT4": 25, "FF": 100, "block RAM": 100, "memory": None}
    alone = SynthesisReport(rows[:1], "engram").files()
    assert "## Learning" not in str(alone["report.md"])


def test_aims_hold_or_do_not() -> None:
    design = replace(Design.of("lfsr", TINY), name="sampler", units=64)
    costs = Costs(
        generic_cells=1, latches=0, ice40_lut4=1, ice40_ff=1, ice40_ram=1,
        lut4=64 * 24, ff=64 * 11, bram=0, multipliers=0, mhz=101.5, placements=(101.5, 90.0, 85.0),
    )  # fmt: skip
    # By the best of the placements it would hold.
    tried = "(median of 3 placements, best 101.5)"
    assert SynthesisReport([BlockRow(design, "full", costs)], "engram").verdicts == [
        f"sampler: f_max (MHz) at least 100: 90.00 {tried}, does not hold",
        "sampler: LUT4 a lane at most 24: 24.00, holds",
        "sampler: FF a lane at most 10: 11.00, does not hold",
    ]
    assert SynthesisReport([BlockRow(design, "small", costs)], "engram").verdicts == []
    assert {aim.block for aim in AIMS} <= {"sampler", "mvu"}
