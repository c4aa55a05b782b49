# SPDX-License-Identifier: MIT
"""Network file: description and arrays as bytes (contract, 9)."""

import hashlib
import json
import struct
from collections.abc import Iterable
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack, unpack, word_count
from golden.params import ConvParams, DenseParams, NetworkParams

__all__ = ["decode", "encode"]

_MAGIC = b"ENGRAMNN"
_VERSION = 1
_HEADER = struct.Struct("<8sII")
_DIGEST_SIZE = hashlib.sha256().digest_size


class _Section(NamedTuple):
    """One array of the file: its name and shape, and whether it holds integers or bits."""

    name: str
    shape: tuple[int, ...]
    integers: bool = False

    @property
    def elements(self) -> int:
        """Elements of the array."""
        return prod(self.shape)

    @property
    def size(self) -> int:
        """Bytes, a multiple of 8."""
        return 8 * word_count(self.elements * (32 if self.integers else 1))


def encode(params: NetworkParams, arrays: Iterable[NDArray[np.generic]]) -> bytes:
    """Return the network file of a network.

    Parameters
    ----------
    params : NetworkParams
    arrays : iterable of ndarray
        Arrays of all layers and then of the head, in the order of the file.
    """
    text = _canonical(params)
    text += b" " * (-(_HEADER.size + len(text)) % 8)
    parts = [_HEADER.pack(_MAGIC, _VERSION, len(text)), text]
    for section, array in zip(_sections(params), arrays, strict=True):
        if section.integers:
            octets = array.astype("<i4").tobytes()
            parts.append(octets.ljust(section.size, b"\0"))
        else:
            parts.append(pack(array.reshape(-1)).astype("<u8").tobytes())
    body = b"".join(parts)
    return body + hashlib.sha256(body).digest()


def decode(data: bytes) -> tuple[NetworkParams, list[NDArray]]:
    """Return the parameters and the arrays of a network file; the inverse of `encode`.

    Raises
    ------
    ValueError
        If the file is damaged in any way. The message names the fault and its place.
    """
    start = _read_header(data)
    params = _read_description(data[_HEADER.size : start])
    sections = _sections(params)
    size = start + sum(section.size for section in sections) + _DIGEST_SIZE
    if len(data) != size:
        raise ValueError(
            f"Network file must be {size} bytes by its description, not {len(data)}: "
            f"{'cut short' if len(data) < size else 'too long'}, or the description is damaged"
        )
    if hashlib.sha256(data[:-_DIGEST_SIZE]).digest() != data[-_DIGEST_SIZE:]:
        raise ValueError(
            f"Network file must end in the SHA-256 of its first {size - _DIGEST_SIZE} bytes: "
            "a byte is damaged"
        )
    arrays = []
    for section in sections:
        arrays.append(_read_section(section, data, start))
        start += section.size
    return params, arrays


def _canonical(params: NetworkParams) -> bytes:
    """Return the description as JSON with sorted keys and no white space."""
    return json.dumps(params.describe(), sort_keys=True, separators=(",", ":")).encode()


def _sections(params: NetworkParams) -> list[_Section]:
    """Return the arrays of the file, in order."""
    sections = []
    for index, layer in enumerate(params.layers):
        if not isinstance(layer, ConvParams | DenseParams):
            continue
        sections.append(_Section(f"weights of layer {index}", layer.weight_shape))
        if layer.thresholds:
            sections.append(_Section(f"thresholds of layer {index}", (layer.outputs,), True))
            sections.append(_Section(f"polarities of layer {index}", (layer.outputs,)))
    if (head := params.head) is not None:
        plane = (head.classes, head.concat)
        sections.append(_Section("hidden weights of the head", (head.hidden, head.features)))
        sections += [_Section(f"plane {name} of the head", plane) for name in "ab"]
    return sections


def _read_header(data: bytes) -> int:
    """Check the header and return the byte at which the description ends."""
    if len(data) < _HEADER.size + _DIGEST_SIZE:
        raise ValueError(
            f"Network file must be at least {_HEADER.size + _DIGEST_SIZE} bytes, not {len(data)}: "
            "cut short"
        )
    magic, version, length = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise ValueError(f"Network file must begin with {_MAGIC!r}, not {magic!r}")
    if version != _VERSION:
        raise ValueError(f"Version of the network file must be {_VERSION}, not {version}")
    if (_HEADER.size + length) % 8:
        raise ValueError(f"Description must end on a multiple of 8 bytes, not {length} bytes long")
    if (end := _HEADER.size + length) > len(data) - _DIGEST_SIZE:
        raise ValueError(
            f"Network file must hold the {length} bytes of its description, not {len(data)} bytes "
            "in all: cut short, or the length is damaged"
        )
    return end


def _read_description(text: bytes) -> NetworkParams:
    """Return the parameters of a description; refuse one that is not in canonical form."""
    try:
        params = NetworkParams.from_description(json.loads(text.decode()))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"Description of the network file must be valid: {error}") from error
    if text.rstrip(b" ") != _canonical(params):
        raise ValueError(
            "Description of the network file must hold every key once, sorted, "
            f"without white space, not {text!r}"
        )
    return params


def _read_section(section: _Section, data: bytes, start: int) -> NDArray:
    """Return the array of a section; refuse a section whose unused bits are not 0."""
    octets = data[start : start + section.size]
    if section.integers:
        values = np.frombuffer(octets, "<i4").astype(np.int32)
        rest = values[section.elements :]
        array = values[: section.elements]
    else:
        words = np.frombuffer(octets, "<u8").astype(np.uint64)
        rest = unpack(words, 64 * len(words))[section.elements :]
        array = unpack(words, section.elements).reshape(section.shape)
    if rest.any():
        raise ValueError(f"Unused bits of the {section.name} must be 0, at byte {start}")
    return array
