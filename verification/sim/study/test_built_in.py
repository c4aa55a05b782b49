# SPDX-License-Identifier: MIT
"""Every built-in study on data that ship with engram can begin: nothing of it is refused."""

from pathlib import Path

import pytest

from sim.compare.choice_bank import load_choice_bank
from sim.compare.comparison import Comparison
from sim.compare.tuning import Tuning
from sim.data.shipped import shipped_names
from sim.data.source import load_banks
from sim.study.checks import check_increments, check_sample_bounds, check_sources
from sim.study.config import BUILT_IN, CompareConfig, load_config
from sim.study.study import Study

NAMES = sorted(path.stem for path in BUILT_IN.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_study_can_begin(name: str, tmp_path: Path) -> None:
    config, document = load_config(name)
    if config.data.name not in ("bank", "digits"):
        pytest.skip("its data do not ship")
    if config.data.name == "bank" and config.data.path not in shipped_names():
        pytest.skip("its bank does not ship")
    banks = load_banks(config.data, config.tasks, document, None)
    assert not any(bank.seen for bank in banks) or config.tasks.allow_seen
    choice_bank = load_choice_bank(config, banks[0], document)
    if isinstance(config, CompareConfig):
        Comparison(config, banks, choice_bank, document, tmp_path).check()
        return
    check_sample_bounds(config.expanded_methods(), banks[0], document)
    check_sources(config.expanded_methods(), banks[0], document)
    check_increments(Study.of(config, banks, tmp_path), document)
    if config.tuned is not None:
        Tuning(config, banks, choice_bank, document, tmp_path).check()
