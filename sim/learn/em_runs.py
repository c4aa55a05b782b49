# SPDX-License-Identifier: MIT
"""Runs of EM in compiled code: the steps of `sim.learn.em`, one after the other."""

import numpy as np
from numpy.typing import NDArray

from golden.kernels.mixture import Iterations
from sim.learn.em import Law, Rule
from sim.learn.em_data import Binary

__all__ = ["Runs", "run"]

Reals = NDArray[np.float64]


class Runs:
    """Runs of EM on the same samples, one after the other: they share the memory of an iteration.

    Parameters
    ----------
    data : Binary
        Samples and weights.
    n_components : int
        K.
    rule : Rule
        Settings of the iterations.
    """

    def __init__(self, data: Binary, n_components: int, rule: Rule) -> None:
        self._rule = rule
        single = rule.precision == "single"
        self._iterations = Iterations(
            data.samples, data.features, data.every_weight, n_components, single=single
        )

    def run(self, law: Law, max_iter: int, tol: float | None) -> tuple[Law, float, int, bool]:
        """Iterate until ``|l_s - l_{s-1}| <= tol |l_s|``, or `max_iter` times.

        ``l_s`` is the objective of the law after iteration ``s``, ``l_0`` that of `law`.

        Parameters
        ----------
        law : Law
            Law before the first iteration.
        max_iter : int
            Largest number of iterations.
        tol : float or None
            Relative change that stops the iterations. With 0 only a fixed point stops them early,
            with None nothing does.

        Returns
        -------
        Law
            Law after the last iteration.
        float
            Its objective, in nats a sample.
        int
            Number of iterations.
        bool
            Whether `tol` stopped them.
        """
        return self.best(law, law.means[np.newaxis], max_iter, tol)

    def best(
        self, law: Law, starts: Reals, max_iter: int, tol: float | None
    ) -> tuple[Law, float, int, bool]:
        """Do a run from each start, and return what `run` does for the one of the best objective.

        Parameters
        ----------
        law : Law
            Weights and shares before the first iteration, the same for all starts.
        starts : ndarray of shape (n, K, D), float64
            Means before the first iteration of each run.
        max_iter, tol
            As in `run`.
        """
        rule = self._rule
        end = self._iterations.run(
            law.weights,
            law.shares,
            starts,
            trainable=rule.trainable,
            expected=rule.criterion == "expected",
            max_iter=max_iter,
            tol=-1.0 if tol is None else tol,
        )
        weights = end.shares if rule.trainable and end.n_iter else law.weights
        return Law(weights, end.means, end.shares), end.bound, end.n_iter, end.converged


def run(
    data: Binary, law: Law, rule: Rule, max_iter: int, tol: float | None
) -> tuple[Law, float, int, bool]:
    """Do one run of EM with memory of its own, so that runs may go side by side.

    Parameters
    ----------
    data : Binary
        Samples and weights.
    law : Law
        Law before the first iteration.
    rule : Rule
        Settings of the iterations.
    max_iter, tol
        As in `Runs.run`, which says what is returned.
    """
    return Runs(data, len(law.means), rule).run(law, max_iter, tol)
