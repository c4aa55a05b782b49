# SPDX-License-Identifier: MIT
"""From a network's parameters and arrays to what the machine's memories hold (contract, 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from golden.params import (
    AcceleratorParams,
    ConvParams,
    DenseParams,
    HeadParams,
    MapShape,
    NetworkParams,
    PoolParams,
    ThermometerParams,
)
from rtl.collector import Collector
from rtl.descriptor import LoadTarget, Operation, descriptor_layout, limit_layout
from rtl.mvu import mvu_latency
from rtl.network import Network
from rtl.pool import Pool
from rtl.thermometer import pixel_cycles

__all__ = ["LoadWord", "Program", "WeightedNetwork", "compile_network"]


class WeightedNetwork(Protocol):
    """What is needed of a network: `golden.network.Network` has it."""

    params: NetworkParams
    layers: Sequence[Any]
    head: Any


class LoadWord(NamedTuple):
    """One word of the machine's `load` stream, field by field."""

    target: LoadTarget
    address: int
    lane: int
    data: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Program:
    """What the memories of the machine hold for one network.

    Parameters
    ----------
    layers : tuple of dict
        Descriptors, by field (`rtl.descriptor`). The first ones are the layers of the network; the
        sending of the features and the layers of the head follow.
    weights : ndarray of shape (rows, pe, simd), uint8 in {0, 1}
        Rows of the weight memory, in the order in which the window goes through them.
    limits : ndarray of shape (tiles, pe), int64
        Smallest counts of agreements that reach the thresholds.
    polarity : ndarray of shape (tiles, pe), uint8 in {0, 1}
    """

    layers: tuple[dict[str, Any], ...]
    weights: NDArray[np.uint8]
    limits: NDArray[np.int64]
    polarity: NDArray[np.uint8]

    def descriptors(self, params: AcceleratorParams) -> list[int]:
        """Return the rows of the program memory."""
        layout = descriptor_layout(params)
        return [int(layout.const(layer).as_value().value) for layer in self.layers]

    def words(self, params: AcceleratorParams) -> Iterator[LoadWord]:
        """Yield all words to load; those of one neuron of a memory come in the order of rows."""
        for address, row in enumerate(self.descriptors(params)):
            yield LoadWord(LoadTarget.PROGRAM, address, 0, row)
        bits = np.packbits(self.weights, axis=-1, bitorder="little")
        for lane in range(params.mvu.pe):
            for address, row in enumerate(bits[:, lane]):
                data = int.from_bytes(row.tobytes(), "little")
                yield LoadWord(LoadTarget.WEIGHTS, address, lane, data)
        shift = limit_layout(params)["polarity"].offset
        for lane in range(params.mvu.pe):
            for address in range(len(self.limits)):
                data = int(self.limits[address, lane]) | int(self.polarity[address, lane]) << shift
                yield LoadWord(LoadTarget.THRESHOLDS, address, lane, data)

    def layer_cycles(self, params: AcceleratorParams) -> list[int]:
        """Return the cycles of each layer if nothing outside makes the machine wait."""
        return [_layer_cycles(layer, params) for layer in self.layers]

    def cycles(self, params: AcceleratorParams) -> int:
        """Return the cycles from one picture to the next if nothing outside makes them wait."""
        idle = 1
        return idle + sum(self.layer_cycles(params))


def compile_network(
    network: WeightedNetwork, params: AcceleratorParams, *, features: bool = True
) -> Program:
    """Return the program that runs a network on a machine.

    Parameters
    ----------
    network : WeightedNetwork
        Such as a `golden.network.Network`.
    params : AcceleratorParams
    features : bool
        Whether the embeddings leave the machine; always, if the network has no head.

    Raises
    ------
    ValueError
        If the network does not fit the machine.
    """
    compiler = _Compiler(params)
    for index, (layer, arrays) in enumerate(
        zip(network.params.layers, network.layers, strict=True)
    ):
        compiler.what = f"layer {index}"
        if isinstance(layer, ThermometerParams):
            compiler.input(layer)
        elif isinstance(layer, PoolParams):
            compiler.pool(layer)
        elif isinstance(layer, ConvParams):
            compiler.convolution(layer, arrays)
        else:
            compiler.dense(layer, arrays)
    head = network.params.head
    if features or head is None:
        compiler.features()
    if head is not None:
        compiler.what = "the head"
        compiler.head(head, network.head)
    return compiler.program()


