# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the machine is said to do for a network, held to its program and to its hardware."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack
from golden.network import Network as GoldenNetwork
from golden.params import AcceleratorParams, MvuParams, NetworkParams, XnorParams
from rtl.catalogue import BLOCKS, SIZES
from rtl.core import Core
from rtl.emit import Design
from rtl.headers import Target
from rtl.network import Network
from rtl.program import Program, compile_network
from rtl.xnor import Xnor, xnor_latency
from sim.cost.counts import chip, latent_buffer, mvu, network, xnor
from sim.cost.counts.mapping import program
from sim.cost.counts.room import check_room, least_machine
from sim.cost.counts.tally import Action, Tally
from sim.data.embed import read_network
from sim.data.networks import load_network
from sim.data.samples import read_samples
from sim.data.shipped import shipped_file
from verification.rtl import test_core
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.networks import CASES, build, load, machine, picture
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import built, counters_of, elaborated, shapes
from verification.rtl.test_core import CHIP
from verification.rtl.test_network import descriptions

BUILT_IN = ("fbnn-XS", "fbnn-S", "fbnn-1M", "fbnn-1M-wide", "fbnn-4M")
#: PE, SIMD, weight reuse P and units of machines.
MACHINES = [
    (16, 64, 1, 1), (4, 8, 1, 1), (3, 11, 1, 1), (64, 128, 1, 1), (2, 1, 1, 1), (16, 64, 4, 1),
    (4, 8, 8, 1), (3, 11, 2, 1), (16, 64, 1, 2), (3, 11, 1, 2), (4, 8, 4, 2),
]  # fmt: skip


def networks() -> dict[str, NetworkParams]:
    return {name: load_network(name) for name in BUILT_IN} | {
        name: NetworkParams.from_description(case) for name, case in CASES.items()
    }


@pytest.mark.parametrize(("pe", "simd", "reuse", "units"), MACHINES)
@pytest.mark.parametrize("name", networks())
def test_cycles_and_words_to_load_are_those_of_the_program(
    name: str, pe: int, simd: int, reuse: int, units: int
) -> None:
    params = networks()[name]
    golden = GoldenNetwork.random(params, np.random.default_rng(0))
    for features in (True, False):
        least = least_machine(
            params, pe=pe, simd=simd, weight_reuse=reuse, units=units, features=features
        )
        compiled = compile_network(golden, least, features=features)
        layers = program(params, least, features=features)
        cycles = [network.layer_cycles(layer, least) for layer in layers]
        assert cycles == compiled.layer_cycles(least)
        assert network.cycles(params, least, features=features) == compiled.cycles(least)
        loaded = network.load(params, least, features=features)
        rows, tiles = len(compiled.weights), len(compiled.limits)
        assert loaded.of("write") == len(compiled.layers) + units * pe * (rows + tiles)
        # It gathers all that a machine of the usual room for windows does, and has no more room.
        usual = compile_network(golden, replace(least, gather_words=8), features=features)
        assert usual.cycles(least) == compiled.cycles(least)
        assert least.gather_words == max(layer.get("gathered", 0) for layer in usual.layers)


def maps(block: str = "") -> tuple[str, ...]:
    """Return the places of both maps in a block; that of the network within it comes first."""
    return tuple(f"{block}fetch__map_{bank}" for bank in range(2))


def counted(tally: Tally, dut: Counted, banks: list[int], block: str = "") -> dict[str, int]:
    """Return the levels of all counters; the two maps are not read and written alike.

    Nor is either ever read and written in one cycle, for a map has one port.
    """
    levels = counters_of(tally, dut.counters) | {f"both_{path}": 0 for path in maps(block)}
    names = [f"{verb}_{path}" for verb in ("reads", "writes") for path in maps(block)]
    return levels | dict(zip(names, banks, strict=True))


def map_words(
    compiled: Program, params: NetworkParams, machine: AcceleratorParams, features: bool
) -> list[int]:
    """Return the words read from either map for a picture, and those written to either."""
    words = [0] * 4
    tallies = network.layer_tallies(params, machine, features=features)
    for layer, tally in zip(compiled.layers, tallies.values(), strict=True):
        source = layer["source"]
        words[source] += int(tally[Action("fetch.map", "read", machine.mvu.simd)])
        words[2 + 1 - source] += int(tally[Action("fetch.map", "write", machine.mvu.simd)])
    return words


def bench(
    golden: GoldenNetwork, params: AcceleratorParams, images: Any, dut: Counted,
    features: bool = True,
) -> list[Step]:  # fmt: skip
    """Load a network and show it images; read all counters after each."""
    compiled = compile_network(golden, params, features=features)
    tally = network.load(golden.params, params, features=features)
    one = network.inference(golden.params, params, features=features)
    banks = np.zeros(4, int)
    steps = [replace(load(compiled, params), reads=counted(tally, dut, banks.tolist()))]
    for image in images:
        tally, banks = tally + one, banks + map_words(compiled, golden.params, params, features)
        steps.append(picture(golden, params, image, int(golden.head is not None), features))
        # The machine is idle after a while: nothing more must be read or written.
        steps.append(Step(cycles=5, reads=counted(tally, dut, banks.tolist())))
    return steps


