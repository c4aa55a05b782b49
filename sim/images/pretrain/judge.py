# SPDX-License-Identifier: MIT
"""How well the embeddings of a network carry to classes that are new to it."""

import numpy as np

from golden.kernels import infer
from golden.network import Network
from sim.data.bank import Bank
from sim.data.tasks import split_tasks
from sim.images.pretrain.split import BaseSplit
from sim.learn.sections import IntegerHeadConfig
from sim.replay import SOURCES
from sim.study.experiment import Experiment
from sim.study.methods import Method
from sim.study.summary import measures

__all__ = ["JUDGES", "judged"]

#: Methods that learn the new classes from embeddings, by the headings of their columns.
JUDGES = {
    "GBM K = 1, q = 8": ("gbm", {"components": 1, "code_width": 8}),
    "nearest mean": ("ncm", {}),
    "low-rank discriminant": ("low_rank", {}),
}

#: The head that GBM replays to, with the rate that Figure 6 chose for it on CIFAR-100.
_HEAD = IntegerHeadConfig(kind="integer", rate=11)


def judged(network: Network, split: BaseSplit, new: int, increment: int) -> dict[str, float]:
    """Return the average incremental accuracy of each of `JUDGES`.

    Parameters
    ----------
    network : Network
    split : BaseSplit
        Images of the classes that the network has learnt, and of those that are new to it.
    new : int
        Number of new classes; they have the last labels.
    increment : int
        New classes of a task.
    """
    bank = _bank(network, split, new, increment)
    found = {}
    for heading, (name, values) in JUDGES.items():
        method = Method(name, SOURCES[name].Params.model_validate(values), 0)
        run = Experiment(bank, _HEAD, method, seed=0)
        while not run.done:
            run.step(lambda progress: None)
        found[heading] = float(measures(run, bank.test_labels)["average_incremental"])
    return found


def _bank(network: Network, split: BaseSplit, new: int, increment: int) -> Bank:
    classes = int(split.train_labels.max()) + 1
    return Bank(
        features=network.params.output.size,
        train=infer(network, split.train_images),
        train_labels=split.train_labels.astype(np.int64),
        test=infer(network, split.test_images),
        test_labels=split.test_labels.astype(np.int64),
        tasks=split_tasks(classes, classes - new, increment),
        class_names=tuple(str(label) for label in range(classes)),
        thermometer=None,
        provenance="classes of a series",
    )
