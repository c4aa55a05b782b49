# SPDX-License-Identifier: MIT
"""Check of documents against a pydantic model; a fault reads "place: key must be X, not Y"."""

import difflib
import json
import re
import types
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeGuard, TypeVar, Union, get_args, get_origin

import pydantic

from sim.documents.section import PlacedError
from sim.documents.yaml_lines import Document, KeyPath, dotted
from sim.work.errors import UserError

__all__ = ["validate"]

Model = TypeVar("Model", bound=pydantic.BaseModel)

# The right value for each of pydantic's error types whose own text speaks of JSON or of Python.
_WANTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "frozen_set_type": "a list",
    "int_type": "an integer",
    "is_instance_of": "text",
    "list_type": "a list",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_too_short": "text of {min_length} or more characters",
    "string_type": "text",
    "too_long": "a list of up to {max_length} items",
    "too_short": "a list of {min_length} or more items",
    "tuple_type": "a list",
}
_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}

# Error types that carry a whole sentence, which is shown as it is.
_TOLD = {"assertion_error", "json_invalid", "value_error"}


def validate(model: type[Model], document: Document) -> Model:
    """Build a model from a document, strictly: no text becomes a number, no 1.0 an integer.

    Parameters
    ----------
    model : type of pydantic.BaseModel
        Schema. It sets ``extra="forbid"`` to refuse unknown keys. Unions of models have a
        discriminator, so that an error concerns the model that the user meant.
    document : Document
        Data with their lines.

    Returns
    -------
    model
        The instance.

    Raises
    ------
    UserError
        If the data do not fit. The message has one line for every fault, in the order of the
        document.
    """
    try:
        # Strict reading of JSON accepts a list for a tuple and text for a Path; of Python, it does
        # not.
        return model.model_validate_json(json.dumps(document.data), strict=True)
    except pydantic.ValidationError as error:
        # Every member of a union reports an error of its own at the same place.
        faults: dict[KeyPath, list[Any]] = defaultdict(list)
        for item in error.errors(include_url=False):
            faults[_data_path(document.data, item)].append(item)
        # A fault inside a value says more than the fault of the value as a whole.
        innermost = [p for p in faults if not any(p != q and p == q[: len(p)] for q in faults)]
        raise UserError(
            "\n".join(
                _message(model, document, path, faults[path])
                for path in sorted(innermost, key=document.line_of)
            )
        ) from error


def _data_path(data: Any, item: Any) -> KeyPath:
    """Return the part of an error's location that names data.

    Pydantic's location also holds the union members and validators on the way. A step that is no
    key of the data is one of those, except the last step, which may be a missing key. For an error
    of a union's tag, the location ends in the discriminator, the key that holds the tag.
    """
    location: Sequence[Any] = item["loc"]
    if "discriminator" in item.get("ctx", {}):
        location = (*location, item["ctx"]["discriminator"].strip("'"))
    path: list[str | int] = []
    for key in location[:-1] if _is_missing_key(item) else location:
        if isinstance(data, list):
            known = isinstance(key, int) and key < len(data)
        else:
            known = isinstance(data, dict) and key in data
        if known:
            path.append(key)
            data = data[key]
    return (*path, location[-1]) if _is_missing_key(item) else tuple(path)


def _is_missing_key(item: Any) -> bool:
    # If a list is too short, the list is at fault, so no key is missing.
    return item["type"] == "union_tag_not_found" or (
        item["type"] == "missing" and isinstance(item["loc"][-1], str)
    )


def _message(
    model: type[pydantic.BaseModel], document: Document, path: KeyPath, items: list[Any]
) -> str:
    where, key = document.where(path), dotted(path) or "the text"
    told = [item["ctx"]["error"] for item in items if item["type"] in _TOLD]
    if told:
        inner = told[-1].path if isinstance(told[-1], PlacedError) else ()
        place = document.where_within((*path, *inner))
        return f"{place}: {f'{key}: ' if path else ''}{told[-1]}"
    if items[0]["type"] == "extra_forbidden":
        return f"{where}: {_unknown_key(path, _kinds_at(model, document.data, path[:-1]))}"
    if _is_missing_key(items[0]):
        kinds = _kinds_at(model, document.data, path)
        return f"{where}: {key} is missing: it must be {_wanted(_errors_of(kinds), kinds)}"
    value: Any = document.data
    for step in path:
        value = value[step]
    kinds = _kinds_at(model, document.data, path)
    return f"{where}: {key} must be {_wanted(items, kinds)}, not {_shown(value)}"


def _unknown_key(path: KeyPath, kinds: list[Any]) -> str:
    models = [kind for kind in map(_bare, kinds) if _is_model(kind)]
    known = sorted({name for kind in models for name in _types_of(kind)})
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    question = f"did you mean {near[0]}? " if near else ""
    within = f" of {dotted(path[:-1])}" if len(path) > 1 else ""
    return f"{dotted(path)} is no known key: {question}the keys{within} are {', '.join(known)}"


