# SPDX-License-Identifier: MIT
"""A training that starts from a trained network begins with exactly its bits."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.conv import Conv
from golden.dense import Dense
from golden.network import Network
from golden.params import HeadParams, NetworkParams
from sim.data.shipped import shipped_names
from sim.images.pretrain.export import to_golden
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.sections import ModelConfig
from sim.images.pretrain.settings import load_recipe
from sim.images.pretrain.start import start_from
from sim.work.errors import UserError

NETWORK = {
    "input": {"height": 8, "width": 8, "channels": 3, "bits": 7},
    "layers": [
        {"kind": "thermometer", "levels": 4},
        {"kind": "conv", "outputs": 8, "thresholds": True},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 8, "groups": 2, "shuffle": True, "thresholds": True},
        {"kind": "pool", "size": 2},
        {"kind": "dense", "outputs": 16, "thresholds": True},
    ],
    "head": {"classes": 3, "hidden": 8},
}


def twin(seed: int, classes: int = 3, **model: object) -> BinaryNetwork:
    params = NetworkParams.from_description(NETWORK | {"head": {"classes": classes, "hidden": 8}})
    return BinaryNetwork(params, ModelConfig(**model), np.random.default_rng(seed))  # type: ignore[arg-type]


def pixels(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 128, (60, 8, 8, 3)).astype(np.uint8)


def trained(seed: int) -> Network:
    """A network whose thresholds lie anywhere among the sums."""
    network = to_golden(twin(seed))
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, Conv | Dense) and layer.thresholds is not None:
            layer.thresholds[:] = rng.integers(-6, 7, layer.thresholds.shape)
    return network


@pytest.mark.parametrize("centre", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_twin_exports_the_network_that_it_started_from(seed: int, centre: bool) -> None:
    network = trained(seed)
    model = twin(seed + 100, centre=centre)
    start_from(model, network, pixels())
    assert to_golden(model).to_bytes() == network.to_bytes()


def test_a_head_for_other_classes_is_drawn_anew() -> None:
    network, model = trained(0), twin(1, classes=5)
    before = model.head.plane_a.latent.detach().clone()
    start_from(model, network, pixels())
    assert torch.equal(model.head.plane_a.latent, before)
    got = to_golden(model)
    for ours, theirs in zip(got.layers, network.layers, strict=True):
        if isinstance(ours, Conv | Dense) and isinstance(theirs, Conv | Dense):
            np.testing.assert_array_equal(ours.weights, theirs.weights)
            np.testing.assert_array_equal(ours.thresholds, theirs.thresholds)  # type: ignore[arg-type]
    assert isinstance(model.head.params, HeadParams)


def test_latent_weights_are_of_one_size() -> None:
    model = twin(1, init_scale=0.25)
    start_from(model, trained(0), pixels())
    for layer in model.layers:
        assert set(layer.latent.abs().flatten().tolist()) == {0.25}


def test_momentum_of_the_statistics_is_as_before() -> None:
    model = twin(1)
    usual = [layer.norm.momentum for layer in model.layers if layer.norm is not None]
    start_from(model, trained(0), pixels())
    assert [n.norm.momentum for n in model.layers if n.norm is not None] == usual
    assert not model.training


def test_files_of_the_networks_named_decide_the_digest(tmp_path: Path) -> None:
    plain = load_recipe("cifar100").digest()
    started = load_recipe("cifar100", ["start=cifar100"]).digest()
    taught = load_recipe("cifar100", ["distillation.networks=[cifar100]"]).digest()
    assert len({plain, started, taught, load_recipe("cifar100", ["distillation={}"]).digest()}) == 4
    path = tmp_path / "a.bin"
    path.write_bytes(network_file(0))
    own = [f"network={path}", "model.batch_norm=true", "classes.base=3", f"start={path}"]
    first = load_recipe("cifar100", own).digest()
    path.write_bytes(network_file(1))
    assert load_recipe("cifar100", own).digest() != first


def network_file(seed: int) -> bytes:
    return trained(seed).to_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["start=nowhere.bin"], r"^--set start=nowhere.bin: start: .*nowhere\.bin"),
        (
            ["start=cifar100", "model.batch_norm=false"],
            r"^--set start=cifar100: start must .* of the layers of `network`, .* are others$",
        ),
        (
            ["distillation.networks=[cifar100, cifar100_base40]"],
            r"networks\.1 must have a head of the 50 base classes, and cifar100_base40 has 40$",
        ),
        (
            ["distillation.networks=[fashion_mnist]"],
            r"distillation\.networks\.0 must take the pixels of `network`, and fashion_mnist",
        ),
    ],
)
def test_a_network_that_does_not_fit_is_told(changes: list[str], message: str) -> None:
    assert "cifar100_base40" in shipped_names()
    with pytest.raises(UserError, match=message):
        load_recipe("cifar100", changes)


def test_a_network_without_a_head_cannot_teach(tmp_path: Path) -> None:
    network = trained(0)
    params = NetworkParams.from_description({k: v for k, v in NETWORK.items() if k != "head"})
    path, whole = tmp_path / "bare.bin", tmp_path / "whole.bin"
    path.write_bytes(Network(params, network.layers, None).to_bytes())
    whole.write_bytes(network.to_bytes())
    changes = [f"network={whole}", "classes.base=3", f"distillation.networks=[{path}]"]
    with pytest.raises(UserError, match=r"a head of the 3 base classes, and .* has no head$"):
        load_recipe("cifar100", changes)
