# SPDX-License-Identifier: MIT
"""Expectation-maximisation for a mixture of multivariate Bernoulli laws, in the log domain.

These are equations (1) to (3) of Generative Binary Memory, with two usual changes. The likelihood
of thousands of bits underflows any float, so the E-step is a log-sum-exp. The printed objective (3)
is the expected likelihood, which EM does not increase monotonically, so the marginal likelihood is
the default. `expectation` and `maximization` define the steps; `sim.learn.em_runs` takes the same
steps in compiled code.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.kernels.bit_rows import BitRows
from golden.kernels.mixture_steps import CLIP
from sim.learn.em_data import Binary

__all__ = [
    "CLIP",
    "Expectation",
    "Law",
    "Rule",
    "blend",
    "expectation",
    "log_joint",
    "log_sum_exp",
    "maximization",
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
        Precision, within `em_runs`, of the sums over blocks of 48 features or samples and of the
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
