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
import mmap
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import word_count
from sim.data.tasks import class_order
from sim.work.errors import UserError
from sim.work.files import read_bytes

__all__ = ["BankFile", "decode_bank", "encode_bank", "read_bank"]

_MAGIC = b"ENGRAMBK"
_VERSION = 1
_HEADER = struct.Struct("<8sII")
_DIGEST_SIZE = hashlib.sha256().digest_size
_LARGEST_CLASSES = 2**16
_LARGE = 2**26  # bytes of a file from which it is mapped, not read
_PIECE = 2**24  # bytes of a map that are in memory at a time while it is checked

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


@dataclass(frozen=True, eq=False, kw_only=True)
class BankFile:
    """Content of a bank file.

    Parameters
    ----------
    features : int
        D, bits of an embedding.
    train, test : ndarray of shape (n_samples, ceil(D/64)), uint64
        Packed embeddings, in the order of the data set.
    train_labels, test_labels : ndarray of shape (n_samples,), int64
        Classes, numbered as in the data set.
    class_names : tuple of str
        Names of the classes, numbered as in the data set.
    data, data_sha256 : str
        Name of the data set, and `sim.data.datasets.ImageSet.digest`; the latter is empty if the
        bank was made of real features.
    provenance : str
        Origin, split and order of the data set.
    network_sha256 : str
        SHA-256, in hexadecimal, of the network file that made the embeddings; empty if they are of
        no known network, but real features that a binarizer coded.
    pretraining : dict
        Plain data on how the network was trained, or the binarizer fitted, above all on which
        classes; empty if unknown.

    Raises
    ------
    ValueError
        If shapes, labels and class names do not fit together.
    """

    features: int
    train: NDArray[np.uint64]
    train_labels: NDArray[np.int64]
    test: NDArray[np.uint64]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    data: str
    data_sha256: str
    provenance: str
    network_sha256: str
    pretraining: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_classes = len(self.class_names)
        if not 1 <= n_classes <= _LARGEST_CLASSES:
            raise ValueError(f"Bank must have 1..{_LARGEST_CLASSES} classes, not {n_classes}")
        for packed, labels in ((self.train, self.train_labels), (self.test, self.test_labels)):
            wanted = (len(labels), word_count(self.features))
            if packed.shape != wanted:
                raise ValueError(f"Embeddings must have the shape {wanted}, not {packed.shape}")
            if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
                wrong = labels[(labels < 0) | (labels >= n_classes)][0]
                raise ValueError(f"Labels must be in 0..{n_classes - 1}, not {wrong}")
            used = self.features % 64
            if used and packed.size and (packed[:, -1] >> np.uint64(used)).any():
                raise ValueError("Unused bits of the embeddings must be 0, not 1")

    def trained_classes(self) -> frozenset[int] | None:
        """Return the classes on which network or binarizer were fitted; None if the bank is silent.

        They are those whose names `pretraining` lists, whatever the name of the data set. Without a
        list, they are the first `base` classes of the class order, if `pretraining` names this data
        set, and none if it names another.
        """
        classes = self.pretraining.get("classes")
        if not isinstance(classes, dict) or not isinstance(classes.get("data"), str):
            return None
        if isinstance(names := classes.get("names"), list):
            return frozenset(c for c, name in enumerate(self.class_names) if name in names)
        if classes["data"] != self.data:
            return frozenset()
        try:
            order = class_order(len(self.class_names), classes["order"])
            return frozenset(order[: int(classes["base"])].tolist())
        except (KeyError, TypeError, ValueError):  # a card that another program wrote
            return None


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


def decode_bank(data: bytes | mmap.mmap) -> BankFile:
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
    if _digest(data) != view[-_DIGEST_SIZE:]:
        raise ValueError(
            f"Bank file must end in the SHA-256 of its first {size - _DIGEST_SIZE} bytes: "
            "a byte is damaged"
        )
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
        bank = decode_bank(_content(path))
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
    if network_sha256 is not None and bank.network_sha256 != network_sha256:
        other = bank.network_sha256[:12] or "no known network"
        raise UserError(
            f"{path}: Bank must be of the network {network_sha256[:12]}, not of {other}"
        )
    return bank


def _content(path: Path) -> bytes | mmap.mmap:
    """Return a small file as bytes, and a map of a large one, of which a page is read when used.

    The map is private: who writes to the embeddings changes neither the file nor another process.
    """
    with suppress(OSError, ValueError):  # what cannot be mapped is read, or refused with a reason
        if path.stat().st_size > _LARGE:
            with path.open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return read_bytes(path)


def _digest(data: bytes | mmap.mmap) -> bytes:
    """Return the SHA-256 of all bytes but the last 32. A map leaves memory again, piece by piece.

    Nobody has written to the map yet, so nothing is lost with its pages.
    """
    sha, view = hashlib.sha256(), memoryview(data)[:-_DIGEST_SIZE]
    for first in range(0, len(view), _PIECE):
        piece = view[first : first + _PIECE]
        sha.update(piece)
        if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            data.madvise(mmap.MADV_DONTNEED, first, len(piece))
    return sha.digest()


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
