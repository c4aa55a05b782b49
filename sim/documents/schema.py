# SPDX-License-Identifier: MIT
"""What a pydantic schema allows at a place of the data, and that in words."""

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from sim.documents.yaml_lines import KeyPath

__all__ = ["Slot", "choice", "fields_of", "in_words", "models_of", "slots_at"]

# A type with the constraints that stand beside it.
Slot = tuple[Any, tuple[Any, ...]]

_LISTS = (list, tuple, set, frozenset)


def slots_at(
    model: type[pydantic.BaseModel], data: Any, path: KeyPath, narrow: bool = True
) -> list[Slot]:
    """Return what the schema allows at a path of the data, one slot a union member.

    Parameters
    ----------
    model : type of pydantic.BaseModel
        Schema of the whole data.
    data : dict
        The data; of a union of models, those count that their literal fields do not rule out.
    path : KeyPath
        Place in the data; only its last key may be missing there.
    narrow : bool
        Whether the data at `path` itself rule out models, too.

    Returns
    -------
    list of Slot
        Empty if the schema knows no such place.
    """
    slots: list[Slot] = [(model, ())]
    for key in path:
        slots = [inner for slot in _narrowed(slots, data) for inner in _inner(slot, key)]
        data = data.get(key) if isinstance(data, dict) else data[key]
    return _narrowed(slots, data) if narrow else slots


def models_of(slots: list[Slot]) -> list[type[pydantic.BaseModel]]:
    """Return the models among some slots."""
    return [k for k, _ in slots if isinstance(k, type) and issubclass(k, pydantic.BaseModel)]


def fields_of(model: type[pydantic.BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by the key that the data use."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def in_words(slots: list[Slot]) -> str:
    """Return what some slots allow, as in "x must be an integer >= 1 or a list of such"."""
    lists = [slot for slot in slots if get_origin(slot[0]) in _LISTS]
    literals = [value for kind, _ in slots for value in _literal_values(kind)]
    several = len(models_of(slots)) > 1
    phrases = [
        "a mapping" if several and models_of([slot]) else _phrase(*slot)
        for slot in slots
        if slot not in lists and get_origin(slot[0]) is not Literal
    ]
    if literals:
        phrases.append(choice(literals))
    one = " or ".join(dict.fromkeys(phrases))
    for slot in lists:
        sweep = in_words(_inner(slot, 0)) == one
        phrases.append("a list of such" if sweep else _phrase(*slot))
    return " or ".join(dict.fromkeys(phrases)) or "absent"


def choice(values: Sequence[Any]) -> str:
    """Return "one of a, b, c", or the only value."""
    if len(values) == 1:
        return repr(values[0])
    return f"one of {', '.join(str(value) for value in dict.fromkeys(values))}"


def _inner(slot: Slot, key: str | int) -> list[Slot]:
    kind, _ = slot
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        field = fields_of(kind).get(str(key))
        return [] if field is None else _flat(field.annotation, tuple(field.metadata))
    if get_origin(kind) is tuple and get_args(kind)[1:] != (...,):
        members = get_args(kind)
        return _flat(members[key], ()) if isinstance(key, int) and key < len(members) else []
    if get_origin(kind) in _LISTS:
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
            for name, field in fields_of(kind).items()
            if get_origin(field.annotation) is Literal
        )

    several = isinstance(data, dict) and len(models_of(slots)) > 1
    return [slot for slot in slots if meant(slot[0])] if several else slots


def _literal_values(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _phrase(kind: Any, constraints: tuple[Any, ...]) -> str:
    if kind is type(None):
        return "null"
    if kind is bool:
        return "true or false"
    if kind is int or kind is float:
        return f"{'an integer' if kind is int else 'a number'}{_bounds(constraints)}"
    if get_origin(kind) in _LISTS:
        members = [m for m in get_args(kind) if m is not ...]
        items = in_words([s for m in members for s in _flat(m, ())])
        fixed = get_origin(kind) is tuple and ... not in get_args(kind)
        length = f" of {len(members)} items" if fixed else _lengths(constraints)
        return f"a list{length} (each item {items})"
    if get_origin(kind) in (dict, Mapping) or kind is dict:
        return "a mapping"
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        return f"a mapping of {', '.join(fields_of(kind))}"
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
