# SPDX-License-Identifier: MIT
"""EM for Bernoulli mixtures: speed compared with StepMix, and growth of the time."""

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from golden.kernels.bit_rows import SUMS, TABLES, add_products
from golden.kernels.lanes import LANES, zeros
from sim.learn import em, em_data, em_runs
from sim.learn.mixture import BernoulliMixture
from sim.learn.mixture_classes import class_seed, fit_classes
from sim.learn.mixture_fit import MixtureFit
from verification.bench.harness import Curve, Table, best_of, growth_table
from verification.bench.lookups import look_up_peak

__all__ = ["run"]

N, D, K = 500, 512, 8  # samples, features, components: a class of images behind a ResNet-18
SINGLE = em.Rule(trainable=True, criterion="marginal", precision="single")
DOUBLE = em.Rule(trainable=True, criterion="marginal", precision="double")
Bits = NDArray[np.uint8]


def run(quick: bool = False) -> list[Table]:
    """Return the tables of this benchmark."""
    tables = []
    if find_spec("stepmix") is not None:
        n_iter, repeats = (5, 3) if quick else (100, 15)
        tables = [_peers(n_iter, repeats), _bound(n_iter, repeats)]
    return [*tables, _classes(*((4, 1) if quick else (50, 9))), _growth(quick)]


def _peers(n_iter: int, repeats: int) -> Table:
    """Compare equal numbers of iterations from the same start; the likelihoods must agree."""
    bits = _data(N, D, K)
    # StepMix takes no start, so all others start where its first iteration ends.
    law = _stepmix_law(_stepmix(bits, 1))
    contestants: dict[str, Callable[[], float]] = {
        "engram, single": lambda: _engram(bits, law, SINGLE, n_iter),
        "engram, double": lambda: _engram(bits, law, DOUBLE, n_iter),
        "StepMix, one BLAS thread": lambda: _limited(lambda: _stepmix_score(bits, n_iter + 1)),
        "StepMix as it comes, all BLAS threads": lambda: _stepmix_score(bits, n_iter + 1),
        "float32 BLAS loop, one thread": lambda: _limited(lambda: _float32(bits, law, n_iter)),
    }
    likelihoods = {name: contestant() for name, contestant in contestants.items()}
    expected = likelihoods["engram, single"]
    for name, likelihood in likelihoods.items():
        if abs(likelihood / expected - 1) > 1e-4:
            raise ValueError(f"Log-likelihood of {name} must be {expected}, not {likelihood}")
    seconds = _in_turn(contestants, repeats)
    ours = seconds["engram, single"]

    def row(name: str) -> tuple[object, ...]:
        best, median = 1e6 * min(seconds[name]) / n_iter, 1e6 * np.median(seconds[name]) / n_iter
        ratios = min(seconds[name]) / min(ours), np.median(seconds[name]) / np.median(ours)
        return name, best, float(median), ratios[0], float(ratios[1]), f"{likelihoods[name]:.6f}"

    return Table(
        f"EM, N = {N}, D = {D}, K = {K}, {n_iter} iterations",
        (
            "who",
            "best, microseconds an iteration",
            "median",
            "best / engram's",
            "median / engram's",
            "log-likelihood a sample",
        ),
        tuple(row(name) for name in contestants),
        "Equal start, equal iterations, equal likelihood (relative 1e-4, or the run fails); "
        f"{repeats} repeats in turn. Whole fits: StepMix with its checks of the data, engram with "
        "the packing of its bits. Single is what a fit takes unless its tolerance is below 1e-5.",
    )


def _bound(n_iter: int, repeats: int) -> Table:
    """Compare an iteration with its products alone, and with the peak rate of their look-ups."""
    bits = _data(N, D, K)
    law = _stepmix_law(_stepmix(bits, 1))
    data = em_data.Binary(bits)
    look_ups = 0
    products: list[Callable[[], object]] = []
    for rows in (data.samples, data.features):
        columns, tables, sums = zeros(
            ((1, rows.padded, LANES), np.float32),
            ((SUMS, LANES), np.float32),
            ((1, rows.shape[0], LANES), np.float64),
        )
        look_ups += rows.words.size * TABLES
        products.append(lambda w=rows.words, c=columns, t=tables, s=sums: add_products(w, c, t, s))
    peak = look_up_peak(repeats)
    stepmix = _limited(lambda: best_of(lambda: _stepmix_score(bits, n_iter + 1), 2)) / n_iter
    whole = best_of(lambda: _engram(bits, law, SINGLE, n_iter), repeats) / n_iter
    alone = sum(best_of(product, repeats) for product in products)
    floor = look_ups / max(peak, look_up_peak(repeats))
    rows = (("an iteration", whole), ("its products alone", alone), ("their look-ups alone", floor))
    return Table(
        f"What bounds EM, N = {N}, D = {D}, K = {K}, single precision, one thread",
        ("what", "microseconds", "StepMix on one BLAS thread / this"),
        tuple((name, 1e6 * seconds, stepmix / seconds) for name, seconds in rows),
        f"An iteration looks up {look_ups:,} sums of six bits for {K} components. The last row is "
        "that number at the peak rate of loads with additions: no order of the same additions is "
        "faster on this machine, whatever the rest took.",
    )


