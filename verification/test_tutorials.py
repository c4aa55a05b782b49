# SPDX-License-Identifier: MIT
"""The tutorials: a reader who does what they say sees what they show."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from verification.tutorials import FOLDER, Command, File, blocks, follow, main

PAGES = sorted(page.stem for page in FOLDER.glob("*.md"))

#: What a page needs beside engram: packages, then programs.
NEEDS = {
    "your-network": (("onnx", "onnxruntime", "qonnx"), ()),
    "own-verilog": (("verilator",), ("g++", "make", "perl")),
}

#: Pages whose commands take longest; `python -m verification.tutorials` follows all of them.
LONG = ("exploring", "own-method", "your-network")

SMALL = """\
Save this:

```python
# say.py
print("one")
print("two")
```

```console
$ python say.py | \\
    tail -1
two
$ python say.py
one
two
```
"""


@pytest.mark.parametrize(
    "page", [pytest.param(p, marks=[pytest.mark.slow] * (p in LONG)) for p in PAGES]
)
def test_every_command_prints_what_the_page_shows(tmp_path: Path, page: str) -> None:
    packages, programs = NEEDS.get(page, ((), ()))
    absent = [name for name in packages if find_spec(name) is None]
    absent += [name for name in programs if shutil.which(name) is None]
    if absent:
        pytest.skip(f"{page} needs {', '.join(absent)}")
    # GNU make, which builds what Verilator writes, refuses paths with spaces.
    folder = tmp_path / (page if "make" in programs else "a folder of mine")
    folder.mkdir()
    assert list(follow((FOLDER / f"{page}.md").read_text(), folder)) == []


def test_blocks_of_a_page_are_files_and_commands_in_its_order() -> None:
    assert list(blocks(SMALL)) == [
        File("say.py", '# say.py\nprint("one")\nprint("two")\n'),
        Command(10, "python say.py | \\\n    tail -1", "two\n"),
        Command(13, "python say.py", "one\ntwo\n"),
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("one\ntwo\n```", "one\n```", "line 13: python say.py\nExpected:\n    one\nGot:\n"),
        ("one\ntwo\n```", "...\ntoo\n```", "line 13: python say.py\nExpected:\n    ...\n    too"),
        ("tail -1\ntwo", "tail -1", "line 10: python say.py | \\\n    tail -1\nExpected nothing\n"),
        ("tail -1", "tail -1 -?", "ended with status 1, not 0:\ntail: "),
        ("one\ntwo\n```", "engram: no\n```", "line 13: python say.py\nended with status 0, not 2"),
    ],
    ids=["less", "other", "nothing", "failure", "success"],
)
def test_planted_differences_are_found(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    assert SMALL.count(right) == 1
    (place,) = follow(SMALL.replace(right, wrong), tmp_path)
    assert said in place


def test_dots_stand_for_what_is_left_out(tmp_path: Path) -> None:
    assert list(follow(SMALL, tmp_path)) == []
    assert list(follow(SMALL.replace("one\ntwo\n```", "...\ntwo\n```"), tmp_path)) == []


def test_commands_of_a_page_share_one_shell(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    page = "```console\n$ cd words && export WORD=one\n$ basename $PWD $WORD; cat\n{}\n```\n"
    assert list(follow(page.format("words"), tmp_path)) == []
    (place,) = follow(page.format("words").replace("basename", "cd words; basename"), tmp_path)
    assert "cd: words: No such file or directory" in place
    ended = "```console\n$ echo -n one; exit 3\none\n$ echo two\n```\n"
    assert list(follow(ended, tmp_path)) == [
        "line 2: echo -n one; exit 3\nended with status 3, not 0:\none\n"
    ]
    broken = "```console\n$ echo (\n```\n"
    (place,) = follow(broken, tmp_path)
    assert "syntax error" in place


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python\n# a.py\nimport os\nimport verification.x\n```\n", "line 4: an installed"),
        (
            "```console\n$ python -m verification.tutorials\n```\n",
            "line 2: an installed",
        ),
        ("One\n```yaml\na: 1\n```\n", "line 3: a block must begin with `# NAME`, or be a session"),
        ("```console\nls\n```\n", r"line 2: a session must begin with `\$ `, not 'ls\\n'"),
    ],
)
def test_blocks_that_nobody_can_follow_are_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        list(blocks(text))


def test_command_tells_the_places_that_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("verification.tutorials.FOLDER", tmp_path)
    (tmp_path / "right.md").write_text(SMALL)
    (tmp_path / "wrong.md").write_text(SMALL.replace("tail -1\ntwo", "tail -1\n2"))
    assert main(["right"]) == 0
    assert capsys.readouterr().out == "0 places are wrong\n"
    assert main(["--folder", str(tmp_path / "stays")]) == 1
    out = capsys.readouterr().out
    assert out.startswith("wrong.md, line 10: python say.py")
    assert out.endswith("1 places are wrong\n")
    assert (tmp_path / "stays" / "right" / "say.py").exists()
