# SPDX-License-Identifier: MIT
"""Mixture of multivariate Bernoulli laws, with the vocabulary and conventions of scikit-learn."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import Tags

from sim.learn import em
from sim.learn.em import Law
from sim.learn.em_data import Binary
from sim.learn.mixture_checks import check_means, check_sample_weight, check_weights
from sim.learn.mixture_fit import MixtureFit
from sim.learn.mixture_scores import MixtureScores

__all__ = ["BernoulliMixture"]


class BernoulliMixture(  # pyright: ignore[reportIncompatibleMethodOverride] - as in MixtureScores
    MixtureFit, MixtureScores, DensityMixin, BaseEstimator
):
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
        law = self._start(data, self._runs(data)) if first else self._law()
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
