# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Packets of a program: the words that the machine's own load stream has, neuron by neuron."""

import re
from typing import Any

import numpy as np
import pytest

from golden.network import Network
from golden.params import MapShape, NetworkParams
from rtl.catalogue import BLOCKS
from rtl.descriptor import LoadTarget, load_layout
from rtl.headers import Target
from rtl.network import Network as Machine
from rtl.packets import (
    Packet,
    change_packets,
    check_embedding,
    load_packets,
    seeds_packet,
    words_of,
)
from rtl.program import LoadWord, compile_network
from sim.hardware.fitting import fitted
from verification.rtl.chips import make_chip
from verification.rtl.engine import Step
from verification.rtl.networks import CASES, build, load, picture
from verification.rtl.simulators import payload, run_pysim
from verification.rtl.test_chip import NETWORK


def test_header_holds_target_index_address_and_count() -> None:
    packet = Packet(Target.LEARN, 0xABC, 0x123456, 0x789ABC, [1, 2])
    assert packet.stream == [0x789ABC_123456_ABC_5, 1, 2]


@pytest.mark.parametrize(
    ("width", "words"), [(1, [5]), (64, [5]), (65, [5, 0]), (128, [5, 0]), (129, [5, 0, 0])]
)
def test_a_unit_takes_as_many_words_as_it_needs(width, words) -> None:
    assert words_of([5, 5], width) == 2 * words


def test_words_come_lowest_bits_first() -> None:
    assert words_of([3 << 64 | 7], 66) == [7, 3]


@pytest.mark.parametrize("simd", [8, 128])
def test_packets_load_what_the_load_stream_loads(simd) -> None:
    chip = make_chip(simd=simd, lanes=8)
    network: Any = Network.random(NetworkParams.from_description(NETWORK), np.random.default_rng(0))
    program: Any = compile_network(network, chip.accelerator)
    loaded = []
    for packet in load_packets(program, chip):
        size, left = divmod(len(packet.words), packet.count)
        assert left == 0
        for row in range(packet.count):
            words = packet.words[row * size : (row + 1) * size]
            data = sum(word << 64 * i for i, word in enumerate(words))
            loaded.append((packet.target.value, packet.address + row, packet.index, data))
    assert loaded == [
        (word.target.value, word.address, word.lane, word.data)
        for word in program.words(chip.accelerator)
    ]


def test_seeds_of_a_user_seed_are_those_of_splitmix64() -> None:
    # Seed 1234567: Vigna's splitmix64.c, as listed by Rosetta Code.
    packet = seeds_packet(1234567)
    assert packet.stream[0] == 23 << 40 | 7
    assert packet.words[:3] == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert len(packet.words) == 23


@pytest.mark.parametrize("seed", [-1, 2**64, "1"])
def test_a_user_seed_of_no_chip_is_refused(seed: Any) -> None:
    message = f"Seed must be an integer in 0..{2**64 - 1}, not {seed!r}"
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
        seeds_packet(seed)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (MapShape(height=1, width=1, channels=19), "Features D must be 20 as of the chip, not 19"),
        (MapShape(height=2, width=2, channels=6), "Features D must be 20 as of the chip, not 24"),
        (
            MapShape(height=1, width=2, channels=10),
            "Channels of a last map of 1 x 2 pixels must be a multiple of SIMD = 8, not 10",
        ),
    ],
    ids=["too_few", "too_many", "not_side_by_side"],
)
def test_an_embedding_is_that_of_the_chip(output: MapShape, message: str) -> None:
    chip = BLOCKS["chip"].arguments("tiny")["params"]
    assert (chip.sampler.prototypes.features, chip.accelerator.mvu.simd) == (20, 8)
    with pytest.raises(ValueError, match=re.escape(message)):
        check_embedding(output, chip)
    check_embedding(MapShape(height=1, width=1, channels=20), chip)


@pytest.mark.parametrize("name", ["same_pool_dense", "groups_shuffle"])
def test_packets_of_a_head_alone_give_a_running_machine_that_head(name: str) -> None:
    network, images = build(CASES[name], 1)
    other, _ = build(CASES[name], 2)
    retrained = Network(network.params, network.layers, other.head)
    chip = fitted(BLOCKS["chip"].arguments("tiny")["params"], network.params, {})
    machine = chip.accelerator
    programs = [compile_network(each, machine) for each in (network, retrained)]
    layout = load_layout(machine)
    words = []
    for packet in change_packets(*programs, chip):
        for row, parts in enumerate(packet.rows):
            data = sum(part << 64 * place for place, part in enumerate(parts))
            word = LoadWord(
                LoadTarget(int(packet.target)), packet.address + row, packet.index, data
            )
            words.append(payload(layout, word._asdict()))
    assert 0 < len(words) < len(list(programs[1].words(machine))) / 2
    steps = [
        load(programs[0], machine),
        picture(network, machine, images[0], 3),
        Step(inputs={"load": words}),
        picture(retrained, machine, images[1], 3),
    ]
    run_pysim(Machine(machine), steps)


def test_a_target_that_no_header_can_name_is_refused() -> None:
    message = "^Target must be one that a header can name, not <Target.HIDDEN_ROWS: 16>$"
    with pytest.raises(ValueError, match=message):
        Packet(Target.HIDDEN_ROWS)
