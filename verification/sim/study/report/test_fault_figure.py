# SPDX-License-Identifier: MIT
"""The picture of failing memories: its panels, lines and names."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import Container, ErrorbarContainer
from matplotlib.lines import Line2D

from sim.study.report.fault_figure import points_by_share
from sim.study.report.faults import fault_lines
from sim.study.report.groups import group_runs
from verification.sim.study.report.test_faults import STUDY, runs, share


def drawn_line(container: Container) -> Line2D:
    assert isinstance(container, ErrorbarContainer)
    return container.lines[0]


def legend_texts(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_a_panel_a_method_with_a_line_for_what_fails_in_it() -> None:
    study = [*STUDY, *runs("latent", (0.4, 0.4), method="latent")]
    axes = points_by_share(fault_lines(group_runs(study))).axes
    assert [panel.get_title() for panel in axes] == ["GBM", "latent"]
    gbm, latent = ([*map(drawn_line, panel.containers)] for panel in axes)
    assert np.asarray(gbm[0].get_xdata()).tolist() == [0.001, 0.01, 0.1]
    assert np.asarray(gbm[0].get_ydata()).tolist() == pytest.approx([0, 0.4, 2], abs=1e-9)
    assert np.asarray(latent[0].get_ydata()).tolist() == pytest.approx([10])
    names = legend_texts(axes[0])
    assert names == ["all cells", "plane 0 alone", "weights of the head"]


def test_names_are_told_apart_where_their_titles_differ_within_a_word() -> None:
    study = [
        *runs("GBM K = 1, q = 4", (0.5, 0.5), code_width=4),
        *runs("a", (0.4, 0.4), code_width=4, faults=share(0.1)),
        *runs("GBM K = 1, q = 8", (0.5, 0.5), code_width=8),
        *runs("b", (0.3, 0.3), code_width=8, faults=share(0.1)),
    ]
    (panel,) = points_by_share(fault_lines(group_runs(study))).axes
    assert panel.get_title() == "GBM K = 1"
    assert legend_texts(panel) == ["q = 4", "q = 8"]


def test_shares_too_small_to_cost_anything_are_left_out_unless_there_are_no_others() -> None:
    small = [*runs("GBM", (0.5, 0.5)), *runs("a", (0.5, 0.5), faults=share(1e-6))]
    both = [*small, *runs("b", (0.4, 0.4), faults=share(0.1))]
    for study, shares in ((small, [1e-6]), (both, [0.1])):
        (panel,) = points_by_share(fault_lines(group_runs(study))).axes
        assert np.asarray(drawn_line(panel.containers[0]).get_xdata()).tolist() == shares
