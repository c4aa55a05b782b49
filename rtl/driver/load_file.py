# SPDX-License-Identifier: MIT
"""A network as a file that a driver sends to the chip without a parser.

All numbers are little-endian. A file is a header of 64 bytes and its packets:

====== ===== =================================================================================
offset bytes content
====== ===== =================================================================================
0      8     ``engrload``
8      4     version of this format, 1
12     4     CRC-32 (that of zlib) of all bytes from offset 16 on
16     32    what these registers of the chip must read, 4 bytes each: `shape`, `mvu`, `network`,
             `channels`, `weight_depth`, `tile_depth`, `map_depth`, `program_depth`
48     4     colour values of a picture
52     4     classes of the head, 0 without one
56     4     packets
60     4     0
====== ===== =================================================================================

A packet is the number of its words and then its words, 8 bytes each.
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from golden.params import ChipParams, NetworkParams
from rtl.chip import capabilities
from rtl.packets import Packet
from rtl.registers import REGISTERS

__all__ = ["SIZES", "LoadFile", "load_file"]

#: Registers on which the packets of a network depend.
SIZES = (
    "shape", "mvu", "network", "channels", "weight_depth", "tile_depth", "map_depth",
    "program_depth",
)  # fmt: skip
_MAGIC, _VERSION = b"engrload", 1
_PREFIX = struct.Struct("<8sII")
_BODY = struct.Struct(f"<{len(SIZES)}I4I")


def load_file(packets: Iterable[Packet], network: NetworkParams, params: ChipParams) -> bytes:
    """Return the file of the packets that load a network into a chip.

    Parameters
    ----------
    packets : iterable of Packet
        Those of `rtl.packets.load_packets`.
    network : NetworkParams
    params : ChipParams

    Returns
    -------
    bytes
    """
    described, streams = capabilities(params), [packet.stream for packet in packets]
    sizes = [
        sum(described[register.port(field)] << field.low for field in register.fields)
        for name in SIZES
        for register in REGISTERS
        if register.name == name
    ]
    head = network.head
    body = _BODY.pack(
        *sizes, network.input.size, 0 if head is None else head.classes, len(streams), 0
    )
    body += b"".join(struct.pack(f"<{1 + len(words)}Q", len(words), *words) for words in streams)
    return _PREFIX.pack(_MAGIC, _VERSION, zlib.crc32(body)) + body


@dataclass(frozen=True)
class LoadFile:
    """What a load file says.

    Parameters
    ----------
    sizes : dict
        Values of the registers of `SIZES` that the chip must have.
    pixels : int
        Colour values of a picture.
    classes : int
        Classes of the head, 0 without one.
    packets : list of list of int
        Words of 64 bits of each packet, its header first.
    """

    sizes: dict[str, int]
    pixels: int
    classes: int
    packets: list[list[int]]

    @classmethod
    def read(cls, data: bytes) -> "LoadFile":
        """Read a file.

        Raises
        ------
        ValueError
            If this is no load file, or if it is damaged.
        """
        start = _PREFIX.size + _BODY.size
        if len(data) < start or len(data) % 8:
            raise ValueError(
                f"A load file must have a header of {start} bytes and whole words of 8, not "
                f"{len(data)} bytes"
            )
        magic, version, crc = _PREFIX.unpack_from(data)
        if magic != _MAGIC or version != _VERSION:
            raise ValueError(f"A load file must begin with {_MAGIC!r} and version {_VERSION}")
        if zlib.crc32(data[_PREFIX.size :]) != crc:
            raise ValueError("A load file must have the CRC-32 that it states: it is damaged")
        *sizes, pixels, classes, count, _ = _BODY.unpack_from(data, _PREFIX.size)
        words = struct.unpack_from(f"<{(len(data) - start) // 8}Q", data, start)
        packets, place = [], 0
        while place < len(words):
            packets.append(list(words[place + 1 : place + 1 + words[place]]))
            place += 1 + words[place]
        if place != len(words) or len(packets) != count or [] in packets:
            raise ValueError(f"A load file must have the {count} whole packets that it states")
        return cls(dict(zip(SIZES, sizes, strict=True)), pixels, classes, packets)
