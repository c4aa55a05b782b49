# SPDX-License-Identifier: MIT
"""The examples of CONTRIBUTING.md and README.md run as they stand."""

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
    (code,) = re.findall(r"```python\n# last\.py\n(.*?)```", text, re.S)
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


def test_example_of_the_readme_draws_what_it_says_and_holds_the_hardware_to_it() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    (said,) = re.findall(r"# (\[.*?\])\n", code)
    wrong = code.replace("beat.bits,", "beat.bits ^ 1,")
    assert wrong != code
    right, refused = (
        subprocess.run([sys.executable, "-c", c], cwd=ROOT, capture_output=True, text=True)
        for c in (code, wrong)
    )
    assert (right.returncode, right.stdout, right.stderr) == (0, said + "\n", "")
    assert refused.returncode == 1
    assert "BenchError" in refused.stderr.splitlines()[-1]


def test_every_link_of_the_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "reports" / "README.md"]
    links = 0
    for page in [*pages, *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"
                links += 1
    assert links > 20
