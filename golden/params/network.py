# SPDX-License-Identifier: MIT
"""Parameters of a whole network, and their conversion from and to a description (contract, 9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from golden.params.checks import check_integer
from golden.params.layers import (
    ConvParams,
    DenseParams,
    HeadParams,
    MapShape,
    PoolParams,
    ThermometerParams,
)

__all__ = ["LayerParams", "NetworkParams"]

LayerParams = ThermometerParams | ConvParams | PoolParams | DenseParams

# Keys that a description gives for each kind of layer. The layer before decides the rest.
_LAYER_KEYS: dict[str, tuple[type, tuple[str, ...]]] = {
    "thermometer": (ThermometerParams, ("levels",)),
    "conv": (ConvParams, ("groups", "kernel", "outputs", "padding", "shuffle", "thresholds")),
    "pool": (PoolParams, ("size",)),
    "dense": (DenseParams, ("outputs", "thresholds")),
}


@dataclass(frozen=True, kw_only=True)
class NetworkParams:
    """Parameters of a feature extractor, optionally with a head.

    Parameters
    ----------
    input : MapShape
        Pixel map.
    bits : int
        b, bits of a pixel.
    layers : tuple of LayerParams
        The layers in order, the thermometer first. Each takes the output of the one before.
    head : HeadParams, optional
        Classifier over the flattened output.
    """

    input: MapShape
    bits: int
    layers: tuple[LayerParams, ...]
    head: HeadParams | None = None

    def __post_init__(self) -> None:
        check_integer("Pixel bits b", self.bits, 1, 16)
        if not self.layers or not isinstance(self.layers[0], ThermometerParams):
            raise ValueError("Network layers must begin with a thermometer")
        shape = self.input
        for index, layer in enumerate(self.layers):
            if isinstance(layer, ThermometerParams) != (index == 0):
                raise ValueError(f"Layer {index} must not be a thermometer: only layer 0 is")
            dense = isinstance(layer, DenseParams)
            if (layer.inputs != shape.size) if dense else (layer.input != shape):
                raise ValueError(f"Layer {index} must take the {shape} of the layer before")
            shape = layer.output
        if self.layers[0].bits != self.bits:
            raise ValueError(
                f"Thermometer bits must be the {self.bits} of the input, not {self.layers[0].bits}"
            )
        if self.head is not None and self.head.features != shape.size:
            raise ValueError(
                f"Head features D must be the {shape.size} outputs of the last layer, "
                f"not {self.head.features}"
            )

    @property
    def output(self) -> MapShape:
        """Shape of the last layer's output."""
        return self.layers[-1].output

    @property
    def weight_count(self) -> int:
        """Binary weights of the layers, without the head."""
        return sum(
            layer.weight_count
            for layer in self.layers
            if isinstance(layer, ConvParams | DenseParams)
        )

    def describe(self) -> dict[str, Any]:
        """Return the description: plain dicts, lists, strings and integers (contract, 9)."""
        layers = []
        for layer in self.layers:
            kind = next(k for k, (cls, _) in _LAYER_KEYS.items() if isinstance(layer, cls))
            layers.append({"kind": kind, **{k: getattr(layer, k) for k in _LAYER_KEYS[kind][1]}})
        head = self.head and {"classes": self.head.classes, "hidden": self.head.hidden}
        return {
            "head": head,
            "input": {
                "bits": self.bits,
                "channels": self.input.channels,
                "height": self.input.height,
                "width": self.input.width,
            },
            "layers": layers,
        }

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> "NetworkParams":
        """Build parameters from a description.

        Raises
        ------
        ValueError
            If a key is missing or unknown, or a layer does not fit the one before.
        TypeError
            If a value is of the wrong kind.
        """
        given = _keys("Network", description, ("input", "layers"), ("head",))
        pixels = _keys("Input", given["input"], ("bits", "channels", "height", "width"))
        bits = pixels.pop("bits")
        shape = source = MapShape(**pixels)
        if not isinstance(given["layers"], list | tuple):
            raise TypeError(f"Network layers must be a list, not {given['layers']!r}")
        layers: list[LayerParams] = []
        for index, entry in enumerate(given["layers"]):
            try:
                layers.append(_layer(entry, shape, bits))
            except (TypeError, ValueError) as error:
                raise type(error)(f"Layer {index}: {error}") from None
            shape = layers[-1].output
        head = None
        if given.get("head") is not None:
            sizes = _keys("Head", given["head"], ("classes",), ("hidden",))
            head = HeadParams(features=shape.size, **sizes)
        return cls(input=source, bits=bits, layers=tuple(layers), head=head)


def _keys(
    what: str, given: Any, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return `given` as a dict; it must have the `required` keys and may have `optional` ones."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{what} must be a mapping, not {given!r}")
    for key in required:
        if key not in given:
            raise ValueError(f"{what} must have the key {key!r}")
    for key in given:
        if key not in required + optional:
            known = ", ".join(required + optional)
            raise ValueError(f"{what} must have no keys but {known}, not {key!r}")
    return dict(given)


def _layer(entry: Any, shape: MapShape, bits: int) -> LayerParams:
    """Build one layer that takes a map of `shape`."""
    if not isinstance(entry, Mapping) or entry.get("kind") not in list(_LAYER_KEYS):
        raise ValueError(f"kind must be one of {', '.join(_LAYER_KEYS)}, not {entry!r}")
    kind = entry["kind"]
    required = {"thermometer": ("levels",), "conv": ("outputs",), "dense": ("outputs",), "pool": ()}
    optional = tuple(k for k in _LAYER_KEYS[kind][1] if k not in required[kind])
    given = _keys(kind, {k: v for k, v in entry.items() if k != "kind"}, required[kind], optional)
    if kind == "thermometer":
        return ThermometerParams(bits=bits, input=shape, **given)
    if kind == "dense":
        return DenseParams(inputs=shape.size, **given)
    return (ConvParams if kind == "conv" else PoolParams)(input=shape, **given)
