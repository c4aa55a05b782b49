# SPDX-License-Identifier: MIT
"""Vectors as files: hexadecimal words for ``$readmemh``, JSON, or arrays of NumPy."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sim.vectors.table import Table, Vectors

__all__ = ["FORMATS", "MANIFEST", "Format", "names_of", "vector_files"]

Format = Literal["hex", "json", "npz"]
#: Names of the formats.
FORMATS: tuple[str, ...] = get_args(Format)
#: Name of the file that describes the others.
MANIFEST = "manifest.json"

_HEADER, _ARRAYS = "vectors.vh", "vectors.npz"
_WORD = 64  # bits of a word of an array


def vector_files(
    vectors: Vectors, form: Format, about: Mapping[str, Any]
) -> dict[str, bytes | str]:
    """Return the files of vectors, by name.

    Parameters
    ----------
    vectors : Vectors
    form : {"hex", "json", "npz"}
    about : mapping of str to Any
        What the manifest says besides: command, seed and count.
    """
    files: dict[str, bytes | str] = dict(vectors.files)
    if form == "hex":
        files |= {f"{table.name}.hex": _hex(table) for table in vectors.tables}
        files[_HEADER] = _header(vectors)
    elif form == "json":
        files |= {f"{table.name}.json": _json(table) for table in vectors.tables}
    else:
        files[_ARRAYS] = _npz(vectors)
    files[MANIFEST] = json.dumps(_manifest(vectors, form, about), indent=1, allow_nan=False) + "\n"
    return files


def names_of(vectors: Vectors) -> set[str]:
    """Return the names of the files in every format, so that those of another one can go."""
    tables = {f"{table.name}.{ending}" for table in vectors.tables for ending in ("hex", "json")}
    return tables | {_HEADER, _ARRAYS, MANIFEST, *vectors.files}


def _manifest(vectors: Vectors, form: Format, about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "engram": version("engram"),
        **about,
        "block": vectors.block,
        "contract": f"docs/contract.md, section {vectors.contract}",
        "parameters": vectors.parameters,
        "use": vectors.about,
        "format": form,
        "tables": [
            {
                "name": table.name,
                "file": _ARRAYS if form == "npz" else f"{table.name}.{form}",
                "role": table.role,
                "words": len(table.rows),
                "width": table.width,
                "fields": [
                    {"lowest_bit": start, **asdict(f)}
                    for f, start in zip(table.fields, table.offsets(), strict=True)
                ],
                "use": table.use,
            }
            for table in vectors.tables
        ],
        "files": sorted(vectors.files),
    }


def _hex(table: Table) -> str:
    digits = -(-table.width // 4)
    return "".join(f"{word:0{digits}x}\n" for word in table.words)


def _header(vectors: Vectors) -> str:
    """Return the sizes and the places of all fields, as constants of Verilog."""
    lines = [
        f"// Sizes of the vectors of the block {vectors.block}, by engram {version('engram')}."
    ]
    for table in vectors.tables:
        name = _constant(table.name)
        lines += [
            f"localparam {name}_WORDS = {len(table.rows)};",
            f"localparam {name}_WIDTH = {table.width};",
        ]
        for f, start in zip(table.fields, table.offsets(), strict=True):
            field = f"{name}_{_constant(f.name)}"
            lines += [
                f"localparam {field}_LSB = {start};",
                f"localparam {field}_WIDTH = {f.width};",
            ]
    return "\n".join(lines) + "\n"


def _constant(name: str) -> str:
    return re.sub(r"\W", "_", name).upper()


def _json(table: Table) -> str:
    """Return a word for each row, and its fields as numbers; hexadecimal, as words may be long."""
    digits = -(-table.width // 4)
    rows = (
        {
            "word": f"0x{word:0{digits}x}",
            **{f.name: hex(value) for f, value in zip(table.fields, row, strict=True)},
        }
        for word, row in zip(table.words, table.rows, strict=True)
    )
    return "[\n" + ",\n".join(f" {json.dumps(row)}" for row in rows) + "\n]\n"


def _npz(vectors: Vectors) -> bytes:
    arrays = {
        f"{table.name}.{name}": array
        for table in vectors.tables
        for name, array in _arrays(table).items()
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _arrays(table: Table) -> dict[str, NDArray[Any]]:
    """Return an array for each field: numbers, or rows of 64-bit words, the lowest first."""
    columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.fields)
    arrays = {}
    for f, values in zip(table.fields, columns, strict=True):
        if f.width <= _WORD:
            arrays[f.name] = np.array(values, np.int64 if f.signed else np.uint64)
        else:
            parts = -(-f.width // _WORD)
            octets = b"".join(value.to_bytes(8 * parts, "little") for value in values)
            arrays[f.name] = np.frombuffer(octets, "<u8").reshape(len(values), parts)
    return arrays
