# SPDX-License-Identifier: MIT
"""Configurations of a pre-training: what they decide, and every mistake with its message."""

import json
import re
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


def test_every_ingredient_changes_the_digest_and_its_default_does_not() -> None:
    plain = load_recipe("cifar100").digest()
    ways = [
        "distillation={attention: 1}",
        "distillation={}",
        "decorrelation={}",
        "decorrelation.of=signs",
        "projector={}",
        "rotations={}",
        "two_step.share=0.25",
        "augment.jitter=0.1",
        "augment.trivial=true",
        "augment.cutout=8",
        "augment.after=0.5",
        "model.power=2",
    ]
    digests = {load_recipe("cifar100", [way]).digest() for way in ways}
    assert len(digests | {plain}) == len(ways) + 1
    nothing = ["projector=null", "augment.jitter=0", "augment.after=0", "model.power=3"]
    assert load_recipe("cifar100", nothing).digest() == plain


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            ["two_step={}", "training.epochs=1"],
            "training.epochs=1: training.epochs must be at least 2 with two_step, not 1",
        ),
        (
            ["two_step={}", "training.schedule=plateau"],
            "training.schedule=plateau: training.schedule must be cosine with two_step, not",
        ),
        (
            ["distillation.attention=1", "distillation.networks=[cifar100]"],
            "distillation.attention=1: distillation: attention must be 0 where networks teach: it",
        ),
        (
            ["distillation.weight=0"],
            "distillation.weight=0: distillation: weight must be above 0, or attention must be",
        ),
        (
            ["rotations.copies=4"],
            "rotations.copies=4: rotations.copies must be an integer in 1..3, not 4",
        ),
        (
            ["network=a.yaml", "network.input.width=6", "rotations={}"],
            "rotations={}: rotations need square images, not 8 x 6",
        ),
        (
            ["network=a.yaml", "distillation.attention=1"],
            "distillation.attention=1: distillation.attention needs a map of 4 x 4, 2 x 2 after",
        ),
    ],
)
def test_ingredients_that_do_not_fit_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(
        "input: {height: 8, width: 8, channels: 3, bits: 7}\n"
        "layers: [{kind: thermometer, levels: 2}, {kind: dense, outputs: 4}]\n"
        "head: {classes: 3, hidden: 0}\n"
    )
    with pytest.raises(UserError, match=f"^--set {re.escape(message)}"):
        load_recipe("cifar100", changes)


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
