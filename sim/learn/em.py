# SPDX-License-Identifier: MIT
"""Expectation-maximisation for a mixture of multivariate Bernoulli laws, in the log domain.

Equations (1) to (3) of Generative Binary Memory, with the usual repairs: a likelihood of thousands
of bits underflows any float, so the E-step is a log-sum-exp; and the printed objective (3) is the
expected one, which EM does not increase monotonically, so the marginal likelihood is the default.
`expectation` and `maximization` are the definitions; `run` takes the same steps compiled.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.kernels.bit_rows import BitRows
from golden.kernels.mixture import CLIP, iterate

__all__ = [
    "CLIP",
    "Binary",
    "Expectation",
    "Law",
    "Rule",
    "blend",
    "expectation",
    "initial_means",
    "log_joint",
    "log_sum_exp",
    "maximization",
    "run",
]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Law:
    """Parameters of a mixture, and the evidence behind them.

    Parameters
    ----------
    weights : ndarray of shape (K,), float64
    means : ndarray of shape (K, D), float64
    shares : ndarray of shape (K,), float64
        Share of the data that the mean of each component was taken over.
    """

    weights: Reals
    means: Reals
    shares: Reals

    @classmethod
    def start(cls, means: Reals, weights: Reals | None = None) -> "Law":
        """Return the law of some means with some weights, or equal ones."""
        if weights is None:
            weights = np.full(len(means), 1 / len(means))
        return cls(weights, means, weights)


@dataclass(frozen=True)
class Rule:
    """What iterations do.

    Parameters
    ----------
    trainable : bool
        Whether they learn the weights.
    criterion : {"marginal", "expected"}
        The objective they report.
    precision : {"double", "single"}
        That of the sums over the features or the samples of 48 at a time, and of the elementary
        functions within `run`. Everything else is float64.
    """

    trainable: bool
    criterion: str
    precision: str = "double"


@dataclass(frozen=True)
class Expectation:
    """What the data say of a law.

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
    """Binary samples with weights, packed both ways: an iteration goes along rows and columns.

    Parameters
    ----------
    bits : ndarray of shape (N, D), uint8 in {0, 1}
    weights : ndarray of shape (N,), float64, optional
        How much each sample counts beside the others; all alike by default.

    Attributes
    ----------
    weights : ndarray of shape (N,), float64, or None
        Brought into 0..1 by a power of two, which loses no bit: neither their scale nor a sum out
        of the range of float64 can change a fit.
    total : float
        Their sum, or N.
    samples : BitRows of shape (N, D)
    features : BitRows of shape (D + 1, N)
        The features, then a row of ones. The product with the ones is a sum over all samples taken
        in the order of the others, and rounding is monotone: no mean exceeds 1, and that of a
        feature that is always 1 is exactly 1.
    """

    def __init__(self, bits: NDArray[np.uint8], weights: Reals | None = None) -> None:
        self.samples = BitRows(bits)
        self.features = BitRows(np.vstack([bits.T, np.ones((1, len(bits)), np.uint8)]))
        if weights is not None and (weights == weights[0]).all():
            weights = None  # alike is what samples are without weights
        if weights is not None:
            weights = np.ldexp(weights, -int(np.frexp(weights.max())[1]))
        self.weights = weights
        self.total = float(len(bits) if weights is None else weights.sum())
        self._bits = bits

    @cached_property
    def distinct(self) -> int:
        """Different samples among those of a weight above 0.

        Neither the scale of the weights nor samples given twice in place of a double weight change
        it.
        """
        bits = self._bits if self.weights is None else self._bits[self.weights > 0]
        packed = np.packbits(bits, axis=1)
        return len(np.unique(packed.view(f"V{packed.shape[1]}")))

    def mean(self, values: Reals) -> float:
        """Return the weighted mean of one value a sample."""
        weighted = values if self.weights is None else values * self.weights
        return float(weighted.sum() / self.total)


