# SPDX-License-Identifier: MIT
"""Parameters of the layers of a fully binary network (contract, 2 and 3)."""

from dataclasses import dataclass

from golden.params.checks import check_choice, check_flag, check_integer

__all__ = [
    "ConvParams",
    "DenseParams",
    "HeadParams",
    "MapShape",
    "PoolParams",
    "ThermometerParams",
    "XnorParams",
]


@dataclass(frozen=True, kw_only=True)
class MapShape:
    """Shape of a feature map.

    Parameters
    ----------
    height, width, channels : int
        Rows, columns and channels, each >= 1.
    """

    height: int
    width: int
    channels: int

    def __post_init__(self) -> None:
        check_integer("Map height", self.height, 1)
        check_integer("Map width", self.width, 1)
        check_integer("Map channels", self.channels, 1)

    @property
    def size(self) -> int:
        """Elements of the map."""
        return self.height * self.width * self.channels

    @property
    def array_shape(self) -> tuple[int, int, int]:
        """Shape of an array that holds the map."""
        return (self.height, self.width, self.channels)


@dataclass(frozen=True, kw_only=True)
class ThermometerParams:
    """Parameters of the input encoder.

    Parameters
    ----------
    bits : int
        b, bits of a pixel, 1..16.
    levels : int
        T, code bits a colour, ``1..2**bits``.
    input : MapShape
        Pixel map; its channels are the colours.
    """

    bits: int
    levels: int
    input: MapShape

    def __post_init__(self) -> None:
        check_integer("Pixel bits b", self.bits, 1, 16)
        check_integer("Thermometer levels T", self.levels, 1, 2**self.bits)

    @property
    def output(self) -> MapShape:
        """Shape of the code map, colour-major channels."""
        colours = self.input.channels
        return MapShape(
            height=self.input.height, width=self.input.width, channels=colours * self.levels
        )


@dataclass(frozen=True, kw_only=True)
class XnorParams:
    """Parameters of the XNOR-popcount neuron.

    Parameters
    ----------
    inputs : int
        n, inputs of a neuron.
    """

    inputs: int

    def __post_init__(self) -> None:
        check_integer("Neuron inputs n", self.inputs, 1)

    @property
    def agree_width(self) -> int:
        """Bits of a count of agreements, ``0..n``."""
        return self.inputs.bit_length()


@dataclass(frozen=True, kw_only=True)
class DenseParams:
    """Parameters of a dense layer.

    Parameters
    ----------
    inputs, outputs : int
        Neuron inputs n and number of neurons.
    thresholds : bool
        Whether each neuron has an integer threshold and a polarity.
    """

    inputs: int
    outputs: int
    thresholds: bool = False

    def __post_init__(self) -> None:
        check_integer("Dense inputs", self.inputs, 1)
        check_integer("Dense outputs", self.outputs, 1)
        check_flag("Dense thresholds", self.thresholds)

    @property
    def output(self) -> MapShape:
        """Shape of the output: a map of one pixel."""
        return MapShape(height=1, width=1, channels=self.outputs)

    @property
    def weight_shape(self) -> tuple[int, int]:
        """Shape (output, input) of the weights."""
        return (self.outputs, self.inputs)

    @property
    def weight_count(self) -> int:
        """Binary weights of the layer."""
        return self.outputs * self.inputs


