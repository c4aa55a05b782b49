# SPDX-License-Identifier: MIT
"""What a report says of its data."""

from dataclasses import replace
from pathlib import Path

import pytest

from sim.data.bank import Bank
from sim.data.repeats import Repeats
from sim.study.config import load_config
from sim.study.report.origin import data_line, made_line, varied
from verification.sim.small_study import small_bank, small_config, write_config


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
    assert data_line([replace(bank, tasks=tasks)]).endswith(text)


@pytest.mark.parametrize(
    ("tasks", "text"),
    [
        ((range(2), range(2, 3)), " Classes: ant, bee; cow."),
        ((range(3),) * 2, " Classes: ant, bee, cow."),
    ],
    ids=["new classes", "instances"],
)
def test_classes_are_named(bank: Bank, tasks: tuple[range, ...], text: str) -> None:
    named = replace(bank, tasks=tasks, class_names=("ant", "bee", "cow"))
    assert data_line([named]).endswith(f" classes.{text}")
    many = replace(named, class_names=tuple(f"c{n}" for n in range(21)))
    numbered = replace(named, class_names=("0", "1", "2"))
    assert "Classes" not in data_line([many]) + data_line([numbered])


def test_embeddings_that_repeat_are_told_of_each_network(bank: Bank) -> None:
    first, second = (
        replace(bank, repeats=Repeats(count=count, samples=1000, chance=0.0, features=64))
        for count in (3, 0)
    )
    assert " classes. 3 of the 1000 test embeddings are also" in data_line([first])
    both = data_line([first, second])
    assert " Network 1: 3 of the 1000 test embeddings are also" in both
    assert both.endswith(" Network 2: No test embedding is also a training embedding of its class.")


@pytest.mark.parametrize(
    ("orders", "seeds", "made", "over"),
    [
        ("null", 1, "seed 0)", "over 1 seed, on one set of embeddings and one class order"),
        ("null", 2, "seeds 0 to 1)", "over 2 seeds, on one set of embeddings and one class order"),
        (
            "[given, 7, 8]",
            1,
            "seed 0, later classes in the orders given, 7 and 8)",
            "over 3 orders of the later classes, on one set of embeddings",
        ),
        (
            "[5]",
            2,
            "seeds 0 to 1, later classes in the order 5)",
            "over 2 seeds, on one set of embeddings and one class order",
        ),
        (
            "[5, 6]",
            2,
            "seeds 0 to 1, later classes in the orders 5 and 6)",
            "over 2 orders of the later classes x 2 seeds, on one set of embeddings",
        ),
    ],
)
def test_what_varies_is_told(tmp_path: Path, orders: str, seeds: int, made: str, over: str) -> None:
    path = str(write_config(tmp_path))
    config, _ = load_config(path, [f"tasks.orders={orders}"], seeds)
    assert f", {made};" in made_line(config, "engram run", [{"seconds": 1}])
    assert varied(config) == over