def initial_means(
    data: Binary, n_components: int, init: str, scale: float, rng: np.random.Generator
) -> Reals:
    """Draw the means that EM starts from.

    Parameters
    ----------
    data : Binary
    n_components : int
        K.
    init : {"centroid", "random", "uniform"}
        ``centroid`` scatters them around the mean of the data ``m``, feature by feature, with
        `scale` times its standard deviation ``sqrt(m (1 - m))``, clipped to
        ``1/(2N) .. 1 - 1/(2N)`` for N different samples; ``random`` is uniform in 0.25..0.75 and
        ``uniform`` in 0..1.
    scale : float
        Only of ``centroid``.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (K, D), float64
    """
    shape = (n_components, data.samples.shape[1])
    if init == "random":
        return rng.uniform(0.25, 0.75, shape)
    if init == "uniform":
        return rng.uniform(0, 1, shape)
    weights = np.ones(data.samples.shape[0]) if data.weights is None else data.weights
    centroid = data.features.dot(weights[np.newaxis])[:, :-1] / data.total
    deviation = np.sqrt(np.maximum(centroid * (1 - centroid), 0))
    margin = 1 / (2 * data.distinct)
    means = centroid + scale * deviation * rng.standard_normal(shape)
    return np.clip(means, margin, 1 - margin)


def log_joint(samples: BitRows, law: Law) -> Reals:
    """Return ``log(pi_k p_k(z_i))``, of shape (K, N).

    With ``z`` in {0, 1}, ``log p(z) = sum_j log(1 - mu_j) + sum_j z_j log(mu_j / (1 - mu_j))``: one
    product with the bits and one constant a component.
    """
    means = np.minimum(np.maximum(law.means, CLIP), 1 - CLIP)
    log_zero = np.log(1 - means)
    log_odds = np.log(means) - log_zero
    # A component of weight 0 keeps a finite logarithm, so that nothing below meets inf - inf.
    log_weights = np.log(np.maximum(law.weights, np.finfo(np.float64).tiny))
    constants = log_weights + log_zero.sum(axis=1)
    return samples.dot(log_odds) + constants[:, np.newaxis]


def log_sum_exp(joint: Reals) -> tuple[Reals, Reals]:
    """Return ``log(sum_k exp(joint_k))`` and ``exp(joint)`` over its sum, along the first axis."""
    highest = joint.max(axis=0)
    ratios = np.exp(joint - highest)
    totals = ratios.sum(axis=0)
    return highest + np.log(totals), ratios / totals


def expectation(data: Binary, law: Law, rule: Rule) -> Expectation:
    """Take the E-step, equation (1), and evaluate the objective on the way.

    Parameters
    ----------
    data : Binary
    law : Law
    rule : Rule
        Its criterion counts: equation (3) as printed, or the marginal likelihood.
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
    law : Law
        The law that the responsibilities are of.
    responsibilities : ndarray of shape (K, N), float64
    rule : Rule
        Whether the weights are learned counts.
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
    step : float
        0 stays at `old`, 1 arrives at `new`.
    rule : Rule
    """
    shares = (1 - step) * old.shares + step * new.shares
    empty = shares <= 0
    kept = (1 - step) * old.shares / np.where(empty, 1, shares)
    means = new.means + (old.means - new.means) * np.where(empty, 1, kept)[:, np.newaxis]
    return Law(shares if rule.trainable else old.weights, means, shares)


def run(
    data: Binary, law: Law, rule: Rule, max_iter: int, tol: float | None
) -> tuple[Law, float, int, bool]:
    """Iterate until ``|l_s - l_{s-1}| <= tol |l_s|``, or `max_iter` times.

    ``l_s`` is the objective of the law that iteration ``s`` ends with, ``l_0`` that of `law`.

    Parameters
    ----------
    data : Binary
    law : Law
        Where the iterations start.
    rule : Rule
    max_iter : int
    tol : float or None
        With 0 only a fixed point stops early, with None nothing does.

    Returns
    -------
    Law
        The last.
    float
        Its objective, in nats a sample.
    int
        Iterations made.
    bool
        Whether the rule stopped them.
    """
    end = iterate(
        data.samples,
        data.features,
        np.ones(data.samples.shape[0]) if data.weights is None else data.weights,
        (law.weights, law.means, law.shares),
        trainable=rule.trainable,
        expected=rule.criterion == "expected",
        single=rule.precision == "single",
        max_iter=max_iter,
        tol=-1.0 if tol is None else tol,
    )
    weights = end.shares if rule.trainable and end.n_iter else law.weights
    return Law(weights, end.means, end.shares), end.bound, end.n_iter, end.converged
