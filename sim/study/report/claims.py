# SPDX-License-Identifier: MIT
"""The claims of the paper on Generative Binary Memory, compared with the results of a study.

The claims are in `sim.data.published`, paper ``gbm``. A claim is left out if the study does not
contain its methods.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.data.published import PrintedValue, load_value
from sim.replay.gbm import GbmParams
from sim.report.spread import Spread
from sim.study.report.equal_bits import EqualBits, compare_at_equal_bits
from sim.study.report.groups import MethodGroup

__all__ = ["COLUMNS", "Claim", "gbm_claims", "hardware_choices"]

COLUMNS = ("claim", "published", "here", "holds")

_KEY = "average_incremental"
_MOST_NOISE = 0.01  # largest tolerance that the standard error of our own seeds can give
_AROUND = (0.7, 1.4)  # tolerated factors: logarithmic midpoints to half and to double the value
_WIDTHS = (*range(1, 9), 10, 12, 16)  # values of q that studies try


@dataclass(frozen=True)
class Claim:
    """A published statement with the result of this study.

    Parameters
    ----------
    statement : str
    published, here : str
        The published value and the value of this study, as text.
    holds : bool
        Whether the results agree with the statement.
    """

    statement: str
    published: str
    here: str
    holds: bool

    @property
    def row(self) -> list[str]:
        """Cells of the table, in the columns `COLUMNS`."""
        return [self.statement, self.published, self.here, "yes" if self.holds else "**no**"]


def gbm_claims(groups: Sequence[MethodGroup]) -> list[Claim]:
    """Return the paper's claims that the results can test."""
    results = _Results(groups)
    ahead = round(load_value("gbm.first_ahead").number)
    below, above = [q for q in _WIDTHS if q < ahead], [q for q in _WIDTHS if q >= ahead]
    claims = [
        _accuracy(results, load_value("gbm.accuracy")),
        _bits_factor(results, load_value("gbm.bits_factor")),
        _sides(results, below, f"q <= {ahead - 1} is behind latent replay at equal bits", -1),
        _sides(results, above, f"q >= {ahead} is ahead of latent replay at equal bits", 1),
        _peak(results, round(load_value("gbm.peak").number)),
        _components(results, load_value("gbm.gain_of_components")),
        _initialisation(results, load_value("gbm.spread_k1")),
        _initialisation(results, load_value("gbm.spread_k4")),
    ]
    return [claim for claim in claims if claim is not None]


def hardware_choices(groups: Sequence[MethodGroup]) -> list[Claim]:
    """Return the tests of hardware choices that the paper does not discuss, at K = 1, q = 8."""
    results = _Results(groups)
    claims = [
        _same(results, "PCG64 draws no better than the LFSRs", generator="pcg64"),
        _same(results, "the serial sampler is as good as the parallel one", mode="serial"),
        _same(results, "classes drawn uniformly are as good as in turn", requests="uniform"),
        _same(results, "classes drawn by their counts are as good as in turn", requests="weighted"),
    ]
    return [claim for claim in claims if claim is not None]


class _Results:
    """Access to the groups of a study by their parameters.

    Comparisons take only methods that learn the study's own tasks.
    """

    def __init__(self, groups: Sequence[MethodGroup]) -> None:
        self.groups = groups
        self.comparisons = _compare(groups)

    def gbm(self, *, increment: int | None = None, **params: Any) -> MethodGroup | None:
        """Return the generative memory with those parameters and defaults for all others."""
        wanted = GbmParams.model_validate(params)
        for group in self.groups:
            # Results of a time before some parameter existed have its default.
            if (group.replay, group.increment) == ("gbm", increment) and (
                GbmParams.model_validate(group.params) == wanted
            ):
                return group
        return None

    def compared(self, group: MethodGroup | None) -> EqualBits | None:
        """Return the comparison of a memory with latent replay at equal bits."""
        found = [c for c in self.comparisons if group and c.group.label == group.label]
        return found[0] if found else None

    def factors(self, group: MethodGroup) -> list[float | None]:
        """Return, seed by seed, the bits that latent replay needs divided by a memory's bits."""
        factors = []
        for seed in range(len(group.runs)):
            alone = [MethodGroup((g.runs[seed],)) for g in self.groups if seed < len(g.runs)]
            found = [c for c in _compare(alone) if c.group.label == group.label]
            factors += [c.bits_factor for c in found]
        return factors


def _compare(groups: Sequence[MethodGroup]) -> list[EqualBits]:
    own_tasks = [g for g in groups if g.increment is None]
    return compare_at_equal_bits(own_tasks, "bits_paper", ("latent",))  # as the paper does


