# SPDX-License-Identifier: MIT
"""What the paper on Generative Binary Memory claims, held to the results of a study.

Published values: Basso-Bert et al. (gbm), section 5.2, Figure 6 and Table 4. A claim whose methods
a study does not contain is left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.report.groups import EqualBits, Group, Spread, compare_at_equal_bits

__all__ = ["COLUMNS", "Claim", "gbm_claims"]

COLUMNS = ("claim", "published", "here", "holds")

_NOISE = 0.005  # half a point: what the paper's own runs differ by (Table 4, K = 1)

# What every parameter is that a claim does not name.
_PLAIN: dict[str, object] = {
    "draws_per_read": 1,
    "generator": "lfsr",
    "init": "centroid",
    "mode": "parallel",
    "pi": "fixed",
    "requests": "round_robin",
}


@dataclass(frozen=True)
class Claim:
    """A published statement and what became of it.

    Parameters
    ----------
    statement, published, here : str
    holds : bool
    """

    statement: str
    published: str
    here: str
    holds: bool

    @property
    def row(self) -> list[str]:
        """Cells of the table, in the columns `COLUMNS`."""
        return [self.statement, self.published, self.here, "yes" if self.holds else "**no**"]


def gbm_claims(groups: Sequence[Group]) -> list[Claim]:
    """Return the paper's claims that the results can speak to."""
    results = _Results(groups)
    claims = [
        _accuracy(results),
        _bits_factor(results),
        _sides(results, (1, 2), "q <= 2 is behind latent replay at equal bits", lambda g: g < 0),
        _sides(
            results,
            (3, 4, 5, 6, 7, 8, 10, 12, 16),
            "q >= 3 is ahead of latent replay at equal bits",
            lambda g: g > 0,
        ),
        _peak(results),
        _components(results),
        _initialisation(results, 1),
        _initialisation(results, 4),
        _same(results, "LFSRs draw as well as PCG64", generator="pcg64"),
        _same(results, "the serial sampler is as good as the parallel one", mode="serial"),
        _same(results, "classes drawn by their counts are as good as in turn", requests="weighted"),
    ]
    return [claim for claim in claims if claim is not None]


class _Results:
    """Access to the groups of a study by their parameters; own tasks of a method are left out."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = [g for g in groups if g.increment is None]
        self.comparisons = compare_at_equal_bits(self.groups)

    def gbm(self, components: int = 1, code_width: int | str = 8, **changed: str) -> Group | None:
        """Return the generative memory of those parameters, all others as by default."""
        wanted = {"components": components, "code_width": code_width, **_PLAIN, **changed}
        for group in self.groups:
            if group.replay == "gbm":
                values = {**group.params, **group.params["mixture"]}
                if all(values[key] == value for key, value in wanted.items()):
                    return group
        return None

    def compared(self, group: Group | None) -> EqualBits | None:
        """Return the comparison of a memory with latent replay at equal bits."""
        found = [c for c in self.comparisons if group and c.group.label == group.label]
        return found[0] if found else None


def _accuracy(results: _Results) -> Claim | None:
    group = results.gbm()
    if group is None:
        return None
    own = group.spread("average_incremental")
    return Claim(
        f"average incremental accuracy at K = 1, q = 8 ({group.bits_paper / 1e6:.2f} Mb)",
        "50.4 %",
        f"{own.percent()} %",
        abs(own.mean - 0.504) <= max(_NOISE, 2 * (own.deviation or 0)),
    )


def _bits_factor(results: _Results) -> Claim | None:
    comparison = results.compared(results.gbm())
    if comparison is None:
        return None
    factor = comparison.bits_factor
    return Claim(
        "bits latent replay needs for the accuracy of K = 1, q = 8",
        "about 10 times",
        "more than the largest tried" if factor is None else f"{factor:.1f} times",
        factor is not None and 7 <= factor <= 14,
    )


def _sides(
    results: _Results, widths: Sequence[int], statement: str, right: Callable[[float], bool]
) -> Claim | None:
    compared = [(q, results.compared(results.gbm(code_width=q))) for q in widths]
    gains = {q: c.gain for q, c in compared if c is not None}
    if not gains:
        return None
    # A gain within its standard error of 0 shows neither side.
    clear = all(right(g.mean) and abs(g.mean) > (g.standard_error or 0) for g in gains.values())
    here = ", ".join(f"q = {q}: {gain.points()}" for q, gain in gains.items())
    return Claim(statement, "yes", here, clear)


def _peak(results: _Results) -> Claim | None:
    widths: list[int | str] = [*range(1, 17), "float"]
    found = {q: g for q in widths if (g := results.gbm(code_width=q)) is not None}
    if 8 not in found or len(found) < 4:
        return None
    means = {q: g.spread("average_incremental").mean for q, g in found.items()}
    best = max(means, key=lambda q: means[q])
    lead = _difference(found[best], found[8])
    return Claim(
        "along q at K = 1, accuracy is best near q = 8",
        "peak at q = 8",
        f"best at q = {best}, {lead.points()} points on q = 8",
        lead.mean <= max(_NOISE, lead.standard_error or 0),
    )


def _components(results: _Results) -> Claim | None:
    one, many = results.gbm(1), results.gbm(16)
    if one is None or many is None:
        return None
    gain = _difference(many, one)
    return Claim(
        "K = 16 adds up to 2 points to K = 1, both at q = 8",
        "up to +2 points",
        f"{gain.points()} points",
        0 < gain.mean <= 0.02 + max(_NOISE, gain.deviation or 0),
    )


def _initialisation(results: _Results, components: int) -> Claim | None:
    cells = [
        results.gbm(components, init=init, pi=pi)
        for init in ("random", "centroid")
        for pi in ("fixed", "trainable")
    ]
    means = [g.spread("average_incremental").mean for g in cells if g is not None]
    if len(means) < len(cells):
        return None
    published = {1: 0.5, 4: 0.6}[components]  # largest less smallest of a column, T = 5
    spread = 100 * (max(means) - min(means))
    return Claim(
        f"initialisation and mixing weights hardly matter at K = {components} (Table 4)",
        f"{published} points between four variants",
        f"{spread:.1f} points",
        spread <= published + 100 * _NOISE,
    )


def _same(results: _Results, statement: str, **changed: str) -> Claim | None:
    variant, plain = results.gbm(1, 8, **changed), results.gbm()
    if variant is None or plain is None:
        return None
    difference = _difference(variant, plain)
    return Claim(
        statement,
        "-",
        f"{difference.points()} points",
        abs(difference.mean) <= max(_NOISE, 2 * (difference.standard_error or 0)),
    )


def _difference(group: Group, other: Group) -> Spread:
    """Return the gain of one method on another, seed by seed."""
    key = "average_incremental"
    return Spread.of(np.subtract(group.values(key), other.values(key)).tolist())
