# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.network import Network as GoldenNetwork
from golden.params import AcceleratorParams, HeadParams, MvuParams, NetworkParams
from rtl.network import Network
from rtl.packing import gather_cycles
from rtl.program import compile_network
from sim.data.embed import read_network
from sim.data.samples import read_samples
from sim.data.shipped import shipped_file
from verification.rtl.coverage import cover
from verification.rtl.engine import PAUSES, Step
from verification.rtl.networks import CASES, REUSES, bench, build, load, machine, picture
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim, shared


@pytest.mark.parametrize("reuse", REUSES)
@pytest.mark.parametrize("name", CASES)
def test_maps_features_and_logits_equal_golden(name: str, reuse: int) -> None:
    network, images = build(CASES[name], 1)
    params = machine(4, 8, network.params, reuse)
    run_pysim(Network(params), bench(network, params, images))


@pytest.mark.parametrize("reuse", REUSES)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("pe", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_two_units_equal_golden(name: str, reuse: int, pe: int) -> None:
    """Groups of fewer neurons than a unit has, of an odd number of tiles, and shuffled ones."""
    network, images = build(CASES[name], 1)
    params = machine(pe, 8, network.params, reuse, units=2)
    run_pysim(Network(params), bench(network, params, images[:1]))


@st.composite
def descriptions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a small network of any layers that fit each other."""
    side = draw(st.sampled_from([2, 4]))
    colours = draw(st.integers(1, 3))
    levels = draw(st.integers(1, 6))
    layers: list[dict[str, Any]] = [{"kind": "thermometer", "levels": levels}]
    channels, pixels = colours * levels, {"height": side, "width": side}
    for _ in range(draw(st.integers(0, 3))):
        groups = draw(st.sampled_from([g for g in range(1, 9) if channels % g == 0] + [channels]))
        kernel = draw(st.sampled_from([k for k in (1, 2, 3, 4) if k % 2 or k <= side]))
        same = kernel > side or (kernel % 2 == 1 and draw(st.booleans()))
        outputs = groups * draw(st.integers(1, max(1, 12 // groups)))
        layers.append({
            "kind": "conv", "outputs": outputs, "groups": groups, "kernel": kernel,
            "padding": "same" if same else "valid", "shuffle": draw(st.booleans()),
            "thresholds": draw(st.booleans()),
        })  # fmt: skip
        channels, side = outputs, side if same else side - kernel + 1
        if side % 2 == 0 and draw(st.booleans()):
            layers.append({"kind": "pool", "size": 2})
            side //= 2
    if draw(st.booleans()):
        layers.append({"kind": "dense", "outputs": draw(st.integers(1, 12)), "thresholds": True})
    head = {"classes": draw(st.integers(1, 6)), "hidden": draw(st.integers(0, 9))}
    return {
        "input": {"bits": 3, "channels": colours, **pixels},
        "layers": layers,
        "head": draw(st.sampled_from([None, head])),
    }


@given(
    descriptions(), st.integers(1, 5), st.integers(1, 9), st.sampled_from([1, 2, 4, 8]),
    st.integers(1, 2), st.sampled_from(sorted(PAUSES)),
)  # fmt: skip
@settings(max_examples=12)
def test_any_network_equals_golden(
    description: dict[str, Any], pe: int, simd: int, reuse: int, units: int, pauses: str
) -> None:
    network, images = build(description, 0)
    params = machine(pe, simd, network.params, reuse, units=units)
    features = network.head is None or bool(len(network.layers) % 2)
    run_pysim(Network(params), bench(network, params, images[:1], features), PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize(
    ("pauses", "reuse", "units"),
    [
        *((pauses, 1, 1) for pauses in PAUSES),
        ("idle_stalled", 1, 2),
        *(
            pytest.param(pauses, 4, units, marks=pytest.mark.slow)
            for pauses in ("flowing", "idle_stalled")
            for units in (1, 2)
        ),
    ],
)
def test_one_machine_runs_all_networks_in_verilog(
    pauses: str, reuse: int, units: int, simulator: str
) -> None:
    steps, networks = [], [build(case, 3) for case in CASES.values()]
    params = machine(4 // units, 8, networks[0][0].params, reuse, units=units)
    for network, images in networks:
        steps += bench(network, params, images)
    run_cocotb(shared(Network, params), steps, PAUSES[pauses], simulator=simulator)


def test_reset_in_the_middle_of_any_layer() -> None:
    network, images = build(CASES["same_pool_dense"], 4)
    params = machine(4, 8, network.params)
    program = compile_network(network, params)
    first, second = (picture(network, params, image, 7) for image in images)
    steps, begun = [load(program, params)], 2
    for cycles in program.layer_cycles(params):
        begun += cycles
        steps.append(Step(
            reset=True, pins=first.pins, inputs=first.inputs, outputs=first.outputs,
            cycles=begun - cycles // 2, abandon=True,
        ))  # fmt: skip
    again = Step(reset=True, pins=second.pins, inputs=second.inputs, outputs=second.outputs)
    trace = run_pysim(Network(params), [*steps, again], PAUSES["flowing"])
    assert len(trace.left) == len(program.layer_cycles(params))
    assert min(trace.left) > 0


def test_words_load_between_pictures_and_before_pixels() -> None:
    """The network changes between two pictures, and so does what a colour means."""
    case = CASES["same_pool_dense"]
    network, images = build(case, 5)
    brief = {"kind": "thermometer", "levels": 2}
    other, _ = build({**case, "layers": [brief, *case["layers"][1:]]}, 6)
    # All levels of the first colour to come are 1: three in the old thermometer, two in the new.
    images[1, 0, 0] = 2**network.params.bits - 1
    params = machine(4, 8, network.params)
    old, new = (load(compile_network(n, params), params) for n in (network, other))
    first, second = picture(network, params, images[0], 7), picture(other, params, images[1], 7)
    pixels, more = first.inputs["pixels"], second.inputs["pixels"]
    trace = run_pysim(Network(params), [
        old,
        # One colour is inside when the words of the other network are offered.
        Step(pins=first.pins, inputs={"pixels": pixels[:1]}, reads={"busy": 1}),
        Step(
            inputs={"pixels": [*pixels[1:], *more], "load": new.inputs["load"]},
            outputs={name: [*first.outputs[name], *second.outputs[name]] for name in first.outputs},
        ),
        Step(cycles=5, reads={"busy": 0}),
    ])  # fmt: skip
    # All was offered at once; nothing more goes in until the picture before has left.
    left = trace.transfers["logits"][len(first.outputs["logits"]) - 1]
    loaded, taken = trace.transfers["load"], trace.transfers["pixels"]
    cover("network: words to load wait for a picture", loaded[len(old.inputs["load"])] > left)
    cover("network: second picture waits", taken[len(pixels)] > left)


#: A picture that takes longer to come than its first windows take to compute.
LONG = {
    "input": {"bits": 3, "channels": 3, "height": 8, "width": 6},
    "layers": [
        {"kind": "thermometer", "levels": 2},
        {"kind": "conv", "outputs": 11, "thresholds": True},
        {"kind": "pool", "size": 2},
    ],
    "head": {"classes": 4, "hidden": 0},
}


@pytest.mark.parametrize("pauses", ["flowing", "idle", "stalled", "idle_stalled"])
def test_a_map_is_read_while_its_pixels_come(pauses: str) -> None:
    """The first words of the second layer leave before the last pixel of their picture is in."""
    network, images = build(LONG, 8)
    params = machine(4, 8, network.params)
    trace = run_pysim(Network(params), bench(network, params, images), PAUSES[pauses])
    pixels, writes, logits = (
        np.array_split(trace.transfers[name], 2) for name in ("pixels", "map_write", "logits")
    )
    early = [writes[n][0] < pixels[n][-1] for n in range(2)]
    cover("network: map read while pixels come", sum(early))
    assert all(early)
    # Nothing of the second picture goes in before all of the first one is out.
    assert pixels[1][0] > logits[0][-1]


@pytest.mark.parametrize("lead", [0, 1, 48, 49, 1023])
def test_a_lead_that_no_compiler_writes_changes_no_bit_and_ends(lead: int) -> None:
    """The map has 48 words, and the field 10 bits."""
    network, images = build(LONG, 10)
    params = machine(4, 8, network.params)
    program = compile_network(network, params)
    assert program.layers[0]["length"] == 48
    program.layers[0]["lead"] = lead
    steps = [picture(network, params, image, 4) for image in images]
    run_pysim(Network(params), [load(program, params), *steps], PAUSES["idle"])


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_reset_while_a_map_is_read_and_its_pixels_come(pauses: str) -> None:
    """In every cycle of a window, while others are held; its last word has a rest."""
    network, images = build(LONG, 9)
    params = machine(4, 7, network.params)
    assert gather_cycles(9, 6, 7) == 10
    start = load(compile_network(network, params), params)
    first, second = (picture(network, params, image, 4) for image in images)
    whole = run_pysim(Network(params), [start, first], PAUSES[pauses])
    begun, end = whole.transfers["map_write"][0], whole.transfers["pixels"][-1]
    middle = (begun + end) // 2 - whole.transfers["load"][-1]
    window = 3 * 8  # tiles, and the words of each
    cuts = [
        replace(first, reset=n > 0, cycles=middle + n - window // 2, abandon=True)
        for n in range(window)
    ]
    again = replace(second, reset=True)
    trace = run_pysim(Network(params), [start, *cuts, again], PAUSES[pauses])
    assert len(trace.left) == window
    assert min(trace.left) > 0
    taken = len(trace.transfers["pixels"]) - len(second.inputs["pixels"])
    assert 0 < taken < window * len(first.inputs["pixels"])
    assert len(trace.transfers["map_write"]) > len(second.outputs["map_write"])


def shipped(count: int, reuse: int, units: int) -> tuple[AcceleratorParams, list[Step], int]:
    """Return the full-size machine, a bench of shipped images, and the cycles of an image."""
    network, _ = read_network(shipped_file("cifar100", "network.bin"))
    head = network.params.head
    assert isinstance(head, HeadParams)
    mvu = MvuParams(weight_reuse=reuse, weight_depth=2048 // units, tile_depth=256 // units)
    params = AcceleratorParams(mvu=mvu, units=units, classes=100)
    program = compile_network(network, params)
    images = read_samples(shipped_file("cifar100", "samples.bin")).images
    chosen = np.linspace(0, len(images) - 1, count).astype(int)
    pixels = images[chosen] >> np.uint8(8 - network.params.bits)
    pictures = [picture(network, params, image, head.classes) for image in pixels]
    return params, [load(program, params), *pictures], program.cycles(params)


def check_shipped(count: int, reuse: int = 1, units: int = 1) -> None:
    params, steps, cycles = shipped(count, reuse, units)
    trace = run_cocotb(Network(params), steps)
    starts = trace.transfers["pixels"][:: 32 * 32 * 3]
    # The bench offers the next picture in the cycle after the machine has become idle.
    assert np.all(np.diff(starts) == cycles + 1)
    # Its shuffle is in the weights of the next convolution, so that no step waits for a tile. With
    # P = 1 it also gathers the windows of the first convolution while the picture comes.
    assert cycles < (106_000 if reuse == 1 else 117_000) / (units - 0.1 * (units - 1))


@pytest.mark.slow
def test_shipped_network_in_verilog() -> None:
    check_shipped(2)


@pytest.mark.slow
def test_shipped_network_on_many_images() -> None:
    check_shipped(24)


@pytest.mark.slow
@pytest.mark.parametrize("reuse", [2, 4, 8])
def test_shipped_network_with_weights_held_over_pixels(reuse: int) -> None:
    check_shipped(2, reuse)


@pytest.mark.slow
@pytest.mark.parametrize("reuse", [1, 4])
def test_shipped_network_with_two_units(reuse: int) -> None:
    """Half the rows of weights and of thresholds hold it, for each of two units."""
    check_shipped(2, reuse, units=2)


def test_golden_network_is_what_the_machine_wants() -> None:
    params = NetworkParams.from_description(CASES["thermometer_only"])
    network = GoldenNetwork.random(params, np.random.default_rng(0))
    assert len(compile_network(network, machine(4, 8, params)).layers) == 2
