# SPDX-License-Identifier: MIT
"""The smallest machine that has room for a network, and a check whether a given one has room."""

from dataclasses import asdict

from golden.params import AcceleratorParams, ConvParams, LayerParams, MvuParams, NetworkParams
from sim.cost.counts.layer import Layer
from sim.cost.counts.mapping import program

__all__ = ["check_room", "least_machine"]

# Limits of a machine that a network must not exceed: the start of the message, and the unit.
_ROOM = {
    "program_depth": ("Program memory must hold", "layers"),
    "map_depth": ("Feature memories must hold", "words"),
    "channels": ("Maps must hold", "channels"),
    "classes": ("Head must have", "classes"),
    "levels": ("Thermometer must have", "levels"),
    "mvu.weight_depth": ("Weight memory must hold", "rows"),
    "mvu.tile_depth": ("Threshold memory must hold", "rows"),
    "mvu.count_width": ("Counts must have", "bits"),
}


def least_machine(
    network: NetworkParams, *, pe: int, simd: int, weight_reuse: int = 1, units: int = 1,
    features: bool = True, gather_words: int = AcceleratorParams.gather_words,
) -> AcceleratorParams:  # fmt: skip
    """Return the machine whose memories are just large enough for a network.

    Parameters
    ----------
    network : NetworkParams
    pe, simd : int
        Number of parallel neurons of a unit, and inputs of each in a cycle.
    weight_reuse : {1, 2, 4, 8}
        P, pixels that a row of weights serves.
    units : {1, 2}
        Matrix-vector units side by side.
    features : bool
        Whether the machine sends the embedding. It always does if the network has no head.
    gather_words : int
        Most words of a gathered window. The machine has as many as its layers need, and 0, which
        means no memory for windows, if none of them is gathered.
    """
    mapped = MvuParams(pe=pe, simd=simd, weight_reuse=weight_reuse)
    machine = AcceleratorParams(mvu=mapped, units=units, gather_words=gather_words)
    layers = program(network, machine, features=features)
    mvu = MvuParams(
        pe=pe, simd=simd,
        weight_depth=max(1, sum(layer.weight_rows for layer in layers)),
        tile_depth=max(1, sum(layer.threshold_rows for layer in layers)),
        count_width=max([1, *(layer.inputs.bit_length() for layer in layers)]),
        weight_reuse=weight_reuse,
    )  # fmt: skip
    return AcceleratorParams(
        mvu=mvu,
        units=units,
        map_depth=max([*_map_words(layers), *map(_kernel, network.layers)]),
        program_depth=len(layers),
        channels=max([1, *(layer.outputs for layer in layers if layer.operation == "neurons")]),
        classes=network.head.classes if network.head else 1,
        pixel_bits=network.bits,
        colours=network.input.channels,
        levels=network.layers[0].output.channels // network.input.channels,
        gather_words=max(layer.tiles[0].words if layer.taps else 0 for layer in layers),
    )


def check_room(network: NetworkParams, params: AcceleratorParams, *, features: bool = True) -> None:
    """Check that a machine has room for a network.

    Parameters
    ----------
    network : NetworkParams
    params : AcceleratorParams
        Parameters of the machine.
    features : bool
        Whether the machine sends the embedding. It always does if the network has no head.

    Raises
    ------
    ValueError
        If the machine has no room. The message states the size needed and the size it has.
    """
    mvu = params.mvu
    least = least_machine(
        network, pe=mvu.pe, simd=mvu.simd, weight_reuse=mvu.weight_reuse, units=params.units,
        features=features, gather_words=params.gather_words,
    )  # fmt: skip
    pixels = (least.pixel_bits, least.colours)
    if pixels != (params.pixel_bits, params.colours):
        raise ValueError(
            f"Pixels must be {params.colours} colours of {params.pixel_bits} bits, "
            f"not {least.colours} of {least.pixel_bits}"
        )
    needed, room = _flat(least), _flat(params)
    for name, (what, unit) in _ROOM.items():
        if needed[name] > room[name]:
            raise ValueError(f"{what} {needed[name]} {unit}, not {room[name]}")


def _map_words(layers: tuple[Layer, ...]) -> list[int]:
    """Return the words of every map. The copied embedding lies behind the hidden bits."""
    words = [layer.words for layer in layers]
    for hidden, copy in zip(layers, layers[1:], strict=False):
        if copy.name == "copy":
            words.append(hidden.words + copy.words)
    return words


def _kernel(layer: LayerParams) -> int:
    """Return the side of a layer's kernel; the machine's counter for it is sized for words."""
    return layer.kernel if isinstance(layer, ConvParams) else 1


def _flat(params: AcceleratorParams) -> dict[str, int]:
    """Return all sizes by name. Sizes of the matrix-vector unit are named "mvu.NAME"."""
    plain = asdict(params)
    return {f"mvu.{name}": value for name, value in plain.pop("mvu").items()} | plain
