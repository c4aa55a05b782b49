# SPDX-License-Identifier: MIT
"""The page of an exploration by keyboard alone, and what it tells a screen reader."""

from typing import Any

from verification.sim.explore.page.reader import Reader, counted, listed, settle
from verification.sim.made_up_exploration import exploration

# Notes the kind of all that takes the focus, and whether one sees that it has it.
WATCH = """() => {
  window.stops = [];
  const accent = getComputedStyle(document.querySelector(".brand path")).fill;
  addEventListener("focusin", ({ target }) => {
    const marked = target.matches(".level") ? target.querySelector("rect") : target;
    const { outlineStyle, stroke } = getComputedStyle(marked);
    const seen = outlineStyle !== "none" || stroke === accent;
    stops.push([target.getAttribute("role") ?? target.localName, seen]);
  });
}"""


def heard(page: Any) -> str:
    settle(page)
    return page.inner_text("#announcer")


def test_tab_goes_through_the_page_and_shows_where_it_is(reader: Reader) -> None:
    page = reader.open(exploration(60))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the front"
    page.keyboard.press("Enter")
    page.evaluate(WATCH)
    for _ in range(130):
        page.keyboard.press("Tab")
    stops = page.evaluate("stops")
    assert [stop for stop in stops if not stop[1]] == []
    kinds = {kind for kind, _ in stops}
    assert kinds >= {"application", "slider", "checkbox", "select", "input", "button", "tr"}


def test_arrows_walk_through_a_plot_and_enter_chooses(reader: Reader) -> None:
    page = reader.open(exploration(60))
    page.focus("svg.scatter >> nth=0")
    before = page.inner_text("#chosen .kicker")
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    said = heard(page)
    assert said.startswith("trial ")
    assert "accuracy" in said
    page.keyboard.press("Enter")
    assert heard(page) == f"Chosen: {said}"
    number = said.split()[1].rstrip(",")
    assert page.inner_text("#chosen .kicker").split()[1].startswith(number)
    assert page.inner_text("#chosen .kicker") != before


def test_shift_and_arrows_select_in_a_plot_and_escape_clears(reader: Reader) -> None:
    page = reader.open(exploration(60))
    everything = counted(page)[0]
    page.focus("svg.scatter >> nth=1")
    page.keyboard.press("ArrowLeft")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    assert 1 < counted(page)[0] < everything
    page.keyboard.press("Escape")
    assert counted(page)[0] == everything


def test_thumbs_of_an_axis_move_over_the_values_that_occur(reader: Reader) -> None:
    content = exploration(60)
    page = reader.open(content)
    low = "[data-focus='objective bits low']"
    page.focus(low)
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    settle(page)
    bits = sorted({t["values"]["bits"] for t in content["trials"] if "bits" in t["values"]})
    assert float(page.get_attribute(low, "aria-valuenow")) == bits[3]
    assert page.evaluate("document.activeElement.dataset.focus") == "objective bits low"
    complete = [t for t in content["trials"] if t["state"] == "complete"]
    assert counted(page)[0] == sum(t["values"]["bits"] >= bits[3] for t in complete)
    page.keyboard.press("End")
    settle(page)
    assert float(page.get_attribute(low, "aria-valuenow")) == bits[-1]
    page.keyboard.press("Escape")
    assert counted(page)[0] == len(complete)


def test_levels_of_an_axis_are_checkboxes(reader: Reader) -> None:
    content = exploration(60)
    page = reader.open(content)
    level = "[role=checkbox][aria-label='features 256']"
    page.focus(level)
    page.keyboard.press("Space")
    settle(page)
    assert page.get_attribute(level, "aria-checked") == "false"
    left = [t for t in content["trials"] if t["parameters"]["features"] != 256]
    assert counted(page)[0] == sum(t["state"] == "complete" for t in left)
    page.keyboard.press("Enter")
    settle(page)
    assert page.get_attribute(level, "aria-checked") == "true"


def test_arrows_walk_through_the_table_and_enter_chooses(reader: Reader) -> None:
    page = reader.open(exploration(60))
    numbers = listed(page)
    page.focus(f"tr[data-trial='{numbers[0]}']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    settle(page)
    assert page.inner_text("#chosen .kicker").split()[1].startswith(str(numbers[2]))
    assert page.get_attribute("tr[aria-selected=true]", "data-trial") == str(numbers[2])
    assert page.evaluate("document.activeElement.dataset.trial") == str(numbers[2])
    page.keyboard.press("PageDown")
    assert listed(page) != numbers
    assert page.evaluate("document.activeElement.localName") == "tr"


def test_escape_lets_the_chosen_trial_go(reader: Reader) -> None:
    page = reader.open(exploration(60))
    page.focus("#chosen")
    page.keyboard.press("Escape")
    settle(page)
    assert page.inner_text("#chosen") == "Choose a trial in a plot or in the table."


def test_menu_of_axes_opens_by_enter_and_closes_by_escape(reader: Reader) -> None:
    page = reader.open(exploration(60))
    page.focus(".menu summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator(".lane[aria-label='replay']").count() == 0
    page.keyboard.press("Escape")
    assert not page.is_visible(".menu input >> nth=0")
    assert page.evaluate("document.activeElement.localName") == "summary"


def test_sorting_and_counts_are_said(reader: Reader) -> None:
    page = reader.open(exploration(60))
    page.focus("#table th button:text-is('bits')")
    page.keyboard.press("Enter")
    assert heard(page) == "Sorted by bits, ascending"
    assert page.get_attribute("#status", "role") == "status"
    assert page.get_attribute("#announcer", "aria-live") == "polite"


def test_everything_that_takes_the_focus_has_a_name(reader: Reader) -> None:
    page = reader.open(exploration(60))
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, summary, [tabindex='0']")]
          .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length))
          .map((e) => e.outerHTML)"""
    )
    assert nameless == []