def _in_turn(
    contestants: Mapping[str, Callable[[], object]], repeats: int
) -> dict[str, list[float]]:
    """Return the seconds of each repeat. Contestants take turns, so a busy moment affects all."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, contestant in contestants.items():
            start = perf_counter()
            contestant()
            seconds[name].append(perf_counter() - start)
    return seconds


def _engram(bits: Bits, law: em.Law, rule: em.Rule, n_iter: int) -> float:
    return em_runs.run(em_data.Binary(bits), law, rule, n_iter, tol=None)[1]


def _stepmix(bits: Bits, n_iter: int) -> Any:
    from stepmix.stepmix import StepMix

    peer = StepMix(
        n_components=K,
        measurement="binary",
        max_iter=n_iter,
        abs_tol=0,
        rel_tol=0,
        random_state=0,
        progress_bar=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # tolerance 0 always causes it
        return peer.fit(bits)


def _stepmix_score(bits: Bits, n_iter: int) -> float:
    return float(_stepmix(bits, n_iter).score(bits))


def _stepmix_law(peer: Any) -> em.Law:
    weights, means = peer.weights_, peer.get_parameters()["measurement"]["pis"]
    return em.Law(weights, means, weights)


def _limited(contestant: Callable[[], float]) -> float:
    with threadpool_limits(1):
        return contestant()


def _float32(bits: Bits, law: em.Law, n_iter: int) -> float:
    """Run the same EM with dense float32 products."""
    x = bits.astype(np.float32)
    weights, means = law.weights, law.means.T.astype(np.float32)
    likelihoods = np.zeros(len(bits))
    for step in range(n_iter + 1):
        clipped = np.clip(means, np.float32(1e-6), np.float32(1 - 1e-6))
        log_zero = np.log(1 - clipped)
        joint = x @ (np.log(clipped) - log_zero) + (log_zero.sum(axis=0) + np.log(weights))
        highest = joint.max(axis=1, keepdims=True)
        ratios = np.exp(joint - highest)
        totals = ratios.sum(axis=1, keepdims=True)
        likelihoods = highest + np.log(totals)
        if step < n_iter:
            gamma = (ratios / totals).astype(np.float32)
            counts = gamma.sum(axis=0)
            weights, means = counts / len(bits), (x.T @ gamma) / counts
    return float(likelihoods.mean())


def _classes(count: int, repeats: int) -> Table:
    """Compare fits of many classes on one thread and on two, which must have the same bits."""
    bits, labels = np.tile(_data(N, D, K), (count, 1)), np.repeat(np.arange(count), N)

    def fit(jobs: int) -> dict[int, MixtureFit]:
        return fit_classes(bits, labels, jobs=jobs, n_components=K)

    def alone() -> dict[int, MixtureFit]:
        fitted: dict[int, MixtureFit] = {}
        for label in range(count):
            own = bits[label * N : (label + 1) * N]
            fitted[label] = BernoulliMixture(K, random_state=class_seed(0, label)).fit_checked(own)
        return fitted

    def bits_of(mixture: MixtureFit) -> tuple[object, ...]:
        arrays = mixture.means_, mixture.weights_, mixture.shares_
        return *(a.tobytes() for a in arrays), mixture.lower_bound_, mixture.n_iter_

    one, two, each = fit(1), fit(2), alone()
    for label, mixture in one.items():
        if not bits_of(mixture) == bits_of(two[label]) == bits_of(each[label]):
            raise ValueError(f"Class {label} must have the same bits from every way to fit it")
    contestants = {
        "one thread": lambda: fit(1),
        "two threads": lambda: fit(2),
        "one fit after the other": alone,
    }
    seconds = _in_turn(contestants, repeats)
    first = np.array(seconds["one thread"])
    rows = tuple(
        (
            name,
            1e3 * min(times),
            1e3 * float(np.median(times)),
            min(first) / min(times),
            float(np.median(first / np.array(times))),
        )
        for name, times in seconds.items()
    )
    return Table(
        f"Fits of {count} classes, N = {N}, D = {D}, K = {K}",
        ("how", "best, milliseconds", "median", "times as fast, best", "median of pairs"),
        rows,
        f"Whole fits with 5 starts; {repeats} repeats in turn. All ways have the same bits, or the "
        "run fails.",
    )


def _growth(quick: bool) -> Table:
    n_iter = 2 if quick else 10
    most = 2 if quick else 4
    doublings = [2**i for i in range(most)]

    def fit(n: int, d: int, k: int) -> Callable[[], object]:
        bits = _data(n, d, k)
        law = em.Law.start(np.random.default_rng(1).uniform(0.25, 0.75, (k, d)))
        return lambda: _engram(bits, law, SINGLE, n_iter)

    def classes(count: int, jobs: int) -> Callable[[], object]:
        bits = np.tile(_data(N, D, K), (count, 1))
        labels = np.repeat(np.arange(count), N)
        return lambda: fit_classes(bits, labels, jobs=jobs, n_components=K, max_iter=n_iter)

    sweeps = {
        "features D": ([512 * i for i in doublings], lambda d: fit(N, d, K)),
        "samples N": ([500 * i for i in doublings], lambda n: fit(n, D, K)),
        "components K": ([8 * i for i in doublings], lambda k: fit(N, D, k)),
        "classes": ([2 * i for i in doublings], lambda count: classes(count, 1)),
        "jobs, 8 classes": ([1, 2], lambda jobs: classes(8, jobs)),
    }
    curves = [
        Curve(label, tuple(sizes), tuple(best_of(case(size)) for size in sizes))
        for label, (sizes, case) in sweeps.items()
    ]
    return growth_table(
        f"How EM grows, from N = {N}, D = {D}, K = {K}, {n_iter} iterations",
        curves,
        "Exponent e of the fit time ~ size^e. `classes` and `jobs` time whole fits with 5 starts.",
    )


def _data(n_samples: int, n_features: int, n_components: int) -> Bits:
    rng = np.random.default_rng(0)
    means = rng.random((n_components, n_features))
    component = rng.integers(n_components, size=n_samples)
    return (rng.random((n_samples, n_features)) < means[component]).astype(np.uint8)
