# SPDX-License-Identifier: MIT
"""The results of a finished study as records, one for each run: a table for further work."""

import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from sim.documents.json_file import read_json
from sim.work.refusals import refusals_told

if TYPE_CHECKING:
    import pandas

__all__ = ["FILE", "WHAT", "load_results", "results_file"]

#: Name of the file in the folder of a report.
FILE = "results.json"
#: What that file is, for messages.
WHAT = "the results.json of engram run"


class _Run(BaseModel):
    # A method may add facts of its own.
    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False, strict=True)

    method: str
    label: str
    parameters: dict[str, Any]
    seed: int
    bits_paper: int
    bits_full: int
    ledger: dict[str, int]
    average_incremental: float
    accuracy_seen: list[float]
    order: int | str = "given"
    bank: int = 0


class _File(BaseModel):
    runs: Annotated[list[_Run], Field(min_length=1)]


def load_results(path: Path | str) -> "pandas.DataFrame | list[dict[str, Any]]":
    """Return the runs of a study or comparison, a row for each.

    Nested values have dotted names, such as ``parameters.exemplars``, ``ledger.prototypes`` and
    ``forgetting.gem``. Lists stay lists, such as ``accuracy_seen``, the accuracy (0..1) on all
    classes seen after each task. Every row has every column; what a run does not have is None.

    Parameters
    ----------
    path : Path or str
        The ``results.json``, or the folder of the report that holds it.

    Returns
    -------
    pandas.DataFrame or list of dict
        A frame whose columns have types, where pandas is installed; else a dictionary for each run.

    Raises
    ------
    UserError
        If there is no such file, or it holds no results of ``engram run``.
    """
    content = read_json(results_file(Path(path)), _File, WHAT)
    rows = [dict(_flat(run.model_dump())) for run in content.runs]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    records = [{name: row.get(name) for name in columns} for row in rows]
    if find_spec("pandas") is None:
        return records
    import pandas  # no dependency: who has it gets its frames

    return pandas.DataFrame.from_records(records).convert_dtypes()


def results_file(path: Path) -> Path:
    """Return the file of the results that a user names by itself or by its folder.

    Raises
    ------
    UserError
        If the path cannot be looked at.
    """
    with refusals_told(path, "cannot be read"), suppress(FileNotFoundError):
        if stat.S_ISDIR(path.stat().st_mode):
            return path / FILE
    return path


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
