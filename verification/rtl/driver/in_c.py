# SPDX-License-Identifier: MIT
"""The driver in C with the methods of the one in Python, so that the same tests hold both."""

import ctypes
from ctypes import byref, c_int32, c_int64, c_uint16, c_uint32, c_uint64
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtl.driver.fault import DriverError, Fault
from rtl.driver.watch import Failure, MemoryTest, Scrubbed
from rtl.registers import EVENTS
from rtl.requests import Source
from verification.rtl.driver.library import Engram, Model

__all__ = ["DriverInC"]


class DriverInC:
    """Calls of `engram.c`, as those of `rtl.driver.driver.Driver`."""

    def __init__(self, library: Any, model: Model) -> None:
        self._library, self._chip = library, Engram()
        self._model = model  # it must live as long
        self._do("open", model.address)

    def __getattr__(self, name: str) -> int:
        return getattr(self._chip, name)

    def reset(self) -> None:
        self._do("reset")

    def load(self, file: bytes) -> None:
        self._do("load", file, ctypes.c_size_t(len(file)))

    def seed(self, seed: int) -> None:
        self._do("seed", c_uint64(seed))

    def see(self, classes: int) -> None:
        self._do("see", classes)

    def classify(self, picture: ArrayLike) -> tuple[int, NDArray[np.int32]]:
        label, logits = c_uint32(), (c_int32 * max(1, self.head_classes))()
        self._do("classify", self._bytes(picture), byref(label), logits)
        alone = c_uint32()
        self._do("classify", self._bytes(picture), byref(alone), None)
        assert alone.value == label.value
        return label.value, np.array(logits)

    def embed(self, picture: ArrayLike) -> NDArray[np.uint8]:
        vector = self._vectors(1)
        self._do("embed", self._bytes(picture), vector)
        return self._unpacked(vector)[0]

    def learn(self, label: int, vector: ArrayLike) -> None:
        self._do("learn", label, _packed(vector))

    def learn_picture(self, label: int, picture: ArrayLike) -> None:
        self._do("learn_picture", label, self._bytes(picture))

    def append(self, codes: ArrayLike, thresholds: ArrayLike = ()) -> None:
        rows = np.asarray(codes, np.uint16)
        limits = np.asarray(thresholds, np.uint16)
        self._do("append", len(rows), rows.tobytes(), limits.tobytes())

    def replace(self, label: int, codes: ArrayLike, thresholds: ArrayLike = ()) -> None:
        rows, limits = np.asarray(codes, np.uint16), np.asarray(thresholds, np.uint16)
        self._do("replace", label, len(rows), rows.tobytes(), limits.tobytes())

    def remove(self, label: int) -> None:
        self._do("remove", label)

    def open_slot(self, slot: int, label: int) -> None:
        self._do("open_slot", slot, label)

    def reopen_slot(self, slot: int) -> None:
        self._do("reopen_slot", slot)

    def close_slot(self, slot: int) -> None:
        self._do("close_slot", slot)

    def count(self, slot: int, vector: ArrayLike) -> None:
        self._do("count", slot, _packed(vector))

    def count_picture(self, slot: int, picture: ArrayLike) -> None:
        self._do("count_picture", slot, self._bytes(picture))

    def costs(self, weights: ArrayLike, bases: ArrayLike) -> None:
        self._do("costs", *(np.asarray(column, np.uint64).tobytes() for column in (weights, bases)))

    def answer(self, picture: ArrayLike) -> tuple[int, int]:
        label, cost = c_uint32(), c_uint64()
        self._do("answer", self._bytes(picture), byref(label), byref(cost))
        return label.value, cost.value

    def weigh(self, thresholds: ArrayLike) -> None:
        limits = np.asarray(thresholds, np.uint16)
        self._do("weigh", len(limits) + 1, limits.tobytes())

    def load_basis(self, loadings: ArrayLike, exponent: int) -> None:
        self._do("load_basis", np.asarray(loadings, np.int8).tobytes(), exponent)

    def draw(
        self, source: Source, label: int, requests: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        count = requests * (1 if source is Source.LATENT else self.draws)
        vectors, labels = self._vectors(count), (c_uint16 * count)()
        self._do("draw", int(source), label, requests, vectors, labels)
        return self._unpacked(vectors), np.array(labels, np.int64)

    def head_load(self, weights: ArrayLike, first: int = 0) -> None:
        rows = np.asarray(weights, np.int32)
        self._do("head_load", first, len(rows), rows.tobytes())

    def head_read(self, classes: int) -> NDArray[np.int32]:
        return self._weights("head_read", classes, self.head_hidden + self.features)

    def head_load_hidden(self, weights: ArrayLike, first: int = 0) -> None:
        self._do("head_load_hidden", first, len(weights), b"".join(map(_packed, weights)))

    def head_load_latent(self, weights: ArrayLike, first: int = 0) -> None:
        rows = np.asarray(weights, np.int32)
        self._do("head_load_latent", first, len(rows), rows.tobytes())

    def head_read_latent(self, neurons: int) -> NDArray[np.int32]:
        return self._weights("head_read_latent", neurons, self.features)

    def head_clear(self) -> None:
        self._do("head_clear")

    def head_learn(
        self,
        classes: int,
        vectors: ArrayLike,
        labels: ArrayLike,
        past: tuple[Source, int, int] = (Source.NONE, 0, 0),
    ) -> int:
        hits, rows = c_uint32(), b"".join(_packed(vector) for vector in np.asarray(vectors))
        drawn = (c_uint32 * 3)(*map(int, past)) if past[2] else None
        named = np.asarray(labels, np.uint16)
        self._do("head_learn", classes, len(named), rows, named.tobytes(), drawn, byref(hits))
        return hits.value

    def head_classify(self, classes: int, vector: ArrayLike) -> tuple[int, int]:
        label, total = c_uint32(), c_int64()
        self._do("head_classify", classes, _packed(vector), byref(label), byref(total))
        return label.value, total.value

    def test_memory(self, *, listed: bool = False) -> MemoryTest:
        found = (c_uint32 * 4)()
        self._do("test_memory", found, None, 0)
        words, bits, first, _ = found
        if not listed:
            return MemoryTest(words, bits, first, [])
        self._do("test_memory", found, (c_uint32 * 4)(), 1)  # room for the first one alone
        count = found[3]
        failures = (c_uint32 * 4 * (count + 1))()
        failures[count][0] = 77
        self._do("test_memory", found, failures, count)
        assert failures[count][0] == 77
        assert list(found) == [words, bits, first, count]
        return MemoryTest(words, bits, first, [Failure(*failure) for failure in failures[:count]])

    def wrong_words(self) -> tuple[int, int]:
        corrected, uncorrected = c_uint32(), c_uint32()
        self._do("wrong_words", byref(corrected), byref(uncorrected))
        return corrected.value, uncorrected.value

    def clear_wrong_words(self) -> None:
        self._do("clear_wrong_words")

    def scrub(self, interval: int) -> None:
        self._do("scrub", c_uint32(interval))

    def scrubbed(self) -> Scrubbed:
        counts = [c_uint32() for _ in Scrubbed._fields]
        self._do("scrubbed", *map(byref, counts))
        return Scrubbed(*(count.value for count in counts))

    def clear_scrubbed(self) -> None:
        self._do("clear_scrubbed")

    def enable(self, *events: str) -> None:
        self._do("enable", sum(1 << number for number, name in enumerate(EVENTS) if name in events))

    def events(self) -> set[str]:
        pending = c_uint32()
        self._do("events", byref(pending))
        return {name for number, name in enumerate(EVENTS) if pending.value >> number & 1}

    def _weights(self, call: str, count: int, inputs: int) -> NDArray[np.int32]:
        size = count * inputs
        weights = (c_int32 * (size + 1))(*[77] * (size + 1))
        self._do(call, count, weights)
        assert weights[size] == 77
        return np.array(weights[:size], np.int32).reshape(count, -1)

    def _do(self, call: str, *arguments: Any) -> None:
        fault = Fault(getattr(self._library, f"engram_{call}")(byref(self._chip), *arguments))
        if fault is not Fault.OK:
            raise DriverError(fault)

    def _bytes(self, picture: ArrayLike) -> bytes:
        return np.asarray(picture).astype(f"<u{self.pixel_bytes}").tobytes()

    def _vectors(self, count: int) -> Any:
        size = self._library.engram_vector_bytes(byref(self._chip))
        # What lies there before must not matter, and what lies behind must stay.
        return (ctypes.c_uint8 * (count * size + 1))(*[255] * (count * size + 1))

    def _unpacked(self, vectors: Any) -> NDArray[np.uint8]:
        packed = np.array(vectors, np.uint8)
        assert packed[-1] == 255
        size = self._library.engram_vector_bytes(byref(self._chip))
        bits = np.unpackbits(packed[:-1].reshape(-1, size), axis=1, bitorder="little")
        assert not bits[:, self.features :].any()
        return bits[:, : self.features]


def _packed(vector: ArrayLike) -> bytes:
    return np.packbits(np.asarray(vector, np.uint8), bitorder="little").tobytes()