def _accuracy(results: _Results, printed: PrintedValue) -> Claim | None:
    group = results.gbm()
    if group is None:
        return None
    own, published = group.spread(_KEY), printed.number / 100
    return Claim(
        f"average incremental accuracy at K = 1, q = 8 ({group.bits_paper / 1e6:.2f} Mb)",
        f"{printed.number} %",
        f"{own.percent()} %",
        _equal(group.independent((group.values(_KEY) - published).tolist())),
    )


def _bits_factor(results: _Results, printed: PrintedValue) -> Claim | None:
    group = results.gbm()
    comparison = results.compared(group)
    if group is None or comparison is None:
        return None
    factors = results.factors(group)
    known = [factor for factor in factors if factor is not None]
    if len(known) < len(factors):
        here, holds = "more than the largest tried", False
    else:
        spread = Spread.of(known)
        here = f"{spread.mean:.1f} times"
        if spread.deviation is not None:
            here = f"{spread.mean:.1f} ± {spread.deviation:.1f} times"
        least, most = (around * printed.number for around in _AROUND)
        holds = least <= spread.mean <= most
    statement = "bits latent replay needs for the accuracy of K = 1, q = 8"
    return Claim(statement, str(printed.printed), here, holds)


def _sides(results: _Results, widths: Sequence[int], statement: str, sign: int) -> Claim | None:
    compared = [(q, results.compared(results.gbm(code_width=q))) for q in widths]
    gains = {q: c.gain for q, c in compared if c is not None}
    if not gains:
        return None
    clear = all(sign * gain.mean > 0 and gain.clear for gain in gains.values())
    here = ", ".join(f"q = {q}: {gain.points()}" for q, gain in gains.items())
    return Claim(statement, "yes", here, clear)


def _peak(results: _Results, peak: int) -> Claim | None:
    widths: list[int | str] = [*range(1, 17), "float"]
    found = {q: g for q in widths if (g := results.gbm(code_width=q)) is not None}
    if peak not in found or not {10, 12, 16, "float"} & set(found):
        return None
    best = max(found, key=lambda q: found[q].spread(_KEY).mean)
    lead = _difference(found[best], found[peak])
    return Claim(
        f"at K = 1 nothing is gained past q = {peak}",
        f"peak at q = {peak}",
        f"best at q = {best}, {lead.points()} points on q = {peak}",
        best in range(peak + 1) or _equal(lead),
    )


def _components(results: _Results, printed: PrintedValue) -> Claim | None:
    components, published = printed.count("components"), printed.number
    one, many = results.gbm(), results.gbm(components=components)
    if one is None or many is None:
        return None
    gain = _difference(many, one)
    error = gain.standard_error or 0
    return Claim(
        f"K = {components} adds up to {published:g} points to K = 1, both at q = 8",
        f"up to {published:+g} points",
        f"{gain.points()} points",
        gain.clear and 0 < gain.mean <= published / 100 + max(_noise(), min(error, _MOST_NOISE)),
    )


def _initialisation(results: _Results, printed: PrintedValue) -> Claim | None:
    """Compare the four cells of a column of Table 4, in five tasks of ten classes.

    One component is the class mean for every initialisation: its cells show the noise of a run.
    """
    components, increment = printed.count("variants_of"), printed.count("increment")
    cells = [
        results.gbm(components=components, increment=increment, mixture={"init": init, "pi": pi})
        for init in ("random", "centroid")
        for pi in ("fixed", "trainable")
    ]
    means = [group.spread(_KEY).mean for group in cells if group is not None]
    if len(means) < len(cells):
        return None
    published = printed.number
    spread = 100 * (max(means) - min(means))
    return Claim(
        f"initialisation and mixing weights hardly matter at K = {components}, T = 5 (Table 4)",
        f"{published} points between four variants",
        f"{spread:.1f} points",
        spread <= published + 100 * _noise(),
    )


def _same(results: _Results, statement: str, **changed: Any) -> Claim | None:
    variant, plain = results.gbm(**changed), results.gbm()
    if variant is None or plain is None:
        return None
    difference = _difference(variant, plain)
    return Claim(statement, "-", f"{difference.points()} points", _equal(difference))


def _equal(difference: Spread) -> bool:
    """Return whether a difference is no more than noise."""
    error = 2 * (difference.standard_error or 0)
    return abs(difference.mean) <= max(_noise(), min(error, _MOST_NOISE))


def _noise() -> float:
    """Return the difference between the paper's own runs, in 0..1: half a point."""
    return load_value("gbm.spread_k1").number / 100


def _difference(group: MethodGroup, other: MethodGroup) -> Spread:
    """Return the gain of one method on another, seed by seed."""
    return group.independent(np.subtract(group.values(_KEY), other.values(_KEY)).tolist())
