# SPDX-License-Identifier: MIT
"""Figures for papers: their numbers, their panels, and text that neither overlaps nor is cut."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.report.paper import TYPE, WIDTHS, paper_style, wrapped
from sim.study.plot.kinds import KINDS, drawn
from sim.study.plot.looks import Palette
from sim.study.plot.results import Results, read_results
from sim.study.plot.rows import paired_differences
from verification.sim import made_up_results as made_up

REPORTS = Path(__file__).parents[4] / "reports"


def read(folder: Path, **changes: Any) -> Results:
    return read_results(made_up.write(folder, made_up.results(**changes)))


def labels(axes: Axes) -> list[str]:
    return axes.get_legend_handles_labels()[1]


def bars(axes: Axes, label: str) -> Any:
    (found,) = [bars for bars in axes.containers if bars.get_label() == label]
    return found


def points(axes: Axes, label: str) -> NDArray[np.float64]:
    """Return the places of the points of a line, shape (2, n_points)."""
    return np.array([*bars(axes, label)[0].get_data()], np.float64)


def test_bits_have_a_line_a_family_and_levels(tmp_path: Path) -> None:
    (axes,) = drawn("bits", [read(tmp_path)], 1, "memory").axes
    assert set(labels(axes)) == {
        "latent replay",
        "GBM, K = 1",
        "GBM, q = 8",
        "likelihood, no training, q = 8",
        "joint training (91.0 %)",
        "fine-tuning (21.0 %)",
    }
    expected = [[100, 500, 2000], [51.5, 53.5, 61.0]]
    np.testing.assert_allclose(points(axes, "latent replay"), expected)
    # Seeds 0, 1 and 2 lie a point apart.
    (segments,) = bars(axes, "latent replay")[2]
    np.testing.assert_allclose(np.diff(segments.get_segments()[0], axis=0), [[0, 2.0]])


def test_a_comparison_has_one_line_a_source(tmp_path: Path) -> None:
    (axes,) = drawn("bits", [read(tmp_path, budgets=[0.1])], 1, "state").axes
    assert [label for label in labels(axes) if "(" not in label] == [
        "latent replay",
        "GBM",
        "likelihood, no training",
    ]
    np.testing.assert_allclose(points(axes, "GBM")[0], [1200, 1400, 1800, 2600])


def test_bits_of_a_chip_are_those_of_its_network_and_state(tmp_path: Path) -> None:
    content = made_up.results()
    content["data"]["network_bits"] = 5000
    results = read_results(made_up.write(tmp_path, content))
    (axes,) = drawn("bits", [results], 1, "chip").axes
    np.testing.assert_allclose(points(axes, "latent replay")[0], [5200, 5600, 7100])


@pytest.mark.parametrize("name", ["few_bits", "figure6_t20"])
def test_a_report_without_them_has_the_bits_of_the_shipped_network(name: str) -> None:
    bits = read_results(REPORTS / name).network_bits
    assert f"the {bits} bits of the feature extractor" in (REPORTS / name / "report.md").read_text()


def test_curves_are_means_with_bands(tmp_path: Path) -> None:
    (axes,) = drawn("tasks", [read(tmp_path)], 2, "state").axes
    (line,) = [line for line in axes.lines if line.get_label() == "joint training"]
    places = np.array([*line.get_data()], np.float64)
    np.testing.assert_allclose(places, [[4, 7, 10], [96, 91, 86]])
    assert len(axes.collections) == len(labels(axes))
    (axes,) = drawn("tasks", [read(tmp_path, seeds=1)], 2, "state").axes
    assert len(axes.collections) == 0


def test_ages_are_points_of_old_against_new(tmp_path: Path) -> None:
    (axes,) = drawn("ages", [read(tmp_path)], 1, "state").axes
    np.testing.assert_allclose(points(axes, "joint training"), [[81.0], [91.0]])


def test_differences_are_paired_by_order_and_seed(tmp_path: Path) -> None:
    content = made_up.results()
    content["runs"] = [
        made_up.made_up_run("gbm", 800, 0, "given", 0.10),
        made_up.made_up_run("gbm", 800, 0, 7, 0.00),
        made_up.made_up_run("gbm", 800, 0, 8, 0.05),
        # The same orders, in another sequence.
        made_up.made_up_run("latent", 800, 0, 8, 0.21),
        made_up.made_up_run("latent", 800, 0, 7, 0.17),
        made_up.made_up_run("latent", 800, 0, "given", 0.25),
        *(made_up.made_up_run("joint", 0, s, o, 0.0) for s, o in [(0, "given"), (0, 7), (0, 8)]),
    ]
    results = read_results(made_up.write(tmp_path, content))
    joint, best, other = paired_differences(results)
    assert (joint.group.replay, best.label) == ("joint", "GBM K = 1, q = 8 (best)")
    assert (best.lead.mean, best.lead.margin) == (0, 0)
    # latent 0.5 + gain against GBM 0.7 + gain: differences of -0.05, -0.03 and -0.04.
    assert other.lead.mean == pytest.approx(-0.04)
    assert other.lead.margin == pytest.approx(4.302653 * 0.01 / 3**0.5)  # t of 2 degrees, 97.5 %
    (axes,) = drawn("differences", [results], 1, "state").axes
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "joint training",
        "GBM K = 1, q = 8 (best)",
        other.label,
    ]
    clear = points(axes, "95 % interval leaves out 0")
    np.testing.assert_allclose(clear[0], [100 * joint.lead.mean, -4.0])


def test_single_runs_have_no_interval(tmp_path: Path) -> None:
    (axes,) = drawn("differences", [read(tmp_path, seeds=1)], 1, "state").axes
    assert set(labels(axes)) == {"a single run each: no interval"}


def test_distances_are_those_of_the_generators(tmp_path: Path) -> None:
    results = read(tmp_path)
    (axes,) = drawn("correlations", [results], 1, "state").axes
    rows = [text.get_text() for text in axes.get_yticklabels()]
    assert rows == [f"GBM K = {k}, q = {q}" for k, q in ((1, 2), (1, 4), (1, 8), (2, 8))]
    means = [10 - group.spread("average_incremental").mean for group in results.groups[5:9]]
    np.testing.assert_allclose(points(axes, "within class")[0], means)


def test_panels_of_the_same_data_share_their_axes(tmp_path: Path) -> None:
    one, two = read(tmp_path / "one", title="One"), read(tmp_path / "two", title="Two", seeds=2)
    content = made_up.results(title="Three")
    content["data"]["provenance"] = "others"
    three = read_results(made_up.write(tmp_path / "three", content))
    left, right = drawn("bits", [one, two], 2, "memory").axes
    assert (left.get_title(), right.get_title()) == ("One", "Two")
    assert left.get_ylim() == right.get_ylim()
    assert left.get_xlim() == right.get_xlim()
    assert not any(tick.label1.get_visible() for tick in right.yaxis.get_major_ticks())
    left, right = drawn("tasks", [one, three], 2, "memory").axes
    assert not left.get_shared_y_axes().joined(left, right)


def text_boxes(figure: Figure) -> dict[str, Any]:
    """Return the box of every text that is drawn, in dots."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    found: dict[str, Any] = {}
    for axes in figure.axes:
        texts = [axes.title, axes._right_title, axes.xaxis.label, axes.yaxis.label]  # type: ignore
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
            texts += [tick.label1 for tick in ticks]
        for text in texts:
            if text.get_text() and text.get_visible():
                found[f"{len(found)} {text.get_text()}"] = text
    for legend in figure.legends:
        for text in legend.get_texts():
            found[f"{len(found)} {text.get_text()}"] = text
    assert {text.get_fontsize() for text in found.values()} == {TYPE}
    return {name: text.get_window_extent(renderer) for name, text in found.items()}


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("names", [("digits", "few_bits"), ("quantised",)])
def test_no_text_overlaps_or_is_cut(names: tuple[str, ...], kind: str, columns: int) -> None:
    if kind == "correlations" and "quantised" in names:
        pytest.skip("it has no generators")
    axis = "memory" if "digits" in names else "chip"
    figure = drawn(kind, [read_results(REPORTS / name) for name in names], columns, axis)
    with paper_style():
        boxes = text_boxes(figure)
    assert len(boxes) > 5
    width, height = figure.get_size_inches() * figure.dpi
    for name, box in boxes.items():
        assert min(box.x0, box.y0) > -1, name
        assert max(box.x1 - width, box.y1 - height) < 1, name
    for (one, a), (other, b) in combinations(boxes.items(), 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across < 1 or along < 2, f"{one!r} lies over {other!r}"


def test_looks_differ_in_colour_and_marker() -> None:
    names = [str(number) for number in range(60)]
    palette = Palette(names)
    assert len({(palette[n].colour, palette[n].marker) for n in names}) == 60
    assert len({palette[n].marker for n in names[:12]}) == 12


@paper_style()
def test_text_is_broken_between_words_and_never_within_an_equation() -> None:
    text = "latent replay E = 30 + CWR*, q_f = 8, q_b = 16"
    lines = wrapped(text, 1.0).split("\n")
    assert len(lines) > 2
    assert " ".join(lines) == text
    assert not any(line.startswith("=") or line.endswith("=") for line in lines)
    assert wrapped("Unbreakable", 0.1) == "Unbreakable"
