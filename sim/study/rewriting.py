# SPDX-License-Identifier: MIT
"""The report of a study, made again from its results without a run."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sim.data.source import load_banks
from sim.documents.json_file import read_json
from sim.documents.validation import validate
from sim.documents.yaml_lines import parse
from sim.study.config import StudyConfig
from sim.study.report.document import StudyReport
from sim.study.results import FILE, WHAT
from sim.work.errors import UserError

__all__ = ["report_of"]


class _File(BaseModel):
    # Whatever else a study wrote stays as it is.
    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    # In the order of the file, so that it is written again as it was.
    version: Any = None
    command: str
    config: dict[str, Any]
    config_sha256: str
    data: Any = None
    environment: Any = None
    verdict: Any = None
    also: Any = None
    choices: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = Field(min_length=1)


def report_of(folder: Path, data_dir: Path | None = None) -> StudyReport:
    """Return the report of the study whose results lie in a folder.

    Pictures of exemplars stay as they lie there.

    Parameters
    ----------
    folder : Path
        Folder that ``engram run`` wrote.
    data_dir : Path, optional
        Folder of the data archives.

    Raises
    ------
    UserError
        If the folder has no results of a study, they are not of its configuration, or its data are
        missing.
    """
    path = folder / FILE
    file = read_json(path, _File, WHAT)
    if "budgets" in file.config:
        raise UserError(f"{path} must be the results of a study, not of a comparison in budgets")
    document = parse(json.dumps(file.config, allow_nan=False), f"{path}: config")
    config = validate(StudyConfig, document)
    if config.digest() != file.config_sha256:
        raise UserError(
            f"{path}: config must be the configuration {file.config_sha256[:12]} that the runs had,"
            f" not {config.digest()[:12]}"
        )
    banks = load_banks(config.data, config.tasks, document, data_dir)
    order = config.tasks.all_orders[0]
    return StudyReport(
        config,
        tuple(bank.in_order(order) for bank in banks),
        file.command,
        file.runs,
        (),
        file.choices,
        file.model_dump(exclude={"runs", "choices"}),
    )
