# SPDX-License-Identifier: MIT
"""From a float graph's functions of a pixel to a thermometer of the contract (contract, 3)."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from golden.conv import Conv
from golden.network import Layer
from golden.params import ConvParams, MapShape, PoolParams, ThermometerParams
from golden.pool import Pool
from golden.thermometer import Thermometer
from sim.exchange.tables import Bits, Reals, Stage, Table

__all__ = ["PixelFormat", "close_pixels"]

_NEAR = 1e-2  # of a step: rounding of float32 in a graph that only scales and shifts pixels
_MOST_PARTS = 32  # units in the smallest step
_MOST_BITS = 4096  # bits of a colour


@dataclass(frozen=True, kw_only=True)
class PixelFormat:
    """What the input of a float graph is.

    Parameters
    ----------
    bits : int
        b, bits of a pixel, 1..12.
    raw : bool
        Whether the graph takes the pixel v itself, and not ``v / (2**b - 1)``.
    mean, std : tuple of float
        Subtracted from it, and then its divisor; one of all colours, or one for each.
    layout : {"NCHW", "NHWC"}
        Order of the axes of the input; of a flat input, the order of its elements.
    image : tuple of int, optional
        Height, width and colours of a flat input.
    """

    bits: int = 8
    raw: bool = False
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    layout: str = "NCHW"
    image: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 12:
            raise ValueError(f"Bits of a pixel must be in 1..12, not {self.bits}")
        if self.layout not in ("NCHW", "NHWC"):
            raise ValueError(f"Layout must be NCHW or NHWC, not {self.layout!r}")
        if not all(np.isfinite(self.mean)) or not all(np.isfinite(self.std)) or 0 in self.std:
            raise ValueError("Means must be finite, and deviations finite and not 0")

    def table(self, shape: tuple[int, ...]) -> Table:
        """Return the input of a graph as a function of pixels.

        Parameters
        ----------
        shape : tuple of int
            Shape of the input, without its batch.

        Raises
        ------
        ValueError
            If no image has this shape.
        """
        given = shape
        if self.image is not None and len(shape) == 1:
            height, width, colours = self.image
            given = (colours, height, width) if self.layout == "NCHW" else self.image
        elif self.image is not None:
            raise ValueError(f"Image size must be left out for an input of shape {shape}")
        if len(given) != 3:
            raise ValueError(
                f"Input must have the axes of an image, or one axis and an image size, not {shape}"
            )
        if np.prod(given) != np.prod(shape):
            raise ValueError(f"Image size must have the {shape[0]} elements of the input")
        axes = (1, 2, 0) if self.layout == "NCHW" else (0, 1, 2)
        height, width, colours = (given[axis] for axis in axes)
        image = MapShape(height=height, width=width, channels=colours)
        index = np.arange(image.size).reshape(image.array_shape)
        if self.layout == "NCHW":
            index = index.transpose(2, 0, 1)
        reals = self.reals(np.arange(2**self.bits)[:, np.newaxis].repeat(colours, axis=1))
        spread = (-1, 1, 1) if self.layout == "NCHW" else (1, 1, -1)
        values = reals.reshape(len(reals), *spread)
        if len(shape) == 1:
            values = np.broadcast_to(values, (len(values), *index.shape)).reshape(len(values), -1)
        stage = Stage(image, np.arange(2**self.bits))
        return Table(stage, values, index.reshape(shape))

    def reals(self, pixels: NDArray[np.integer]) -> Reals:
        """Return what the graph takes for pixels, of shape (..., C), as float32."""
        colours = pixels.shape[-1]
        for name, value in (("Means", self.mean), ("Deviations", self.std)):
            if len(value) not in (1, colours):
                raise ValueError(
                    f"{name} must be 1 or the {colours} of the colours, not {len(value)}"
                )
        real = pixels.astype(np.float32)
        if not self.raw:
            real = real / np.float32(2**self.bits - 1)
        return (real - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32)


def close_pixels(table: Table, pad: float | None) -> tuple[list[Layer], Bits]:
    """Return the layers that code pixels as a tensor has them, and what their bits stand for.

    A thermometer of as many levels as the tensor has steps does, if it has the steps at the same
    pixels. Otherwise a thermometer with a level for every pixel value does, and one neuron for each
    step behind it.

    Parameters
    ----------
    table : Table
        The tensor; its stage has pixels.
    pad : float or None
        Real number of the padding that the next layer puts around the map.

    Raises
    ------
    ValueError
        If no code of the contract is the tensor; the message says what would be right.
    """
    stage = table.stage
    functions = table.functions().astype(np.float64)
    unit, counts = _steps(functions)
    if stage.largest is not None and (functions[-1] < functions[0]).any():
        raise ValueError("pooled pixels must be coded by a function that rises")
    source = _source(stage)
    bits = (len(stage.states) - 1).bit_length()
    ones = np.abs(counts)
    most = int(ones.max())
    plain = _levels(bits, source, ones)
    if plain is not None:
        layers: list[Layer] = [Thermometer(plain)]
        levels = plain.levels
    else:
        layers = _neurons(bits, source, ones)
        levels = most
    step = np.where(counts[-1] < 0, -unit, unit) / 2
    centre = functions[0] + step * levels
    if stage.pool > 1:
        layers.append(Pool(PoolParams(input=layers[-1].params.output, size=stage.pool)))
    if pad is not None and not np.allclose(centre - step * levels, pad, atol=unit * _NEAR):
        raise ValueError(
            f"its padding must be the value of the pixel 0, {functions[0][0]:g}, not {pad:g}: put "
            "a Pad node of that value before a convolution without padding"
        )
    return layers, Bits(stage.shape, table.index, centre, step, levels)


def _source(stage: Stage) -> MapShape:
    """Return the map of a stage of pixels before its pool."""
    shape = stage.shape
    return replace(shape, height=shape.height * stage.pool, width=shape.width * stage.pool)


def _steps(functions: NDArray[np.float64]) -> tuple[float, NDArray[np.int64]]:
    """Return the unit of all steps, and how many units each function has moved at each pixel."""
    moves = np.diff(functions, axis=0)
    rising, falling = (moves >= 0).all(axis=0), (moves <= 0).all(axis=0)
    if not (rising | falling).all():
        raise ValueError(
            f"colour {np.argmin(rising | falling)} must be coded by a function of the pixel that "
            "only rises or only falls"
        )
    sizes = np.abs(moves[moves != 0])
    if not len(sizes):
        raise ValueError("pixels must decide its value: it is constant")
    # Rounding makes steps of a line differ a little, and some tiny ones.
    least = sizes[sizes > _NEAR * sizes.max()].min()
    least = float(np.median(sizes[(sizes > 0.9 * least) & (sizes < 1.1 * least)]))
    way = functions - functions[0]
    far = np.abs(way[-1]).max()
    for parts in range(1, _MOST_PARTS + 1):
        unit = float(far / np.round(far * parts / least))
        counts = np.round(way / unit).astype(np.int64)
        if np.allclose(way, counts * unit, rtol=0, atol=_NEAR * unit):
            break
    else:
        raise ValueError(
            "steps of its pixels must be multiples of one unit, the same for all colours, not "
            f"{sizes.min():g} to {sizes.max():g}: binary weights can give no colour more weight"
        )
    if np.abs(counts).max() > _MOST_BITS:
        raise ValueError(
            f"a colour must have at most {_MOST_BITS} equal steps, not {np.abs(counts).max()}"
        )
    return unit, counts


def _levels(bits: int, shape: MapShape, ones: NDArray[np.int64]) -> ThermometerParams | None:
    """Return the thermometer whose ones are those of every colour; None if there is none."""
    most = int(ones.max())
    for levels in (most, most + 1):  # the last level of 2**b is above every pixel
        if levels <= 2**bits:
            params = ThermometerParams(bits=bits, levels=levels, input=shape)
            code = np.arange(2**bits)[:, np.newaxis] >= Thermometer(params).thresholds
            if (code.sum(axis=1)[:, np.newaxis] == ones).all():
                return params
    return None


def _neurons(bits: int, shape: MapShape, ones: NDArray[np.int64]) -> list[Layer]:
    """Return a thermometer of all levels and a neuron for each step of each colour."""
    levels, most = 2**bits, int(ones.max())
    thermometer = ThermometerParams(bits=bits, levels=levels, input=shape)
    colours = shape.channels
    params = ConvParams(
        input=thermometer.output, outputs=colours * most, kernel=1, groups=colours,
        padding="valid", thresholds=True,
    )  # fmt: skip
    # Of the pixel v, the code has v ones: its sum is 2 * v - 2**b.
    reached = ones[:, :, np.newaxis] > np.arange(most)
    pixel = np.where(reached.any(axis=0), np.argmax(reached, axis=0), 2**bits)
    thresholds = (2 * pixel - levels).reshape(-1).astype(np.int32)
    weights = np.ones(params.weight_shape, np.uint8)
    neurons = Conv(params, weights, thresholds, np.ones(params.outputs, np.uint8))
    return [Thermometer(thermometer), neurons]
