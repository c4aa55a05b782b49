# SPDX-License-Identifier: MIT
"""Keys of the cache: text that holds all inputs that decide the bits of an entry."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["canonical", "digest_of"]


def canonical(key: Mapping[str, Any]) -> str:
    """Return a key as text: equal keys have the same text, different keys have different texts.

    Values are None, flags, integers, finite floating-point numbers, text, and sequences and
    mappings of these. The text of a number gives back the number exactly. An integer and a
    floating-point number of the same value are different; a list and a tuple are not. The order
    of a mapping does not matter.

    Parameters
    ----------
    key : mapping
        Arrays are replaced by their `digest_of`.

    Raises
    ------
    TypeError, ValueError
        If it has a value of another type, a name that is not text, or text that is not Unicode.
        The message names the place.
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
                raise TypeError(f"{where} must have names that are text, not {name!r}")
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
