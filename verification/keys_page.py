# SPDX-License-Identifier: MIT
"""The reference of all keys of configurations, ``docs/keys.md``, from the schemas.

    python -m verification.keys_page

writes it anew. A key has its type with choices and bounds, its default, and its meaning, in which
its unit stands. A section that several kinds of configurations have is described once.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.commands.schema import KINDS, model_of
from sim.documents.json_schema import schema_text
from sim.work.files import write_whole

__all__ = ["PAGE", "Kind", "main", "page"]

PAGE = Path(__file__).parents[1] / "docs" / "keys.md"

Schema = dict[str, Any]

_HEAD = """\
# Keys of configurations

Made from the schemas that `engram schema KIND` prints; `python -m verification.keys_page` writes
this page. [commands.md](commands.md#configurations) says which command reads which kind. Where no
default stands, the key must be there if its section is.

Two forms are left out below. In a study and in a comparison, a list in place of a value of a method
is a sweep over these values. In an exploration, a list is a choice, and `{low, high, log, step}` a
range.
"""

_TITLES = {
    "study": "Study",
    "comparison": "Comparison",
    "explore": "Exploration",
    "board": "Board",
    "cost": "Chip to price",
    "technology": "Technology",
    "pretrain": "Pre-training",
    "series": "Series of pre-trainings",
    "native": "Native replay",
    "resnet": "Residual network",
    "binplay": "BinPlay",
}

#: The method whose keys those of others repeat.
_PLAIN = "none"


def page() -> str:
    """Return the whole page."""
    known: dict[str, str] = {}
    parts = [_HEAD]
    for kind in KINDS:
        schema = json.loads(schema_text(model_of(kind), kind))
        parts += Kind(_TITLES[kind], schema, known).parts()
    return "\n".join(f"{part}\n" for part in parts)


def main() -> None:
    """Write the page."""
    write_whole(PAGE, page())


class Kind:
    """The tables of one kind of configuration.

    Parameters
    ----------
    title : str
    schema : dict
        Its JSON schema.
    known : dict of str to str
        Heading of each table of sections that the page has; it grows.
    """

    def __init__(self, title: str, schema: Schema, known: dict[str, str]) -> None:
        self._title = title
        self._schema = schema
        self._known = known
        self._sections: list[str] = []

    def parts(self) -> Iterator[str]:
        """Yield headings, descriptions and tables: of the file first, then of its sections."""
        rows = list(self._rows(self._schema, ""))
        yield f"## {self._title}"
        if "description" in self._schema:
            yield _plain(self._schema["description"])
        yield _table(rows)
        yield from self._sections

    def _rows(self, section: Schema, path: str) -> Iterator[str]:
        for key, entry in section.get("properties", {}).items():
            if "const" in entry:  # it chose this section; its heading says so
                continue
            if re.search(r"\d\.\.", entry.get("description", "")):
                # The parameters check these bounds; that of the schema is what no hardware has.
                entry = {name: entry[name] for name in entry if name != "maximum"}
            cells = [f"`{key}`", self._typed(entry, f"{path}{key}")]
            default = entry.get("default")
            if "default" not in entry:
                cells.append("")
            elif isinstance(default, Mapping) and default:
                cells.append("its own")
            else:
                cells.append(f"`{json.dumps(default)}`")
            cells.append(_plain(self._meaning(entry)))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    def _meaning(self, entry: Schema) -> str:
        said = entry.get("description", "")
        references = [form for form in [entry, *entry.get("anyOf", [])] if "$ref" in form]
        if said in ("", "Sections.") and references:
            return self._target(references[0]).get("description", "")
        return said

    def _target(self, entry: Schema) -> Schema:
        return self._schema["$defs"][entry["$ref"].rpartition("/")[2]]

    def _typed(self, entry: Schema, path: str) -> str:
        """Return the type of a value, with choices and bounds, and with links to sections."""
        if "discriminator" in entry:
            return self._chosen(entry["discriminator"], path)
        if "$ref" in entry:
            target = self._target(entry)
            return self._section(target, path) if "properties" in target else target["type"]
        options = entry.get("anyOf") or entry.get("oneOf")
        if options:
            names = dict.fromkeys(self._typed(option, path) for option in self._own(options))
            return " or ".join(names)
        if "enum" in entry or "const" in entry:
            values = entry.get("enum", [entry.get("const")])
            return ", ".join(f"`{_written(value)}`" for value in values)
        kind = str(entry.get("type", "anything"))
        if kind == "array":
            return f"list of {self._typed(entry.get('items', {}), path)}"
        if kind == "object":
            values = entry.get("additionalProperties")
            inner = self._typed(values, f"{path}.NAME") if isinstance(values, dict) else ""
            return f"mapping of names to {inner}" if inner else "mapping"
        return " ".join([{"string": "text", "null": "`null`"}.get(kind, kind), *_bounds(entry)])

    def _own(self, options: list[Schema]) -> list[Schema]:
        """Return the forms of a value without those that only sweeps and spaces have."""
        own = [option for option in options if "Range" not in option.get("$ref", "")]
        rest = [option for option in own if option.get("type") != "array"]
        single = {json.dumps(option) for option in rest if option.get("type") != "null"}
        lists = [option["items"] for option in own if option not in rest and "items" in option]
        swept = any(single <= _forms(items) for items in lists)
        return rest if single and swept else own

    def _chosen(self, discriminator: Schema, path: str) -> str:
        """Return links to the sections that the value of one key chooses among."""
        name, mapping = discriminator["propertyName"], discriminator["mapping"]
        plain = (
            self._schema["$defs"][mapping[_PLAIN].rpartition("/")[2]] if _PLAIN in mapping else {}
        )
        links = []
        for value in sorted(mapping, key=lambda value: value != _PLAIN):
            target = self._target({"$ref": mapping[value]})
            without = plain if value != _PLAIN else {}
            links.append(
                self._section(target, f"{path} with {name} {value}", f"`{value}`", without)
            )
        return f"section, by its `{name}`: {', '.join(links)}"

    def _section(
        self, section: Schema, path: str, shown: str = "section", without: Schema | None = None
    ) -> str:
        """Describe a section unless the page has it; return a link to it."""
        rows = list(self._rows(section, f"{path.partition(' with ')[0]}."))
        common = list(self._rows(without, f"{path.partition(' with ')[0]}.")) if without else []
        note = ""
        if common and set(common) <= set(rows):
            rows = [row for row in rows if row not in common]
            note = f"It also has the keys of `{_PLAIN}`."
        said = "\n\n".join(part for part in (_plain(section.get("description", "")), note) if part)
        text = "\n\n".join(part for part in (said, _table(rows)) if part)
        # Spaces have every key of a method but this one.
        alike = re.sub(r"^\| `increment` .*\n?", "", text, flags=re.M)
        heading = self._known.setdefault(alike, f"{self._title}: {path}")
        part = f"### {heading}\n\n{text}"
        if heading == f"{self._title}: {path}" and part not in self._sections:
            self._sections.append(part)
        return f"[{shown}](#{_anchor(heading)})"


def _table(rows: list[str]) -> str:
    head = ["| key | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) if rows else ""


def _forms(items: Schema) -> set[str]:
    """Return the forms that the items of a list may have, each as text."""
    return {json.dumps(form) for form in items.get("anyOf", [items])}


def _bounds(entry: Schema) -> Iterator[str]:
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    found = [f"{sign} {_number(entry[name])}" for name, sign in signs.items() if name in entry]
    if found:
        yield " and ".join(found)
    if "multipleOf" in entry:
        yield f"in steps of {_number(entry['multipleOf'])}"


def _written(value: Any) -> str:
    """Return a value as YAML has it, text without quotes."""
    return value if isinstance(value, str) else json.dumps(value)


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _plain(text: str) -> str:
    """Return a text of a docstring as Markdown on one line."""
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split()))


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    main()
