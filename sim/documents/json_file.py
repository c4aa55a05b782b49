# SPDX-License-Identifier: MIT
"""A JSON file that a command wrote, read again and checked."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sim.work.errors import UserError
from sim.work.files import read_text

__all__ = ["read_json"]

Model = TypeVar("Model", bound=BaseModel)


def read_json(path: Path, model: type[Model], what: str) -> Model:
    """Return the content of a JSON file as a model.

    Parameters
    ----------
    path : Path
    model : type of BaseModel
        What the file must hold.
    what : str
        Noun for such a file, as in "must be WHAT, but is not".

    Raises
    ------
    UserError
        If the file cannot be read, is no JSON, or holds something else. The message names the file
        and the first place that is at fault.
    """
    text = read_text(path)
    try:
        return model.model_validate(json.loads(text, parse_constant=_refuse))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the whole"
        told = f"{place}: {fault['msg']}"
    except RecursionError:
        told = "its values are nested too deep"
    except ValueError as error:
        told = str(error)
    raise UserError(f"{path} must be {what}, but is not: {told}")


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")
