# SPDX-License-Identifier: MIT
"""Which array belongs to which layer: by stated names, or by the order of a `state_dict`."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.params import ConvParams, DenseParams, NetworkParams
from sim.exchange.arrays import LayerArrays
from sim.work.errors import UserError
from sim.work.files import read_bytes

__all__ = ["by_name", "by_order", "read_npz"]

Arrays = Mapping[str, NDArray[Any]]

_PARTS = tuple(field.name for field in fields(LayerArrays))

# Names of a batch normalisation in PyTorch.
_NORM = {
    "weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance",
}  # fmt: skip


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an archive `.npz`; no pickle is read.

    Raises
    ------
    UserError
        If it cannot be read, or holds anything but arrays of numbers.
    """
    content = read_bytes(path)
    if not content.startswith(b"PK"):
        raise UserError(f"{path} must be an archive .npz of arrays: it begins with {content[:8]!r}")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = dict(file)
    except Exception as error:  # numpy, zipfile and each compression raise classes of their own
        reason = str(error).strip().splitlines()
        raise UserError(
            f"{path} must be an archive .npz of arrays: {reason[0] if reason else repr(error)}"
        ) from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # numpy gives the bytes of any other member
            raise UserError(f"{path} must hold arrays, files .npy, alone: {name} is none")
        if array.dtype.kind not in "fiub":
            raise UserError(f"{path}: {name} must be an array of numbers, not of {array.dtype}")
    return arrays


def by_name(arrays: Arrays) -> dict[int | str, LayerArrays]:
    """Return the arrays of each layer from names such as ``layer3.kernel`` and ``head.weight``.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The number is the index of the layer in the description; the part is a parameter of
        `LayerArrays`.

    Raises
    ------
    ValueError
        If a name is none of these.
    """
    found: dict[int | str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        match = re.fullmatch(r"(?:layer(0|[1-9][0-9]*)|head)\.(\w+)", name)
        if match is None or match[2] not in _PARTS:
            raise ValueError(
                f"arrays must be named layerN.PART or head.PART, PART one of {', '.join(_PARTS)}, "
                f"not {name!r}"
            )
        place = "head" if match[1] is None else int(match[1])
        found.setdefault(place, {})[match[2]] = np.asarray(array, np.float64)
    return {place: LayerArrays(**parts) for place, parts in found.items()}


def by_order(arrays: Arrays, params: NetworkParams) -> dict[int | str, LayerArrays]:
    """Return the arrays of each layer from a `state_dict` of PyTorch, by their order.

    Modules with a weight of two or four axes are the layers of neurons, in the order of the
    description. A module with a running mean is the normalisation of the layer before it.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        In the order of the modules.
    params : NetworkParams
        The description.

    Raises
    ------
    ValueError
        If there are more or fewer layers than in the description, or modules of another kind.
    """
    places: list[int | str] = [
        place
        for place, layer in enumerate(params.layers)
        if isinstance(layer, ConvParams | DenseParams)
    ]
    places += ["head"] if params.head else []
    layers: list[dict[str, NDArray[Any]]] = []
    for module, parts in _modules(arrays):
        weight = parts.get("weight", np.zeros(1))
        if weight.ndim in (2, 4) and parts.keys() <= {"weight", "bias"}:
            layers.append(parts)
        elif "running_mean" in parts and parts.keys() <= _NORM.keys() and layers:
            own = {_NORM[name]: array for name, array in parts.items()}
            if own.keys() & layers[-1].keys():
                raise ValueError(f"{module} must not be a second normalisation of one layer")
            layers[-1] |= own
        else:
            raise ValueError(
                f"{module} must be a convolution, a linear layer or the batch normalisation of "
                f"one, not a module of {', '.join(parts)}"
            )
    if len(layers) != len(places):
        raise ValueError(
            f"there must be {len(places)} modules with weights as in the description, with the "
            f"head, not {len(layers)}"
        )
    return {
        place: LayerArrays(**{name: np.asarray(a, np.float64) for name, a in parts.items()})
        for place, parts in zip(places, layers, strict=True)
    }


def _modules(arrays: Arrays) -> Iterator[tuple[str, dict[str, NDArray[Any]]]]:
    """Yield the modules of a `state_dict`, with their arrays by the last part of the name."""
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        module, _, part = name.rpartition(".")
        if part != "num_batches_tracked":
            found.setdefault(module, {})[part] = array
    yield from found.items()