@dataclass(frozen=True, kw_only=True)
class ConvParams:
    """Parameters of a convolution of stride 1.

    Parameters
    ----------
    input : MapShape
        Input map.
    outputs : int
        Output channels.
    kernel : int
        Side k of the square kernel.
    groups : int
        g; divides input and output channels. A depthwise layer has one channel a group.
    padding : {"same", "valid"}
        Same padding needs an odd kernel and pads with -1 (bit 0).
    shuffle : bool
        Whether the channels of the groups are interleaved afterwards.
    thresholds : bool
        Whether each output channel has an integer threshold and a polarity.
    """

    input: MapShape
    outputs: int
    kernel: int = 3
    groups: int = 1
    padding: str = "same"
    shuffle: bool = False
    thresholds: bool = False

    def __post_init__(self) -> None:
        check_integer("Convolution outputs", self.outputs, 1)
        check_integer("Convolution kernel", self.kernel, 1)
        check_integer("Convolution groups", self.groups, 1)
        check_choice("Convolution padding", self.padding, ("same", "valid"))
        check_flag("Convolution shuffle", self.shuffle)
        check_flag("Convolution thresholds", self.thresholds)
        for name, channels in (("input", self.input.channels), ("output", self.outputs)):
            if channels % self.groups:
                raise ValueError(
                    f"Convolution groups must divide the {channels} {name} channels, "
                    f"not {self.groups}"
                )
        if self.padding == "same" and self.kernel % 2 == 0:
            raise ValueError(f"Kernel of a same-padded convolution must be odd, not {self.kernel}")
        if self.padding == "valid" and self.kernel > min(self.input.height, self.input.width):
            raise ValueError(
                f"Kernel of a valid convolution must fit the {self.input.height} x "
                f"{self.input.width} map, not {self.kernel}"
            )

    @property
    def pad(self) -> int:
        """Rows and columns of -1 added on every side."""
        return (self.kernel - 1) // 2 if self.padding == "same" else 0

    @property
    def group_inputs(self) -> int:
        """Input channels of one group."""
        return self.input.channels // self.groups

    @property
    def group_outputs(self) -> int:
        """Output channels of one group."""
        return self.outputs // self.groups

    @property
    def inputs(self) -> int:
        """Inputs n of a neuron, its fan-in."""
        return self.kernel * self.kernel * self.group_inputs

    @property
    def output(self) -> MapShape:
        """Shape of the output map."""
        shrink = self.kernel - 1 - 2 * self.pad
        return MapShape(
            height=self.input.height - shrink,
            width=self.input.width - shrink,
            channels=self.outputs,
        )

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Shape (output, kernel row, kernel column, input channel) of the weights."""
        return (self.outputs, self.kernel, self.kernel, self.group_inputs)

    @property
    def weight_count(self) -> int:
        """Binary weights of the layer."""
        return self.outputs * self.inputs


@dataclass(frozen=True, kw_only=True)
class PoolParams:
    """Parameters of OR pooling.

    Parameters
    ----------
    input : MapShape
        Input map; both sides are multiples of `size`.
    size : int
        Side and stride s of the window.
    """

    input: MapShape
    size: int = 2

    def __post_init__(self) -> None:
        check_integer("Pool size", self.size, 1)
        if self.input.height % self.size or self.input.width % self.size:
            raise ValueError(
                f"Pool size must divide the {self.input.height} x {self.input.width} map, "
                f"not {self.size}"
            )

    @property
    def output(self) -> MapShape:
        """Shape of the output map."""
        return MapShape(
            height=self.input.height // self.size,
            width=self.input.width // self.size,
            channels=self.input.channels,
        )


@dataclass(frozen=True, kw_only=True)
class HeadParams:
    """Parameters of the classifier head.

    Parameters
    ----------
    features : int
        D, bits of the embedding.
    classes : int
        Output neurons, one a class; at most this many classes can be learnt.
    hidden : int
        H, neurons of the hidden layer; 0 means none.
    """

    features: int
    classes: int
    hidden: int = 128

    def __post_init__(self) -> None:
        check_integer("Head features D", self.features, 1)
        check_integer("Head classes", self.classes, 1)
        check_integer("Head hidden neurons H", self.hidden, 0)

    @property
    def concat(self) -> int:
        """Inputs H + D of an output neuron."""
        return self.hidden + self.features

    @property
    def plane_count(self) -> int:
        """Binary weights of one output plane."""
        return self.classes * self.concat

    @property
    def weight_count(self) -> int:
        """Binary weights of the head, both output planes counted."""
        return self.hidden * self.features + 2 * self.plane_count
