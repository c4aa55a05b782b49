# SPDX-License-Identifier: MIT
"""The picture of what a head keeps: a line a memory, each point with its state and its name."""

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from sim.study.report.groups import group_runs
from sim.study.report.head_state import head_states
from sim.study.report.head_state_figure import accuracy_by_head_state
from verification.sim.study.report.test_head_state import runs


def test_each_memory_is_a_line_over_the_state_whose_points_say_what_is_kept() -> None:
    study = [
        *runs("GBM, epochs = 4", 32_000, (0.50, 0.52)),
        *runs("GBM, latent_width = 8, epochs = 4", 8_000, (0.49, 0.51), latent_width=8),
        *runs("GBM, head_start = reset, epochs = 4", 1_000, (0.40, 0.40), head_start="reset"),
        *runs("alone", 9_000, (0.9, 0.9), method="latent"),
    ]
    (axes,) = accuracy_by_head_state(head_states(group_runs(study))).axes
    (container,) = axes.containers
    assert isinstance(container, ErrorbarContainer)
    line = container.lines[0]
    assert np.asarray(line.get_xdata()).tolist() == [32_000, 8_000, 1_000]
    assert np.asarray(line.get_ydata()).tolist() == pytest.approx([51, 50, 40])
    assert [text.get_text() for text in axes.texts] == [
        "all of it", "latent_width = 8", "head_start = reset",
    ]  # fmt: skip
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["GBM, epochs = 4"]
