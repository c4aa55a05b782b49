# SPDX-License-Identifier: MIT
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.work.errors import UserError
from sim.work.files import (
    ensure_directory,
    find_file,
    read_bytes,
    read_text,
    remove_file,
    require_directory,
    write_all,
    write_whole,
)
from sim.work.refusals import check_target, real_path


def raiser(number: int):
    """Stand-in for a system call that fails with one error number."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("data", [b"\x00\xff", "caf\u00e9\n"])
def test_written_data_are_read_back(tmp_path: Path, data: bytes | str) -> None:
    path = tmp_path / "out"
    write_whole(path, data)
    assert read_bytes(path) == (data if isinstance(data, bytes) else data.encode())
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out"
    write_whole(path, "long old content")
    write_whole(path, "new")
    assert read_text(path) == "new"


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "whole", b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EIO, "input/output error"),
    ],
)
def test_a_failing_disk_leaves_the_old_file_and_no_partial_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    path = tmp_path / "results.json"
    write_whole(path, "old")
    monkeypatch.setattr(os, "fsync", raiser(number))
    with pytest.raises(UserError, match=f"results.json cannot be written: {reason}"):
        write_whole(path, "new")
    assert read_text(path) == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "out", "new")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="out cannot be written: it is a directory"):
        write_whole(tmp_path / "out", "new")
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_of_several_files_none_is_written_if_one_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "first").write_text("old")
    (tmp_path / "second").mkdir()
    with pytest.raises(UserError, match="second cannot be written: it is a directory"):
        write_all({tmp_path / "first": "new", tmp_path / "second": "new"})
    assert read_text(tmp_path / "first") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]
    write_all({tmp_path / "first": "new", tmp_path / "third": b"new"})
    assert read_text(tmp_path / "first") == read_text(tmp_path / "third") == "new"


def test_a_missing_or_false_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent/out cannot be written: no such file or directory"):
        write_whole(tmp_path / "absent" / "out", "new")
    (tmp_path / "file").touch()
    with pytest.raises(
        UserError, match="cannot be written: it is, or lies under, a file that is no directory"
    ):
        write_whole(tmp_path / "file" / "out", "new")


def test_a_refused_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "private"
    path.touch()
    monkeypatch.setattr(Path, "open", raiser(errno.EACCES))
    monkeypatch.setattr(Path, "read_bytes", raiser(errno.EACCES))
    with pytest.raises(UserError, match="private cannot be written: permission denied"):
        write_whole(path, "new")
    with pytest.raises(UserError, match="private cannot be read: permission denied"):
        read_bytes(path)


def test_unreadable_files_are_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent cannot be read: no such file or directory"):
        read_bytes(tmp_path / "absent")
    with pytest.raises(UserError, match="cannot be read: it is a directory"):
        read_bytes(tmp_path)


def test_text_must_be_utf8(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(UserError, match=r"config.yaml must be UTF-8 text, not binary: byte 6 is"):
        read_text(path)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"\xef\xbb\xbfname: x")
    assert read_text(tmp_path / "config.yaml") == "name: x"


def test_a_directory_is_made_with_its_parents_and_left_empty(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert ensure_directory(path) == path
    assert ensure_directory(path) == path
    assert list(path.iterdir()) == []


def test_a_directory_cannot_be_made_over_or_under_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be created: a file of that name is in the way"):
        ensure_directory(tmp_path / "file")
    with pytest.raises(UserError, match="cannot be created: it is, or lies under, a file"):
        ensure_directory(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "permission denied"),
        (errno.EROFS, "the file system is read-only"),
        (errno.ENOSPC, "the disk is full"),
    ],
)
def test_a_directory_that_takes_no_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    monkeypatch.setattr(Path, "open", raiser(number))
    with pytest.raises(UserError, match=f"cannot be written into: {reason}"):
        ensure_directory(tmp_path)


def test_the_first_file_of_several_is_found(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "second").touch()
    (tmp_path / "third").touch()
    names = ("absent", "second/below", "folder", "second", "third")
    assert find_file(tmp_path / name for name in names) == tmp_path / "second"
    assert find_file([tmp_path / "absent"]) is None


def test_a_refused_look_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "stat", raiser(errno.EACCES))
    with pytest.raises(UserError, match="file cannot be read: permission denied"):
        find_file([tmp_path / "file"])


def test_a_directory_must_exist_and_be_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert require_directory(tmp_path) == tmp_path
    with pytest.raises(UserError, match="Directory .*absent cannot be read: no such file"):
        require_directory(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="Directory .*file cannot be read: it is, or lies under, a"):
        require_directory(tmp_path / "file")
    monkeypatch.setattr(Path, "iterdir", raiser(errno.EACCES))
    with pytest.raises(UserError, match="Directory .* cannot be read: permission denied"):
        require_directory(tmp_path)


def test_a_pipe_is_neither_waited_for_nor_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    kind = "it is a pipe, a socket or a device"
    with pytest.raises(UserError, match=f"pipe cannot be read: {kind}"):
        read_bytes(tmp_path / "pipe")
    with pytest.raises(UserError, match=f"pipe cannot be written: {kind}"):
        write_all({tmp_path / "other": "new", tmp_path / "pipe": "new"})
    assert list(tmp_path.iterdir()) == [tmp_path / "pipe"]
    with pytest.raises(UserError, match=f"null cannot be written: {kind}"):
        check_target(Path("/dev/null"))


@pytest.mark.parametrize(
    ("call", "refused"),
    [
        (read_bytes, "cannot be read"),
        (remove_file, "cannot be removed"),
        (require_directory, "cannot be read"),
        (ensure_directory, "cannot be created"),
        (check_target, "cannot be written"),
        (real_path, "cannot be used"),
        (lambda path: find_file([path]), "cannot be read"),
        (lambda path: write_whole(path, "new"), "cannot be written"),
    ],
)
def test_a_path_that_no_file_can_have_is_named(
    tmp_path: Path, call: Callable[[Path], object], refused: str
) -> None:
    with pytest.raises(UserError) as caught:
        call(tmp_path / "a\0b")
    assert f"a\\x00b' {refused}: embedded null byte" in str(caught.value)
    (tmp_path / "loop").symlink_to("loop")
    below = tmp_path / "loop" / "below"
    with pytest.raises(UserError) as caught:
        call(below)
    assert f"{below} {refused}: " in str(caught.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "loop"]
