# SPDX-License-Identifier: MIT
"""Numba's compiler where it cannot keep what it made, and where a user has switched it off."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

DRAW = """
import numpy as np
from golden.kernels import xnor_gemm
from golden.kernels.streams import jump
print(jump.stats.cache_path is None)
powers = np.zeros((64, 64), np.uint64)
powers[0] = np.uint64(1) << np.arange(64, dtype=np.uint64)
print(int(jump(powers, np.uint64(5), 1)))
"""


def run(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    return subprocess.run(
        [sys.executable, "-c", code], env={**kept, **more}, cwd="/", capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def test_a_read_only_install_without_a_home_compiles_anew(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "golden", tmp_path / "golden", ignore=shutil.ignore_patterns("__pycache__")
    )
    # A file in the place of a folder refuses writes to every user, an administrator too.
    for folder in (tmp_path / "golden", tmp_path / "golden" / "kernels"):
        (folder / "__pycache__").touch()
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null", "TMPDIR": "/dev/null"}
    done = run(DRAW, PYTHONPATH=str(tmp_path), **nowhere)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n5\n", "")
    kept = run(DRAW, PYTHONPATH=str(ROOT))
    assert (kept.returncode, kept.stdout) == (0, "False\n5\n")


def test_kernels_say_that_they_need_the_compiler() -> None:
    done = run("import golden.kernels", PYTHONPATH=str(ROOT), NUMBA_DISABLE_JIT="1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ImportError: golden.kernels needs Numba's compiler, because its vectors exist only "
        "compiled: NUMBA_DISABLE_JIT must be 0 or unset"
    )


# A small kernel that calls one of another file: to compile a large one takes seconds.
FOLD = """
import numpy as np
from golden.kernels.draws import _fold_words
one, taps = np.zeros(1, np.uint64), np.array([64, 63, 61, 60])
state = _fold_words(one, one, 1, 4, np.uint64(5), taps)
print(int(state), sum(_fold_words.stats.cache_hits.values()))
"""


def test_a_change_in_a_file_that_a_kernel_imports_compiles_it_anew(tmp_path: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "golden", tmp_path / "golden", ignore=skipped)
    streams = tmp_path / "golden" / "kernels" / "streams.py"
    found = [run(FOLD, PYTHONPATH=str(tmp_path)).stdout for _ in range(2)]
    text = streams.read_text()
    end = "        steps -= part\n    return state"  # of `leap`
    assert end in text
    streams.write_text(text.replace(end, f"{end} + np.uint64(2)"))
    found.append(run(FOLD, PYTHONPATH=str(tmp_path)).stdout)
    assert found == ["80 0\n", "80 1\n", "82 0\n"]