@pytest.mark.parametrize(
    ("reuse", "units"),
    [
        (1, 1),
        (4, 2),
        *(pytest.param(*w, marks=pytest.mark.slow) for w in [(2, 1), (4, 1), (8, 1), (1, 2)]),
    ],
)
@pytest.mark.parametrize("name", CASES)
def test_strobes_are_those_counted_though_all_pause(name: str, reuse: int, units: int) -> None:
    golden, images = build(CASES[name], 1)
    params = machine(4 // units, 8, golden.params, reuse, units=units)
    dut = Counted(Network(params), maps())
    run_pysim(dut, bench(golden, params, images[:1], dut), PAUSES["idle_stalled"])


@given(
    descriptions(), st.integers(1, 5), st.integers(1, 9), st.sampled_from([1, 2, 4, 8]),
    st.integers(1, 2), st.sampled_from(sorted(PAUSES)),
)  # fmt: skip
@settings(max_examples=6)
def test_strobes_of_any_network(
    description: dict[str, Any], pe: int, simd: int, reuse: int, units: int, pauses: str
) -> None:
    golden, images = build(description, 0)
    features = golden.head is None or bool(len(golden.layers) % 2)
    params = least_machine(
        golden.params, pe=pe, simd=simd, weight_reuse=reuse, units=units, features=features
    )
    dut = Counted(Network(params), maps())
    run_pysim(dut, bench(golden, params, images[:1], dut, features), PAUSES[pauses])


@pytest.mark.parametrize("reuse", [1, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_strobes_in_verilog(simulator: str, reuse: int) -> None:
    golden, images = build(CASES["groups_shuffle"], 3)
    params = machine(4, 8, golden.params, reuse)
    dut = Counted(Network(params), maps())
    run_cocotb(dut, bench(golden, params, images, dut), simulator=simulator)


@pytest.mark.slow
@pytest.mark.parametrize("units", [1, 2])
def test_strobes_of_the_shipped_network(units: int) -> None:
    golden, _ = read_network(shipped_file("cifar100", "network.bin"))
    image = read_samples(shipped_file("cifar100", "samples.bin")).images[:1]
    mvu = MvuParams(weight_depth=2048 // units, tile_depth=256 // units)
    params = AcceleratorParams(mvu=mvu, units=units)
    dut = Counted(Network(params), maps())
    pixels = image >> np.uint8(8 - golden.params.bits)
    trace = run_cocotb(dut, bench(golden, params, pixels, dut))
    # A cycle to notice the picture, one for the descriptor, one to begin, then the first pixel.
    last, first = trace.transfers["logits"][-1], trace.transfers["pixels"][0]
    assert 3 + last - first + 1 == network.cycles(golden.params, params)


def test_a_counter_that_disagrees_fails() -> None:
    golden, images = build(CASES["thermometer_only"], 1)
    params = machine(4, 8, golden.params)
    dut = Counted(Network(params), maps())
    steps = bench(golden, params, images[:1], dut)
    wrong = {"reads_program": steps[-1].reads["reads_program"] + 1}
    with pytest.raises(BenchError, match="reads_program is 0x2, expected 0x3"):
        run_pysim(dut, [*steps[:-1], replace(steps[-1], reads=wrong)])


def test_strobes_of_the_chip_are_those_of_its_blocks() -> None:
    golden = test_core.network()
    images = np.random.default_rng(1).integers(0, 128, (2, 2, 2, 3))
    beats = test_core.beats_of(int(pack(golden.forward(images))[0, 0]))
    sent, learned = (
        test_core.units(Target.PIXELS, [int(v) for v in image.ravel()], address=learn)
        for learn, image in enumerate(images)
    )
    dut = Counted(Core(CHIP), maps("network__"))
    loaded, picture = chip.load(golden.params, CHIP), chip.inference(golden.params, CHIP)
    kept = latent_buffer.learn(CHIP.latent, filled=1, replaced=0, dropped=0)
    compiled = compile_network(golden, CHIP.accelerator)
    words = map_words(compiled, golden.params, CHIP.accelerator, features=True)

    def reads(tally: Tally, pictures: int) -> dict[str, int]:
        return counted(tally, dut, [n * pictures for n in words], "network__")

    tally = loaded + picture
    run_pysim(dut, [
        Step(
            inputs={"units": test_core.load()}, pins={"output_features": 1}, reads=reads(loaded, 0)
        ),
        Step(inputs={"units": sent}, outputs={"features": test_core.packet(beats, 0)}),
        Step(cycles=30, pins={"output_features": 0}, reads=reads(tally, 1)),
        Step(inputs={"units": learned}),
        Step(cycles=200, reads=reads(tally + picture + kept.within("latent_buffer"), 2)),
    ])  # fmt: skip


def emitted(block: str, **arguments: object) -> list[tuple[str, int, int]]:
    """Return name, depth and width of the memories of a block as it is emitted."""
    found = Design.of(block, arguments).memories
    return sorted((re.sub(r"_\d+$", "", m.name), m.depth, m.width) for m in found)


def test_memories_of_a_tiny_chip_as_emitted() -> None:
    arguments = BLOCKS["chip"].arguments("tiny")
    assert shapes(chip.memories(arguments["params"])) == emitted("chip", **arguments)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("block", "memories"),
    [("mvu", mvu.memories), ("network", network.memories), ("chip", chip.memories)],
    ids=["mvu", "network", "chip"],
)
def test_memories_of_the_catalogue(block: str, memories: Any, size: str) -> None:
    arguments = BLOCKS[block].arguments(size)
    assert shapes(memories(arguments["params"])) == built(block, **arguments)


@st.composite
def machines(draw: st.DrawFn) -> AcceleratorParams:
    """Draw a machine of any legal sizes."""
    size = st.integers(1, 300)
    return AcceleratorParams(
        mvu=draw(unit_sizes()), units=draw(st.integers(1, 2)), map_depth=draw(size),
        program_depth=draw(size),
        channels=draw(size), classes=draw(size), pixel_bits=8, colours=draw(st.integers(1, 4)),
        levels=draw(st.integers(1, 256)),
        gather_words=draw(st.sampled_from([0, 1, 2, 5, 8, 1024])),
    )  # fmt: skip


def unit_sizes() -> st.SearchStrategy[MvuParams]:
    depths = st.integers(1, 300)
    return st.builds(
        MvuParams, pe=st.integers(1, 5), simd=st.integers(1, 40), weight_depth=depths,
        tile_depth=depths, count_width=st.integers(1, 32),
        weight_reuse=st.sampled_from([1, 2, 4, 8]),
    )  # fmt: skip


@given(machines())
@settings(max_examples=20)
def test_memories_of_any_machine(params: AcceleratorParams) -> None:
    assert shapes(network.memories(params)) == elaborated(Network(params))


@given(unit_sizes(), st.integers(1, 9))
@settings(max_examples=6)
def test_registers_and_latency_of_any_unit(params: MvuParams, tag: int) -> None:
    design = Design.of("mvu", {"params": params, "tag": tag})
    assert mvu.registers(params, tag) == design.register_bits
    assert mvu.latency(params) == design.latency


@pytest.mark.parametrize("inputs", [*range(1, 70), 127, 128, 1024])
def test_tree_is_that_of_the_neuron(inputs: int) -> None:
    params = XnorParams(inputs=inputs)
    assert xnor.latency(params) == xnor_latency(params)
    levels = Xnor(params)._levels
    registers = sum(map(sum, levels)) + (inputs > 1) * inputs.bit_length()
    assert xnor.registers(params) == registers
    threes = sum(height // 3 for level in levels[:-1] for height in level)
    assert xnor.full_adders(params) == threes + added_in_threes(levels[-1])


def added_in_threes(columns: list[int]) -> int:
    """Return where an addition of columns of one or two bits has a carry to add to two."""
    threes = carry = 0
    for height in columns:
        threes += height + carry == 3
        carry = int(height + carry >= 2)
    return threes


@pytest.mark.parametrize(
    ("part", "name", "message"),
    [
        ("", "program_depth", "Program memory must hold 9 layers, not 8"),
        ("", "map_depth", "Feature memories must hold 48 words, not 47"),
        ("", "channels", "Maps must hold 15 channels, not 14"),
        ("", "classes", "Head must have 5 classes, not 4"),
        ("", "levels", "Thermometer must have 6 levels, not 5"),
        ("mvu", "weight_depth", "Weight memory must hold 155 rows, not 154"),
        ("mvu", "tile_depth", "Threshold memory must hold 27 rows, not 26"),
        ("mvu", "count_width", "Counts must have 7 bits, not 6"),
    ],
)
def test_room_is_what_the_compiler_needs(part: str, name: str, message: str) -> None:
    golden, _ = build(CASES["groups_shuffle"], 0)
    least = least_machine(golden.params, pe=4, simd=8)
    check_room(golden.params, least)
    compile_network(golden, least)
    owner = least.mvu if part else least
    smaller = replace(owner, **{name: getattr(owner, name) - 1})
    narrow = replace(least, mvu=smaller) if part else smaller
    assert isinstance(narrow, AcceleratorParams)
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_room(golden.params, narrow)
    start, end = message.split(", not ")
    with pytest.raises(ValueError, match=f"^{start}.*, not {end}$"):
        compile_network(golden, narrow)


@pytest.mark.parametrize("differing", [{"pixel_bits": 4}, {"colours": 3}])
def test_pixels_must_be_those_of_the_machine(differing: dict[str, int]) -> None:
    golden, _ = build(CASES["groups_shuffle"], 0)
    other = replace(least_machine(golden.params, pe=4, simd=8), **differing)
    with pytest.raises(ValueError, match="Pixels must be ") as found:
        check_room(golden.params, other)
    with pytest.raises(ValueError, match=f"^{found.value}$"):
        compile_network(golden, other)
