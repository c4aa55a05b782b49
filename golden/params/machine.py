# SPDX-License-Identifier: MIT
"""Sizes of the machine that runs networks."""

from dataclasses import dataclass, replace

from golden.params.checks import check_choice, check_integer

__all__ = ["AcceleratorParams", "MvuParams"]


@dataclass(frozen=True, kw_only=True)
class MvuParams:
    """Parameters of the matrix-vector unit.

    Parameters
    ----------
    pe : int
        PE, neurons computed in parallel, 1..1024.
    simd : int
        SIMD, inputs that each neuron takes in one cycle, 1..1024.
    weight_depth : int
        Rows of the weight memory. A row holds `simd` weights for each of `pe` neurons.
    tile_depth : int
        Rows of the threshold memory. A row serves a tile of `pe` neurons.
    count_width : int
        Bits of a count of agreements, 1..32.
    weight_reuse : {1, 2, 4, 8}
        P, most pixels that a row of weights serves before the next row is read, a power of two in
        1..8. Each neuron has P accumulators.
    """

    pe: int = 16
    simd: int = 64
    weight_depth: int = 2048
    tile_depth: int = 256
    count_width: int = 16
    weight_reuse: int = 1

    def __post_init__(self) -> None:
        check_integer("MVU neurons PE", self.pe, 1, 1024)
        check_integer("MVU inputs SIMD", self.simd, 1, 1024)
        check_integer("Weight memory rows", self.weight_depth, 1)
        check_integer("Threshold memory rows", self.tile_depth, 1)
        check_integer("Bits of a count", self.count_width, 1, 32)
        check_integer("Weight reuse P", self.weight_reuse, 1, 8)
        check_choice("Weight reuse P", self.weight_reuse, (1, 2, 4, 8))


@dataclass(frozen=True, kw_only=True)
class AcceleratorParams:
    """Parameters of the machine that runs a list of layers over its matrix-vector units.

    Parameters
    ----------
    mvu : MvuParams
        Parameters of each unit.
    units : {1, 2}
        Matrix-vector units side by side, 1 or 2. Two see the same inputs. The tiles of a group go
        to them in turns: unit 0 computes the first PE outputs, unit 1 the next PE, and so on.
        Together they have at most 1024 neurons. Rows of weights and of thresholds are those of each
        unit.
    map_depth : int
        Words of `simd` bits in each of the two feature memories.
    program_depth : int
        Most layers of a program.
    channels : int
        Largest number of channels of a map that neurons write.
    classes : int
        Largest number of classes of a head.
    pixel_bits : int
        b, bits of a pixel, 1..16.
    colours : int
        C, colours of a pixel.
    levels : int
        Largest T, code bits per colour, ``1..2**pixel_bits``.
    gather_words : int
        Most words of a window of few channels that is gathered without gaps, 0..1024. 0 leaves the
        block for it out, and so does a weight reuse above 1.
    """

    mvu: MvuParams
    units: int = 1
    map_depth: int = 1024
    program_depth: int = 16
    channels: int = 512
    classes: int = 100
    pixel_bits: int = 7
    colours: int = 3
    levels: int = 128
    gather_words: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.mvu, MvuParams):
            raise TypeError(f"MVU must be MvuParams, not {self.mvu!r}")
        check_integer("Units side by side", self.units, 1, 2)
        check_integer("Neurons of all units", self.neurons, 1, 1024)
        check_integer("Feature memory words", self.map_depth, 1)
        check_integer("Layers of a program", self.program_depth, 1)
        check_integer("Channels of a map", self.channels, 1)
        check_integer("Classes of a head", self.classes, 1)
        check_integer("Pixel bits b", self.pixel_bits, 1, 16)
        check_integer("Colours of a pixel", self.colours, 1)
        check_integer("Thermometer levels T", self.levels, 1, 2**self.pixel_bits)
        check_integer("Gathered words", self.gather_words, 0, 1024)

    @property
    def neurons(self) -> int:
        """Neurons that the units compute at once, PE for each unit."""
        return self.units * self.mvu.pe

    @property
    def array(self) -> MvuParams:
        """Parameters of one unit with the neurons of all, as which they work together."""
        return replace(self.mvu, pe=self.neurons)

    @property
    def gathers(self) -> bool:
        """Whether the machine has the block that gathers windows."""
        return self.gather_words > 0 and self.mvu.weight_reuse == 1
