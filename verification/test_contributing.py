# SPDX-License-Identifier: MIT
"""The method of CONTRIBUTING.md runs as it stands: one file and one entry of a study."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_method_is_one_file_and_one_entry(tmp_path: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (code,) = re.findall(r"```python\n# sim/replay/last\.py\n(.*?)```", text, re.S)
    (study,) = re.findall(r"```yaml\n(.*?)```", text, re.S)
    shutil.copytree(ROOT / "sim", tmp_path / "sim", ignore=shutil.ignore_patterns("*.bin"))
    (tmp_path / "sim" / "replay" / "last.py").write_text(code)
    (tmp_path / "study.yaml").write_text(study)
    paths = os.pathsep.join((str(tmp_path), str(ROOT)))
    call = "from sim.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", call, "run", "study.yaml", "--out", "out", "--jobs", "1"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    runs = json.loads((tmp_path / "out" / "results.json").read_text())["runs"]
    assert [run["label"] for run in runs] == ["last 5", "last 20"]
    # Twenty of about 140 samples a class remember more than chance, and five less than twenty.
    assert 0.2 < runs[0]["final"] < runs[1]["final"]
