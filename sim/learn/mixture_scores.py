# SPDX-License-Identifier: MIT
"""What a fitted mixture says of data: likelihoods, responsibilities, criteria and samples."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted, validate_data

from golden.kernels.bit_rows import BitRows
from golden.params.checks import check_integer
from sim.learn import em
from sim.learn.em import Law, Rule
from sim.learn.em_data import Binary
from sim.learn.mixture_checks import as_integer, check_binary, check_sample_weight

__all__ = ["MixtureScores"]


class MixtureScores:
    """The methods of `BernoulliMixture` that take a fitted mixture as it is.

    Attributes
    ----------
    pi, random_state
        As of `BernoulliMixture`.
    weights_, means_, shares_ : ndarray, float64
        As of `BernoulliMixture`.
    """

    pi: str
    random_state: int | np.random.Generator | None
    weights_: NDArray[np.float64]
    means_: NDArray[np.float64]
    shares_: NDArray[np.float64]

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

    def _law(self) -> Law:
        check_is_fitted(self)
        return Law(self.weights_, self.means_, self.shares_)

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
