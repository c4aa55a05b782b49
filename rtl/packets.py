# SPDX-License-Identifier: MIT
"""Packets of the chip's input as words of its stream (docs/chip.md)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from golden.params import ChipParams, MapShape, stream_seed
from golden.params.sampling import CHIP_STREAMS
from rtl.dispatch import WORD
from rtl.headers import Target, header_layout, unit_widths
from rtl.program import Program

__all__ = [
    "Packet",
    "PacketSizes",
    "basis_packet",
    "beside",
    "change_packets",
    "check_embedding",
    "class_packet",
    "costs_packet",
    "load_packets",
    "picture_packet",
    "seeds_packet",
    "vector_packet",
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

    def __post_init__(self) -> None:
        if self.target >= 2 ** header_layout()["target"].width:
            raise ValueError(f"Target must be one that a header can name, not {self.target!r}")

    @property
    def stream(self) -> list[int]:
        """All words, the header first. The last word has `tlast`."""
        header = header_layout().const({
            "target": int(self.target), "index": self.index,
            "address": self.address, "count": self.count,
        })  # fmt: skip
        return [int(header.as_value().value), *self.words]

    @property
    def rows(self) -> list[list[int]]:
        """The words of each of `count` rows, where the packet has rows."""
        size = len(self.words) // max(self.count, 1)
        return [self.words[size * row : size * (row + 1)] for row in range(self.count)]


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


def change_packets(before: Program, after: Program, params: ChipParams) -> Iterator[Packet]:
    """Yield packets that turn a loaded program into another one.

    Each holds the rows of a neuron of a memory from the first that differs to the last. Two heads
    over the same layers differ in rows of the head alone.

    Parameters
    ----------
    before, after : Program
        Program that is loaded, and the one wanted.
    params : ChipParams
        The chip of both.
    """
    loaded = {(packet.target, packet.index): packet for packet in load_packets(before, params)}
    for packet in load_packets(after, params):
        old = loaded[packet.target, packet.index].rows
        new = packet.rows
        differ = [row for row, data in enumerate(new) if old[row : row + 1] != [data]]
        if differ:
            first, end = differ[0], differ[-1] + 1
            words = [word for row in new[first:end] for word in row]
            yield Packet(packet.target, packet.index, first, end - first, words)


@dataclass(frozen=True, kw_only=True)
class PacketSizes:
    """Sizes of a chip by which a host packs classes, vectors, costs, bases and pictures.

    Parameters
    ----------
    features, lanes, code_width, class_components : int
        D, L, q, and the components that a class may have.
    pixel_width : int
        Bits of a colour value in a packet, 8 or 16.
    table_width : int
        t of the classifier by prototypes, 0 without one.
    rank, loading_width : int
        R and q_a of the sampler with factors, 0 without any.
    """

    features: int
    lanes: int
    code_width: int
    class_components: int
    pixel_width: int
    table_width: int
    rank: int
    loading_width: int

    @classmethod
    def of(cls, params: ChipParams) -> "PacketSizes":
        """Return the sizes of a chip."""
        prototypes, factors = params.sampler.prototypes, params.factors
        return cls(
            features=prototypes.features,
            lanes=prototypes.lanes,
            code_width=prototypes.code_width,
            class_components=prototypes.class_components,
            pixel_width=unit_widths(params)[Target.PIXELS],
            table_width=params.table_width,
            rank=factors.rank if factors else 0,
            loading_width=factors.loading_width if factors else 0,
        )


def class_packet(
    codes: Sequence[Sequence[int]],
    thresholds: Sequence[int],
    sizes: PacketSizes,
    address: int = 0,
) -> Packet:
    """Return the packet that writes a class.

    Parameters
    ----------
    codes : sequence of K sequences of int
        D codes of q bits for each component; none removes the class.
    thresholds : sequence of int
        The K-1 thresholds of the components.
    sizes : PacketSizes
    address : int, optional
        That of `rtl.headers.class_address_layout`; 0 appends the class.
    """
    lanes, width = sizes.lanes, sizes.code_width
    places = range(0, sizes.features, lanes)
    rows = [beside(row[place : place + lanes], width) for row in codes for place in places]
    words = words_of([beside(thresholds, 16)], 16 * max(1, sizes.class_components - 1))
    words += words_of(rows, width * lanes)
    return Packet(Target.APPEND, len(codes), address, words=words)


def vector_packet(target: Target, index: int, bits: int, sizes: PacketSizes) -> Packet:
    """Return the packet that gives an exemplar to be learned or counted.

    Parameters
    ----------
    target : Target
        `LEARN` or `COUNT`.
    index : int
        Its class or its slot.
    bits : int
        The exemplar, feature j in bit j.
    sizes : PacketSizes
    """
    lanes = sizes.lanes
    places = range(0, sizes.features, lanes)
    return Packet(target, index, words=[bits >> place & 2**lanes - 1 for place in places])


def costs_packet(weights: Sequence[int], bases: Sequence[int], sizes: PacketSizes) -> Packet:
    """Return the packet that loads the table of the classifier by prototypes.

    Parameters
    ----------
    weights, bases : sequence of int
        Columns of the table (contract, 15).
    sizes : PacketSizes
    """
    rows = [beside(row, sizes.table_width) for row in zip(weights, bases, strict=True)]
    return Packet(Target.TABLE, count=len(rows), words=words_of(rows, 2 * sizes.table_width))


def basis_packet(loadings: Sequence[Sequence[int]], exponent: int, sizes: PacketSizes) -> Packet:
    """Return the packet that loads a basis of the sampler with factors.

    Parameters
    ----------
    loadings : sequence of D sequences of int
        R signed loadings of each feature (contract, 13).
    exponent : int
        e.
    sizes : PacketSizes
    """
    lanes, width = sizes.lanes, sizes.loading_width
    rows = [
        beside([of_feature[factor] % 2**width for of_feature in beat], width)
        for place in range(0, sizes.features, lanes)
        for beat in (loadings[place : place + lanes],)
        for factor in range(sizes.rank)
    ]
    return Packet(Target.BASIS, address=exponent, words=words_of(rows, lanes * width))


def picture_packet(
    values: Sequence[int], sizes: PacketSizes, label: int = 0, address: int = 0
) -> Packet:
    """Return the packet of a picture.

    Parameters
    ----------
    values : sequence of int
        Colour values, row by row, pixel by pixel.
    sizes : PacketSizes
    label : int, optional
        Class as which the picture is learned.
    address : int, optional
        That of `rtl.headers.picture_address_layout`; 0 neither learns nor counts the picture.
    """
    width = sizes.pixel_width
    words = words_of([beside(values, width)], width * len(values))
    return Packet(Target.PIXELS, label, address, len(values), words)


def seeds_packet(seed: int) -> Packet:
    """Return the packet after which a chip draws as one that was built with user seed `seed`.

    Raises
    ------
    TypeError, ValueError
        If the seed is no integer in ``0 .. 2**64 - 1``.
    """
    seeds = [stream_seed(seed, number) for number in range(CHIP_STREAMS)]
    return Packet(Target.SEEDS, count=len(seeds), words=seeds)


def beside(values: Sequence[int], width: int) -> int:
    """Return values of some width side by side, the first lowest."""
    return sum(value << width * place for place, value in enumerate(values))