def _wanted(items: list[Any], kinds: list[Any]) -> str:
    """Return the right choices that the errors of one value name, as in "an integer or a list".

    An error names one bound of a number, or none; the types of the place name all.
    """
    choices: list[str] = []
    phrases: list[str] = []
    numbers = [_number(kind) for kind in kinds if _bare(kind) in (int, float)]
    for item in items:
        context = item.get("ctx", {})
        if numbers and (item["type"] in ("int_type", "float_type") or _SIGNS.keys() & context):
            phrases += numbers
        elif "expected" in context or "expected_tags" in context:
            listed = context.get("expected") or context["expected_tags"]
            choices += re.split(", | or ", listed)
        else:
            phrases.append(_phrase(item["type"], item["msg"], item["loc"], context))
    if len(choices) > 1:
        choices = [f"one of {', '.join(choice.strip(chr(39)) for choice in choices)}"]
    return " or ".join(dict.fromkeys([*phrases, *choices]))


def _phrase(kind: str, message: str, location: Sequence[Any], context: Mapping[str, Any]) -> str:
    if kind == "missing":
        return f"a list of {location[-1] + 1} or more items"
    for name, bound in context.items():
        if name in _SIGNS:
            number = "an integer" if isinstance(bound, int) else "a number"
            return f"{number} {_SIGNS[name]} {message.rpartition(' ')[2]}"
    if kind in _WANTED:
        return _WANTED[kind].format(**context)
    return message.removeprefix("Input should be ")


def _number(kind: Any) -> str:
    """Return a type of numbers with its bounds in words, as in "an integer in 1..16"."""
    bounds = {
        sign: _written(getattr(constraint, name))
        for constraint in get_args(kind)[1:]
        for name, sign in _SIGNS.items()
        if getattr(constraint, name, None) is not None
    }
    what = "an integer" if _bare(kind) is int else "a number"
    if bounds.keys() == {">=", "<="}:
        return f"{what} in {bounds['>=']}..{bounds['<=']}"
    return " ".join(
        [what, " and ".join(f"{sign} {bound}" for sign, bound in bounds.items())]
    ).strip()


def _written(bound: float) -> str:
    whole = isinstance(bound, float) and bound.is_integer() and abs(bound) < 1e15
    return str(int(bound) if whole else bound)


def _errors_of(kinds: list[Any]) -> list[Any]:
    """Return the errors that every one of some types reports for a value of another type."""
    errors = []
    for kind in kinds:
        try:
            pydantic.TypeAdapter(kind).validate_python(object(), strict=True)
        except pydantic.ValidationError as error:
            errors += error.errors(include_url=False)
    return errors


def _kinds_at(model: type[pydantic.BaseModel], data: Any, path: KeyPath) -> list[Any]:
    """Return the types that a place of the data may have; only its last key may be missing.

    The result leaves out the models of a union that a literal field of the data excludes.
    """
    kinds: list[Any] = [model]
    for key in path:
        kinds = [each for kind in kinds for of in _inside(kind, key) for each in _members(of)]
        data = data.get(key) if isinstance(data, dict) else data[key]
        kinds = [kind for kind in kinds if _may_be(kind, data)] or kinds
    return kinds


def _inside(kind: Any, key: str | int) -> Sequence[Any]:
    """Return the possible types of the value at a key of a type; for a list, those of its items."""
    kind = _bare(kind)
    if _is_model(kind):
        return [of for name, of in _types_of(kind).items() if name == key]
    return get_args(kind)


def _members(kind: Any) -> list[Any]:
    """Return the members of a union; of any other type, a list of that type alone.

    The constraints of an annotated union go to every member.
    """
    if get_origin(kind) is Annotated:
        inner, *constraints = get_args(kind)
        constraints = [c for item in constraints for c in getattr(item, "metadata", [item])]
        members = _members(inner)
        return [Annotated[member, *constraints] for member in members] if constraints else members
    if get_origin(kind) in (Union, types.UnionType):
        return [member for part in get_args(kind) for member in _members(part)]
    return [kind]


def _may_be(kind: Any, data: Any) -> bool:
    kind = _bare(kind)
    return not (_is_model(kind) and isinstance(data, dict)) or all(
        name not in data or data[name] in get_args(_bare(of))
        for name, of in _types_of(kind).items()
        if get_origin(_bare(of)) is Literal
    )


def _bare(kind: Any) -> Any:
    """Return a type without its constraints."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _is_model(kind: Any) -> TypeGuard[type[pydantic.BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


def _types_of(model: type[pydantic.BaseModel]) -> dict[str, Any]:
    """Return the types of a model's fields, under the keys that the data use."""
    return {
        field.alias or name: Annotated[field.annotation, *field.metadata]
        if field.metadata
        else field.annotation
        for name, field in model.model_fields.items()
    }


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, dict):
        return "a mapping"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
