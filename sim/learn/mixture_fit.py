# SPDX-License-Identifier: MIT
"""Fit of a Bernoulli mixture, alone or several at a time, without the interface of scikit-learn.

To import scikit-learn takes longer than many a fit, and a study needs nothing of it.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.kernels.mixtures import Mixtures
from golden.params.checks import check_choice, check_flag, check_integer
from sim.learn.em import Law, Rule
from sim.learn.em_data import Binary, scale_weights
from sim.learn.em_runs import Runs
from sim.learn.em_starts import draw_means, initial_means
from sim.learn.mixture_checks import (
    as_integer,
    check_means,
    check_real,
    check_sample_weight,
    check_weights,
)

__all__ = ["MixtureFit", "fit_together"]

_EMPTY_SHARE = 1e-9  # a component with a smaller share of the data counts as empty
_STARTS = 2**25  # bytes of first means that a thread holds at a time, if not of one mixture
_SINGLE_TOL = 1e-5  # smallest relative change that is above the noise of single precision


class MixtureFit:
    """Settings and result of a fit; `sim.learn.mixture.BernoulliMixture` says what they mean.

    Parameters
    ----------
    n_components, init, init_scale, weights_init, means_init, pi, criterion, tol, max_iter
        As of `BernoulliMixture`, like all that follow.
    n_init, warmup_iter, count_warmup, step_decay, precision, random_state
    """

    n_features_in_: int

    def __init__(
        self,
        n_components: int = 1,
        *,
        init: str = "centroid",
        init_scale: float = 1.0,
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        pi: str = "fixed",
        criterion: str = "marginal",
        tol: float = 1e-3,
        max_iter: int = 10,
        n_init: int = 5,
        warmup_iter: int = 3,
        count_warmup: bool = False,
        step_decay: float = 0.6,
        precision: str = "auto",
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        self.n_components = n_components
        self.init = init
        self.init_scale = init_scale
        self.weights_init = weights_init
        self.means_init = means_init
        self.pi = pi
        self.criterion = criterion
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.warmup_iter = warmup_iter
        self.count_warmup = count_warmup
        self.step_decay = step_decay
        self.precision = precision
        self.random_state = random_state

    def _fit(self, data: Binary) -> Self:
        runs = self._runs(data)
        law = self._start(data, runs)
        spent = self._warmup() if self.count_warmup else 0
        law, bound, n_iter, converged = runs.run(law, self.max_iter - spent, self.tol)
        self.n_batches_ = 1
        self._keep(law, bound, n_iter + spent, converged)
        return self

    def _runs(self, data: Binary) -> Runs:
        """Return the runs of EM on these data."""
        return Runs(data, int(self.n_components), self._rule())

    def _start(self, data: Binary, runs: Runs) -> Law:
        """Draw the starts, warm them up, and return the best one's law."""
        starts = self._first_means(data, np.random.default_rng(self.random_state))
        law = Law.start(starts[0], self._first_weights())
        return runs.best(law, starts, self._warmup(), tol=None)[0]

    def _first_means(self, data: Binary, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the first means of every start, of shape (n, K, D)."""
        shape = (int(self.n_components), data.samples.shape[1])
        starts = self._given_means(shape)
        if starts is not None:
            return starts
        count = self.n_init * shape[0]
        means = initial_means(data, count, self.init, self.init_scale, rng)
        return means.reshape(self.n_init, *shape)

    def _given_means(self, shape: tuple[int, int]) -> NDArray[np.float64] | None:
        """Return the only start, of shape (1, K, D), if the parameters give its means."""
        if self.means_init is None:
            return None
        means = check_means("means_init", self.means_init)
        if means.shape != shape:
            raise ValueError(f"means_init must be of shape {shape}, not {means.shape}")
        return means[np.newaxis]

    def _first_weights(self) -> NDArray[np.float64] | None:
        if self.weights_init is None:
            return None
        return check_weights("weights_init", self.weights_init, int(self.n_components))

    def _warmup(self) -> int:
        return min(self.warmup_iter, self.max_iter) if self.count_warmup else self.warmup_iter

    def _rule(self) -> Rule:
        precision = self.precision
        if precision == "auto":
            precision = "single" if self.tol >= _SINGLE_TOL else "double"
        return Rule(self.pi == "trainable", self.criterion, precision)

    def _keep(self, law: Law, bound: float, n_iter: int, converged: bool) -> None:
        self.weights_, self.means_, self.shares_ = law.weights, law.means, law.shares
        self.empty_components_ = np.flatnonzero(law.shares < _EMPTY_SHARE)
        self.lower_bound_, self.n_iter_, self.converged_ = bound, n_iter, converged

    def _check_parameters(self) -> None:
        for name, low in (("n_components", 1), ("max_iter", 0), ("n_init", 1), ("warmup_iter", 0)):
            check_integer(name, as_integer(getattr(self, name)), low)
        check_choice("init", self.init, ("centroid", "random", "uniform"))
        check_choice("pi", self.pi, ("fixed", "trainable"))
        check_choice("criterion", self.criterion, ("marginal", "expected"))
        check_choice("precision", self.precision, ("auto", "single", "double"))
        check_flag("count_warmup", self.count_warmup)
        check_real("init_scale", self.init_scale, 0)
        check_real("tol", self.tol, 0)
        check_real("step_decay", self.step_decay, 0.5, 1, above=True)


def fit_together(
    mixtures: Sequence[MixtureFit],
    bits: NDArray[np.uint8],
    members: Sequence[NDArray[np.int64]],
    sample_weight: NDArray[Any] | None = None,
) -> None:
    """Fit each mixture to some of the samples, with the bits of `BernoulliMixture.fit_checked`.

    Parameters
    ----------
    mixtures : sequence of MixtureFit
        They differ in nothing but their `random_state`.
    bits : ndarray of shape (n_samples, n_features), uint8 in {0, 1}
        C-contiguous samples from `check_binary`.
    members : sequence of ndarray of int64
        Rows of the samples of each mixture.
    sample_weight : ndarray of shape (n_samples,), optional
        As in `BernoulliMixture.fit`.

    Raises
    ------
    TypeError, ValueError
        If a parameter or the weights are not as described in `BernoulliMixture.fit`.
    """
    one = mixtures[0]
    one._check_parameters()
    rule, shape = one._rule(), (int(one.n_components), bits.shape[1])
    most = max(1, _STARTS // max(1, 8 * int(one.n_init) * shape[0] * shape[1]))
    if len(mixtures) > most:
        for i in range(0, len(mixtures), most):
            fit_together(mixtures[i : i + most], bits, members[i : i + most], sample_weight)
        return
    weights, totals, counts = [], np.empty(len(members)), np.empty(len(members))
    for i, rows in enumerate(members):
        given = None if sample_weight is None else sample_weight[rows]
        checked = check_sample_weight(given, len(rows))
        scaled, totals[i], counts[i] = scale_weights(checked, len(rows))
        weights.append(np.ones(len(rows)) if scaled is None else scaled)
    group = Mixtures(bits, members, weights, single=rule.precision == "single")

    starts = one._given_means(shape)
    if starts is not None:
        starts = np.repeat(starts[np.newaxis], len(mixtures), axis=0)
    else:
        starts = np.empty((len(mixtures), one.n_init, *shape))
        for mixture, means in zip(mixtures, starts, strict=True):
            rng = np.random.default_rng(mixture.random_state)
            draw_means(means.reshape(-1, shape[1]), one.init, rng)
        if one.init == "centroid":
            group.scatter(starts, totals, 1 / (2 * counts), one.init_scale)

    def run(law: Law, means: NDArray[np.float64], max_iter: int, tol: float) -> tuple[Law, Any]:
        settings = {"trainable": rule.trainable, "expected": rule.criterion == "expected"}
        ends = group.run(law.weights, law.shares, means, **settings, max_iter=max_iter, tol=tol)
        learnt = (ends.n_iter[:, np.newaxis] > 0) & rule.trainable
        return Law(np.where(learnt, ends.shares, law.weights), ends.means, ends.shares), ends

    first = Law.start(starts[0, 0], one._first_weights())
    weights_of_all = np.tile(first.weights, (len(mixtures), 1))
    law, _ = run(Law(weights_of_all, starts, weights_of_all), starts, one._warmup(), -1.0)
    spent = one._warmup() if one.count_warmup else 0
    law, ends = run(law, law.means[:, np.newaxis], one.max_iter - spent, one.tol)
    for i, mixture in enumerate(mixtures):
        mixture.n_features_in_, mixture.n_batches_ = shape[1], 1
        own = Law(law.weights[i].copy(), law.means[i].copy(), law.shares[i].copy())
        mixture._keep(
            own, float(ends.bounds[i]), int(ends.n_iter[i]) + spent, bool(ends.converged[i])
        )
