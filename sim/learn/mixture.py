# SPDX-License-Identifier: MIT
"""Mixture of multivariate Bernoulli laws, with the vocabulary and conventions of scikit-learn."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from golden.kernels.bit_rows import BitRows
from golden.kernels.mixtures import Mixtures
from golden.params.checks import check_choice, check_flag, check_integer
from sim.learn import em
from sim.learn.em import Binary, Law, Rule
from sim.learn.mixture_checks import (
    as_integer,
    check_binary,
    check_means,
    check_real,
    check_sample_weight,
    check_weights,
)

__all__ = ["BernoulliMixture", "fit_together"]

_EMPTY_SHARE = 1e-9  # a component with a smaller share of the data counts as empty
_STARTS = 2**25  # bytes of first means that a thread holds at a time, if not of one mixture
_SINGLE_TOL = 1e-5  # smallest relative change that is above the noise of single precision


class BernoulliMixture(DensityMixin, BaseEstimator):
    """Mixture of multivariate Bernoulli laws, fitted by EM in the log domain.

    `fit` draws `n_init` starts and runs `warmup_iter` iterations of each. It continues the best one
    until the objective ``l`` changes by ``|l_s - l_{s-1}| <= tol |l_s|``, or for `max_iter` more
    iterations. The defaults are those of Generative Binary Memory (eqs. 1-3). A fit gives the same
    bits for the same `random_state`, on any number of threads.

    Parameters
    ----------
    n_components : int
        K, components.
    init : {"centroid", "random", "uniform"}
        Law of the first means: around the mean of the data, uniform in 0.25..0.75 or in 0..1.
    init_scale : float
        Noise around the mean of the data, in standard deviations of each feature.
    weights_init : array-like of shape (n_components,), optional
        First weights; equal by default.
    means_init : array-like of shape (n_components, n_features), optional
        First means, in place of drawn ones; there is then only one start.
    pi : {"fixed", "trainable"}
        Whether the weights keep their first values or are learnt.
    criterion : {"marginal", "expected"}
        Objective: the marginal log-likelihood, or the expected complete one that the paper prints
        (eq. 3). The latter is smaller by the entropy of the responsibilities.
    tol : float
        Relative change of the objective that ends a fit; 0 stops at a fixed point only.
    max_iter : int
        Largest number of iterations after the warm-up.
    n_init : int
        Number of starts.
    warmup_iter : int
        Iterations of each start before the best is chosen.
    count_warmup : bool
        Whether the warm-up of the chosen start counts among `max_iter` and `n_iter_`.
    step_decay : float
        Exponent of the step sizes ``t ** -step_decay`` of `partial_fit`, above 0.5 and up to 1.
    precision : {"auto", "single", "double"}
        Precision of the iterations of `fit`. Means and objective have a relative error of about
        1e-6 in single and 1e-13 in double precision. An iteration in single precision takes two
        thirds of the time. ``auto`` means single if `tol` is 1e-5 or more, which makes the
        difference invisible. All methods of a fitted mixture compute in double precision.
    random_state : int, numpy.random.Generator or None
        Seed of the starts and of `sample`.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,), float64
        Mixing weights.
    means_ : ndarray of shape (n_components, n_features), float64
        Means of the components.
    shares_ : ndarray of shape (n_components,), float64
        Mean responsibility of each component, its share of the data.
    empty_components_ : ndarray of int
        Components without data; they keep the means that they had when they lost their data.
    lower_bound_ : float
        Objective reached, in nats a sample; after `partial_fit`, that on the batch before its step.
    n_iter_ : int
        Number of iterations.
    converged_ : bool
        Whether `tol` stopped the fit, rather than `max_iter`.
    n_batches_ : int
        Number of batches learnt, where a `fit` counts as one. The next step of `partial_fit` has
        ``t = n_batches_ + 1``.
    n_features_in_ : int
        Number of features.

    References
    ----------
    O. Cappe and E. Moulines, "On-line expectation-maximization algorithm for latent data models",
    J. R. Stat. Soc. B 71(3), 2009: the recursion of `partial_fit`.

    Examples
    --------
    >>> import numpy as np
    >>> bits = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0], [1, 1, 0]])
    >>> mixture = BernoulliMixture(2, random_state=0).fit(bits)
    >>> np.sort(mixture.means_, axis=0).round(3) + 0.0
    array([[0., 0., 0.],
           [1., 1., 1.]])
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

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the mixture.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), values 0 and 1
            A sparse matrix is converted.
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            How many times each sample counts, not negative; once by default. Weights that add up to
            less than the number of samples give the same fit as weights that add up to it.

        Returns
        -------
        BernoulliMixture
            Itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not as described.
        """
        self._check_parameters()
        return self._fit(self._binary(X, sample_weight, reset=True))

    def fit_checked(self, bits: NDArray[np.uint8], sample_weight: ArrayLike | None = None) -> Self:
        """Fit the mixture to bits from `check_binary`, which are not checked again.

        The checks of scikit-learn take longer than an iteration, and they hold Python's global lock
        meanwhile.

        Parameters
        ----------
        bits : ndarray of shape (n_samples, n_features), uint8 in {0, 1}
        sample_weight : array-like of shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        BernoulliMixture
            Itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the weights are not as described in `fit`.
        """
        self._check_parameters()
        self.n_features_in_ = bits.shape[1]
        return self._fit(Binary(bits, check_sample_weight(sample_weight, len(bits))))

    def fit_predict(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.int64]:
        """Fit the mixture and return the likeliest component of each sample.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,), int64

        Raises
        ------
        TypeError, ValueError
            In the same cases as `fit`.
        """
        return self.fit(X, sample_weight=sample_weight).predict(X)

    def partial_fit(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn from one more batch by online EM, without the earlier batches.

        The memory holds the mean responsibilities ``s0`` and the means ``s1`` of the features times
        the responsibilities. Batch ``t`` moves both towards its own values by ``t ** -step_decay``
        (Cappe and Moulines, eq. 14 with batches in place of samples). Then comes the M-step,
        ``means_ = s1 / s0``. The first batch is that of `fit`; without a `fit`, the first batch has
        the same starts and warm-up as in `fit`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), values 0 and 1
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            Weights within the batch; their sum does not change the step.

        Returns
        -------
        BernoulliMixture
            Itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are not as described, or if `n_components` differs from that
            of the earlier batches.
        """
        self._check_parameters()
        first = not hasattr(self, "n_batches_")
        if not first and self.n_components != len(self.weights_):
            raise ValueError(
                f"n_components must stay {len(self.weights_)}, as in earlier batches, not "
                f"{self.n_components}: fit begins anew"
            )
        data = self._binary(X, sample_weight, reset=first)
        rule = self._rule()
        if first:
            law = self._start(data, em.Runs(data, int(self.n_components), rule))
        else:
            law = self._law()
        state = em.expectation(data, law, rule)
        learnt = em.maximization(data, law, state.responsibilities, rule)
        self.n_batches_ = 1 if first else self.n_batches_ + 1
        if not first:
            learnt = em.blend(law, learnt, self.n_batches_**-self.step_decay, rule)
        self._keep(learnt, state.bound, self.n_batches_, converged=False)
        return self

    @classmethod
    def from_parameters(cls, weights: ArrayLike, means: ArrayLike, **parameters: Any) -> Self:
        """Return a mixture with given parameters, such as quantised means, in place of a fit.

        Parameters
        ----------
        weights : array-like of shape (n_components,)
            Mixing weights, not negative, with the sum 1 to the precision of float32. They are
            normalised to that of float64.
        means : array-like of shape (n_components, n_features), values in 0..1
            Means of the components.
        **parameters
            Parameters of the constructor, without `n_components`.
        """
        means = check_means("Means", means)
        weights = check_weights("Weights", weights, len(means))
        mixture = cls(len(means), **parameters)
        mixture.n_features_in_ = means.shape[1]
        mixture.n_batches_ = 1
        mixture._keep(Law(weights, means, weights), np.nan, n_iter=0, converged=False)
        return mixture

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the log-likelihood of each sample, in nats."""
        return em.log_sum_exp(self._log_joint(X))[0]

    def score(  # pyright: ignore[reportIncompatibleMethodOverride] - DensityMixin returns nothing
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the mean log-likelihood of the samples, in nats.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), values 0 and 1
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            How many times each sample counts, not negative; once by default.

        Raises
        ------
        TypeError, ValueError
            If the data are not as described.
        """
        data = self._binary(X, sample_weight, reset=False)
        return em.expectation(data, self._law(), Rule(False, "marginal")).bound

    def aic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the Akaike information criterion on the samples; lower is better."""
        total = self._total(X, sample_weight)
        return 2 * self._n_parameters() - 2 * total * self.score(X, sample_weight=sample_weight)

    def bic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the Bayesian information criterion on the samples; lower is better."""
        total = self._total(X, sample_weight)
        penalty = self._n_parameters() * np.log(total)
        return float(penalty - 2 * total * self.score(X, sample_weight=sample_weight))

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the responsibilities, of shape (n_samples, n_components)."""
        return em.log_sum_exp(self._log_joint(X))[1].T

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the likeliest component of each sample; the lowest if several are equal."""
        return self._log_joint(X).argmax(axis=0)

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.Generator | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Draw samples from the mixture.

        Parameters
        ----------
        n_samples : int
            Number of samples.
        random_state : int, numpy.random.Generator or None
            Seed of the draws; that of the mixture if None.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features), uint8 in {0, 1}
        y : ndarray of shape (n_samples,), int64
            Component of each.
        """
        check_is_fitted(self)
        check_integer("n_samples", as_integer(n_samples), 1)
        rng = np.random.default_rng(self.random_state if random_state is None else random_state)
        y = rng.choice(len(self.weights_), size=n_samples, p=self.weights_)
        uniform = rng.random((n_samples, self.means_.shape[1]))
        return (uniform < self.means_[y]).astype(np.uint8), y

    def _fit(self, data: Binary) -> Self:
        runs = em.Runs(data, int(self.n_components), self._rule())
        law = self._start(data, runs)
        spent = self._warmup() if self.count_warmup else 0
        law, bound, n_iter, converged = runs.run(law, self.max_iter - spent, self.tol)
        self.n_batches_ = 1
        self._keep(law, bound, n_iter + spent, converged)
        return self

    def _start(self, data: Binary, runs: em.Runs) -> Law:
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
        means = em.initial_means(data, count, self.init, self.init_scale, rng)
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

    def _law(self) -> Law:
        check_is_fitted(self)
        return Law(self.weights_, self.means_, self.shares_)

    def _keep(self, law: Law, bound: float, n_iter: int, converged: bool) -> None:
        self.weights_, self.means_, self.shares_ = law.weights, law.means, law.shares
        self.empty_components_ = np.flatnonzero(law.shares < _EMPTY_SHARE)
        self.lower_bound_, self.n_iter_, self.converged_ = bound, n_iter, converged

    def _binary(self, X: ArrayLike, sample_weight: ArrayLike | None, reset: bool) -> Binary:
        bits = self._bits(X, reset)
        return Binary(bits, check_sample_weight(sample_weight, len(bits)))

    def _bits(self, X: ArrayLike, reset: bool = False) -> NDArray[np.uint8]:
        """Return checked data as uint8; the first fit fixes the number of features."""
        if not reset:
            check_is_fitted(self)
        data: Any = X  # scikit-learn's annotation knows no array-like
        array: Any = validate_data(self, data, accept_sparse="csr", reset=reset)
        if issparse(array):
            array = array.toarray()
        return check_binary(array)

    def _log_joint(self, X: ArrayLike) -> NDArray[np.float64]:
        return em.log_joint(BitRows(self._bits(X)), self._law())

    def _total(self, X: ArrayLike, sample_weight: ArrayLike | None) -> float:
        """Return the number of samples, or the sum of their weights."""
        bits = self._bits(X)
        weights = check_sample_weight(sample_weight, len(bits))
        return float(len(bits) if weights is None else weights.sum())

    def _n_parameters(self) -> int:
        n_weights = self.weights_.size - 1 if self.pi == "trainable" else 0
        return self._law().means.size + n_weights

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
    mixtures: Sequence[BernoulliMixture],
    bits: NDArray[np.uint8],
    members: Sequence[NDArray[np.int64]],
    sample_weight: NDArray[Any] | None = None,
) -> None:
    """Fit each mixture to some of the samples, with the bits of `BernoulliMixture.fit_checked`.

    Parameters
    ----------
    mixtures : sequence of BernoulliMixture
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
        scaled, totals[i], counts[i] = em.scale_weights(checked, len(rows))
        weights.append(np.ones(len(rows)) if scaled is None else scaled)
    group = Mixtures(bits, members, weights, single=rule.precision == "single")

    starts = one._given_means(shape)
    if starts is not None:
        starts = np.repeat(starts[np.newaxis], len(mixtures), axis=0)
    else:
        starts = np.empty((len(mixtures), one.n_init, *shape))
        for mixture, means in zip(mixtures, starts, strict=True):
            rng = np.random.default_rng(mixture.random_state)
            em.draw_means(means.reshape(-1, shape[1]), one.init, rng)
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
