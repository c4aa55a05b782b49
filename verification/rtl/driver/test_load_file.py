# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The load file: its bytes are those of the table, and no damaged file is read."""

import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

from golden.network import Network
from golden.params import NetworkParams
from rtl.driver.load_file import SIZES, LoadFile, load_file
from rtl.packets import load_packets
from rtl.program import compile_network
from rtl.registers import REGISTERS
from verification.rtl.chip_run import NETWORK
from verification.rtl.chips import make_chip

CHIP = make_chip(simd=16, lanes=16)


def written() -> tuple[bytes, list[list[int]]]:
    params = NetworkParams.from_description(NETWORK)
    network = Network.random(params, np.random.default_rng(2))
    packets = list(load_packets(compile_network(network, CHIP.accelerator), CHIP))
    return load_file(packets, params, CHIP), [packet.stream for packet in packets]


def test_bytes_are_those_of_the_table() -> None:
    file, packets = written()
    assert file[:8] == b"engrload"
    numbers = struct.unpack_from("<14I", file, 8)
    assert numbers[:2] == (1, zlib.crc32(file[16:]))
    mvu, machine = CHIP.accelerator.mvu, CHIP.accelerator
    assert numbers[2:10] == (
        CHIP.latent.features | CHIP.latent.lanes << 16, mvu.pe | mvu.simd << 16,
        machine.pixel_bits | machine.classes << 16, machine.channels, mvu.weight_depth,
        mvu.tile_depth, machine.map_depth, machine.program_depth,
    )  # fmt: skip
    assert numbers[10:] == (6 * 6 * 3, 5, len(packets), 0)
    words = [word for packet in packets for word in (len(packet), *packet)]
    assert file[64:] == struct.pack(f"<{len(words)}Q", *words)


def test_the_file_of_a_chip_with_two_units_is_another() -> None:
    """A set bit above PE says so, and no chip of one unit takes the file."""
    params = NetworkParams.from_description(NETWORK)
    two = replace(CHIP, accelerator=replace(CHIP.accelerator, units=2))
    files = [load_file([], params, chip) for chip in (CHIP, two)]
    pe, simd = CHIP.accelerator.mvu.pe, CHIP.accelerator.mvu.simd
    found = [struct.unpack_from("<I", file, 20)[0] for file in files]
    assert found == [pe | simd << 16, pe | 1 << 15 | simd << 16]


def test_sizes_are_registers_that_describe_the_chip() -> None:
    offsets = {register.name: register.offset for register in REGISTERS}
    assert all(offsets[name] >= 0x80 for name in SIZES)


def test_what_was_written_is_read() -> None:
    file, packets = written()
    content = LoadFile.read(file)
    assert (content.packets, content.pixels, content.classes) == (packets, 108, 5)
    assert tuple(content.sizes) == SIZES


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, b"E", "must begin with b'engrload' and version 1"),
        (8, b"\2", "must begin with b'engrload' and version 1"),
        (12, b"", "must have the CRC-32 that it states"),
        (70, b"\1", "must have the CRC-32 that it states"),
    ],
)
def test_damage_is_told(place: int, value: bytes, message: str) -> None:
    file, _ = written()
    value = value or bytes([file[place] ^ 1])
    with pytest.raises(ValueError, match=message):
        LoadFile.read(file[:place] + value + file[place + 1 :])


@pytest.mark.parametrize("size", [0, 63, 65])
def test_pieces_are_told(size: int) -> None:
    with pytest.raises(ValueError, match=rf"header of 64 bytes and whole words of 8, not {size}"):
        LoadFile.read(written()[0][:size])


@pytest.mark.parametrize("cut", [8, 800])
def test_packets_must_be_whole_and_all_there(cut: int) -> None:
    file, packets = written()
    body = file[16:-cut]
    damaged = file[:12] + struct.pack("<I", zlib.crc32(body)) + body
    with pytest.raises(ValueError, match=f"must have the {len(packets)} whole packets"):
        LoadFile.read(damaged)
