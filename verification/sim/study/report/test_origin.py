# SPDX-License-Identifier: MIT
"""What a report says of its data."""

from dataclasses import replace
from pathlib import Path

import pytest

from sim.data.bank import Bank
from sim.study.report.origin import data_line
from verification.sim.small_study import small_bank, small_config


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    folder: Path = tmp_path_factory.mktemp("config")
    return small_bank(small_config(folder))


@pytest.mark.parametrize(
    ("tasks", "text"),
    [
        ((range(4), range(4, 7), range(7, 10)), "3 tasks of 4, then 3 classes."),
        ((range(5), range(5, 10)), "2 tasks of 5 classes."),
        ((range(10),), "1 task of 10 classes."),
        ((range(10),) * 4, "4 tasks that all bring new samples of the same 10 classes."),
    ],
    ids=["base and increments", "alike", "one", "instances"],
)
def test_tasks_are_told(bank: Bank, tasks: tuple[range, ...], text: str) -> None:
    assert data_line(replace(bank, tasks=tasks)).endswith(text)
