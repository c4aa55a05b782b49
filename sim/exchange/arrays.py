# SPDX-License-Identifier: MIT
"""Networks from arrays: weights and normalisations of layers that a description lists."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.network import Network
from golden.params import ConvParams, DenseParams, NetworkParams, PoolParams
from sim.exchange.builder import Builder
from sim.exchange.tables import Table, pooled
from sim.exchange.weights import Neurons

__all__ = ["LayerArrays", "import_arrays"]

Reals = NDArray[np.floating[Any]]

_VECTORS = ("bias", "gamma", "beta", "mean", "variance")


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerArrays:
    """Arrays of a layer: the bits of its neurons are ``sign(norm(sum + bias))``.

    Parameters
    ----------
    weight : ndarray of shape (outputs, inputs of a group, k, k) or (outputs, inputs), optional
        Real weights in PyTorch's order, of which the signs count; 0 counts as +1. Inputs of a dense
        layer behind a map are in the order (channel, row, column).
    kernel : ndarray of shape (k, k, inputs of a group, outputs) or (inputs, outputs), optional
        The same in the order of Keras, in place of `weight`. That of a depthwise layer may have the
        shape (k, k, channels, 1). Inputs behind a map are in the order (row, column, channel).
    bias : ndarray of shape (outputs,), optional
    gamma, beta, mean, variance : ndarray of shape (outputs,), optional
        Batch normalisation: ``(x - mean) / sqrt(variance + epsilon) * gamma + beta``. It is left
        out without `mean` and `variance`.
    """

    weight: Reals | None = None
    kernel: Reals | None = None
    bias: Reals | None = None
    gamma: Reals | None = None
    beta: Reals | None = None
    mean: Reals | None = None
    variance: Reals | None = None

    def check(self, outputs: int) -> None:
        """Check the shapes of all vectors, and that no part is missing.

        Raises
        ------
        ValueError
            If one does not fit.
        """
        if (self.weight is None) == (self.kernel is None):
            raise ValueError("it must have one of weight and kernel")
        if (self.mean is None) != (self.variance is None):
            raise ValueError("it must have both mean and variance, or neither")
        if self.mean is None and (self.gamma is not None or self.beta is not None):
            raise ValueError("gamma and beta must go with mean and variance")
        for name in _VECTORS:
            array = getattr(self, name)
            if array is not None and array.shape != (outputs,):
                raise ValueError(f"{name} must have the shape ({outputs},), not {array.shape}")
            if array is not None and not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite")

    def normalised(self, values: NDArray[Any], epsilon: float) -> NDArray[np.float64]:
        """Return sums after the normalisation; their channels are the axis 1.

        Raises
        ------
        ValueError
            If a variance plus `epsilon` is not above 0.
        """
        found = values.astype(np.float64)
        if self.mean is None or self.variance is None:
            return found
        spread = (1, -1) + (1,) * (values.ndim - 2)
        one, zero = np.ones_like(self.mean), np.zeros_like(self.mean)
        gamma, beta = (
            part if part is not None else other
            for part, other in ((self.gamma, one), (self.beta, zero))
        )
        spreads = self.variance.astype(np.float64) + epsilon
        if not (spreads > 0).all():
            raise ValueError(
                f"variance plus epsilon must be above 0, not {spreads.min():g} for output "
                f"{np.argmin(spreads)}"
            )
        deviation = np.sqrt(spreads)
        centred = found - self.mean.reshape(spread)
        return centred / deviation.reshape(spread) * gamma.reshape(spread) + beta.reshape(spread)


def import_arrays(
    params: NetworkParams,
    layers: Mapping[int | str, LayerArrays],
    epsilon: float = 1e-5,
    pool: str | None = None,
) -> Network:
    """Return the network of a description whose arrays are given.

    Parameters
    ----------
    params : NetworkParams
        The description. Its key `thresholds` says nothing: a layer gets thresholds if it needs any.
    layers : mapping of int or str to LayerArrays
        Arrays of each layer of neurons by its index in the description, of the head by ``"head"``.
    epsilon : float
        Added to variances.
    pool : {"sums", "bits"}, optional
        Whether a pool takes the sums of neurons, before the normalisation, or their bits. It must
        be said where a scale before a pool is negative.

    Raises
    ------
    ValueError
        If arrays are missing, superfluous or of another shape, or the contract has no such network.
    """
    places = {place for place, layer in enumerate(params.layers) if _has_neurons(layer)}
    wanted = places | ({"head"} if params.head else set())
    for place in wanted | set(layers):
        if place not in layers or place not in wanted:
            what = (
                "must have arrays" if place in wanted else "has no neurons and must have no arrays"
            )
            raise ValueError(f"{_named(place)} {what}")
    builder = Builder()
    table = builder.begin(params.layers[0])  # pyright: ignore[reportArgumentType]
    place: int | str = 0
    try:
        for place, layer in enumerate(params.layers):
            if isinstance(layer, ConvParams | DenseParams):
                follows = params.layers[place + 1 : place + 2]
                size = follows[0].size if follows and isinstance(follows[0], PoolParams) else 1
                table = _bits(builder, table, layer, layers[place], epsilon, size, pool)
            elif isinstance(layer, PoolParams) and not _has_neurons(params.layers[place - 1]):
                raise ValueError("a pool must follow neurons, a layer conv or dense")
        if params.head is None:
            order = table.channels[:, 0, 0] if table.index.ndim == 3 else table.channels
            builder.close(table, groups=len(order), order=order)
            return _as_described(builder.network(), params)
        place = "head"
        if params.head.hidden:
            raise ValueError(f"hidden must be 0, not {params.head.hidden}")
        dense = DenseParams(inputs=params.head.features, outputs=params.head.classes)
        sums = _sums(builder, table, dense, layers[place])
        values = layers[place].normalised(sums.values, epsilon)
        if not builder.logits(replace(sums, values=values)):
            raise ValueError("its normalisation must leave sums apart")
        return _as_described(builder.network(), params)
    except ValueError as error:
        raise ValueError(f"{_named(place)}: {error}") from error


def _as_described(network: Network, params: NetworkParams) -> Network:
    """Return a network whose layers have the outputs of its description."""
    # A pool with a window of 1 changes nothing and is no layer of the network.
    wanted = [
        layer.output
        for layer in params.layers
        if not (isinstance(layer, PoolParams) and layer.size == 1)
    ]
    found = [layer.output for layer in network.params.layers]
    if found != wanted:
        raise ValueError(f"outputs of the layers must be {wanted}, and came out as {found}")
    return network


def _has_neurons(layer: object) -> bool:
    return isinstance(layer, ConvParams | DenseParams)


def _named(place: int | str) -> str:
    return "The head" if place == "head" else f"Layer {place}"


def _bits(
    builder: Builder,
    table: Table,
    layer: ConvParams | DenseParams,
    arrays: LayerArrays,
    epsilon: float,
    size: int,
    pool: str | None,
) -> Table:
    """Return the bits of a layer of neurons, pooled where a pool follows."""
    sums = _sums(builder, table, layer, arrays)
    if size > 1 and pool is None and arrays.gamma is not None and (arrays.gamma < 0).any():
        raise ValueError(
            "a pool follows, and a scale is negative: say with --pool whether it takes sums, "
            "before the normalisation, or bits"
        )
    if size > 1 and pool == "sums":
        sums = pooled(sums, size)
    values = np.where(arrays.normalised(sums.values, epsilon) >= 0, 1, -1)
    bits = replace(sums, values=values)
    if size > 1 and pool != "sums":
        bits = pooled(bits, size)
    if isinstance(layer, ConvParams) and layer.shuffle:
        comes = np.arange(layer.outputs).reshape(layer.groups, -1).T.ravel()
        bits = replace(bits, values=bits.values[:, comes], index=bits.index[comes])
    return bits


def _sums(
    builder: Builder, table: Table, layer: ConvParams | DenseParams, arrays: LayerArrays
) -> Table:
    """Return the sums of a layer of neurons."""
    arrays.check(layer.outputs)
    bias = np.zeros(layer.outputs) if arrays.bias is None else arrays.bias
    if isinstance(layer, ConvParams):
        weights = _signs(_convolution(layer, arrays))
        if layer.pad:
            table = replace(table, pad=(layer.pad, -1.0))
        return builder.convolution(table, Neurons(weights, bias, groups=layer.groups))
    return builder.dense(*_dense(table, layer, arrays, bias))


def _convolution(layer: ConvParams, arrays: LayerArrays) -> Reals:
    """Return the weights of a convolution in PyTorch's order."""
    outputs, kernel, _, inputs = layer.weight_shape
    if arrays.weight is not None:
        return _shaped("weight", arrays.weight, (outputs, inputs, kernel, kernel))
    assert arrays.kernel is not None
    given = arrays.kernel
    if layer.groups == layer.input.channels and given.shape == (kernel, kernel, layer.groups, 1):
        return given.transpose(2, 3, 0, 1)
    return _shaped("kernel", given, (kernel, kernel, inputs, outputs)).transpose(3, 2, 0, 1)


def _dense(
    table: Table, layer: DenseParams, arrays: LayerArrays, bias: Reals
) -> tuple[Table, Neurons]:
    """Return the flat tensor of a dense layer, in the order of its weights, and its neurons."""
    index = table.index
    if arrays.weight is not None:
        weights = _shaped("weight", arrays.weight, (layer.outputs, layer.inputs))
    else:
        assert arrays.kernel is not None
        weights = _shaped("kernel", arrays.kernel, (layer.inputs, layer.outputs)).T
        index = index.transpose(1, 2, 0) if index.ndim == 3 else index
    values = table.values.reshape(len(table.values), -1)
    if values.shape[1] > 1:
        values = table.functions()[:, (index % table.stage.shape.channels).ravel()]
    flat = replace(table, values=values, index=index.ravel())
    return flat, Neurons(_signs(weights), bias)


def _shaped(name: str, array: Reals, shape: tuple[int, ...]) -> Reals:
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return array


def _signs(weights: Reals) -> Reals:
    return np.where(weights >= 0, 1.0, -1.0)
