# SPDX-License-Identifier: MIT
"""The arithmetic of a training follows the processor, and results say which one it was."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.device import with_precision
from sim.images.native.settings import load_native
from sim.images.pretrain.settings import load_recipe

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("has", "precision"),
    [
        ({}, "float32"),
        ({"avx512_f": True, "avx512_bf16": False}, "float32"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"bf16": True}, "bfloat16"),
    ],
)
def test_auto_asks_the_processor(
    has: dict[str, bool], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    config, _ = load_native("slides", ["distillation.weight=0.5"])
    settled = with_precision(config, CPU)
    assert settled.training.precision == settled.learning.precision == precision
    assert settled.distillation is not None
    assert settled.distillation.training.precision == precision
    assert config.training.precision == "auto"


def test_a_given_arithmetic_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    config = load_recipe("cifar100", ["training.precision=bfloat16"]).config
    assert with_precision(config, CPU) == config


def test_trainings_of_other_arithmetic_have_other_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_recipe("cifar100").config
    digests = set()
    for has in ({}, {"avx512_bf16": True}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has=has: has)
        digests.add(with_precision(config, CPU).digest())
    assert len(digests) == 2
