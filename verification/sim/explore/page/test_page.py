# SPDX-License-Identifier: MIT
"""The page of an exploration as a file: what is escaped, what is allowed, what is refused."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sim.explore.page.document import html_page
from sim.explore.page.exploration import read_exploration
from sim.work.errors import UserError
from verification.sim.made_up_exploration import exploration, write

HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> & \" ' \u2028"


class Elements(HTMLParser):
    """Names, attributes and text of the elements that a browser sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: dict[str, list[str]] = {}
        self.open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes.extend(attrs)
        self.text.setdefault(tag, []).append("")
        self.open = tag

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        self.text.setdefault(self.open, [""])[-1] += data


def page_of(folder: Path, content: Any) -> str:
    return html_page(read_exploration(write(folder, content)))


def refused(folder: Path, content: Any) -> str:
    with pytest.raises(UserError) as caught:
        read_exploration(write(folder, content))
    return str(caught.value)


def test_exploration_in_the_page_is_that_of_the_file(tmp_path: Path) -> None:
    content = exploration(30)
    scripts = Elements(page_of(tmp_path, content)).text["script"]
    assert json.loads(scripts[0]) == content


def test_same_exploration_gives_the_same_page(tmp_path: Path) -> None:
    assert page_of(tmp_path, exploration(30)) == page_of(tmp_path, exploration(30))


def test_no_text_of_an_exploration_becomes_markup(tmp_path: Path) -> None:
    plain = exploration(5)
    hostile = json.loads(json.dumps(plain))
    for key in ("title", "command", "engram", "made", "data", "verdict"):
        hostile[key] = HOSTILE
    hostile["constraints"] = [HOSTILE]
    for best in hostile["recommended"]:
        best |= {"budget": HOSTILE, "sentence": HOSTILE}
    for trial in hostile["trials"]:
        trial |= {"label": HOSTILE, "yaml": HOSTILE, "command": HOSTILE}
        trial["parameters"]["replay"] = HOSTILE
    for objective in hostile["objectives"]:
        objective |= {"label": HOSTILE, "unit": HOSTILE}
    page = page_of(tmp_path / "hostile", hostile)
    assert Elements(page).names == Elements(page_of(tmp_path / "plain", plain)).names
    assert page.count("<script") == 2
    assert json.loads(Elements(page).text["script"][0])["title"] == HOSTILE


@pytest.mark.parametrize(
    ("made", "told"),
    [
        pytest.param("2026-11-21T19:35:31+02:00", "2026-11-21 17:35 UTC", id="a moment"),
        pytest.param("some day", "some day", id="a text"),
    ],
)
def test_moment_is_told_to_the_minute(made: str, told: str, tmp_path: Path) -> None:
    assert f"<dt>Made</dt><dd>{told}</dd>" in page_of(tmp_path, exploration(5, made=made))


def test_page_refers_to_nothing_outside_itself(tmp_path: Path) -> None:
    elements = Elements(page_of(tmp_path, exploration(5)))
    links = [value for name, value in elements.attributes if name in ("href", "src", "action")]
    assert [link.partition(":")[0] for link in links if link] == ["data", "#front-heading"]
    assert not re.search(r"url\(|@import|https?:", "".join(elements.text["style"]))


