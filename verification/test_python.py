# SPDX-License-Identifier: MIT
"""`import engram`: its names, the examples of its pages, and results as tables."""

import importlib
import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from matplotlib.image import imread
from sklearn.datasets import load_digits

import engram
from sim.study import results
from sim.work.errors import UserError

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "python.md").read_text()
START = (ROOT / "docs" / "start.md").read_text()


def example(page: str, name: str) -> str:
    (code,) = re.findall(rf"```python\n# {re.escape(name)}\n(.*?)```", page, re.S)
    return code


@pytest.mark.parametrize("name", sorted(set(engram.__all__) - {"main", "__version__"}))
def test_every_name_is_there_and_stands_on_the_page(name: str) -> None:
    found = getattr(engram, name)
    assert found is getattr(importlib.import_module(engram._HOMES[name]), name)
    assert f"`{name}`" in PAGE
    source = (ROOT / "engram.py").read_text()
    imports = rf"    from {re.escape(engram._HOMES[name])} import .*\b{name}\b"
    assert re.search(imports, source), "editors see no type"


def test_names_are_those_of_the_table_and_no_others() -> None:
    assert sorted(engram._HOMES) == sorted(set(engram.__all__) - {"main", "__version__"})
    assert dir(engram) == sorted(engram.__all__)
    assert engram.__version__ == version("engram")
    with pytest.raises(AttributeError, match="module 'engram' has no attribute 'sampler'"):
        _ = engram.sampler  # pyright: ignore[reportAttributeAccessIssue]


def test_import_brings_nothing_heavy() -> None:
    check = (
        "import engram, sys; sys.exit(bool({'numpy', 'numba', 'golden', 'sim'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0


def test_example_of_the_first_page_draws_the_pictures_that_it_shows(tmp_path: Path) -> None:
    (tmp_path / "draw.py").write_text(example(START, "draw.py"))
    call = [sys.executable, "draw.py"]
    environment = {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    image = imread(tmp_path / "eights.png")
    assert np.array_equal(image, imread(ROOT / "docs" / "eights.png"))
    drawn = image[::8, ::8, 0].reshape(8, 8, 8).swapaxes(0, 1) > 0.5
    digits: Any = load_digits()
    bits = 64 * int((digits.target == 8).sum())
    assert f"{bits:,} bits" in START
    means = [(digits.images[digits.target == c] > 7).mean(axis=0) for c in range(10)]
    distances = [np.abs(drawn.mean(axis=0) - mean).sum() for mean in means]
    assert int(np.argmin(distances)) == 8
    assert len(np.unique(drawn.reshape(8, 64), axis=0)) == 8


def test_table_of_the_page_has_a_row_for_every_method() -> None:
    done = subprocess.run(
        [sys.executable, "-c", example(PAGE, "table.py")], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    runs = json.loads((ROOT / "reports" / "digits" / "results.json").read_text())["runs"]
    lines = done.stdout.splitlines()
    assert len(lines) == 2 + len({run["label"] for run in runs})
    assert lines[2].startswith("fine-tuning")


def test_frame_and_records_hold_what_the_file_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    path = ROOT / "reports" / "digits" / "results.json"
    runs: list[dict[str, Any]] = json.loads(path.read_text())["runs"]
    frame = engram.load_results(path)
    assert isinstance(frame, pandas.DataFrame)
    assert frame["final"].tolist() == [run["final"] for run in runs]
    assert str(frame["seed"].dtype) == "Int64"
    assert frame["accuracy_seen"].tolist() == [run["accuracy_seen"] for run in runs]
    monkeypatch.setattr(results, "find_spec", lambda name: None)
    records = engram.load_results(path.parent)
    assert isinstance(records, list)
    assert list(records[0]) == list(frame.columns)
    for record, run in zip(records, runs, strict=True):
        assert record["label"] == run["label"]
        own = {f"ledger.{name}": bits for name, bits in run["ledger"].items()}
        assert {key: record[key] for key in own} == own
        others = {key for key in record if key.startswith("ledger.")} - own.keys()
        assert all(record[key] is None for key in others)
        assert record["forgetting.gem"] == run["forgetting"]["gem"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "must be the results.json of engram run, but is not: "),
        ("{}", "but is not: runs: Field required"),
        ('{"runs": []}', "but is not: runs: List should have at least 1 item"),
        ('{"runs": [{"method": "gbm"}]}', "but is not: runs.0.label: Field required"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(UserError, match=re.escape(said)):
        engram.load_results(tmp_path)
    with pytest.raises(UserError, match="absent cannot be read: no such file"):
        engram.load_results(str(tmp_path / "absent"))
