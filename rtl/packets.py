# SPDX-License-Identifier: MIT
"""Packets of the chip's input as words of its stream (docs/chip.md)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from golden.params import ChipParams, MapShape, stream_seed
from golden.params.sampling import CHIP_STREAMS
from rtl.dispatch import WORD, Target, header_layout, unit_widths
from rtl.program import Program

__all__ = [
    "Packet",
    "check_embedding",
    "class_packet",
    "costs_packet",
    "count_packet",
    "load_packets",
    "picture_packet",
    "seeds_packet",
    "words_of",
]


@dataclass(frozen=True)
class Packet:
    """A packet to the chip: the fields of its header, and the words that follow.

    Parameters
    ----------
    target : Target
    index, address, count : int
        As the target defines them.
    words : list of int
        Words of 64 bits.
    """

    target: Target
    index: int = 0
    address: int = 0
    count: int = 0
    words: list[int] = field(default_factory=list)

    @property
    def stream(self) -> list[int]:
        """All words, the header first. The last word has `tlast`."""
        header = header_layout().const({
            "target": int(self.target), "index": self.index,
            "address": self.address, "count": self.count,
        })  # fmt: skip
        return [int(header.as_value().value), *self.words]


def words_of(values: Sequence[int], width: int) -> list[int]:
    """Cut units of `width` bits into words, lowest bits first."""
    count = -(-width // WORD)
    return [value >> WORD * i & 2**WORD - 1 for value in values for i in range(count)]


def check_embedding(output: MapShape, params: ChipParams) -> None:
    """Accept the last map of a network if its elements are the D features of a chip, in order.

    The chip joins whole words of pixels, including lanes past the channels of the map.

    Raises
    ------
    ValueError
        If the map does not have D elements, or if unused lanes would lie between them.
    """
    wanted, simd = params.sampler.prototypes.features, params.accelerator.mvu.simd
    if output.size != wanted:
        raise ValueError(f"Features D must be {wanted} as of the chip, not {output.size}")
    if output.height * output.width > 1 and output.channels % simd:
        raise ValueError(
            f"Channels of a last map of {output.height} x {output.width} pixels must be a "
            f"multiple of SIMD = {simd}, not {output.channels}"
        )


def load_packets(program: Program, params: ChipParams) -> Iterator[Packet]:
    """Yield packets that load a program into the chip, one for each neuron of a memory."""
    widths = unit_widths(params)
    units: dict[tuple[Target, int], list[int]] = {}
    for word in program.words(params.accelerator):
        units.setdefault((Target(word.target.value), word.lane), []).append(word.data)
    for (target, lane), data in units.items():
        yield Packet(target, lane, 0, len(data), words_of(data, widths[target]))


def class_packet(codes: Sequence[int], params: ChipParams) -> Packet:
    """Return the packet that appends a class of one component.

    Parameters
    ----------
    codes : sequence of int
        D codes of q bits.
    params : ChipParams
    """
    p = params.sampler.prototypes
    rows = [
        _beside(codes[place : place + p.lanes], p.code_width)
        for place in range(0, p.features, p.lanes)
    ]
    thresholds = words_of([0], unit_widths(params)[Target.APPEND])
    return Packet(Target.APPEND, 1, words=thresholds + words_of(rows, p.row_width))


def count_packet(bits: int, slot: int, params: ChipParams) -> Packet:
    """Return the packet that counts an exemplar.

    Parameters
    ----------
    bits : int
        The exemplar, feature j in bit j.
    slot : int
    params : ChipParams
    """
    lanes, beats = params.sampler.prototypes.lanes, params.sampler.prototypes.beats
    words = [bits >> lanes * beat & 2**lanes - 1 for beat in range(beats)]
    return Packet(Target.COUNT, slot, words=words)


def costs_packet(weights: Sequence[int], bases: Sequence[int], params: ChipParams) -> Packet:
    """Return the packet that loads the table of the classifier by prototypes.

    Parameters
    ----------
    weights, bases : sequence of int
        Columns of the table (contract, 15).
    params : ChipParams
    """
    width = params.table_width
    rows = [_beside(row, width) for row in zip(weights, bases, strict=True)]
    return Packet(Target.TABLE, count=len(rows), words=words_of(rows, 2 * width))


def picture_packet(values: Sequence[int], params: ChipParams) -> Packet:
    """Return the packet of a picture.

    Parameters
    ----------
    values : sequence of int
        Colour values, row by row, pixel by pixel.
    params : ChipParams
    """
    width = 8 if params.accelerator.pixel_bits <= 8 else 16
    words = words_of([_beside(values, width)], width * len(values))
    return Packet(Target.PIXELS, count=len(values), words=words)


def seeds_packet(seed: int) -> Packet:
    """Return the packet after which a chip draws as one that was built with user seed `seed`.

    Raises
    ------
    TypeError, ValueError
        If the seed is no integer in ``0 .. 2**64 - 1``.
    """
    seeds = [stream_seed(seed, number) for number in range(CHIP_STREAMS)]
    return Packet(Target.SEEDS, count=len(seeds), words=seeds)


def _beside(values: Sequence[int], width: int) -> int:
    """Return values of some width side by side, the first lowest."""
    return sum(value << width * place for place, value in enumerate(values))
