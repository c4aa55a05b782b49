# SPDX-License-Identifier: MIT
"""What a method keeps between tasks, known before it learns."""

import numpy as np

from sim.measure.ledger import Ledger
from sim.replay import Classifier, ReplayContext
from sim.study.experiment import new_learner
from sim.study.methods import Head, Method

__all__ = ["ledger_of"]


def ledger_of(method: Method, features: int, classes: int, head: Head | None = None) -> Ledger:
    """Return the ledger of a method when all classes are learnt.

    Parameters
    ----------
    method : Method
        Its memory has one size, whatever it learns.
    features, classes : int
        D and n_c.
    head : Head, optional
        Head of the study: the entries of it, or of the method's own classifier, are added to those
        of the memory of the past.

    Raises
    ------
    ValueError
        If no memory can have those parameters.
    """
    source = method.source(ReplayContext(features=features, classes=classes, seed=0))
    if head is None:
        return source.ledger()
    if isinstance(source, Classifier):
        return source.ledger() + source.head_ledger()
    rng = np.random.default_rng(0)
    learner = new_learner(method.settled(head), features=features, classes=classes, seed=0, rng=rng)
    return source.ledger() + learner.ledger()
