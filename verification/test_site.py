# SPDX-License-Identifier: MIT
"""The site of `make docs`: it names every page and every block, and its links lead somewhere."""

import posixpath
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import engram

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def entries() -> list[str]:
    """Return what the toctrees of the index name, as paths without ending from the root."""
    trees = re.findall(r"```{toctree}\n(.*?)```", (DOCS / "index.md").read_text(), re.S)
    lines = [line for tree in trees for line in tree.splitlines()]
    names = [line for line in lines if line and not line.startswith(":")]
    return [posixpath.normpath(f"docs/{name}") for name in names]


def test_every_page_stands_in_the_index_once_and_every_entry_is_a_page() -> None:
    named = [name for name in entries() if "*" not in name]
    files = (page.relative_to(ROOT).with_suffix("") for page in DOCS.rglob("*.md"))
    pages = {page.as_posix() for page in files} - {"docs/index"}
    others = {"README", "CONTRIBUTING", "CHANGELOG", "reports/README"}
    assert sorted(named) == sorted(pages | others)
    assert all((ROOT / f"{name}.md").is_file() for name in named)


def test_reference_of_blocks_has_every_module_of_golden_once() -> None:
    shown = re.findall(r"^\.\. automodule:: (\S+)$", (DOCS / "golden.md").read_text(), re.M)
    modules = {f"golden.{path.stem}" for path in (ROOT / "golden").glob("*.py")}
    assert sorted(shown) == sorted(modules - {"golden.__init__"} | {"golden.params"})


def test_reference_of_engram_has_every_name_once() -> None:
    page = (DOCS / "api.md").read_text()
    tables = re.findall(r"autosummary::\n +:nosignatures:\n\n((?: +\S+\n)+)", page)
    listed = [name for table in tables for name in table.split()]
    expected = {
        f"{engram._HOMES[name]}.{name}" if engram._HOMES[name].startswith("golden") else name
        for name in set(engram.__all__) - {"main", "__version__"}
    }
    assert sorted(listed) == sorted(expected)
    described = re.findall(r"^\.\. auto(?:class|function|exception):: (\S+)$", page, re.M)
    assert described == [name for name in listed if "." not in name]


class Page(HTMLParser):
    """Anchors and links of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.links.add(value)


def broken(site: Path) -> tuple[int, list[str]]:
    """Return how many links stay inside a site, and those that lead nowhere."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
    inside, found = 0, []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            inside += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            wrong = not target.is_file() or not target.is_relative_to(site.resolve())
            anchor = unquote(parts.fragment)
            if not wrong and anchor and target in pages:
                wrong = anchor not in pages[target].anchors
            if wrong:
                found.append(f"{path.relative_to(site.resolve())}: {link}")
    return inside, found


def test_planted_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    links = ("b.html#here", "b.html#there", "c.html", "../", "https://example.org/c.html", "#top")
    anchors = "".join(f'<a href="{link}">x</a>' for link in links)
    (tmp_path / "a.html").write_text(f'<p id="top">{anchors}</p>')
    (tmp_path / "b.html").write_text('<img id="here" src="b.png">')
    inside, found = broken(tmp_path)
    assert inside == 6
    assert found == ["a.html: ../", "a.html: b.html#there", "a.html: c.html", "b.html: b.png"]


@pytest.mark.slow
def test_site_is_made_without_a_warning_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    for package in ("sphinx", "myst_parser", "numpydoc"):
        pytest.importorskip(package, reason="the site needs the extra docs")
    makefile = (ROOT / "Makefile").read_text()
    (line,) = re.findall(r"^\t\$\(BIN\)/python (-m sphinx .*)$", makefile, re.M)
    call = shlex.split(line)
    assert call.pop() == "build/docs"
    assert {"-E", "-W"} <= set(call)
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, *call, str(site)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    inside, found = broken(site)
    assert found == []
    assert inside > 1000
    blocks = Page(site / "docs" / "golden.html")
    assert {"golden.sampler.Sampler.draw", "golden.params.ChipParams"} <= blocks.anchors
