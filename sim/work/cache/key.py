# SPDX-License-Identifier: MIT
"""What an entry of the cache is found by: text that says all that decided its bits."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["canonical", "digest_of"]


def canonical(key: Mapping[str, Any]) -> str:
    """Return a key as text that is the same for equal keys, and for no others.

    Values are None, flags, integers, finite floating-point numbers, text, and sequences and
    mappings of these. Numbers are written so that they are read back exactly; an integer and a
    floating-point number of the same value differ, a list and a tuple do not. The order of a
    mapping does not count.

    Parameters
    ----------
    key : mapping
        Arrays stand in it as their `digest_of`.

    Raises
    ------
    TypeError, ValueError
        If it has a value of another kind, a name that is no text, or text that is no Unicode; the
        message says where.
    """
    _check(key, "key")
    text = json.dumps(_plain(key), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"key must be Unicode text, without surrogates: {error}") from error
    return text


def digest_of(*arrays: NDArray[Any]) -> str:
    """Return the SHA-256 of arrays, their types and shapes included."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def _check(value: Any, where: str) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise TypeError(f"{where} must have names of text, not {name!r}")
            _check(inner, f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            _check(inner, f"{where}.{place}")
    elif value is not None and not isinstance(value, bool | int | float | str):
        raise TypeError(
            f"{where} must be None, a flag, a number, text, or a sequence or mapping of these, "
            f"not {type(value).__name__}"
        )
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} must be finite, not {value}")


def _plain(value: Any) -> Any:
    """Return mappings of any kind as the dicts that JSON knows."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
