# SPDX-License-Identifier: MIT
"""Configurations of a pre-training: what they decide, and every mistake with its message."""

import json
from pathlib import Path

import pytest

from golden.params import ConvParams, DenseParams
from sim.data.shipped import shipped_file
from sim.images.pretrain.settings import BUILT_IN, load_recipe
from sim.work.errors import UserError


@pytest.mark.parametrize("name", sorted(p.stem for p in BUILT_IN.glob("*.yaml")))
def test_built_in_recipes_are_whole(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.network.head is not None
    assert recipe.network.head.classes == recipe.config.classes.base
    assert len(recipe.digest()) == 64


def test_levels_and_batch_norm_change_the_network() -> None:
    plain = load_recipe("quick", ["model.levels=null"]).network
    assert plain.layers[0].output.channels == 255
    changed = load_recipe("quick", ["model.levels=4", "model.batch_norm=true"]).network
    assert changed.layers[0].output.channels == 12
    layers = [x for x in changed.layers if isinstance(x, ConvParams | DenseParams)]
    assert all(layer.thresholds for layer in layers)


def test_overrides_reach_into_the_network() -> None:
    recipe = load_recipe("quick", ["model.levels=null", "network.layers.0.levels=7"])
    assert recipe.network.layers[0].output.channels == 21


def test_the_title_alone_does_not_change_the_digest() -> None:
    digest = load_recipe("quick").digest()
    assert load_recipe("quick", ["title=other"]).digest() == digest
    assert load_recipe("quick", ["seed=1"]).digest() != digest
    assert load_recipe("quick", ["network.layers.1.outputs=64"]).digest() != digest
    held_out = load_recipe("quick", ["classes.held_out.share=0.2"]).digest()
    assert held_out != digest
    assert load_recipe("quick", ["classes.held_out={split_seed: 1}"]).digest() != held_out


def test_shipped_network_is_that_of_its_recipe() -> None:
    card = json.loads(shipped_file("cifar100", "network.json").read_text())
    # It was trained on a processor with bfloat16; `auto` is another type elsewhere.
    recipe = load_recipe(
        "cifar100", [f"training.precision={card['config']['training']['precision']}"]
    )
    assert recipe.digest() == card["pretraining"]["config_sha256"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "model:\n  surogate: hard_window\n",
            r"a\.yaml:2: model\.surogate is no known key: did you mean surrogate\?",
        ),
        (
            "model: {surrogate: tanh}\n",
            r"a\.yaml:1: model\.surrogate must be one of hard_window, .*, not 'tanh'",
        ),
        (
            "training:\n  epochs: 0\n",
            r"a\.yaml:2: training\.epochs must be an integer in 1\.\.100000, not 0",
        ),
        (
            "classes:\n  data: cifar\n",
            r"a\.yaml:2: classes\.data: must be one of cifar10, .*, not 'cifar'",
        ),
        (
            "model:\n  levels: 129\n",
            r"a\.yaml:2: model\.levels: Layer 0: Thermometer levels T must be .*, not 129",
        ),
        (
            "network: fbnn\n",
            r"Network must be a \.yaml file, a \.bin file .* one of fbnn-1M, .*, not 'fbnn'",
        ),
    ],
)
def test_a_mistake_is_told_by_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        load_recipe(str(path))


def test_unknown_configuration_lists_the_known() -> None:
    with pytest.raises(
        UserError,
        match=r"^Configuration must be .* one of cifar100, .*fashion-mnist, .*, quick, not 'slow'$",
    ):
        load_recipe("slow")
