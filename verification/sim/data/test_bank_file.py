# SPDX-License-Identifier: MIT
"""The bank file: its layout read by hand, its size, and every damage refused by name."""

import hashlib
import json
import mmap
import struct
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.bits import unpack
from sim.data.bank_file import BankFile, decode_bank, encode_bank, read_bank
from sim.work.errors import UserError


def bank_of(train: int = 5, test: int = 3, features: int = 70) -> BankFile:
    rng = np.random.default_rng(3)

    def words(count: int) -> np.ndarray:
        packed = rng.integers(0, 2**64, (count, -(-features // 64)), np.uint64)
        packed[:, -1] &= np.uint64(2 ** ((features - 1) % 64 + 1) - 1)
        return packed

    return BankFile(
        features=features,
        train=words(train),
        train_labels=rng.integers(0, 4, train),
        test=words(test),
        test_labels=rng.integers(0, 4, test),
        class_names=("a", "b", "c", "d"),
        data="cifar100",
        data_sha256="d" * 64,
        provenance="drawn at random",
        network_sha256="e" * 64,
        pretraining={"seed": 7, "classes": {"base": 2}},
    )


def signed(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


def with_description(data: bytes, change: Callable[[dict], object]) -> bytes:
    """Return the file with a changed description, whole in every other way."""
    length = struct.unpack_from("<I", data, 12)[0]
    about = json.loads(data[16 : 16 + length])
    change(about)
    text = json.dumps(about, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return signed(data[:12] + struct.pack("<I", len(text)) + text + data[16 + length : -32])


def test_a_bank_comes_back_as_it_was() -> None:
    bank = bank_of()
    back = decode_bank(encode_bank(bank))
    for name in ("train", "train_labels", "test", "test_labels"):
        np.testing.assert_array_equal(getattr(back, name), getattr(bank, name))
        assert getattr(back, name).dtype == getattr(bank, name).dtype
    for name in ("features", "class_names", "data", "data_sha256", "provenance", "pretraining"):
        assert getattr(back, name) == getattr(bank, name)
    assert encode_bank(back) == encode_bank(bank)


def test_the_layout_is_the_documented_one() -> None:
    bank = bank_of()
    data = encode_bank(bank)
    assert data[:8] == b"ENGRAMBK"
    version, length = struct.unpack_from("<II", data, 8)
    assert (version, length % 8) == (1, 0)
    start = 16 + length
    sample = int.from_bytes(data[start + 16 : start + 32], "little")  # the second of two words
    bits = [(sample >> j) & 1 for j in range(70)]
    assert bits == unpack(bank.train, 70)[1].tolist()
    labels = struct.unpack_from("<8H", data, start + 8 * 16)
    assert list(labels) == [*bank.train_labels, *bank.test_labels]
    assert data[-32:] == hashlib.sha256(data[:-32]).digest()


def test_a_bank_of_cifar_takes_less_than_6_megabytes() -> None:
    bank = replace(
        bank_of(features=512),
        train=np.zeros((50_000, 8), np.uint64),
        train_labels=np.zeros(50_000, np.int64),
        test=np.zeros((10_000, 8), np.uint64),
        test_labels=np.zeros(10_000, np.int64),
    )
    assert len(encode_bank(bank)) <= 6_000_000


def test_every_length_but_the_whole_is_refused() -> None:
    data = encode_bank(bank_of())
    for length in range(len(data)):
        with pytest.raises(ValueError, match="cut short"):
            decode_bank(data[:length])
    with pytest.raises(ValueError, match=r"^Bank file must be \d+ bytes by its .*: too long"):
        decode_bank(data + b"\0")


def test_every_flipped_byte_is_refused() -> None:
    data = encode_bank(bank_of())
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 0x41
        with pytest.raises(ValueError, match=r"Bank file|bank file"):
            decode_bank(bytes(broken))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: b"ENGRAMNN" + d[8:],
            r"^Bank file must begin with b'ENGRAMBK', not b'ENGRAMNN'$",
        ),
        (
            lambda d: signed(d[:8] + b"\2\0\0\0" + d[12:-32]),
            r"^Version of the bank file must be 1, not 2$",
        ),
        (
            lambda d: d[:-40] + bytes([d[-40] ^ 1]) + d[-39:],
            r"^Bank file must end in the SHA-256 of its first \d+ bytes: a byte is damaged$",
        ),
        (
            lambda d: d[:12] + struct.pack("<I", 2**31) + d[16:],
            r"^Bank file must hold the 2147483648 bytes of its description, in whole words, not",
        ),
        (
            lambda d: d[:16] + b"[" + d[17:],
            r"^Description of the bank file must be JSON: ",
        ),
        (
            lambda d: with_description(d, lambda about: about.pop("data")),
            r"^Description of the bank file must have the keys class_names, data, data_sha256, ",
        ),
        (
            lambda d: with_description(d, lambda about: about.update(features=0)),
            r"^Description of the bank file has a damaged features: 0$",
        ),
        (
            lambda d: with_description(d, lambda about: about.update(class_names=[1, 2, 3, 4])),
            r"^Description of the bank file has a damaged class_names: not all text$",
        ),
        (
            lambda d: with_description(d, lambda about: about.update(class_names=["a"])),
            r"^Labels must be in 0\.\.0, not [123]$",
        ),
        (
            lambda d: with_description(d, lambda about: about.update(class_names=[])),
            r"^Bank must have 1\.\.65536 classes, not 0$",
        ),
    ],
)
def test_a_damage_is_named(change: Callable[[bytes], bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_bank(change(encode_bank(bank_of())))


def test_embeddings_must_fit_their_labels() -> None:
    bank = bank_of()
    with pytest.raises(
        ValueError, match=r"^Embeddings must have the shape \(4, 2\), not \(5, 2\)$"
    ):
        replace(bank, train_labels=bank.train_labels[:4])


def test_a_file_is_named_and_must_be_of_its_network(tmp_path: Path) -> None:
    path = tmp_path / "bank.bin"
    path.write_bytes(encode_bank(bank_of()))
    assert read_bank(path, "e" * 64).features == 70
    with pytest.raises(
        UserError,
        match=r"bank\.bin: Bank must be of the network ffffffffffff, not of eeeeeeeeeeee$",
    ):
        read_bank(path, "f" * 64)
    path.write_bytes(encode_bank(bank_of())[:-1])
    with pytest.raises(UserError, match=r"bank\.bin: Bank file must be \d+ bytes .*: cut short"):
        read_bank(path)
    with pytest.raises(UserError, match=r"nothing\.bin cannot be read: no such file"):
        read_bank(tmp_path / "nothing.bin")


def test_a_large_bank_is_not_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, bank = tmp_path / "bank.bin", bank_of(train=60_000, test=1000, features=512)
    path.write_bytes(encode_bank(bank))
    small = read_bank(path)
    monkeypatch.setattr("sim.data.bank_pages._LARGE", 2**20)
    tracemalloc.start()
    try:
        large = read_bank(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 0.4 * path.stat().st_size  # labels of 8 bytes beside embeddings of 64
    for name in ("train", "test", "train_labels", "test_labels"):
        np.testing.assert_array_equal(getattr(large, name), getattr(bank, name))
        np.testing.assert_array_equal(getattr(small, name), getattr(bank, name))
    # A page that is written to belongs to the reader alone.
    large.train[0] ^= np.uint64(1)
    np.testing.assert_array_equal(read_bank(path).train, bank.train)
    damaged = bytearray(path.read_bytes())
    damaged[2**21] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(UserError, match="a byte is damaged$"):
        read_bank(path)


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux says what is in memory")
@pytest.mark.parametrize("features", [512, 500])
def test_an_opened_bank_has_left_memory_but_for_what_is_used(
    features: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, bank = tmp_path / "bank.bin", bank_of(train=200_000, test=0, features=features)
    path.write_bytes(encode_bank(bank))
    monkeypatch.setattr("sim.data.bank_pages._LARGE", 2**20)
    monkeypatch.setattr("sim.data.bank_pages._PIECE", 2**20)
    large = read_bank(path)
    assert resident(path) < 0.2 * path.stat().st_size
    assert large.train.tobytes() == bank.train.tobytes()
    assert resident(path) > 0.9 * path.stat().st_size


def resident(path: Path) -> int:
    """Return the bytes of a file's maps that are in memory."""
    total, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, *rest = line.split()
        if "-" in first:  # a map begins
            ours = line.endswith(str(path))
        elif ours and first == "Rss:":
            total += 1024 * int(rest[0])
    return total


def test_unused_bits_of_an_embedding_must_be_0() -> None:
    bank = bank_of(features=70)
    dirty = bank.train.copy()
    dirty[2, 1] |= np.uint64(1) << np.uint64(6)
    with pytest.raises(ValueError, match="^Unused bits of the embeddings must be 0, not 1$"):
        replace(bank, train=dirty)


def test_unused_bits_of_every_embedding_in_a_map_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Embeddings of three words, one of which lies in two pieces; the pieces are one page."""
    monkeypatch.setattr("sim.data.bank_pages._LARGE", 0)
    monkeypatch.setattr("sim.data.bank_pages._PIECE", mmap.PAGESIZE)
    path, bank = tmp_path / "bank.bin", bank_of(train=170, test=30, features=130)
    data = encode_bank(bank)
    start = data.index(bank.train.tobytes())
    assert len(data) > mmap.PAGESIZE
    for row in range(200):
        dirty = bytearray(data[:-32])
        dirty[start + 24 * row + 23] |= 1 << row % 8
        path.write_bytes(signed(bytes(dirty)))
        with pytest.raises(UserError, match=r"bank\.bin: Unused bits of the embeddings must be 0"):
            read_bank(path)
    full = bytearray(data[:-32])  # ones in all words that have no unused bits
    for row in range(200):
        full[start + 24 * row : start + 24 * row + 16] = b"\xff" * 16
    path.write_bytes(signed(bytes(full)))
    assert (read_bank(path).test[:, :2] == 2**64 - 1).all()
