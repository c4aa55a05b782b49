# SPDX-License-Identifier: MIT
"""One stem a block: its model, its RTL and their tests, with the same name and parameters."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from amaranth.lib import wiring

ROOT = Path(__file__).parent.parent
STEMS = sorted(path.stem for path in (ROOT / "rtl").glob("*.py") if path.stem != "__init__")
BLOCKS = [
    stem for stem in STEMS if "(wiring.Component):" in (ROOT / "rtl" / f"{stem}.py").read_text()
]
# Its hardware knows no map: the window brings it one output after the other.
WITHOUT_PARAMETERS = {"pool"}
#: What depends on more than a block's parameters, or is that of other blocks: its docstring tells.
TOLD = {"core": {"latency", "interval"}, "network": {"interval"}, "collector": {"interval"}}
TWINS = [stem for stem in STEMS if (ROOT / "golden" / f"{stem}.py").exists()]


def components(stem: str) -> list[type]:
    module = importlib.import_module(f"rtl.{stem}")
    found = [getattr(module, name) for name in module.__all__]
    return [c for c in found if inspect.isclass(c) and issubclass(c, wiring.Component)]


def test_there_are_twins() -> None:
    assert "lfsr" in TWINS


@pytest.mark.parametrize("stem", BLOCKS)
def test_rtl_has_its_bench(stem: str) -> None:
    assert (ROOT / "verification" / "rtl" / f"test_{stem}.py").exists()


@pytest.mark.parametrize("stem", sorted({*TWINS} - WITHOUT_PARAMETERS))
def test_twins_share_name_and_parameters(stem: str) -> None:
    golden = importlib.import_module(f"golden.{stem}")
    for component in components(stem):
        twin = getattr(golden, component.__name__, None)
        if twin is None:  # a second micro-architecture of the same model
            continue
        first = next(iter(inspect.signature(component).parameters.values()))
        assert first.name == next(iter(inspect.signature(twin).parameters)) == "params"


@pytest.mark.parametrize("stem", BLOCKS)
def test_docstring_of_a_block_is_its_contract(stem: str) -> None:
    for component in components(stem):
        text = component.__doc__ or ""
        for heading in ("Members", "-------"):
            assert heading in text, component
        for stated in ("latency", "interval"):
            code = inspect.getsource(component)
            named = re.search(rf"^ +#: .*\n(?: +#: .*\n)* +(?:self\.)?{stated} = ", code, re.M)
            assert named or stated in TOLD.get(stem, {}), f"{component}: {stated}"
