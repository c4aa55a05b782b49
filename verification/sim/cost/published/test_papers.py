# SPDX-License-Identifier: MIT
from fractions import Fraction

import pytest

from sim.cost.published.papers import PaperValue, paper_values
from sim.data.published import Rounding

VALUES = {f"{value.paper}, {value.what}": value for value in paper_values()}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_the_ledger_gives_the_printed_value(value: PaperValue) -> None:
    assert value.equal, f"{float(value.ours)} for {float(value.printed)}"


@pytest.mark.parametrize(
    ("what", "printed", "exact"),
    [
        ("GBM, LR+CWR*, E = 75", "9.4", 75 * 12_544 * 10 / 1e6),
        ("GBM, LR+CWR*, E = 100", "12.5", 12.544),
        ("GBM, LR+CWR*, E = 150", "18.8", 18.816),
        ("GBM, GBM, K = 1", "4.0", 4.014_08),
        ("GBM, GBM, K = 4", "16.0", 16.056_32),
        ("GBM, GBM, K = 8", "32.0", 32.112_64),
        ("GBM, gain of K = 1 over E = 150", "4.7", 18.816 / 4.014_08),
        ("ISCAS'24 slides, latents in 25 Mb", "24400", 24_414),
        ("ISCAS'24 slides, images in 25 Mb", "1150", 1_162),
        ("ISCAS'24 slides, latents for an image", "24", 24),
        ("ISCAS'24 slides, network", "4", 4.116_352),
        ("MEMO, a ResNet32", "603", 463_504 * 4 / 3072),
        ("MEMO, budget of 10 tasks", "3312", 3_312),
        ("MEMO, largest budget", "23.5", (10 * 463_504 * 4 + 2000 * 3072) / 2**20),
        ("BinPlay, BinPlay, MNIST", "4.6", 1_217_796 * 4 / 2**20),
        ("BinPlay, BinPlay, Fashion MNIST", "4.6", 1_217_796 * 4 / 2**20),
        ("BinPlay, BinPlay, CIFAR-10", "21.0", 5_520_788 * 4 / 2**20),
        ("BinPlay, buffer, MNIST", "0.7", 784_000 / 2**20),
        ("BinPlay, buffer, Fashion MNIST", "0.7", 784_000 / 2**20),
        ("BinPlay, buffer, CIFAR-10", "2.9", 3_072_000 / 2**20),
    ],
)
def test_every_value_is_there(what: str, printed: str, exact: float) -> None:
    value = VALUES[what]
    assert value.printed == Fraction(printed)
    assert float(value.exact) == pytest.approx(exact, rel=1e-12)


def test_no_value_is_there_that_is_not_checked() -> None:
    assert len(VALUES) == len(paper_values()) == 20


def test_codes_of_8_bits_are_not_what_table_5_counts() -> None:
    value = VALUES["GBM, GBM, K = 1"]
    assert float(value.exact) / 4 == pytest.approx(1.003_52)
    assert not _like(value, exact=value.exact / 4).equal


@pytest.mark.parametrize(
    ("rule", "exact", "ours"),
    [("rounded", "0.25", "0.3"), ("truncated", "0.25", "0.2"), ("rounded", "0.24", "0.2")],
    ids=["half up", "down", "near"],
)
def test_how_values_are_rounded(rule: str, exact: str, ours: str) -> None:
    value = VALUES["GBM, LR+CWR*, E = 75"]
    rounding = Rounding.model_validate({"step": 0.1, "rule": rule})
    assert _like(value, rounding=rounding, exact=Fraction(exact)).ours == Fraction(ours)


def _like(value: PaperValue, **changes: object) -> PaperValue:
    return PaperValue(**{**vars(value), **changes})
