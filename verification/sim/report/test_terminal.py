# SPDX-License-Identifier: MIT
"""Tables for the terminal: as they are where there is room, a list where there is none."""

import io

import pytest
from rich.console import Console

from sim.report.terminal import TerminalTable

ROWS = [["latent replay E = 8", "409.6", "30.5 ± 0.4"], ["joint [bold] training", "25600.0", ""]]


def printed(width: int, wraps: bool = False, labels: int = 1) -> str:
    console = Console(file=io.StringIO(), width=width)
    columns = ("method", "memory (kb, paper)", "average incremental (%)")
    console.print(TerminalTable("A [study]", columns, ROWS, labels=labels, wraps=wraps))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_table_stands_where_it_fits() -> None:
    lines = printed(80).splitlines()
    assert lines[0].strip() == "A [study]"
    assert "│ latent replay E = 8   │              409.6 │" in lines[4]
    assert "joint [bold] training" in lines[5]


def test_labels_wrap_before_a_table_becomes_a_list() -> None:
    narrowest = next(width for width in range(100) if "┃" in printed(width))
    assert narrowest == len("│ training │ memory (kb, paper) │ average incremental (%) │")
    text = printed(narrowest)
    assert "│ latent   │              409.6 │" in text
    assert "┃ average incremental (%) ┃" in text


@pytest.mark.parametrize("width", [20, 40])
def test_a_row_is_a_list_where_the_columns_do_not_fit(width: int) -> None:
    lines = printed(width).splitlines()
    assert all(len(line) <= width for line in lines)
    assert " ".join("".join(f"{line} " for line in lines).split()) == (
        "A [study] latent replay E = 8 memory (kb, paper): 409.6 average incremental (%): "
        "30.5 ± 0.4 joint [bold] training memory (kb, paper): 25600.0"
    )


def test_two_labels_head_a_list_together() -> None:
    assert "latent replay E = 8, 409.6" in printed(40, labels=2)


def test_cells_that_wrap_keep_a_table_a_table_for_longer() -> None:
    assert "┃" in printed(50, wraps=True)
    assert "┃" not in printed(50)
