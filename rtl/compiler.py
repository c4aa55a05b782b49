# SPDX-License-Identifier: MIT
"""Compiler of single layers: each becomes a descriptor and rows of the memories."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.params import (
    AcceleratorParams,
    ConvParams,
    DenseParams,
    HeadParams,
    MapShape,
    PoolParams,
    ThermometerParams,
)
from rtl.descriptor import Operation, descriptor_layout
from rtl.lead import first_lead
from rtl.packing import flat_weights, gathered_words, threshold_rows, weight_rows
from rtl.shuffle import channels_as_stored, moves_channels

__all__ = ["Compiler"]


@dataclass
class Compiler:
    """A program that grows layer by layer, and the map that the last layer left.

    Parameters
    ----------
    params : AcceleratorParams
        The machine.
    what : str
        Name of the current layer in messages.
    bank : int
        Number of the feature memory that holds the map.
    map : MapShape
        Shape of the current map.
    order : ndarray of shape (channels,), intp, optional
        Channel at each position of a pixel of the current map; by default channels are in order.
    layers : list of dict
        Descriptors so far, by field.
    weights, limits, polarity : list of ndarray
        Rows of the memories so far, layer by layer.
    """

    params: AcceleratorParams
    what: str = ""
    bank: int = 1
    map: MapShape = field(default_factory=lambda: MapShape(height=1, width=1, channels=1))
    order: NDArray[np.intp] | None = None
    layers: list[dict[str, Any]] = field(default_factory=list)
    weights: list[NDArray[np.uint8]] = field(default_factory=list)
    limits: list[NDArray[np.int64]] = field(default_factory=list)
    polarity: list[NDArray[np.uint8]] = field(default_factory=list)

    @property
    def simd(self) -> int:
        """Lanes of a word."""
        return self.params.mvu.simd

    @property
    def pixel_words(self) -> int:
        """Words of a pixel of the current map."""
        return -(-self.map.channels // self.simd)

    @property
    def map_words(self) -> int:
        """Words of the current map."""
        return self.map.height * self.map.width * self.pixel_words

    @property
    def rows(self) -> int:
        """Number of used rows of the weight memory."""
        return sum(map(len, self.weights))

    @property
    def tiles(self) -> int:
        """Number of used rows of the threshold memory."""
        return sum(map(len, self.limits))

    def input(self, layer: ThermometerParams) -> None:
        """Add the thermometer, which turns pixels into the first map."""
        p, colours = self.params, layer.input.channels
        if (layer.bits, colours) != (p.pixel_bits, p.colours):
            raise ValueError(
                f"Pixels must be {p.colours} colours of {p.pixel_bits} bits, "
                f"not {colours} of {layer.bits}"
            )
        _check_room("Thermometer must have", layer.levels, "levels", p.levels)
        self._take(layer.output)
        self._add(operation=Operation.INPUT, levels=layer.levels, length=self.map_words)

    def pool(self, layer: PoolParams) -> None:
        """Add a pool: the OR of the words of windows. Every word of a pixel is a group."""
        size, words = layer.size, self.pixel_words
        window = _window(layer.input, words, (size, size), stride=size)
        self._take(layer.output)
        self._add(
            **window, operation=Operation.POOL, groups=words, group_words=1,
            group_inputs=self.simd, group_outputs=1, length=self.map_words,
        )  # fmt: skip

    def convolution(self, layer: ConvParams, arrays: Any, folded: bool = False) -> None:
        """Add a convolution: neurons over windows of the map.

        Parameters
        ----------
        layer : ConvParams
        arrays
            Its weights and thresholds.
        folded : bool
            Whether its shuffle is left to the weights of the next neurons. Until then, only pools
            may be added.
        """
        kernel = (layer.kernel, layer.kernel)
        window = _window(layer.input, self.pixel_words, kernel, pad=layer.pad)
        weights = self._as_stored(arrays.weights)
        if gathered := gathered_words(layer, self.params):
            window["gathered"] = gathered
            weights = weights.reshape(layer.outputs, 1, 1, -1)  # one position, of all channels
        rows = self._rows(weights, layer.groups)
        self._take(layer.output)
        self.order = channels_as_stored(layer) if folded else None
        self._neurons(
            window, rows, layer, arrays, group_inputs=layer.group_inputs, groups=layer.groups,
            shuffle=moves_channels(layer) and not folded,
        )  # fmt: skip

    def dense(self, layer: DenseParams, arrays: Any) -> None:
        """Add a dense layer: neurons over the words of the whole map."""
        by_pixel = arrays.weights.reshape(layer.outputs, -1, self.map.channels)
        weights = self._as_stored(by_pixel).reshape(layer.outputs, -1)
        self.order = None
        self._dense(layer, weights, arrays)

    def _dense(self, layer: DenseParams, weights: NDArray[np.uint8], arrays: Any) -> None:
        window = _row(self.map_words)
        rows = self._rows(self._flat(weights)[:, np.newaxis])
        self._take(layer.output)
        self._neurons(window, rows, layer, arrays, group_inputs=self.simd)

    def features(self) -> None:
        """Add the output of the map."""
        self._add(
            **_row(self.map_words, kernel=1), operation=Operation.FEATURES,
            group_inputs=self.simd, group_outputs=1, length=self.map_words,
        )  # fmt: skip

    def head(self, head: HeadParams, arrays: Any) -> None:
        """Add a head: hidden layer, copy of the embedding behind it, both planes in one window."""
        _check_room("Head must have", head.classes, "classes", self.params.classes)
        self._check_count(2 * head.concat)
        planes = np.stack([arrays.plane_a, arrays.plane_b], axis=1)
        words, weights = self.map_words, self._flat(planes[..., head.hidden :])
        if head.hidden:
            hidden = DenseParams(inputs=head.features, outputs=head.hidden)
            self._dense(hidden, arrays.hidden_weights, None)
            of_hidden = self._flat(planes[..., : head.hidden])
            weights = np.concatenate([of_hidden, weights], axis=2)
            self._copy(words, offset=self.map_words)
            words += self.map_words
        # The window has two rows, and both are the same row of the map.
        window = _row(words) | {"rows": 2, "kernel_rows": 2}
        self._add(
            **window, operation=Operation.LOGITS, group_inputs=self.simd,
            group_outputs=head.classes, concat=head.concat, weight=self.rows,
        )  # fmt: skip
        self.weights.append(self._rows(weights))

    def _copy(self, words: int, offset: int) -> None:
        """Add a copy of the second-to-last map behind the last one."""
        what = "words for the hidden bits and the embedding"
        _check_room("Feature memories must hold", offset + words, what, self.params.map_depth)
        self.bank = 1 - self.bank
        self._add(
            **_row(words, kernel=1), operation=Operation.POOL, group_inputs=self.simd,
            group_outputs=1, offset=offset, length=words,
        )  # fmt: skip

    def _neurons(
        self, window: dict[str, int], rows: NDArray[np.uint8], layer: ConvParams | DenseParams,
        arrays: Any, group_inputs: int, groups: int = 1, shuffle: bool = False,
    ) -> None:  # fmt: skip
        """Add neurons whose output is the current map."""
        what = f"channels for {self.what}"
        _check_room("Maps must hold", layer.outputs, what, self.params.channels)
        self._check_count(layer.inputs)
        pe, outputs = self.params.mvu.pe, layer.outputs // groups
        whole = not shuffle and (groups == 1 or outputs % pe == 0)
        stride, unit = (groups, 1) if shuffle else (1, pe if whole else 1)
        self._add(
            **window, operation=Operation.NEURONS, length=self.map_words, groups=groups,
            group_inputs=group_inputs, group_words=group_inputs // self.simd,
            group_lanes=group_inputs % self.simd, group_outputs=outputs,
            tile_step=pe * stride // unit, group_step=1 if shuffle else outputs // unit,
            whole=int(whole), place_stride=stride, pixel_words=self.pixel_words,
            weight=self.rows, tile=self.tiles,
        )  # fmt: skip
        self.weights.append(rows)
        theta = np.zeros(layer.outputs, np.int64)
        polarity = np.ones(layer.outputs, np.uint8)
        if layer.thresholds:
            theta, polarity = arrays.thresholds.astype(np.int64), arrays.polarity
        # dot = 2*agree - n is at least theta exactly if agree is at least half of n + theta.
        limits = np.clip(-(-(layer.inputs + theta) // 2), 0, 2**self.params.mvu.count_width)
        self.limits.append(threshold_rows(limits, groups, self.params.neurons))
        self.polarity.append(threshold_rows(polarity, groups, self.params.neurons))

    def _take(self, shape: MapShape) -> None:
        """Make a map the current one if it fits."""
        self.map = shape
        what = f"words for {self.what}"
        _check_room("Feature memories must hold", self.map_words, what, self.params.map_depth)

    def _check_count(self, inputs: int) -> None:
        width, what = inputs.bit_length(), f"bits for {self.what}"
        _check_room("Counts must have", width, what, self.params.mvu.count_width)

    def _as_stored(self, weights: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return weights, channels in their last axis, in the order of the current map."""
        return weights if self.order is None else weights[..., self.order]

    def _rows(self, weights: NDArray[np.uint8], groups: int = 1) -> NDArray[np.uint8]:
        return weight_rows(weights, groups, self.params.neurons, self.simd)

    def _flat(self, weights: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return weights over the flattened current map as weights over its words."""
        return flat_weights(weights, self.map.channels, self.simd)

    def _add(self, operation: Operation, **fields: int) -> None:
        """Append a layer that reads the current memory and writes its map to the other one."""
        layer: dict[str, Any] = {"groups": 1, "source": self.bank} | fields
        for name, shape in descriptor_layout(self.params):
            # The window counts modulo a power of two. `finish` checks the room for rows.
            if name in ("origin", "tile_step", "weight", "tile"):
                layer[name] = layer.get(name, 0) % 2**shape.width
            elif layer.get(name, 0) >= 2**shape.width:
                limit = 2**shape.width - 1
                raise ValueError(f"{name} of {self.what} must be <= {limit}, not {layer[name]}")
        self.layers.append({"operation": operation, **layer})
        if operation in (Operation.INPUT, Operation.NEURONS, Operation.POOL):
            self.bank = 1 - self.bank

    def finish(self) -> None:
        """End the program and make sure that it fits the machine."""
        p = self.params
        if p.gathers:
            self.layers[0]["lead"] = first_lead(*self.layers[:2], p)
        self.layers[-1]["end"] = 1
        _check_room("Program memory must hold", len(self.layers), "layers", p.program_depth)
        _check_room("Weight memory must hold", self.rows, "rows", p.mvu.weight_depth)
        _check_room("Threshold memory must hold", self.tiles, "rows", p.mvu.tile_depth)


def _window(
    shape: MapShape, words: int, kernel: tuple[int, int], stride: int = 1, pad: int = 0
) -> dict[str, int]:
    """Return the fields of a window over a map with `words` words per pixel."""
    row = shape.width * words
    return {
        "rows": shape.height, "columns": shape.width, "pad": pad, "stride": stride,
        "kernel_rows": kernel[0], "kernel_columns": kernel[1],
        "out_rows": (shape.height + 2 * pad - kernel[0]) // stride + 1,
        "out_columns": (shape.width + 2 * pad - kernel[1]) // stride + 1,
        "origin": -pad * (row + words), "column_pitch": words, "row_pitch": row,
        "x_pitch": stride * words, "y_pitch": stride * row,
    }  # fmt: skip


def _row(words: int, kernel: int = 0) -> dict[str, int]:
    """Return the fields of a window over a row of words: `kernel` at a time, or all at once."""
    shape = MapShape(height=1, width=words, channels=1)
    return _window(shape, 1, (1, kernel or words)) | {"row_pitch": 0, "y_pitch": 0}


def _check_room(what: str, needed: int, unit: str, room: int) -> None:
    if needed > room:
        raise ValueError(f"{what} {needed} {unit}, not {room}")
