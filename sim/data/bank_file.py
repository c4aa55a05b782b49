# SPDX-License-Identifier: MIT
"""Bank file: a data set as binary embeddings, with their origin.

All integers are little-endian.

============ ==========================================================================
bytes        content
============ ==========================================================================
0..7         ``ENGRAMBK`` in ASCII
8..11        version, unsigned 32 bits: 1
12..15       length J of the description, unsigned 32 bits, ``16 + J`` a multiple of 8
16..15+J     the description: JSON in UTF-8, keys sorted, padded on the right with spaces
then         packed embeddings (contract, 1) of all training, then of all test samples
then         their classes, unsigned 16 bits each, padded with zero bytes to 8
last 32      SHA-256 of all bytes before
============ ==========================================================================
"""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from golden.bits import word_count
from sim.data.bank_content import BankFile, check_unused
from sim.data.bank_pages import Content, content_of, pieces_of
from sim.work.errors import UserError

__all__ = ["BankFile", "decode_bank", "encode_bank", "read_bank"]

_MAGIC = b"ENGRAMBK"
_VERSION = 1
_HEADER = struct.Struct("<8sII")
_DIGEST_SIZE = hashlib.sha256().digest_size

# Keys of a description and the types of their values.
_KEYS: dict[str, type] = {
    "class_names": list,
    "data": str,
    "data_sha256": str,
    "features": int,
    "network_sha256": str,
    "pretraining": dict,
    "provenance": str,
    "test": int,
    "train": int,
}


def encode_bank(bank: BankFile) -> bytes:
    """Return the bytes of a bank file."""
    text = json.dumps(
        {
            "class_names": list(bank.class_names),
            "data": bank.data,
            "data_sha256": bank.data_sha256,
            "features": bank.features,
            "network_sha256": bank.network_sha256,
            "pretraining": bank.pretraining,
            "provenance": bank.provenance,
            "test": len(bank.test),
            "train": len(bank.train),
        },
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
    text += b" " * (-(_HEADER.size + len(text)) % 8)
    labels = np.concatenate([bank.train_labels, bank.test_labels]).astype("<u2").tobytes()
    parts: list[bytes | memoryview] = [
        _HEADER.pack(_MAGIC, _VERSION, len(text)) + text,
        # Without a copy, where the machine has the order of bytes of the file.
        *(np.ascontiguousarray(part, "<u8").data for part in (bank.train, bank.test)),
        labels + b"\0" * (-len(labels) % 8),
    ]
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part)
    return b"".join([*parts, sha.digest()])


def decode_bank(data: Content) -> BankFile:
    """Return the content of a bank file, the inverse of `encode_bank`.

    Parameters
    ----------
    data : bytes or mmap
        The whole file. The embeddings are a copy of bytes, but a view of a map, which is not read
        into memory as a whole.

    Raises
    ------
    ValueError
        If the file is damaged in any way; the message says what is damaged and where.
    """
    view = memoryview(data)
    start = _read_header(view)
    about = _read_description(bytes(view[_HEADER.size : start]))
    words, samples = word_count(about["features"]), about["train"] + about["test"]
    size = start + 8 * words * samples + -(-2 * samples // 8) * 8 + _DIGEST_SIZE
    if len(data) != size:
        raise ValueError(
            f"Bank file must be {size} bytes by its description, not {len(data)}: "
            f"{'cut short' if len(data) < size else 'too long'}, or the description is damaged"
        )
    _check_bytes(data, start // 8, words, samples, about["features"])
    packed = np.frombuffer(data, "<u8", words * samples, start)
    packed = packed.astype(np.uint64, copy=isinstance(data, bytes))
    packed = packed.reshape(samples, words)
    labels = np.frombuffer(data, "<u2", samples, start + packed.nbytes).astype(np.int64)
    train = slice(0, about.pop("train"))
    test = slice(train.stop, train.stop + about.pop("test"))
    return BankFile(
        train=packed[train],
        train_labels=labels[train],
        test=packed[test],
        test_labels=labels[test],
        class_names=tuple(about.pop("class_names")),
        unused_checked=True,
        **about,
    )


def read_bank(path: Path, network_sha256: str | None = None) -> BankFile:
    """Read a bank file.

    Parameters
    ----------
    path : Path
        File to read.
    network_sha256 : str, optional
        SHA-256 of the network file that must have made the embeddings.

    Raises
    ------
    UserError
        If the file cannot be read, is damaged, or holds the embeddings of another network.
    """
    try:
        bank = decode_bank(content_of(path))
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
    if network_sha256 is not None and bank.network_sha256 != network_sha256:
        other = bank.network_sha256[:12] or "no known network"
        raise UserError(
            f"{path}: Bank must be of the network {network_sha256[:12]}, not of {other}"
        )
    return bank


def _check_bytes(data: Content, start: int, words: int, samples: int, features: int) -> None:
    """Hold a file to its SHA-256, and the unused bits of its embeddings to 0, in one passage.

    Parameters
    ----------
    data : bytes or mmap
        The whole file.
    start : int
        Position of the first embedding, in words.
    words : int
        Words of an embedding.
    samples : int
        Embeddings.
    features : int
        D, bits of an embedding.
    """
    size, end = len(data) - _DIGEST_SIZE, start + words * samples
    sha, refused = hashlib.sha256(), None
    for first, piece in pieces_of(data, size):
        sha.update(piece)
        here = first // 8
        of_piece = np.frombuffer(piece[: len(piece) // 8 * 8], "<u8")[: max(0, end - here)]
        last = start + words - 1  # of the first embedding
        last = last - here if last >= here else (last - here) % words
        try:
            check_unused(of_piece[last::words], features)
        except ValueError as error:
            refused = error
    if sha.digest() != memoryview(data)[size:]:
        raise ValueError(
            f"Bank file must end in the SHA-256 of its first {size} bytes: a byte is damaged"
        )
    if refused is not None:
        raise refused


def _read_header(data: memoryview) -> int:
    """Return the position of the first byte after the description."""
    if len(data) < _HEADER.size + _DIGEST_SIZE:
        raise ValueError(
            f"Bank file must be at least {_HEADER.size + _DIGEST_SIZE} bytes, not {len(data)}: "
            "cut short"
        )
    magic, version, length = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise ValueError(f"Bank file must begin with {_MAGIC!r}, not {magic!r}")
    if version != _VERSION:
        raise ValueError(f"Version of the bank file must be {_VERSION}, not {version}")
    end = _HEADER.size + length
    if end % 8 or end > len(data) - _DIGEST_SIZE:
        raise ValueError(
            f"Bank file must hold the {length} bytes of its description, in whole words, not "
            f"{len(data)} bytes in all: cut short, or the length is damaged"
        )
    return end


def _read_description(text: bytes) -> dict[str, Any]:
    """Return the description, with the type of every value checked."""
    try:
        about = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Description of the bank file must be JSON: {error}") from error
    if not isinstance(about, dict) or sorted(about) != sorted(_KEYS):
        raise ValueError(
            f"Description of the bank file must have the keys {', '.join(sorted(_KEYS))}"
        )
    for key, kind in _KEYS.items():
        value = about[key]
        if type(value) is not kind or (kind is int and value < (key == "features")):
            raise ValueError(f"Description of the bank file has a damaged {key}: {value!r:.60}")
    if not all(isinstance(name, str) for name in about["class_names"]):
        raise ValueError("Description of the bank file has a damaged class_names: not all text")
    return about
