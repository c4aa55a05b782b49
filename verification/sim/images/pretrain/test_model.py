# SPDX-License-Identifier: MIT
"""The trainable twin against the golden network: the same bits, whatever the layers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.network import Network
from golden.params import NetworkParams
from sim.images.pretrain.export import accuracy, check_equal, to_golden, to_twin
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.sections import ModelConfig

PIXELS = {"height": 8, "width": 8, "channels": 3, "bits": 5}

NETWORKS: dict[str, list[dict[str, Any]]] = {
    "groups, pool and global pool": [
        {"kind": "conv", "outputs": 8},
        {"kind": "conv", "outputs": 12, "groups": 4},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 12, "groups": 12, "kernel": 4, "padding": "valid"},
        {"kind": "dense", "outputs": 20},
    ],
    "shuffle": [
        {"kind": "conv", "outputs": 12, "groups": 3, "shuffle": True},
        {"kind": "pool", "size": 4},
        {"kind": "conv", "outputs": 8, "groups": 2, "shuffle": True},
    ],
    "depthwise, valid": [
        {"kind": "conv", "outputs": 15, "groups": 15, "kernel": 3},
        {"kind": "conv", "outputs": 15, "groups": 15, "kernel": 4, "padding": "valid"},
        {"kind": "dense", "outputs": 9},
        {"kind": "dense", "outputs": 11},
    ],
    "one output more than input a group": [
        {"kind": "conv", "outputs": 30, "groups": 15, "kernel": 8, "padding": "valid"},
        {"kind": "dense", "outputs": 7},
    ],
    "mixing, as large as the map": [
        {"kind": "conv", "outputs": 12, "groups": 3, "kernel": 3},
        {"kind": "conv", "outputs": 8, "groups": 4, "kernel": 8, "padding": "valid"},
        {"kind": "conv", "outputs": 9, "kernel": 3},
    ],
    "pool first": [
        {"kind": "pool", "size": 2},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 6, "kernel": 1},
    ],
}


def params_of(name: str, thresholds: bool = False, hidden: int = 6) -> NetworkParams:
    layers = [
        {**layer, **({} if layer["kind"] == "pool" else {"thresholds": thresholds})}
        for layer in NETWORKS[name]
    ]
    return NetworkParams.from_description(
        {
            "input": PIXELS,
            "layers": [{"kind": "thermometer", "levels": 5}, *layers],
            "head": {"classes": 7, "hidden": hidden},
        }
    )


def images_of(count: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 32, (count, 8, 8, 3)).astype(np.uint8)


def network_of(params: NetworkParams, **config: Any) -> BinaryNetwork:
    model = BinaryNetwork(params, ModelConfig(**config), np.random.default_rng(1))
    if any(layer.norm for layer in model.layers):
        statistics(model)
    return model.eval()


def statistics(model: BinaryNetwork) -> None:
    """Normalisation as training leaves it: offsets of both signs, and means of real sums."""
    draw = torch.Generator().manual_seed(2)
    for layer in model.layers:
        layer.offset.data.normal_(generator=draw)
    model.train()
    for seed in range(20):
        model(torch.from_numpy(images_of(16, seed)))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("thresholds", [False, True])
@pytest.mark.parametrize("centre", [False, True])
def test_bits_and_logits_are_those_of_the_plain_golden_network(
    name: str, thresholds: bool, centre: bool
) -> None:
    model = network_of(params_of(name, thresholds), centre=centre)
    golden = to_golden(model)
    images = images_of(30)
    with torch.no_grad():
        x = model.features(torch.from_numpy(images))
        logits = model.head(x, scaled=False)
    bits = golden.forward(images)
    assert 0.02 < bits.mean() < 0.98
    np.testing.assert_array_equal((x.numpy() + 1) / 2, bits)
    assert golden.head is not None
    np.testing.assert_array_equal(logits.numpy(), golden.head.logits(bits))
    check_equal(model, golden, images)
    assert to_golden(to_twin(golden)).to_bytes() == golden.to_bytes()


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", NETWORKS)
def test_training_pools_before_the_sign_and_has_the_same_bits(name: str, precision: Any) -> None:
    model = network_of(params_of(name)).train()
    model.precision = precision
    images = images_of(30)
    with torch.no_grad():
        x = model.features(torch.from_numpy(images))
    np.testing.assert_array_equal((x.numpy() + 1) / 2, to_golden(model).forward(images))


def test_bfloat16_keeps_every_sign_of_sums_that_it_rounds() -> None:
    description = {
        "input": {"height": 8, "width": 8, "channels": 3, "bits": 7},
        "layers": [
            {"kind": "thermometer", "levels": 85},
            {"kind": "conv", "outputs": 64},  # 2295 inputs: sums beyond the 8 bits of a mantissa
            {"kind": "conv", "outputs": 64},
        ],
        "head": {"classes": 2, "hidden": 0},
    }
    model = BinaryNetwork(
        NetworkParams.from_description(description), ModelConfig(), np.random.default_rng(0)
    ).train()
    model.precision = torch.bfloat16
    images = np.random.default_rng(4).integers(0, 128, (16, 8, 8, 3)).astype(np.uint8)
    with torch.no_grad():
        x = model.features(torch.from_numpy(images))
    np.testing.assert_array_equal((x.numpy() + 1) / 2, to_golden(model).forward(images))


@pytest.mark.parametrize("hidden", [0, 6])
def test_a_head_may_have_no_hidden_layer(hidden: int) -> None:
    model = network_of(params_of("shuffle", hidden=hidden))
    check_equal(model, to_golden(model), images_of(20))


def test_a_differing_network_is_found() -> None:
    model = network_of(params_of("shuffle"))
    other = BinaryNetwork(model.params, model.config, np.random.default_rng(9))
    with pytest.raises(
        ValueError,
        match=r"^Golden network must have the latent bits of the trained one, not others on "
        r"\d+ of 20 images, image 0 first$",
    ):
        check_equal(model, to_golden(other), images_of(20))
    other.neurons.load_state_dict(model.neurons.state_dict())
    with pytest.raises(ValueError, match=r"^Golden network must have the arg max of the trained"):
        check_equal(model, to_golden(other), images_of(20))


def test_accuracy_is_that_of_the_plain_golden_network() -> None:
    model = network_of(params_of("shuffle"))
    golden, images = to_golden(model), images_of(50)
    labels = np.random.default_rng(0).integers(0, 7, 50)
    assert golden.head is not None
    hits = golden.head.classify(golden.forward(images), 7) == labels
    assert accuracy(golden, images, labels) == hits.mean()


def test_gradients_reach_every_latent_weight_through_groups_and_pools() -> None:
    model = network_of(params_of("groups, pool and global pool"), window=3.0).train()
    model(torch.from_numpy(images_of(32))).square().sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


def test_real_activations_are_clipped_and_not_yet_signs() -> None:
    model = network_of(params_of("shuffle")).train()
    model.real = True
    x = model.features(torch.from_numpy(images_of(8)))
    assert x.abs().max() <= 1
    assert ((x.abs() < 1).float().mean()) > 0.2


@pytest.mark.parametrize("centre", [False, True])
def test_real_weights_are_latent_ones_over_their_mean_magnitude(centre: bool) -> None:
    model = network_of(params_of("shuffle"), centre=centre)
    model.weigh(real=True)
    layer, x = model.head.plane_a, torch.from_numpy(np.eye(38, dtype=np.float32))
    latent = layer.latent.detach().double().numpy()
    if centre:
        latent = latent - latent.mean(1, keepdims=True)
    expected = latent / np.abs(latent).mean(1, keepdims=True)
    np.testing.assert_allclose(layer.train().dots(x).detach().T, expected, rtol=1e-3)
    layer.dots(x).sum().backward()
    assert layer.latent.grad is not None
    check_equal(model, to_golden(model), images_of(20))  # tests take signs all the same
    model.weigh(real=False)
    np.testing.assert_array_equal(layer.train().dots(x).detach().T, np.sign(expected))


def test_clipping_keeps_latent_weights_in_range() -> None:
    model = network_of(params_of("shuffle"), init_scale=1.0)
    for weight in model.parameters():
        weight.data *= 3
    gain = model.head.log_gain.item()
    model.clip()
    latent = [weight for name, weight in model.named_parameters() if name.endswith("latent")]
    assert len(latent) == len(model.layers) + 3  # hidden layer and two planes of the head
    for weight in latent:
        assert weight.abs().max() == 1
    assert model.head.log_gain.item() == gain  # trained too, but no latent weight


def test_networks_without_a_twin_are_refused() -> None:
    params = params_of("shuffle", thresholds=True)
    network = Network.random(params, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"^Neurons must fire from their threshold up"):
        to_twin(network)
    with pytest.raises(ValueError, match=r"^Network must have a head to have a twin$"):
        to_twin(Network(replace(params, head=None), network.layers, None))
