# SPDX-License-Identifier: MIT
"""The page of an exploration in a real browser: what it draws, and what follows what."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.study.config import load_config
from verification.sim.explore.page.reader import Reader, counted, drag, drawn, listed, place, settle
from verification.sim.made_up_exploration import exploration

HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='hacked=1'> & \" '"
Trial = dict[str, Any]


def passing(content: Any, test: Callable[[Trial], bool]) -> list[Trial]:
    return [t for t in content["trials"] if t["state"] == "complete" and test(t)]


def test_page_draws_all_complete_trials_in_every_panel_and_says_nothing(reader: Reader) -> None:
    content = exploration(80)
    page = reader.open(content)
    complete = passing(content, lambda trial: True)
    front = [trial for trial in complete if trial["front"]]
    assert counted(page) == (len(complete), len(complete), len(front))
    assert [drawn(page, panel) for panel in range(4)] == [len(complete)] * 4
    assert page.title() == content["title"]
    assert page.inner_text(".verdict") == content["verdict"]


def test_hostile_text_is_shown_as_it_is_and_runs_nothing(reader: Reader) -> None:
    content = exploration(12)
    for trial in content["trials"]:
        trial |= {"label": HOSTILE, "yaml": HOSTILE, "command": HOSTILE}
        trial["parameters"] |= {"replay": HOSTILE, "__proto__": HOSTILE}
        trial["cost"]["energy"] = [{"name": HOSTILE, "value": 1.0}]
    content["parameters"] += [
        {"name": name, "kind": "categorical", "log": False}
        for name in ("constructor", "toString", HOSTILE)
    ]
    content |= {"title": HOSTILE, "verdict": HOSTILE}
    page = reader.open(content)
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert page.query_selector("img") is None
    assert page.inner_text("h1") == HOSTILE
    assert page.inner_text("#chosen h3") == HOSTILE
    assert page.inner_text("#chosen .recipe pre code") == HOSTILE


def test_policy_stops_markup_code_and_requests_that_the_page_does_not_hold(
    browser: Any, tmp_path: Path
) -> None:
    reader = Reader(browser, tmp_path)
    page = reader.open(exploration(5))
    attempts = {
        "markup": "() => { document.body.innerHTML = '<b>x</b>'; }",
        "code": "() => { const s = document.createElement('script'); s.text = 'x'; }",
        "request": "() => fetch('data:text/plain,x')",
    }
    for attempt in attempts.values():
        with pytest.raises(Exception, match=r"TrustedHTML|TrustedScript|Failed to fetch"):
            page.evaluate(attempt)
    reader.close()
    assert any("Content Security Policy" in text for text in reader.heard)


def test_budget_that_nothing_fits_has_its_sentence_and_no_trial(reader: Reader) -> None:
    empty = {"budget": "bits <= 0.001 Mb", "trial": None, "sentence": "Nothing fits 0.001 Mb."}
    page = reader.open(exploration(20, recommended=[empty]))
    assert page.inner_text(".card").split("\n") == ["bits ≤ 0.001 Mb", "", empty["sentence"]]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"trials": [], "recommended": []}, id="no trial"),
        pytest.param({"parameters": [], "sensitivity": [], "constraints": []}, id="no parameter"),
        pytest.param({"recommended": []}, id="nothing recommended"),
        pytest.param(
            {"objectives": [{"name": "bits", "label": "", "unit": "", "direction": "minimize"}]},
            id="one objective",
        ),
    ],
)
def test_page_of_little_is_drawn_as_well(changes: dict[str, Any], reader: Reader) -> None:
    page = reader.open(exploration(20) | changes)
    assert page.locator("svg.scatter").count() >= 1


def test_page_shows_failed_trials_where_all_have_failed(reader: Reader) -> None:
    content = exploration(5, recommended=[])
    for trial in content["trials"]:
        trial |= {"state": "failed", "values": {}, "cost": {}, "accuracy_by_task": [], "yaml": ""}
    assert counted(reader.open(content))[:2] == (5, 5)


def test_brush_in_one_panel_selects_in_the_others_and_in_the_table(reader: Reader) -> None:
    content = exploration(80)
    page = reader.open(content)
    everything = counted(page)[0]
    drag(page, 0, (0.13, 0.1), (0.5, 0.85))
    selected = counted(page)[0]
    assert 0 < selected < everything
    assert [drawn(page, panel) for panel in range(4)] == [selected] * 4
    most = float(page.get_attribute("[data-focus='objective bits high']", "aria-valuenow"))
    within = passing(content, lambda trial: trial["values"]["bits"] <= most)
    assert {*listed(page)} <= {trial["number"] for trial in within}
    assert f"of {selected}" in page.inner_text(".pager")
    drag(page, 1, (0.13, 0.05), (0.4, 0.5))
    assert 0 < counted(page)[0] < selected
    page.click("text=Clear selection")
    assert counted(page)[0] == everything


def test_click_on_a_mark_chooses_it_and_on_nothing_clears_the_brush(reader: Reader) -> None:
    page = reader.open(exploration(80))
    drag(page, 0, (0.13, 0.1), (0.5, 0.85))
    selected = counted(page)[0]
    ring = page.locator("circle.recommended").first.bounding_box()
    page.mouse.click(ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
    assert counted(page)[0] == selected
    page.mouse.click(*place(page, 0, 0.9, 0.8))
    assert counted(page)[0] > selected


def test_pointer_reads_the_nearest_mark(reader: Reader) -> None:
    content = exploration(80)
    page = reader.open(content)
    circle = page.locator("circle.recommended").first
    circle.scroll_into_view_if_needed()  # the pointer acts within the window alone
    ring = circle.bounding_box()
    page.mouse.move(ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
    best = {best["trial"] for best in content["recommended"]}
    assert int(page.inner_text(".tip:visible strong").split()[0][1:]) in best


def test_axes_of_a_panel_can_be_any_objective(reader: Reader) -> None:
    content = exploration(80)
    page = reader.open(content)
    page.select_option("select[aria-label='vertical axis, plot 1']", "objective latency")
    page.select_option("select[aria-label='horizontal axis, plot 1']", "objective area")
    page.click("button[aria-label='logarithmic y axis, plot 1']")
    label = page.get_attribute("svg.scatter >> nth=0", "aria-label")
    assert label.startswith("time to learn a class against area of chip and memory, ")
    assert page.get_attribute("button[aria-label$='y axis, plot 1']", "aria-pressed") == "true"
    assert drawn(page, 0) == len(passing(content, lambda trial: True))


def test_table_filters_by_values_words_states_methods_and_front(reader: Reader) -> None:
    content = exploration(80)
    page = reader.open(content)
    page.fill("input[aria-label='most memory of the past (Mb)']", "0.5")
    page.fill("input[aria-label='least average incremental accuracy (%)']", "40")
    small = passing(content, lambda t: t["values"]["bits"] <= 0.5 and t["values"]["accuracy"] >= 40)
    assert counted(page)[0] == len(small)
    assert drawn(page, 2) == len(small)
    page.fill("input[type=search]", "d = 512 gbm")
    words = [t for t in small if "D = 512" in t["label"] and "GBM" in t["label"]]
    assert 0 < len(words) < len(small)
    assert counted(page)[0] == len(words)
    page.click("text=Clear selection")
    page.click(".chip:has-text('latent')")
    page.click(".chip:has-text('front only')")
    others = passing(content, lambda t: t["parameters"]["replay"] != "latent" and t["front"])
    assert counted(page)[0] == len(others)
    page.click("text=Clear selection")
    page.click(".chip:has-text('pruned')")
    both = [t for t in content["trials"] if t["state"] in ("complete", "pruned")]
    assert counted(page)[:2] == (len(both), len(both))


def test_table_is_sorted_by_a_column_and_turned_page_by_page(reader: Reader) -> None:
    content = exploration(80)
    page = reader.open(content)

    def ordered(key: Callable[[Trial], float]) -> list[int]:
        some = sorted(passing(content, lambda t: True), key=lambda t: (key(t), t["number"]))
        return [trial["number"] for trial in some]

    best = ordered(lambda t: -t["values"]["accuracy"])
    assert listed(page) == best[:20]
    page.click(".pager button:has-text('Next')")
    assert listed(page) == best[20:40]
    energy = page.locator("#table thead th", has=page.locator("button:text-is('energy')"))
    energy.locator("button").click()
    assert listed(page) == ordered(lambda t: t["values"]["energy"])[:20]
    assert energy.get_attribute("aria-sort") == "ascending"
    energy.locator("button").click()
    assert listed(page) == ordered(lambda t: -t["values"]["energy"])[:20]
    assert energy.get_attribute("aria-sort") == "descending"


def test_drag_along_an_axis_of_the_parallel_coordinates_selects(reader: Reader) -> None:
    page = reader.open(exploration(80))
    before = counted(page)[0]
    lane = page.locator(".lane[aria-label^='energy to learn'] .hit")
    lane.scroll_into_view_if_needed()
    box = lane.bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 0.6 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.95 * box["height"], steps=3)
    page.mouse.up()
    assert 0 < counted(page)[0] < before
    assert drawn(page, 3) == counted(page)[0]


def test_axes_of_the_parallel_coordinates_can_be_left_out(reader: Reader) -> None:
    page = reader.open(exploration(80))
    lanes = page.locator(".lane").count()
    page.click("summary:has-text('Axes')")
    page.uncheck("label:has-text('hardware.pe') input")
    assert page.locator(".lane").count() == lanes - 1


def test_chosen_trial_shows_values_costs_curve_and_command(reader: Reader) -> None:
    content = exploration(80)
    chosen = passing(content, lambda trial: trial["number"] > 4)[0]
    page = reader.open(content, f"#trial-{chosen['number']}")
    assert page.inner_text("#chosen h3") == chosen["label"]
    assert page.inner_text("#chosen .command pre") == chosen["command"]
    shares = page.locator("#chosen section:has(h4:has-text('Energy')) .what").all_inner_texts()
    energy = sorted(chosen["cost"]["energy"], key=lambda share: -share["value"])
    assert shares == [share["name"] for share in energy]
    label = page.get_attribute("#chosen .curve", "aria-label")
    assert label.count("task ") == len(chosen["accuracy_by_task"])
    dots = page.get_attribute("#chosen .curve .dots", "d")
    assert dots.count("M") == len(chosen["accuracy_by_task"])


def test_chosen_trial_says_what_is_wrong_with_it(reader: Reader) -> None:
    content = exploration(6)
    wrong = {"violations": {"bits <= 6 Mb": 0.25, "area <= 2.4 mm2": -0.5}, "message": "No room."}
    content["trials"][2] |= {"state": "pruned", **wrong}
    page = reader.open(content, "#trial-2")
    assert page.locator("#chosen .trouble").all_inner_texts() == [
        "Breaks bits ≤ 6 Mb by 25 %.",
        "Stopped early: its accuracy is of fewer tasks or seeds.",
        "No room.",
    ]


def test_difference_from_the_reference_is_told_in_words(reader: Reader) -> None:
    content = exploration(6)
    content["trials"][2]["values"] |= {"bits": content["trials"][0]["values"]["bits"] - 0.25}
    page = reader.open(content, "#trial-2")
    assert page.inner_text("#chosen tr:has(th:text-is('bits')) .better") == "−0.250better"


def test_recommendation_shows_its_trial(reader: Reader) -> None:
    content = exploration(80)
    page = reader.open(content)
    best = content["recommended"][0]["trial"]
    page.click(f"text=Show trial {best}")
    settle(page)
    assert page.inner_text("#chosen .kicker").startswith(f"Trial {best}")
    assert page.evaluate("location.hash") == f"#trial-{best}"


def test_downloaded_yaml_is_that_of_the_trial_and_a_study_accepts_it(
    reader: Reader, tmp_path: Path
) -> None:
    content = exploration(80)
    page = reader.open(content, "#trial-7")
    with page.expect_download() as caught:
        page.click("text=Download trial-7.yaml")
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    assert file.name == "trial-7.yaml"
    assert file.read_text() == content["trials"][7]["yaml"]
    config, _ = load_config(str(file))
    assert config.expanded_methods()[0].replay == content["trials"][7]["parameters"]["replay"]


def test_page_remembers_no_more_than_its_file(reader: Reader) -> None:
    page = reader.open(exploration(5))
    kept = page.evaluate("() => [document.cookie, Object.keys(history.state ?? {}).length]")
    assert json.dumps(kept) == '["", 0]'
