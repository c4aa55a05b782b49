# SPDX-License-Identifier: MIT
"""A study of digits small enough to run in a test, with every kind of source in it."""

from pathlib import Path

from sim.data.bank import Bank
from sim.data.datasets import load
from sim.data.pixel_bank import build_bank
from sim.data.tasks import class_order, split_tasks
from sim.study.config import StudyConfig, load_config

__all__ = ["SMALL_STUDY", "small_bank", "small_config", "write_config"]

SMALL_STUDY = """\
title: A small study
data: {name: digits, bits: 2, levels: 2}
tasks: {base: 4, increment: 3}
head: {hidden: 8, epochs: 2, batch: 64}
methods:
  - replay: joint
  - replay: none
  - replay: latent
    exemplars: [1, 8]
  - replay: gbm
    code_width: [2, 3]
  - replay: gbm
    code_width: 3
    increment: [2, 6]
  - replay: likelihood
  - replay: hamming
    components: 2
  - replay: gbm
    code_width: float
    components: 2
seeds: 2
"""


def write_config(folder: Path, text: str = SMALL_STUDY) -> Path:
    path = folder / "small.yaml"
    path.write_text(text)
    return path


def small_config(folder: Path) -> StudyConfig:
    return load_config(str(write_config(folder)))[0]


def small_bank(config: StudyConfig) -> Bank:
    images = load(config.data.name)
    order = class_order(images.n_classes, config.tasks.order)
    tasks = split_tasks(images.n_classes, config.tasks.base, config.tasks.increment)
    return build_bank(images, config.data, order, tasks)
