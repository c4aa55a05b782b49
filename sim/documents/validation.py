# SPDX-License-Identifier: MIT
"""Documents checked against a pydantic model; a fault reads "place: key must be X, not Y"."""

import difflib
import json
import math
from collections.abc import Sequence
from typing import Any, TypeVar, get_args

import pydantic

from sim.documents.schema import Slot, choice, fields_of, in_words, models_of, slots_at
from sim.documents.yaml_lines import Document, KeyPath, dotted
from sim.work.errors import UserError

__all__ = ["validate"]

Model = TypeVar("Model", bound=pydantic.BaseModel)


def validate(model: type[Model], document: Document) -> Model:
    """Build a model from a document, strictly: no text becomes a number, no 1.0 an integer.

    Parameters
    ----------
    model : type of pydantic.BaseModel
        Schema. To refuse unknown keys it sets ``extra="forbid"``; unions of models carry a
        discriminator, so that an error concerns the one that was meant.
    document : Document
        Data with their lines.

    Returns
    -------
    model
        The instance.

    Raises
    ------
    UserError
        If the data do not fit: one line a fault, in the order of the document.
    """
    try:
        # The JSON reading is the strict one that still takes a list for a tuple, text for a Path.
        return model.model_validate_json(json.dumps(document.data), strict=True)
    except pydantic.ValidationError as error:
        faults = {
            _data_path(document.data, item["loc"], _is_missing_key(item)): item
            for item in error.errors(include_url=False)
        }
        # What is wrong inside a value says more than that the value is wrong.
        innermost = [p for p in faults if not any(p != q and p == q[: len(p)] for q in faults)]
        raise UserError(
            "\n".join(
                f"{_place(document, path, faults[path])}: "
                f"{_message(model, document, path, faults[path])}"
                for path in sorted(innermost, key=document.line_of)
            )
        ) from error


def _is_missing_key(item: Any) -> bool:
    # An item missing at the end of a list is a fault of the list.
    return item["type"] == "missing" and isinstance(item["loc"][-1], str)


def _data_path(data: Any, location: Sequence[str | int], missing: bool) -> KeyPath:
    """Return the part of an error's location that names data.

    Pydantic mixes in the union members and validators it went through; whatever is no key of the
    data on the way is one of those, except that a missing key comes last.
    """
    path: list[str | int] = []
    for key in location[:-1] if missing else location:
        if isinstance(data, dict) and key in data:
            data = data[str(key)]
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            continue
        path.append(key)
    if missing:
        path.append(location[-1])
    return tuple(path)


def _place(document: Document, path: KeyPath, item: Any) -> str:
    if item["type"] == "value_error":
        return document.where_within(path)
    return document.where(path)


def _message(model: type[pydantic.BaseModel], document: Document, path: KeyPath, item: Any) -> str:
    key = dotted(path) or "the text"
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path, slots_at(model, document.data, path[:-1]))
    if _is_missing_key(item):
        return f"{key} is missing: it must be {in_words(slots_at(model, document.data, path))}"
    if kind in ("value_error", "assertion_error"):
        return f"{key}: {context['error']}" if path else str(context["error"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tag = context["discriminator"].strip("'")
        return _wrong_tag(model, document.data, (*path, tag))
    value = _at(document.data, path)
    if isinstance(value, float) and kind == "finite_number":
        return f"{key} must be a finite number, not {_shown(value)}"
    expected = in_words(slots_at(model, document.data, path))
    return f"{key} must be {expected}, not {_shown(value)}{_hint(value, expected)}"


def _unknown_key(path: KeyPath, slots: list[Slot]) -> str:
    known = sorted({name for model in models_of(slots) for name in fields_of(model)})
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    question = f"did you mean {near[0]}? " if near else ""
    within = f" of {dotted(path[:-1])}" if len(path) > 1 else ""
    return f"{dotted(path)} is no known key: {question}the keys{within} are {', '.join(known)}"


def _wrong_tag(model: type[pydantic.BaseModel], data: Any, path: KeyPath) -> str:
    holder = _at(data, path[:-1])
    models = models_of(slots_at(model, data, path[:-1], narrow=False))
    tags = [t for m in models for t in get_args(fields_of(m)[str(path[-1])].annotation)]
    expected = choice(tags)
    if path[-1] not in holder:
        return f"{dotted(path)} is missing: it must be {expected}"
    value = holder[path[-1]]
    return f"{dotted(path)} must be {expected}, not {_shown(value)}{_hint(value, expected)}"


def _at(data: Any, path: KeyPath) -> Any:
    for key in path:
        data = data[key]
    return data


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, dict):
        return "a mapping"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _hint(value: Any, expected: str) -> str:
    """Explain the two traps of YAML that give a value of another kind than it looks."""
    if isinstance(value, bool) and "true" not in expected:
        return " (YAML reads yes, no, on and off as true and false: quote them as text)"
    if isinstance(value, str) and ("a number" in expected or "an integer" in expected):
        try:
            number = float(value)
        except ValueError:
            return ""
        if math.isfinite(number):
            return f" (YAML reads this as text: write {_yaml_number(number)})"
    return ""


def _yaml_number(number: float) -> str:
    # YAML 1.1 wants a point in the mantissa and a sign in the exponent.
    if number.is_integer() and abs(number) < 2**53:
        return str(int(number))
    mantissa, e, exponent = repr(number).partition("e")
    point = "" if "." in mantissa else ".0"
    return f"{mantissa}{point}e{int(exponent):+d}" if e else mantissa
