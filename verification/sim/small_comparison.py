# SPDX-License-Identifier: MIT
"""A comparison of digits small enough to run in a test."""

from pathlib import Path

from sim.compare.comparison import Comparison
from sim.data.bank import Bank
from sim.data.source import load_bank
from sim.study.config import CompareConfig, load_config
from verification.sim.small_study import write_config

__all__ = ["SMALL_COMPARISON", "small_comparison", "write_comparison"]

# Memories of 12 classes' worth of 128 bits: 1.3 to 6.6 kb.
SMALL_COMPARISON = """\
title: A small comparison
data: {name: digits, bits: 2, levels: 2}
tasks: {base: 6, increment: 2}
head: {hidden: 8, epochs: 1, batch: 64}
budgets: [0.004, 0.0015]
choice: {base: 2, increment: 2}
methods:
  - replay: latent
    exemplars: [1, 2, 100]
  - replay: hamming
    components: [1, 2]
bounds:
  - replay: joint
seeds: 2
"""


def write_comparison(folder: Path, text: str = SMALL_COMPARISON) -> Path:
    return write_config(folder, text)


def small_comparison(folder: Path, text: str = SMALL_COMPARISON) -> Comparison:
    config, document = load_config(str(write_comparison(folder, text)))
    assert isinstance(config, CompareConfig)
    bank: Bank = load_bank(config.data, config.tasks, document, None)
    return Comparison(config, (bank,), bank, document, folder / "out.partial")
