# SPDX-License-Identifier: MIT
"""What a figure joins by a line: methods that differ in one parameter, or in their bits alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.replay import SOURCES
from sim.study.report.groups import MethodGroup

__all__ = ["BOUNDS", "Axis", "Series", "bits_of", "family_series", "few", "series_of"]

#: Bits that a figure of accuracy has as its axis.
Axis = Literal["state", "memory", "chip"]

#: Sources that are drawn as levels: their memory is everything, or nothing.
BOUNDS: tuple[str, ...] = tuple(name for name in SOURCES if SOURCES[name].bound)

_NAMES = {
    "latent": "latent replay",
    "herded": "herded exemplars",
    "gbm": "GBM",
    "correlated": "GBM with factors",
    "likelihood": "likelihood, no training",
    "hamming": "nearest prototype, no training",
    "low_rank": "low-rank discriminant, no training",
    "quadratic": "quadratic discriminant, no training",
}
_LARGEST_FAMILY = {"latent": 4, "gbm": 4}  # most curves of a source by task; 2 for other sources
_MANY = 6  # sources beyond which each has half as many curves


@dataclass(frozen=True)
class Series:
    """Methods that one line joins, and what changes along it.

    Parameters
    ----------
    name : str
        Legend.
    replay : str
        Source of all its methods.
    groups : list of MethodGroup
    along : {"exemplars", "code_width", "components", "rank", "bits"}
        The parameter, or the bits where methods of any parameters are joined.
    """

    name: str
    replay: str
    groups: list[MethodGroup]
    along: str

    @property
    def is_line(self) -> bool:
        """Whether nothing else changes; methods that differ further are points without a line."""
        if self.along == "bits":
            return True
        return len({str(g.params.get(self.along)) for g in self.groups}) == len(self.groups)

    def placed(self, axis: Axis, network_bits: int) -> list[tuple[int, MethodGroup]]:
        """Return bits and methods in the order of the bits, without methods that keep no bits.

        The axis is logarithmic: a method that keeps no bits has no place on it.
        """
        pairs = [(bits_of(g, axis, network_bits), g) for g in self.groups]
        return sorted((pair for pair in pairs if pair[0]), key=lambda pair: pair[0])


def bits_of(group: MethodGroup, axis: Axis, network_bits: int) -> int:
    """Return the bits of a method on an axis.

    Parameters
    ----------
    group : MethodGroup
    axis : {"state", "memory", "chip"}
        All state that survives between tasks; the replay memory as the papers count it; or all bits
        that the chip stores.
    network_bits : int
        Bits of the feature extractor, which the chip stores.
    """
    if axis == "state":
        return group.bits_full
    return group.bits_paper if axis == "memory" else network_bits + group.bits_deployed


def series_of(groups: Sequence[MethodGroup], *, spelt_out: bool = False) -> list[Series]:
    """Return the lines of a study: for each source along E, along q at K = 1, along K.

    Parameters
    ----------
    groups : sequence of MethodGroup
    spelt_out : bool
        Whether a source without a short name of its own is called as in sentences, not by its key.
    """
    series = []
    for replay, variant in dict.fromkeys((g.replay, g.variant) for g in groups):
        if replay in BOUNDS:
            continue
        family = [g for g in groups if (g.replay, g.variant) == (replay, variant)]
        name = (_called(replay) if spelt_out else _NAMES.get(replay, replay)) + variant
        if "exemplars" in family[0].params:
            series.append(Series(name, replay, family, "exemplars"))
            continue
        ranks = {g.params.get("rank") for g in family}
        if len(ranks) > 1 and "components" not in family[0].params:
            series.append(Series(name, replay, family, "rank"))
            continue
        single = [g for g in family if g.params.get("components", 1) == 1]
        wide = [g for g in single if "code_width" in g.params]
        if len(wide) > 1:
            title = f"{name}, K = 1" if "components" in wide[0].params else name
            series.append(Series(title, replay, wide, "code_width"))
        joined = wide if len(wide) > 1 else []
        for width in dict.fromkeys(g.params.get("code_width") for g in family):
            deep = [g for g in family if g.params.get("code_width") == width]
            if len(deep) > 1 or deep[0] not in joined:
                title = name if width is None else f"{name}, q = {width}"
                series.append(Series(title, replay, deep, "components"))
    return series


def family_series(groups: Sequence[MethodGroup]) -> list[Series]:
    """Return the lines of a comparison: one for each source, along the bits of its choices."""
    return [
        Series(_called(replay), replay, [g for g in groups if g.replay == replay], "bits")
        for replay in dict.fromkeys(g.replay for g in groups)
        if replay not in BOUNDS
    ]


def few(groups: Sequence[MethodGroup]) -> list[MethodGroup]:
    """Return a few methods of each source, so that their curves can be told apart."""
    chosen, sources = [], list(dict.fromkeys(g.replay for g in groups))
    for replay in sources:
        family = sorted((g for g in groups if g.replay == replay), key=lambda g: g.bits_paper)
        most = _LARGEST_FAMILY.get(replay, 2) // (2 if len(sources) > _MANY else 1)
        last = len(family) - 1  # always among them
        places = {last - round(place) for place in np.linspace(0, last, min(last + 1, most))}
        # The paper's choice is always among them.
        kept = {i for i, g in enumerate(family) if _is_papers_choice(g)}
        chosen += [family[place] for place in sorted(places | kept)]
    return chosen


def _is_papers_choice(group: MethodGroup) -> bool:
    return group.params.get("components") == 1 and group.params.get("code_width") == 8


def _called(replay: str) -> str:
    return _NAMES.get(replay, SOURCES[replay].called.removeprefix("the "))