def test_policy_lets_the_style_and_the_script_of_the_page_alone_take_effect(tmp_path: Path) -> None:
    elements = Elements(page_of(tmp_path, exploration(5)))
    (policy,) = (v for n, v in elements.attributes if n == "content" and v and "default-src" in v)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules == {
        "default-src": "'none'",
        "script-src": source_hash(elements.text["script"][-1]),
        "style-src": source_hash(elements.text["style"][0]),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def source_hash(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def test_without_scripts_the_front_stands_in_a_table_best_first(tmp_path: Path) -> None:
    content = exploration(60)
    page = page_of(tmp_path, content)
    table = page[page.index("<noscript>") : page.index("</noscript>")]
    front = [trial for trial in content["trials"] if trial["front"]]
    front.sort(key=lambda trial: -trial["values"]["accuracy"])
    assert re.findall(r"<tr><td>(\d+)</td>", table) == [str(t["number"]) for t in front]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"objectives": []},
            "objectives must be a list of 1 or more items, not []",
            id="no objective",
        ),
        pytest.param(
            {"trials": {"number": 1}},
            "trials must be a list, not a mapping",
            id="trials no list",
        ),
        pytest.param({"verdict": 3}, "verdict must be text, not 3", id="verdict no text"),
        pytest.param(
            {"recommended": [{"budget": "", "trial": 99, "sentence": ""}]},
            "recommended.0.trial must be the number of a trial, not 99",
            id="unknown trial",
        ),
    ],
)
def test_another_shape_is_refused_by_file_and_key(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    assert refused(tmp_path, exploration(5) | changes).startswith(
        f"{tmp_path / 'exploration.json'}: {message}"
    )


def test_fault_inside_a_trial_is_refused_by_its_key(tmp_path: Path) -> None:
    content = exploration(5)
    content["trials"][2]["state"] = "done"
    assert refused(tmp_path, content) == (
        f"{tmp_path / 'exploration.json'}: trials.2.state must be one of complete, pruned, failed, "
        "infeasible, not 'done'"
    )


def test_missing_key_is_refused_by_name(tmp_path: Path) -> None:
    content = exploration(5)
    del content["verdict"]
    assert "verdict is missing: it must be text" in refused(tmp_path, content)


def test_repeated_trial_is_refused(tmp_path: Path) -> None:
    content = exploration(5)
    content["trials"][3]["number"] = 1
    assert "trials.3 repeats 1" in refused(tmp_path, content)


def test_of_many_faults_the_first_are_told(tmp_path: Path) -> None:
    content = exploration(12)
    for trial in content["trials"]:
        trial["label"] = None
    told = refused(tmp_path, content).splitlines()
    assert len(told) == 6
    assert told[-1] == "and 7 more"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('{"title": "a', "is damaged, it must be JSON: Unterminated string", id="cut"),
        pytest.param("", "is damaged, it must be JSON: Expecting value", id="empty"),
        pytest.param('{"a": NaN}', "is damaged, it must be JSON: NaN is no number", id="NaN"),
        pytest.param("[" * 100_000, "is damaged, it must be JSON: ", id="deep"),
        pytest.param("[1]", "must hold an exploration, a JSON object", id="a list"),
        pytest.param("{}", "title is missing: it must be text", id="nothing in it"),
        pytest.param(b"\xff\xfe", "must be UTF-8 text, not binary", id="binary"),
        pytest.param('{"title": "\\ud800"}', "surrogates not allowed", id="half a character"),
    ],
)
def test_damaged_file_ends_in_a_message_and_writes_nothing(
    text: str | bytes, message: str, tmp_path: Path, engram: Callable[..., tuple[int, str, str]]
) -> None:
    file = tmp_path / "exploration.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    status, out, err = engram("report", tmp_path, "--html")
    assert (status, out) == (2, "")
    assert f"engram: {file}" in err
    assert message in err
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda p: None, "cannot be read: no such file or directory", id="absent"),
        pytest.param(lambda p: p.touch(), "cannot be read: it is, or lies under, a", id="a file"),
        pytest.param(
            lambda p: p.mkdir(),
            "exploration.json does not exist: it must be a folder that engram explore wrote",
            id="another folder",
        ),
    ],
)
def test_folder_without_exploration_ends_in_a_message(
    make: Callable[[Path], None],
    message: str,
    tmp_path: Path,
    engram: Callable[..., tuple[int, str, str]],
) -> None:
    make(tmp_path / "study")
    status, _, err = engram("report", tmp_path / "study", "--html", "--out", tmp_path / "p.html")
    assert status == 2
    assert message in err
    assert not (tmp_path / "p.html").exists()


def test_report_says_what_came_out_and_writes_the_page_beside_it(
    tmp_path: Path, engram: Callable[..., tuple[int, str, str]]
) -> None:
    content = exploration(20)
    status, out, _ = engram("report", write(tmp_path, content), "--html")
    page = tmp_path / "exploration.html"
    sentences = [best["sentence"] for best in content["recommended"]]
    assert status == 0
    assert out.splitlines() == [content["verdict"], *sentences, f"Page: {page}"]
    assert page.read_text(encoding="utf-8") == html_page(read_exploration(tmp_path))


def test_verdict_on_one_budget_is_said_once(
    tmp_path: Path, engram: Callable[..., tuple[int, str, str]]
) -> None:
    content = exploration(3)
    best = content["recommended"][0] | {"sentence": "Take this one."}
    content |= {"recommended": [best], "verdict": "Take this one."}
    status, out, _ = engram("report", write(tmp_path, content))
    assert (status, out) == (0, "Take this one.\n")


def test_report_writes_where_it_is_told(
    tmp_path: Path, engram: Callable[..., tuple[int, str, str]]
) -> None:
    page = tmp_path / "pages" / "mine.html"
    assert engram("report", write(tmp_path, exploration(3)), "--html", "--out", page)[0] == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exploration.json", "pages"]


def test_report_without_html_writes_nothing(
    tmp_path: Path, engram: Callable[..., tuple[int, str, str]]
) -> None:
    assert engram("report", write(tmp_path, exploration(3)))[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["exploration.json"]


def test_out_without_html_is_refused(
    tmp_path: Path, engram: Callable[..., tuple[int, str, str]]
) -> None:
    folder = write(tmp_path, exploration(3))
    status, _, err = engram("report", folder, "--out", tmp_path / "p.html")
    assert status == 2
    assert err == "engram: --out needs --html: it is the file of the page\n"


def test_page_does_not_overwrite_the_exploration(
    tmp_path: Path, engram: Callable[..., tuple[int, str, str]]
) -> None:
    folder = write(tmp_path, exploration(3))
    file = folder / "exploration.json"
    before = file.read_bytes()
    (tmp_path / "link").symlink_to(folder)
    for out in (file, tmp_path / "link" / "exploration.json"):
        status, _, err = engram("report", folder, "--html", "--out", out)
        assert (status, err) == (2, f"engram: --out must not be the exploration itself, {out}\n")
        assert file.read_bytes() == before


def test_page_that_cannot_be_written_is_refused(
    tmp_path: Path, engram: Callable[..., tuple[int, str, str]]
) -> None:
    folder = write(tmp_path, exploration(3))
    status, _, err = engram("report", folder, "--html", "--out", folder)
    assert status == 2
    assert "cannot be written: it is a directory" in err
    assert [path.name for path in tmp_path.iterdir()] == ["exploration.json"]
