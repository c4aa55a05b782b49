# SPDX-License-Identifier: MIT
"""What of `engram resnet` needs no PyTorch: its configurations, and what it says without it."""

from collections.abc import Callable

import pytest

from sim.images.resnet.settings import BUILT_IN, ResnetConfig, load_resnet_config
from sim.work.errors import UserError

Engram = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("name", [path.stem for path in sorted(BUILT_IN.glob("*.yaml"))])
def test_built_in_configurations_are_valid(name: str) -> None:
    assert load_resnet_config(name)[0].title.endswith("CIFAR-100")


def test_default_configuration_is_that_of_the_paper() -> None:
    paper = load_resnet_config("cifar100")[0]
    assert paper.model_dump(exclude={"title"}) == ResnetConfig().model_dump(exclude={"title"})


def test_second_phase_keeps_its_own_defaults() -> None:
    config, _ = load_resnet_config("cifar100", ["through={epochs: 7}"])
    assert (config.through.epochs, config.through.learning_rate) == (7, 0.01)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("rounding=up", "rounding must be one of nearest, floor, centred, not 'up'"),
        ("thermometer=[0]", "thermometer.0 must be an integer in 1..64, not 0"),
        ("training.schedule=cosine", "training.schedule must be 'steps', not 'cosine'"),
    ],
    ids=["rounding", "thermometer", "schedule"],
)
def test_wrong_values_are_told_by_key(assignment: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        load_resnet_config("quick", [assignment])
    assert message in str(refused.value)


def test_digest_follows_what_decides_the_weights() -> None:
    plain = load_resnet_config("quick")[0].digest()
    assert load_resnet_config("quick", ["title=another"])[0].digest() == plain
    assert load_resnet_config("quick", ["through.momentum=0.8"])[0].digest() != plain


def test_without_pytorch_the_command_says_what_to_install(
    engram: Engram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.cli.needs.find_spec", lambda name: None)
    status, _, err = engram("resnet")
    assert status == 2
    assert "engram resnet needs PyTorch: pip install -e '.[train]'" in err
