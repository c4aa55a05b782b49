# SPDX-License-Identifier: MIT
"""Arrays of other frameworks become networks; each is held to the real numbers of its layers."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.network import Network
from golden.params import ConvParams, DenseParams, NetworkParams, PoolParams
from golden.thermometer import Thermometer
from sim.data.embed import read_network
from sim.exchange.arrays import LayerArrays, import_arrays
from sim.exchange.names import by_order
from verification.sim.exchange.drawn_arrays import DESCRIPTION, PARAMS, drawn

Engram = Callable[..., tuple[int, str, str]]
Reals = NDArray[Any]


def naive(
    layers: dict[int | str, LayerArrays], images: NDArray[np.uint8], pool: str
) -> tuple[Reals, Reals]:
    """Return the features and logits that the arrays give, layer by layer in real numbers."""
    first, *rest = PARAMS.layers
    x = 2.0 * Thermometer(first).encode(images).transpose(0, 3, 1, 2) - 1  # pyright: ignore
    for place, layer in enumerate(rest, 1):
        if isinstance(layer, PoolParams):
            continue
        own = layers[place]
        pooled = any(isinstance(after, PoolParams) for after in PARAMS.layers[place + 1 :][:1])
        assert isinstance(layer, ConvParams | DenseParams)
        assert own.weight is not None
        weight = np.where(own.weight >= 0, 1.0, -1.0)
        if isinstance(layer, ConvParams):
            s = convolved(x, weight, layer)
        else:
            s = x.reshape(len(x), -1) @ weight.T
        spread = (1, -1, 1, 1)[: s.ndim]
        if pooled and pool == "sums":
            s = largest(s)
        assert own.bias is not None
        assert own.mean is not None
        assert own.variance is not None
        assert own.gamma is not None
        assert own.beta is not None
        s = (s + own.bias.reshape(spread) - own.mean.reshape(spread)) / np.sqrt(
            own.variance.reshape(spread) + 1e-5
        ) * own.gamma.reshape(spread) + own.beta.reshape(spread)
        x = np.where(s >= 0, 1.0, -1.0)
        if pooled and pool == "bits":
            x = largest(x)
        if isinstance(layer, ConvParams) and layer.shuffle:
            n, c, h, w = x.shape
            x = x.reshape(n, layer.groups, c // layer.groups, h, w).swapaxes(1, 2).reshape(x.shape)
    assert layers["head"].weight is not None
    return x, x @ np.where(layers["head"].weight >= 0, 1.0, -1.0).T


def convolved(x: Reals, weight: Reals, layer: ConvParams) -> Reals:
    p, k = layer.pad, layer.kernel
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=-1)
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    parts = []
    for group in range(layer.groups):
        inputs = slice(group * layer.group_inputs, (group + 1) * layer.group_inputs)
        outputs = slice(group * layer.group_outputs, (group + 1) * layer.group_outputs)
        parts.append(np.einsum("nchwij,ocij->nohw", windows[:, inputs], weight[outputs]))
    return np.concatenate(parts, axis=1)


def largest(x: Reals) -> Reals:
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))


def answers(network: Network, images: NDArray[np.uint8]) -> tuple[Reals, Reals]:
    features = network.forward(images)
    assert network.head is not None
    return 2.0 * features - 1, network.head.logits(features) / 2.0


def images() -> NDArray[np.uint8]:
    return np.random.default_rng(9).integers(0, 8, (40, 8, 8, 2), np.uint8)


@pytest.mark.parametrize(("pool", "rising"), [("bits", False), ("bits", True), ("sums", True)])
def test_arrays_give_the_bits_and_logits_of_their_real_numbers(pool: str, rising: bool) -> None:
    layers = drawn(rising=rising)
    network = import_arrays(PARAMS, layers, pool=pool)
    for found, expected in zip(
        answers(network, images()), naive(layers, images(), pool), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    assert network.params.layers[3].shuffle  # pyright: ignore


def test_falling_sums_are_pooled_to_opposite_bits() -> None:
    description = {**DESCRIPTION, "layers": [*DESCRIPTION["layers"][:3], DESCRIPTION["layers"][6]]}
    params = NetworkParams.from_description(description)
    layers = drawn()
    rng = np.random.default_rng(3)
    few = {1: layers[1], 3: LayerArrays(weight=rng.normal(size=(20, 128))), "head": layers["head"]}
    network = import_arrays(params, few, pool="sums")
    own = layers[1]
    x = 2.0 * Thermometer(params.layers[0]).encode(images()).transpose(0, 3, 1, 2) - 1  # pyright: ignore
    first = params.layers[1]
    assert isinstance(first, ConvParams)
    s = largest(convolved(x, np.where(own.weight >= 0, 1.0, -1.0), first))  # pyright: ignore
    s = own.normalised(s + own.bias.reshape(1, -1, 1, 1), 1e-5)  # pyright: ignore
    x = np.where(s >= 0, 1.0, -1.0).reshape(40, -1)
    x = np.where(x @ np.where(few[3].weight >= 0, 1.0, -1.0).T >= 0, 1.0, -1.0)  # pyright: ignore
    np.testing.assert_array_equal(answers(network, images())[0], x)


def keras(layers: dict[int | str, LayerArrays]) -> dict[str, NDArray[Any]]:
    """Return the same arrays in the order of Keras, by their stated names."""
    found: dict[str, NDArray[Any]] = {}
    for place, own in layers.items():
        prefix = place if place == "head" else f"layer{place}"
        weight = own.weight
        assert weight is not None
        kernel = weight.transpose(2, 3, 1, 0) if weight.ndim == 4 else weight.T
        if place == 5:
            kernel = weight.transpose(2, 3, 0, 1)  # depthwise
        if place == 6:  # behind a map, whose channels come last
            kernel = weight.reshape(20, 12, -1).transpose(2, 1, 0).reshape(-1, 20)
        found[f"{prefix}.kernel"] = kernel
        for name in ("bias", "gamma", "beta", "mean", "variance"):
            if getattr(own, name) is not None:
                found[f"{prefix}.{name}"] = getattr(own, name)
    return found


def test_an_archive_in_the_order_of_keras_is_the_same_network(
    engram: Engram, tmp_path: Path
) -> None:
    layers = drawn()
    path, out = tmp_path / "keras.npz", tmp_path / "network.bin"
    np.savez(path, **keras(layers))  # pyright: ignore
    (tmp_path / "net.yaml").write_text(str(DESCRIPTION).replace("True", "true"))
    line = ["--network", tmp_path / "net.yaml", "--pool", "bits", "--out", out]
    status, told, errors = engram("import", path, *line)
    assert (status, errors) == (0, "")
    assert told.startswith(f"Network: {out}, 8 x 8 x 2 pixels of 3 bits, 7 layers of ")
    found = read_network(out)[0]
    assert found.to_bytes() == import_arrays(PARAMS, layers, pool="bits").to_bytes()


def state(layers: dict[int | str, LayerArrays]) -> dict[str, NDArray[Any]]:
    """Return the same arrays as a `state_dict`."""
    found: dict[str, Any] = {}
    for number, own in enumerate(layers.values()):
        found |= {f"features.{2 * number}.weight": own.weight}
        if own.bias is not None:
            names = {"weight": own.gamma, "bias": own.beta, "running_mean": own.mean}
            norm = f"features.{2 * number + 1}"
            found |= {f"features.{2 * number}.bias": own.bias}
            found |= {f"{norm}.{name}": array for name, array in names.items()}
            found |= {f"{norm}.running_var": own.variance, f"{norm}.num_batches_tracked": 3}
    return found


def test_a_state_dict_belongs_to_layers_by_its_order() -> None:
    layers = drawn()
    found = import_arrays(PARAMS, by_order(state(layers), PARAMS), pool="bits")
    assert found.to_bytes() == import_arrays(PARAMS, layers, pool="bits").to_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prelu.weight": np.ones(1)}, "prelu must be a convolution, a linear layer or the batch"),
        ({"more.weight": np.ones((2, 2))}, "there must be 6 modules with weights as in the descri"),
        ({"features.1.weight": np.ones(3)}, r"Layer 1: gamma must have the shape \(8,\), not \(3"),
    ],
)
def test_state_dicts_that_do_not_fit(change: dict[str, Any], message: str) -> None:
    arrays = state(drawn()) | change
    with pytest.raises(ValueError, match=message):
        import_arrays(PARAMS, by_order(arrays, PARAMS), pool="bits")


class KerasLayer:
    """What the page takes of a layer of Keras."""

    def __init__(self, *weights: Reals) -> None:
        self._weights = weights

    def get_weights(self) -> list[Reals]:
        return list(self._weights)


def test_example_of_the_page_for_keras_writes_the_network(
    engram: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Larq's layers, in Keras' order of kernels, against the same arrays in PyTorch's order."""
    page = (Path(__file__).parents[3] / "docs" / "networks.md").read_text()
    blocks = dict(re.findall(r"```\w+\n# (\S+)\n(.*?)```", page, re.S))
    rng = np.random.default_rng(0)
    conv, dense, last = (rng.normal(size=s) for s in ((32, 8, 3, 3), (256, 32 * 196), (10, 256)))
    norms = {
        n: LayerArrays(
            gamma=rng.normal(size=n), beta=rng.normal(size=n),
            mean=rng.normal(size=n) * 9, variance=rng.random(n) + 0.1,
        )
        for n in (32, 256)
    }  # fmt: skip
    rows = dense.reshape(256, 32, 14, 14).transpose(0, 2, 3, 1).reshape(256, -1)
    layers = [
        KerasLayer(conv.transpose(2, 3, 1, 0)), None, keras_norm(norms[32]), None,
        KerasLayer(rows.T), keras_norm(norms[256]), KerasLayer(last.T),
    ]  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(blocks["net.yaml"])
    exec(blocks["save.py"], {"model": SimpleNamespace(layers=layers)})
    (line,) = re.findall(r"^engram (import larq.npz .*)$", page, re.M)
    status, _, err = engram(*line.split())
    assert (status, err) == (0, "")
    expected: dict[int | str, LayerArrays] = {
        1: replace(norms[32], weight=conv),
        3: replace(norms[256], weight=dense),
        "head": LayerArrays(weight=last),
    }
    found, _ = read_network(tmp_path / "network.bin")
    network = import_arrays(found.params, expected, epsilon=1e-3, pool="sums")
    assert found.to_bytes() == network.to_bytes()


def keras_norm(arrays: LayerArrays) -> SimpleNamespace:
    """Return a normalisation with the names of Keras."""
    return SimpleNamespace(
        gamma=arrays.gamma,
        beta=arrays.beta,
        moving_mean=arrays.mean,
        moving_variance=arrays.variance,
    )