@dataclass
class _Compiler:
    """Program under way: the layers so far, and the map that the last of them left."""

    params: AcceleratorParams
    what: str = ""
    bank: int = 1
    map: MapShape = field(default_factory=lambda: MapShape(height=1, width=1, channels=1))
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
        """Words of a pixel of the present map."""
        return -(-self.map.channels // self.simd)

    @property
    def map_words(self) -> int:
        """Words of the present map."""
        return self.map.height * self.map.width * self.pixel_words

    @property
    def rows(self) -> int:
        """Rows of the weight memory that are taken."""
        return sum(map(len, self.weights))

    @property
    def tiles(self) -> int:
        """Rows of the threshold memory that are taken."""
        return sum(map(len, self.limits))

    def input(self, layer: ThermometerParams) -> None:
        """Turn pixels into the first map."""
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
        """OR of the words of windows; every word of a pixel is a group."""
        size, words = layer.size, self.pixel_words
        window = _window(layer.input, words, (size, size), stride=size)
        self._take(layer.output)
        self._add(
            **window, operation=Operation.POOL, groups=words, group_words=1,
            group_inputs=self.simd, group_outputs=1, length=self.map_words,
        )  # fmt: skip

    def convolution(self, layer: ConvParams, arrays: Any) -> None:
        """Neurons over windows of the map."""
        kernel = (layer.kernel, layer.kernel)
        window = _window(layer.input, self.pixel_words, kernel, pad=layer.pad)
        rows = _weight_rows(arrays.weights, layer.groups, self.params)
        self._take(layer.output)
        self._neurons(
            window, rows, layer, arrays, group_inputs=layer.group_inputs, groups=layer.groups,
            shuffle=layer.shuffle,
        )  # fmt: skip

    def dense(self, layer: DenseParams, arrays: Any) -> None:
        """Neurons over the words of the whole map."""
        self._dense(layer, arrays.weights, arrays)

    def _dense(self, layer: DenseParams, weights: NDArray[np.uint8], arrays: Any) -> None:
        window = _row(self.map_words)
        rows = _weight_rows(self._flat_weights(weights)[:, np.newaxis], 1, self.params)
        self._take(layer.output)
        self._neurons(window, rows, layer, arrays, group_inputs=self.simd)

    def features(self) -> None:
        """Send the map out."""
        self._add(
            **_row(self.map_words, kernel=1), operation=Operation.FEATURES,
            group_inputs=self.simd, group_outputs=1, length=self.map_words,
        )  # fmt: skip

    def head(self, head: HeadParams, arrays: Any) -> None:
        """Hidden layer, the embedding copied behind it, both planes in one window."""
        _check_room("Machine must have", head.classes, "classes", self.params.classes)
        self._check_count(2 * head.concat)
        planes = np.stack([arrays.plane_a, arrays.plane_b], axis=1)
        words, weights = self.map_words, self._flat_weights(planes[..., head.hidden :])
        if head.hidden:
            hidden = DenseParams(inputs=head.features, outputs=head.hidden)
            self._dense(hidden, arrays.hidden_weights, None)
            of_hidden = self._flat_weights(planes[..., : head.hidden])
            weights = np.concatenate([of_hidden, weights], axis=2)
            self._copy(words, offset=self.map_words)
            words += self.map_words
        # The window has two rows, which are the same row of the map.
        window = _row(words) | {"rows": 2, "kernel_rows": 2}
        self._add(
            **window, operation=Operation.LOGITS, group_inputs=self.simd,
            group_outputs=head.classes, concat=head.concat, weight=self.rows,
        )  # fmt: skip
        self.weights.append(_weight_rows(weights, 1, self.params))

    def _copy(self, words: int, offset: int) -> None:
        """Copy the map before the last one behind the last one."""
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
        """Add neurons whose output is the present map."""
        _check_room("Machine must have", layer.outputs, "channels", self.params.channels)
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
        # dot = 2*agree - n reaches theta where agree reaches half of n + theta.
        limits = np.clip(-(-(layer.inputs + theta) // 2), 0, 2**self.params.mvu.count_width)
        self.limits.append(_tiles(limits, groups, pe))
        self.polarity.append(_tiles(polarity, groups, pe))

    def _take(self, shape: MapShape) -> None:
        """Make a map the present one, if it fits."""
        self.map = shape
        what = f"words for {self.what}"
        _check_room("Feature memories must hold", self.map_words, what, self.params.map_depth)

    def _check_count(self, inputs: int) -> None:
        width, what = inputs.bit_length(), f"bits for {self.what}"
        _check_room("Counts must have", width, what, self.params.mvu.count_width)

    def _flat_weights(self, weights: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return weights over the flattened map as weights over its words, (..., word, lane).

        A lane without a channel is 0 in the map and 1 here, so that the two never agree.
        """
        pixels = self.map.height * self.map.width
        by_pixel = weights.reshape(*weights.shape[:-1], pixels, self.map.channels)
        unused = self.pixel_words * self.simd - self.map.channels
        padded = _pad(by_pixel, -1, unused, 1)
        return padded.reshape(*weights.shape[:-1], self.map_words, self.simd)

    def _add(self, operation: Operation, **fields: int) -> None:
        """Append a layer that reads the present memory and leaves its map in the other one."""
        layer: dict[str, Any] = {"groups": 1, "source": self.bank} | fields
        for name, shape in descriptor_layout(self.params):
            if name in ("origin", "tile_step"):  # modulo a power of two, on purpose
                layer[name] = layer.get(name, 0) % 2**shape.width
            elif layer.get(name, 0) >= 2**shape.width:
                limit = 2**shape.width - 1
                raise ValueError(f"{name} of {self.what} must be <= {limit}, not {layer[name]}")
        self.layers.append({"operation": operation, **layer})
        if operation in (Operation.INPUT, Operation.NEURONS, Operation.POOL):
            self.bank = 1 - self.bank

    def program(self) -> Program:
        """Return the program, if it fits."""
        p, pe = self.params, self.params.mvu.pe
        self.layers[-1]["end"] = 1
        none = np.zeros((0, pe, self.simd), np.uint8)
        program = Program(
            layers=tuple(self.layers),
            weights=np.concatenate([none, *self.weights]),
            limits=np.concatenate([np.zeros((0, pe), np.int64), *self.limits]),
            polarity=np.concatenate([np.zeros((0, pe), np.uint8), *self.polarity]),
        )
        _check_room("Program memory must hold", len(self.layers), "layers", p.program_depth)
        _check_room("Weight memory must hold", self.rows, "rows", p.mvu.weight_depth)
        _check_room("Threshold memory must hold", self.tiles, "rows", p.mvu.tile_depth)
        return program


def _window(
    shape: MapShape, words: int, kernel: tuple[int, int], stride: int = 1, pad: int = 0
) -> dict[str, int]:
    """Return the fields of a window over a map of so many words a pixel."""
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
    """Return the fields of a window over plain words: `kernel` at a time, or all of them."""
    shape = MapShape(height=1, width=words, channels=1)
    return _window(shape, 1, (1, kernel or words)) | {"row_pitch": 0, "y_pitch": 0}


def _weight_rows(
    weights: NDArray[np.uint8], groups: int, params: AcceleratorParams
) -> NDArray[np.uint8]:
    """Return the rows of weights (output, kernel row, kernel column, channel of the group).

    A group's channels begin anywhere in a word; the window leaves the lanes beside them out, but
    for those past the last channel, which are 0 in the map and 1 here.
    """
    pe, simd = params.mvu.pe, params.mvu.simd
    outputs, rows, columns, channels = weights.shape
    by_group = weights.reshape(groups, outputs // groups, rows, columns, channels)
    found = []
    for group, own in enumerate(by_group):
        low = group * channels % simd
        words = -(-(low + channels) // simd)
        lanes = np.ones((*own.shape[:-1], words * simd), np.uint8)
        lanes[..., low : low + channels] = own
        tiles = _pad(lanes, 0, -len(own) % pe, 0)
        tiles = tiles.reshape(-1, pe, rows, columns, words, simd)
        found.append(np.moveaxis(tiles, 1, -2).reshape(-1, pe, simd))
    return np.concatenate(found)


def _tiles(values: NDArray, groups: int, pe: int) -> NDArray:
    """Return a value an output as rows of `pe`; no row holds outputs of two groups."""
    by_group = values.reshape(groups, -1)
    return _pad(by_group, 1, -by_group.shape[1] % pe, 0).reshape(-1, pe)


def _pad(array: NDArray, axis: int, count: int, value: int) -> NDArray:
    """Append `count` entries of `value` along an axis."""
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, count)
    return np.pad(array, widths, constant_values=value)


def _check_room(what: str, needed: int, unit: str, room: int) -> None:
    if needed > room:
        raise ValueError(f"{what} {needed} {unit}, not {room}")


def _layer_cycles(layer: dict[str, Any], params: AcceleratorParams) -> int:
    """Return the cycles from the reading of a layer's descriptor to that of the next."""
    operation = layer["operation"]
    if operation is Operation.INPUT:
        colours, levels, simd = params.colours, layer["levels"], params.mvu.simd
        pixels = layer["length"] // -(-colours * levels // simd)
        return 2 + pixels * pixel_cycles(colours, levels, simd)
    tiles = list(_tile_steps(layer, params))
    pixels = layer["out_rows"] * layer["out_columns"]
    if operation is Operation.FEATURES:
        return Network.latency + pixels * sum(tiles)
    if operation is Operation.POOL:
        return Network.latency + Pool.latency + pixels * sum(tiles)
    # A tile is taken when its steps are done and the one before it is stored.
    whole, outputs = bool(layer.get("whole")), layer["group_outputs"]
    pe, words = params.mvu.pe, layer.get("pixel_words", 0)
    lanes = [min(pe, outputs - n) for n in range(0, outputs, pe)] * layer["groups"]
    stores = [Collector.cycles(whole, n, 0) for n in lanes]
    stores[-1] += words
    pixel = sum(max(pair) for pair in zip(tiles[1:], stores[:-1], strict=True))
    return (
        Network.latency + tiles[0] + mvu_latency(params.mvu) + pixels * pixel
        + (pixels - 1) * max(tiles[0], stores[-1]) + stores[-1]
    )  # fmt: skip


def _tile_steps(layer: dict[str, Any], params: AcceleratorParams) -> Iterator[int]:
    """Yield the steps of each tile of a pixel."""
    kernel = layer["kernel_rows"] * layer["kernel_columns"]
    for group in range(layer["groups"]):
        first = group * layer["group_inputs"]
        last = first + layer["group_inputs"] - 1
        words = last // params.mvu.simd - first // params.mvu.simd + 1
        for _ in range(0, layer["group_outputs"], params.mvu.pe):
            yield kernel * words
