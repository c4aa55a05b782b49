# SPDX-License-Identifier: MIT
"""Two machines that may not give the same bits: what differs, and what makes them alike."""

from typing import Any

import pytest

from sim.work.cache.engine import engine
from sim.work.cluster.alike import differences

HERE: dict[str, Any] = {
    "engram": "0.1.0",
    "code": "0123456789abcdef" * 4,
    "libraries": {"numpy": "2.4.6", "numba": "0.68.1"},
    "blas": ["openblas Haswell"],
    "processor": ["AVX2", "FMA3"],
}
VERSION = "Install the same version on both, and start that worker again"
SUMS = (
    "Set OPENBLAS_CORETYPE and NPY_DISABLE_CPU_FEATURES alike for this command and for every worker"
)


def test_machine_is_like_itself() -> None:
    assert differences(engine(), engine()) is None
    assert set(engine()) == set(HERE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"engram": "0.2.0"}, f"engram 0.2.0 there, 0.1.0 here. {VERSION}"),
        (
            {"code": "f" * 64},
            f"code ffffffffffff there, 0123456789ab here. {VERSION}",
        ),
        (
            {"libraries": {"numpy": "2.4.5", "numba": "0.68.1"}},
            f"numpy 2.4.5 there, 2.4.6 here. {VERSION}",
        ),
        (
            {"libraries": {"numpy": "2.4.6"}},
            f"numba none there, 0.68.1 here. {VERSION}",
        ),
        (
            {"blas": ["openblas Zen"]},
            f"algebra by openblas Zen there, openblas Haswell here. {SUMS}",
        ),
        (
            {"processor": ["AVX2", "AVX512F", "AVX512CD"]},
            (
                "AVX512CD, AVX512F of the processor there alone; FMA3 of the processor here alone. "
                f"{SUMS}"
            ),
        ),
        (
            {"code": "f" * 64, "blas": []},
            (
                "code ffffffffffff there, 0123456789ab here; algebra by none there, openblas "
                f"Haswell here. {VERSION}. {SUMS}"
            ),
        ),
    ],
)
def test_difference_is_named_with_its_cure(change: dict[str, Any], said: str) -> None:
    assert differences({**HERE, **change}, HERE) == said
