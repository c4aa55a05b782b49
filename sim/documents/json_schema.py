# SPDX-License-Identifier: MIT
"""JSON schemas of configurations for editors, with the meaning of every key from the docstrings."""

import inspect
import json
import re
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

__all__ = ["meanings", "schema_text"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text(model: type[BaseModel], title: str) -> str:
    """Return the JSON schema of a configuration.

    It knows keys, types, choices and bounds, and what each key means. What concerns several keys at
    once it does not know.

    Parameters
    ----------
    model : type of pydantic.BaseModel
    title : str
        What an editor calls the file.
    """
    schema = model.model_json_schema(by_alias=True, schema_generator=_Described)
    return (
        json.dumps({"$schema": _DIALECT, **schema, "title": title}, indent=1, allow_nan=False)
        + "\n"
    )


def meanings(kind: type) -> dict[str, str]:
    """Return what the docstrings of a class and its bases say of each attribute or parameter.

    Parameters
    ----------
    kind : type
        Its docstrings are numpydoc; a name whose entry has no text is left out.
    """
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        doc = inspect.cleandoc(base.__doc__ or "")
        for section in re.findall(
            r"^(?:Attributes|Parameters)\n-+\n(.*?)(?=^\S[^\n]*\n---|\Z)", doc, re.S | re.M
        ):
            for names, text in re.findall(r"^(\S.*)\n((?:    .*\n?|\n)+)", section, re.M):
                meaning = " ".join(text.split())
                found |= {n.strip(): meaning for n in names.partition(" : ")[0].split(",")}
    return found


class _Described(GenerateJsonSchema):
    """Schema with the meanings of keys; a twin has the meanings and the defaults of its model."""

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        origin = getattr(model, "twin_of", None) or model
        summary = inspect.cleandoc(origin.__doc__ or "").partition("\n\n")[0]
        if summary:
            found["description"] = summary
        known = meanings(origin)
        properties = found.get("properties", {})
        for name, field in model.model_fields.items():
            entry = properties.get(field.alias or name)
            if entry is None:
                continue
            entry.pop("title", None)  # the key, in other letters
            if (field.alias or name) in known:
                entry["description"] = known[field.alias or name]
            if issubclass(origin, BaseModel) and origin is not model:
                entry.pop("default", None)
                entry |= _default(origin, name)
        return found

    def dataclass_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().dataclass_schema(schema)
        known = meanings(schema["cls"])
        for name, entry in found.get("properties", {}).items():
            entry |= {"description": known[name]} if name in known else {}
        return found


def _default(model: type, name: str) -> dict[str, Any]:
    """Return the default of a field as a part of a schema; empty if it has none."""
    field = getattr(model, "model_fields", {}).get(name)
    if field is None or field.is_required():
        return {}
    default = field.get_default(call_default_factory=True)
    return {"default": TypeAdapter(Any).dump_python(default, mode="json")}
