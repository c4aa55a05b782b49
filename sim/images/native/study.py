# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""A study in image space: every method with every seed, in one process or several."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from torch import Generator

from golden.kernels import infer
from sim.data.bank import Bank
from sim.images.native.budgets import capacity_of, exemplars_of, sample_bits
from sim.images.native.extractors import Extractors
from sim.images.native.learners import (
    BinaryLearner,
    FloatLearner,
    Learner,
    optimizer_bits,
    parameter_count,
    with_outputs,
)
from sim.images.native.memory import ImageMemory
from sim.images.native.outcome import outcome
from sim.images.native.run import NativeRun
from sim.images.native.settings import NativeConfig, Plan
from sim.images.pretrain.export import to_golden
from sim.images.pretrain.split import BaseSplit
from sim.learn.binary_learner import BinaryHeadLearner
from sim.measure.ledger import network_ledger
from sim.replay import SOURCES
from sim.study.base import BaseStudy
from sim.study.experiment import Experiment
from sim.study.methods import Method
from sim.work.study_folder import StudyFolder

__all__ = ["NativeFolder", "NativeStudy"]

# Purpose of the generator that draws the classifier's first weights; see also `NativeRun`.
_HEAD = 0


class NativeFolder(StudyFolder):
    """Folder of a study in image space until its report is written."""

    what = "native-study"


class NativeStudy(BaseStudy[Plan, NativeRun | Experiment]):
    """All runs of a configuration in image space.

    All pre-trainings must be done before runs start in several processes. One GPU can serve all
    processes.

    Parameters
    ----------
    config : NativeConfig
    split : BaseSplit
        Images of the classes after the base classes; labels begin at 0.
    tasks : tuple of range
    extractors : Extractors
    folder : NativeFolder

    Attributes
    ----------
    runs : tuple of (Plan, int)
        Method and seed of every run.
    network : NetworkParams
        Network with a head for the classes to come.
    """

    def __init__(
        self,
        config: NativeConfig,
        split: BaseSplit,
        tasks: tuple[range, ...],
        extractors: Extractors,
        folder: NativeFolder,
    ) -> None:
        self.config = config
        self.split = split
        self.tasks = tasks
        self.extractors = extractors
        self.folder = folder
        self.network = with_outputs(extractors.recipe.network, tasks[-1].stop)
        seeds = range(config.seed, config.seed + config.seeds)
        self.runs = tuple((plan, seed) for plan in config.plans() for seed in seeds)
        self._banks: dict[tuple[int, bool], Bank] = {}

    @property
    def n_classes(self) -> int:
        """Number of classes after the base classes."""
        return self.tasks[-1].stop

    def pretrain(self) -> None:
        """Do every pre-training that the runs need."""
        for plan, seed in self.runs:
            train = self.extractors.real if plan.replay == "float" else self.extractors.binary
            train(seed, plan.ideal)

    def _threads(self, kind: Plan) -> AbstractContextManager[object]:
        """Return the context of a run: one thread for NumPy, all threads for PyTorch."""
        return super()._threads(kind) if kind.replay == "latent" else nullcontext()

    def _new_run(self, kind: Plan, seed: int) -> NativeRun | Experiment:
        return self._latent(kind, seed) if kind.replay == "latent" else self._native(kind, seed)

    def _native(self, plan: Plan, seed: int) -> NativeRun:
        return NativeRun(
            self.split,
            self.tasks,
            self._learner(plan, seed),
            ImageMemory(capacity_of(plan, self.network)),
            self.config,
            seed=seed,
            label=f"{plan.label}, seed {seed}",
            device=self.extractors.device,
            pixel_bits=self.network.bits,
        )

    def _learner(self, plan: Plan, seed: int) -> Learner:
        if plan.replay == "float":
            extractor = self.extractors.real(seed, plan.ideal)
            return FloatLearner(extractor, self.n_classes, Generator().manual_seed(seed))
        rng = np.random.default_rng([seed, _HEAD])
        return BinaryLearner(self.extractors.binary(seed, plan.ideal), self.n_classes, rng)

    def _latent(self, plan: Plan, seed: int) -> Experiment:
        bank = self._bank(seed, plan.ideal)
        capacity = capacity_of(plan, self.network)
        assert capacity is not None
        exemplars = exemplars_of(capacity, self.n_classes, bank.smallest_class)
        params = SOURCES["latent"].Params.model_validate({"exemplars": exemplars})
        method = Method("latent", params, plan.entry)
        return Experiment(bank, self.config.head, method, seed)

    def _bank(self, seed: int, ideal: bool) -> Bank:
        """Return the embeddings of the classes to come."""
        if (seed, ideal) not in self._banks:
            network = to_golden(self.extractors.binary(seed, ideal))
            self._banks[seed, ideal] = Bank(
                features=self.network.output.size,
                train=infer(network, self.split.train_images),
                train_labels=self.split.train_labels,
                test=infer(network, self.split.test_images),
                test_labels=self.split.test_labels,
                tasks=self.tasks,
                class_names=tuple(map(str, range(self.n_classes))),
                thermometer=None,
                provenance="",
            )
        return self._banks[seed, ideal]

    def _result(self, index: int, run: NativeRun | Experiment) -> dict[str, Any]:
        plan, seed = self.runs[index]
        if isinstance(run, Experiment):
            ledger = run.ledger() + network_ledger(self.network)
            exemplars = run.source.params.exemplars
            assert isinstance(run.learner, BinaryHeadLearner)
            training = optimizer_bits(run.learner.trainer.params.weight_count)
        else:
            memory = run.memory.ledger(sample_bits(plan, self.network), self.n_classes)
            ledger = memory + run.learner.ledger()
            exemplars = min((len(kept) for kept in run.memory.kept), default=0)
            training = optimizer_bits(parameter_count(run.learner.model))
        return outcome(
            plan,
            seed,
            run,
            labels=self.split.test_labels,
            ledger=ledger,
            exemplars=exemplars,
            bits_training=training,
        )
