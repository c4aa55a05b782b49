# SPDX-License-Identifier: MIT
"""A page of an exploration in a Chromium without a screen, and what may be read off it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sim.explore.page.document import html_page
from sim.explore.page.exploration import read_exploration
from verification.sim.made_up_exploration import write

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the Chromium of the system; skip the test where there is none."""
    api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


class Reader:
    """Opens pages, and hears what they should not say: messages, errors, requests."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self.browser = browser
        self.folder = folder
        self.heard: list[str] = []
        self.requests: list[str] = []
        self.contexts: list[Any] = []

    def open(self, content: Any, fragment: str = "", **options: Any) -> Any:
        file = self.folder / "page.html"
        file.write_text(html_page(read_exploration(write(self.folder, content))), encoding="utf-8")
        context = self.browser.new_context(
            **{"viewport": {"width": 1400, "height": 900}, **options}
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.heard.append(message.text))
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(f"{file.as_uri()}{fragment}")
        page.wait_for_selector("#status:not(:empty)")
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def settle(page: Any) -> None:
    """Wait until what changed is drawn."""
    page.evaluate(
        "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
    )


def counted(page: Any) -> tuple[int, int, int]:
    """Return how many trials are selected, shown and on the front, as the page says it."""
    settle(page)
    words = page.inner_text("#status").replace(",", "").split()
    return int(words[0]), int(words[2]), int(words[5])


def listed(page: Any) -> list[int]:
    """Return the numbers of the trials on the page of the table, in its order."""
    settle(page)
    rows = page.query_selector_all("#table tbody tr[data-trial]")
    return [int(row.get_attribute("data-trial")) for row in rows]


def drawn(page: Any, panel: int) -> int:
    """Return how many marks a scatter plot draws of selected trials."""
    settle(page)
    plot = page.query_selector_all("svg.scatter")[panel]
    paths = plot.query_selector_all(".dominated, .best")
    return sum((path.get_attribute("d") or "").count("M") for path in paths)


def place(page: Any, panel: int, x: float, y: float) -> tuple[float, float]:
    """Return a place in a scatter plot, in shares of its width and height, on the screen."""
    plot = page.locator("svg.scatter").nth(panel)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def drag(page: Any, panel: int, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Brush a scatter plot from one place to another."""
    page.mouse.move(*place(page, panel, *start))
    page.mouse.down()
    page.mouse.move(*place(page, panel, *end), steps=4)
    page.mouse.up()
