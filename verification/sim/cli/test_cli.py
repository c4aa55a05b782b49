# SPDX-License-Identifier: MIT
"""The command line as a whole: its version, its speed, and that options reach their commands."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from importlib.metadata import version
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer.main

from sim.cli import app, chips, data, exchange, images, options, studies
from sim.commands.base import Command
from sim.commands.pictures import PicturesCommand
from sim.commands.run import RunCommand

Engram = Callable[..., tuple[int, str, str]]
Declaration = Callable[..., type[Command]]

DECLARATIONS = {
    name.rstrip("_"): getattr(module, name)
    for module in (studies, data, images, chips, exchange)
    for name in module.__all__
}


def test_version_is_printed(engram: Engram) -> None:
    assert engram("--version") == (0, f"engram {version('engram')}\n", "")


@pytest.mark.parametrize("number", ["inf", "nan"])
@pytest.mark.parametrize("arguments", [("cache", "DIR", "--keep"), ("explore", "--grace")])
def test_numbers_that_are_not_finite_are_refused(
    engram: Engram, arguments: tuple[str, ...], number: str
) -> None:
    status, out, err = engram(*arguments, number)
    assert (status, out) == (2, "")
    assert f"Invalid value for '{arguments[-1]}'" in err
    if number == "inf":  # NaN is below every bound, which is checked first
        assert "must be a finite number, not inf" in err


def test_every_real_number_is_checked_to_be_finite() -> None:
    checked = 0
    for name, declaration in DECLARATIONS.items():
        for key, hint in get_type_hints(declaration, include_extras=True).items():
            kind, *more = get_args(hint) or (hint,)
            if kind is float or float in get_args(kind):
                assert more[0].callback is options.finite, f"{name} {key}"
                checked += 1
    assert checked >= 2


def test_help_lists_every_command(engram: Engram) -> None:
    status, out, _ = engram("--help")
    assert status == 0
    assert all(f" {name} " in out for name in DECLARATIONS)


def test_help_loads_nothing_heavy() -> None:
    heavy = {"amaranth", "matplotlib", "numba", "optuna", "pydantic", "scipy", "sklearn", "torch"}
    check = f"import sys, sim.cli; sys.exit(' '.join({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, check=False)
    assert done.stderr.decode() in ("", "\n")


def test_commands_of_the_hardware_do_not_wait_for_what_studies_need() -> None:
    heavy = {"optuna", "sklearn", "torch"}
    modules = "sim.commands.cost, sim.commands.rtl, sim.commands.simulate"
    check = f"import sys, {modules}; sys.exit(' '.join({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, check=False)
    assert done.stderr.decode() in ("", "\n")


def test_a_study_and_its_workers_do_not_wait_for_what_few_methods_need() -> None:
    heavy = {"pandas", "scipy.stats", "sklearn", "torch"}
    modules = "sim.commands.run, sim.learn.mixture_classes, sim.study.run"
    check = f"import sys, {modules}; sys.exit(' '.join({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, check=False)
    assert done.stderr.decode() in ("", "\n")


@pytest.mark.parametrize("name", DECLARATIONS)
def test_options_are_the_arguments_of_the_command(name: str) -> None:
    if name in images.__all__ and find_spec("torch") is None:
        pytest.skip("PyTorch (extra `train`) is not installed")
    if name == "export" and find_spec("qonnx") is None:
        pytest.skip("ONNX (extra `onnx`) is not installed")
    declare: Declaration = DECLARATIONS[name]
    arguments = dict.fromkeys(signature(declare).parameters)
    kind = declare(**arguments)
    arguments.pop("plugins", None)  # they are loaded before the command is
    assert {*arguments, "command"} == {field.name for field in fields(kind)}


def test_a_folder_has_the_name_of_the_configuration_unless_one_is_named(
    engram: Engram, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[RunCommand | PicturesCommand] = []
    monkeypatch.setattr(RunCommand, "execute", lambda self, _: given.append(self))
    monkeypatch.setattr(PicturesCommand, "execute", lambda self, _: given.append(self))
    engram("run")
    engram("run", "a/b.yaml", "--set", "seeds=1", "--set", "head.hidden=9", "--jobs", 2)
    engram("pictures", "--out", "there")
    assert [command.out for command in given] == [
        Path("reports/cifar100"),
        Path("reports/b"),
        Path("there"),
    ]
    assert [command.assignments for command in given] == [[], ["seeds=1", "head.hidden=9"], []]
    assert given[1].command == "engram run a/b.yaml --set seeds=1 --set head.hidden=9 --jobs 2"


def test_every_example_of_the_help_can_be_typed() -> None:
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        examples = re.findall(r"^    engram (\S+) ?(.*)$", command.help, re.MULTILINE)
        assert examples, name
        for called, arguments in examples:
            assert called == name
            command.make_context(name, shlex.split(arguments))


@pytest.mark.parametrize("command", ["run", "explore", "native", "resnet"])
def test_more_processes_than_a_machine_bears_are_cut_to_a_number_that_is_said(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(options, "_cores", lambda: 2)
    said = "engram: --jobs 1000 is too many: 16 processes are used, 8 for each of the 2 cores\n"
    status, _, errors = engram(command, "absent.yaml", "--jobs", 1000)
    assert (status, errors.startswith(said)) == (2, True)
    status, _, errors = engram(command, "absent.yaml", "--jobs", 16)
    assert (status, "too many" in errors) == (2, False)
    assert options._bounded(1000) == 16
