# SPDX-License-Identifier: MIT
"""The results of a study, read for its methods that the chip supports and checked."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sim.documents.json_file import read_json
from sim.work.errors import UserError

__all__ = ["LABEL", "TITLES", "read_accuracies"]

#: Title of each method in the labels of a study.
TITLES = {"latent": "latent replay", "gbm": "GBM", "likelihood": "mixture likelihood"}

#: Pattern of the labels of these methods.
LABEL = re.compile(
    rf"({'|'.join(TITLES.values())})"
    r" (?:E = (?P<exemplars>[0-9]+)|K = (?P<components>[0-9]+), q = (?P<width>[0-9]+))"
)

# Bounds of the numbers in a label. The chip has codes of up to 16 bits. The counts are far above
# those of any study, and small enough to be priced.
_BOUNDS = {"exemplars": ("E", 10**6), "components": ("K", 10**6), "width": ("q", 16)}

_Number = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    # A study holds more than is read here.
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, strict=True)


class _Data(_Part):
    features: int = Field(ge=1)


class _Run(_Part):
    label: str
    average_incremental: _Number | None = None


class _Results(_Part):
    data: _Data
    runs: list[_Run]


def read_accuracies(study: Path, features: int) -> dict[str, list[float]]:
    """Return the accuracies of the methods of a study by label, one for each seed.

    Parameters
    ----------
    study : Path
        ``results.json`` that ``engram run`` wrote.
    features : int
        D, bits of an embedding of the chip.

    Raises
    ------
    UserError
        If the file is not such a result, holds a value out of its bounds, has embeddings of another
        size, or has no method of the chip.
    """
    results = read_json(study, _Results, "the results.json of a study")
    found: dict[str, list[float]] = {}
    for place, run in enumerate(results.runs):
        if LABEL.fullmatch(run.label):
            where = f"{study}: runs.{place}"
            _check_label(where, run.label)
            if run.average_incremental is None:
                raise UserError(f"{where}.average_incremental must be a number of 0 to 1, not null")
            found.setdefault(run.label, []).append(run.average_incremental)
    if results.data.features != features:
        raise UserError(
            f"{study} must be a study with the chip's D = {features} bits, "
            f"not {results.data.features}"
        )
    if not found:
        raise UserError(
            f"{study} must have runs of latent replay, GBM or mixture likelihood, not none"
        )
    return found


def _check_label(where: str, label: str) -> None:
    match = LABEL.fullmatch(label)
    assert match is not None
    for name, digits in match.groupdict().items():
        symbol, most = _BOUNDS[name]
        # The length first, because Python refuses to read thousands of digits.
        if digits is not None and (len(digits) > 9 or not 1 <= int(digits) <= most):
            raise UserError(f"{where}.label: {symbol} must be 1 to {most}, not {digits[:20]}")
