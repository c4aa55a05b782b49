# SPDX-License-Identifier: MIT
"""Expectation-maximisation for a mixture of multivariate Bernoulli laws, in the log domain.

These are equations (1) to (3) of Generative Binary Memory, with two usual changes. The likelihood
of thousands of bits underflows any float, so the E-step is a log-sum-exp. The printed objective (3)
is the expected likelihood, which EM does not increase monotonically, so the marginal likelihood is
the default. `expectation` and `maximization` define the steps; `run` takes the same steps in
compiled code.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.kernels.bit_rows import BitRows
from golden.kernels.mixture import Iterations
from golden.kernels.mixture_steps import CLIP, scatter

__all__ = [
    "CLIP",
    "Binary",
    "Expectation",
    "Law",
    "Rule",
    "Runs",
    "blend",
    "draw_means",
    "expectation",
    "initial_means",
    "log_joint",
    "log_sum_exp",
    "maximization",
    "run",
    "scale_weights",
]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Law:
    """Parameters of a mixture, and the share of data behind each component.

    Parameters
    ----------
    weights : ndarray of shape (K,), float64
        Mixing weights.
    means : ndarray of shape (K, D), float64
        Means of the components.
    shares : ndarray of shape (K,), float64
        Share of the data from which the mean of each component was computed.
    """

    weights: Reals
    means: Reals
    shares: Reals

    @classmethod
    def start(cls, means: Reals, weights: Reals | None = None) -> "Law":
        """Return the law with these means and weights; the weights are equal by default."""
        if weights is None:
            weights = np.full(len(means), 1 / len(means))
        return cls(weights, means, weights)


@dataclass(frozen=True)
class Rule:
    """Settings of the iterations.

    Parameters
    ----------
    trainable : bool
        Whether the iterations learn the weights.
    criterion : {"marginal", "expected"}
        Objective that the iterations report.
    precision : {"double", "single"}
        Precision, within `run`, of the sums over blocks of 48 features or samples and of the
        elementary functions. Everything else is float64.
    """

    trainable: bool
    criterion: str
    precision: str = "double"


@dataclass(frozen=True)
class Expectation:
    """Result of the E-step.

    Parameters
    ----------
    responsibilities : ndarray of shape (K, N), float64
        Probability of each component given each sample; a column adds up to 1.
    bound : float
        The objective, in nats a sample.
    """

    responsibilities: Reals
    bound: float


class Binary:
    """Weighted binary samples, packed by rows and by columns, because an iteration needs both.

    Parameters
    ----------
    bits : ndarray of shape (N, D), uint8 in {0, 1}
        Samples.
    weights : ndarray of shape (N,), float64, optional
        Relative weight of each sample; all are equal by default.

    Attributes
    ----------
    weights : ndarray of shape (N,), float64, or None
        Weights scaled into 0..1 by a power of two, which loses no bit.
    total : float
        Sum of the scaled weights, or N.
    count : float
        Sum of the weights as given, but at least the number of samples of a weight above 0.
    samples : BitRows of shape (N, D)
        One row a sample.
    features : BitRows of shape (D + 1, N)
        One row a feature, then a row of ones. The product with the ones is a sum over all samples
        in the same order as the other products, and rounding is monotone. So no mean exceeds 1, and
        the mean of a feature that is always 1 is exactly 1.
    """

    def __init__(self, bits: NDArray[np.uint8], weights: Reals | None = None) -> None:
        self.samples = BitRows(bits)
        self.features = BitRows(bits.T, ones=True)
        self.weights, self.total, self.count = scale_weights(weights, len(bits))

    @property
    def every_weight(self) -> Reals:
        """Weight of each sample, of shape (N,); ones where none were given."""
        return np.ones(self.samples.shape[0]) if self.weights is None else self.weights

    @cached_property
    def centroid(self) -> Reals:
        """Weighted mean of the samples, of shape (1, D)."""
        return self.features.dot(self.every_weight[np.newaxis])[:, :-1] / self.total

    def mean(self, values: Reals) -> float:
        """Return the weighted mean of one value a sample."""
        weighted = values if self.weights is None else values * self.weights
        return float(weighted.sum() / self.total)


def scale_weights(weights: Reals | None, n_samples: int) -> tuple[Reals | None, float, float]:
    """Return `weights`, `total` and `count` of a `Binary`."""
    if weights is None:
        return None, float(n_samples), float(n_samples)
    # As many samples as the weights say, but no fewer than there are of a weight above 0.
    with np.errstate(over="ignore"):
        count = max(float(weights.sum()), float(np.count_nonzero(weights)))
    weights = np.ldexp(weights, -int(np.frexp(weights.max())[1]))
    return weights, float(weights.sum()), count


def initial_means(
    data: Binary, n_components: int, init: str, scale: float, rng: np.random.Generator
) -> Reals:
    """Draw the first means of EM.

    Parameters
    ----------
    data : Binary
        Samples and weights.
    n_components : int
        K.
    init : {"centroid", "random", "uniform"}
        ``centroid`` draws each feature around the mean of the data ``m``, with `scale` times its
        standard deviation ``sqrt(m (1 - m))``, and clips it to ``1/(2N) .. 1 - 1/(2N)`` for N
        different samples. ``random`` is uniform in 0.25..0.75, ``uniform`` in 0..1.
    scale : float
        Factor on the standard deviation, used only by ``centroid``.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of shape (K, D), float64
        First means.
    """
    means = np.empty((n_components, data.samples.shape[1]))
    draw_means(means, init, rng)
    if init == "centroid":
        scatter(means, data.centroid[0], scale, 1 / (2 * data.count))
    return means


def draw_means(means: Reals, init: str, rng: np.random.Generator) -> None:
    """Fill an array with draws of `initial_means`.

    Parameters
    ----------
    means : ndarray of shape (K, D), float64
    init : str
        As of `initial_means`; the draws of ``centroid`` are standard normal.
    rng : Generator
    """
    if init == "centroid":
        rng.standard_normal(out=means)
    else:
        low, high = (0.25, 0.75) if init == "random" else (0, 1)
        means[:] = rng.uniform(low, high, means.shape)


def log_joint(samples: BitRows, law: Law) -> Reals:
    """Return ``log(pi_k p_k(z_i))``, of shape (K, N).

    With ``z`` in {0, 1}, ``log p(z) = sum_j log(1 - mu_j) + sum_j z_j log(mu_j / (1 - mu_j))``. The
    second sum is a product with the bits; the first is one constant for each component.
    """
    means = np.minimum(np.maximum(law.means, CLIP), 1 - CLIP)
    log_zero = np.log(1 - means)
    log_odds = np.log(means) - log_zero
    # The logarithm of a weight of 0 stays finite, so that no step below computes inf - inf.
    log_weights = np.log(np.maximum(law.weights, np.finfo(np.float64).tiny))
    constants = log_weights + log_zero.sum(axis=1)
    return samples.dot(log_odds) + constants[:, np.newaxis]


def log_sum_exp(joint: Reals) -> tuple[Reals, Reals]:
    """Return ``log(sum_k exp(joint_k))`` and ``exp(joint_k)`` over its sum; k is the first axis."""
    highest = joint.max(axis=0)
    ratios = np.exp(joint - highest)
    totals = ratios.sum(axis=0)
    return highest + np.log(totals), ratios / totals


def expectation(data: Binary, law: Law, rule: Rule) -> Expectation:
    """Take the E-step, equation (1), and evaluate the objective.

    Parameters
    ----------
    data : Binary
        Samples and weights.
    law : Law
        Present parameters.
    rule : Rule
        Its criterion chooses the objective: equation (3) as printed, or the marginal likelihood.
    """
    joint = log_joint(data.samples, law)
    likelihoods, responsibilities = log_sum_exp(joint)
    if rule.criterion == "expected":  # equation (3) as printed
        return Expectation(responsibilities, data.mean((responsibilities * joint).sum(axis=0)))
    return Expectation(responsibilities, data.mean(likelihoods))


def maximization(data: Binary, law: Law, responsibilities: Reals, rule: Rule) -> Law:
    """Take the M-step, equation (2). A component without any responsibility keeps its mean.

    Parameters
    ----------
    data : Binary
        Samples and weights.
    law : Law
        Law of the E-step that gave the responsibilities.
    responsibilities : ndarray of shape (K, N), float64
        Probability of each component given each sample.
    rule : Rule
        Its `trainable` decides whether the weights are learnt.
    """
    if data.weights is not None:
        responsibilities = responsibilities * data.weights
    sums = data.features.dot(responsibilities)
    counts = sums[:, -1]
    empty = counts <= 0
    means = sums[:, :-1] / np.where(empty, 1, counts)[:, np.newaxis]
    if empty.any():
        means[empty] = law.means[empty]
    shares = counts / counts.sum()
    return Law(shares if rule.trainable else law.weights, means, shares)


def blend(old: Law, new: Law, step: float, rule: Rule) -> Law:
    """Move the sufficient statistics of a law, shares and shares times means, towards another's.

    Parameters
    ----------
    old, new : Law
        First and last law of the move.
    step : float
        Share of the way from `old` to `new`, 0..1.
    rule : Rule
        Its `trainable` decides whether the weights follow the shares.
    """
    shares = (1 - step) * old.shares + step * new.shares
    empty = shares <= 0
    kept = (1 - step) * old.shares / np.where(empty, 1, shares)
    means = new.means + (old.means - new.means) * np.where(empty, 1, kept)[:, np.newaxis]
    return Law(shares if rule.trainable else old.weights, means, shares)


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
