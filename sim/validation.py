# SPDX-License-Identifier: MIT
"""Documents checked against a pydantic model; a fault reads "place: key must be X, not Y"."""

import difflib
import json
import math
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from sim.errors import UserError
from sim.yaml_lines import Document, KeyPath, dotted

__all__ = ["validate"]

Model = TypeVar("Model", bound=pydantic.BaseModel)

# A type with the constraints that stand beside it.
Slot = tuple[Any, tuple[Any, ...]]


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
                f"{document.where(path)}: {_message(model, document, path, faults[path])}"
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


def _message(model: type[pydantic.BaseModel], document: Document, path: KeyPath, item: Any) -> str:
    key = dotted(path) or "the text"
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path, _slots_at(model, document.data, path[:-1]))
    if _is_missing_key(item):
        return f"{key} is missing: it must be {_expected(_slots_at(model, document.data, path))}"
    if kind in ("value_error", "assertion_error"):
        return f"{key}: {context['error']}" if path else str(context["error"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tag = context["discriminator"].strip("'")
        return _wrong_tag(model, document.data, (*path, tag))
    value = _at(document.data, path)
    if isinstance(value, float) and kind == "finite_number":
        return f"{key} must be a finite number, not {_shown(value)}"
    expected = _expected(_slots_at(model, document.data, path))
    return f"{key} must be {expected}, not {_shown(value)}{_hint(value, expected)}"


def _unknown_key(path: KeyPath, slots: list[Slot]) -> str:
    known = sorted({name for model in _models(slots) for name in _fields(model)})
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    question = f"did you mean {near[0]}? " if near else ""
    within = f" of {dotted(path[:-1])}" if len(path) > 1 else ""
    return f"{dotted(path)} is no known key: {question}the keys{within} are {', '.join(known)}"


def _wrong_tag(model: type[pydantic.BaseModel], data: Any, path: KeyPath) -> str:
    holder = _at(data, path[:-1])
    models = _models(_slots_at(model, data, path[:-1], narrow=False))
    tags = [t for m in models for t in get_args(_fields(m)[str(path[-1])].annotation)]
    expected = _choice(tags)
    if path[-1] not in holder:
        return f"{dotted(path)} is missing: it must be {expected}"
    value = holder[path[-1]]
    return f"{dotted(path)} must be {expected}, not {_shown(value)}{_hint(value, expected)}"


def _slots_at(
    model: type[pydantic.BaseModel], data: Any, path: KeyPath, narrow: bool = True
) -> list[Slot]:
    """Return what the schema allows at a path of the data, one slot a union member."""
    slots: list[Slot] = [(model, ())]
    for key in path:
        slots = [inner for slot in _narrowed(slots, data) for inner in _inner(slot, key)]
        data = data.get(key) if isinstance(data, dict) else data[key]
    return _narrowed(slots, data) if narrow else slots


def _inner(slot: Slot, key: str | int) -> list[Slot]:
    kind, _ = slot
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        field = _fields(kind).get(str(key))
        return [] if field is None else _flat(field.annotation, tuple(field.metadata))
    if get_origin(kind) is tuple and get_args(kind)[1:] != (...,):
        members = get_args(kind)
        return _flat(members[key], ()) if isinstance(key, int) and key < len(members) else []
    if get_origin(kind) in (list, tuple, set, frozenset):
        return _flat(get_args(kind)[0], ())
    if get_origin(kind) in (dict, Mapping):
        return _flat(get_args(kind)[1], ())
    return []


def _flat(kind: Any, constraints: tuple[Any, ...]) -> list[Slot]:
    """Return the members of a type: unions opened, annotations turned into constraints."""
    if get_origin(kind) is Annotated:
        kind, *extra = get_args(kind)
        for item in extra:
            constraints += tuple(item.metadata) if isinstance(item, FieldInfo) else (item,)
        return _flat(kind, constraints)
    if get_origin(kind) in (Union, types.UnionType):
        return [slot for member in get_args(kind) for slot in _flat(member, constraints)]
    return [(kind, constraints)]


def _narrowed(slots: list[Slot], data: Any) -> list[Slot]:
    """Leave out the models that the data rule out by a literal field, such as a discriminator."""

    def meant(kind: Any) -> bool:
        if not (isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)):
            return True
        return all(
            name not in data or data[name] in get_args(field.annotation)
            for name, field in _fields(kind).items()
            if get_origin(field.annotation) is Literal
        )

    several = isinstance(data, dict) and len(_models(slots)) > 1
    return [slot for slot in slots if meant(slot[0])] if several else slots


def _models(slots: list[Slot]) -> list[type[pydantic.BaseModel]]:
    return [k for k, _ in slots if isinstance(k, type) and issubclass(k, pydantic.BaseModel)]


def _fields(model: type[pydantic.BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _expected(slots: list[Slot]) -> str:
    literals = [value for kind, _ in slots for value in _literal_values(kind)]
    phrases = [_phrase(*slot) for slot in slots if get_origin(slot[0]) is not Literal]
    if literals:
        phrases.append(_choice(literals))
    return " or ".join(dict.fromkeys(phrases)) or "absent"


def _literal_values(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _choice(values: Sequence[Any]) -> str:
    if len(values) == 1:
        return repr(values[0])
    return f"one of {', '.join(str(value) for value in dict.fromkeys(values))}"


def _phrase(kind: Any, constraints: tuple[Any, ...]) -> str:
    if kind is type(None):
        return "null"
    if kind is bool:
        return "true or false"
    if kind is int or kind is float:
        return f"{'an integer' if kind is int else 'a number'}{_bounds(constraints)}"
    if get_origin(kind) in (list, tuple, set, frozenset):
        members = [m for m in get_args(kind) if m is not ...]
        items = _expected([s for m in members for s in _flat(m, ())])
        fixed = get_origin(kind) is tuple and ... not in get_args(kind)
        length = f" of {len(members)} items" if fixed else _lengths(constraints)
        return f"a list{length} (each item {items})"
    if get_origin(kind) in (dict, Mapping) or kind is dict:
        return "a mapping"
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        return f"a mapping of {', '.join(_fields(kind))}"
    return f"text{_lengths(constraints, 'character')}"


def _bounds(constraints: tuple[Any, ...]) -> str:
    found = {
        symbol: getattr(item, name)
        for item in constraints
        for symbol, name in ((">", "gt"), (">=", "ge"), ("<", "lt"), ("<=", "le"))
        if getattr(item, name, None) is not None
    }
    if found.keys() == {">=", "<="}:
        return f" in {found['>=']}..{found['<=']}"
    return f" {' and '.join(f'{s} {v}' for s, v in found.items())}" if found else ""


def _lengths(constraints: tuple[Any, ...], unit: str = "item") -> str:
    low = max((getattr(item, "min_length", None) or 0 for item in constraints), default=0)
    return f" of at least {low} {unit}{'s' * (low > 1)}" if low else ""


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
