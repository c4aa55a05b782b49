# SPDX-License-Identifier: MIT
"""Images of a user in arrays of NumPy: the data set that they hold, and faults that are named."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.data.datasets import ImageSet, load
from sim.work.errors import UserError
from verification.sim.own_images import NAMES, pixels, write_split

SORTED = sorted(NAMES)


def arrays(**change: Any) -> dict[str, Any]:
    """Return arrays of the images of `write_split`, in the order of its folders."""
    parts = {"train": range(10), "test": range(10, 13)}
    made: dict[str, Any] = {"class_names": np.array(SORTED)}
    for part, numbers in parts.items():
        chosen = [pixels(NAMES.index(name), 13)[list(numbers)] for name in SORTED]
        made[f"{part}_images"] = np.concatenate(chosen)
        made[f"{part}_labels"] = np.repeat(np.arange(4, dtype=np.uint8), len(numbers))
    return {key: value for key, value in (made | change).items() if value is not None}


def write_arrays(folder: Path, layout: str, **change: Any) -> str:
    """Write the arrays in one of the two layouts, and return the path as a user gives it."""
    if layout == "archive":
        np.savez(folder / "pets.npz", **arrays(**change))
        return f"{folder}/pets.npz"
    for name, array in arrays(**change).items():
        np.save(folder / f"{name}.npy", array)
    return f"{folder}/"


@pytest.mark.parametrize("layout", ["archive", "folder"])
def test_arrays_are_the_same_data_as_folders_of_the_same_images(
    tmp_path: Path, layout: str
) -> None:
    (tmp_path / "arrays").mkdir()
    given = load(write_arrays(tmp_path / "arrays", layout))
    seen = load(f"{write_split(tmp_path / 'pets')}/")
    assert given.digest() == seen.digest()
    assert given.name == ("pets.npz" if layout == "archive" else "arrays/")
    same = {field.name for field in fields(ImageSet)} - {"name", "provenance"}
    for name in same:
        np.testing.assert_array_equal(getattr(given, name), getattr(seen, name))
    small = [load(path, resize="5x4") for path in (f"{tmp_path}/pets", str(given_path(tmp_path)))]
    assert small[0].digest() == small[1].digest()


def given_path(folder: Path) -> Path:
    archive = folder / "arrays" / "pets.npz"
    return archive if archive.exists() else folder / "arrays"


def test_arrays_without_a_colour_axis_are_grey_and_without_names_numbered(tmp_path: Path) -> None:
    grey = {f"{part}_images": arrays()[f"{part}_images"][..., 1] for part in ("train", "test")}
    images = load(write_arrays(tmp_path, "archive", **grey, class_names=None))
    assert images.image_shape == (8, 8, 1)
    assert images.class_names == ("0", "1", "2", "3")
    np.testing.assert_array_equal(images.test_images[..., 0], grey["test_images"])


@pytest.mark.parametrize("layout", ["archive", "folder"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test_labels": None}, r"test_labels( is missing$|\.npy cannot be read: no such file)"),
        ({"train_images": np.zeros((40, 8, 8))}, r"must be unsigned bytes .*, not float64$"),
        (
            {"train_images": np.zeros((40, 3, 8, 8), np.uint8)},
            r"train_images(\.npy)? must be of \(samples, height, width\), or of .* with 4 colours",
        ),
        (
            {"train_images": np.zeros((0, 8, 8), np.uint8)},
            r"have images of every class, and it has n",
        ),
        ({"test_images": np.zeros((12, 8, 9, 3), np.uint8)}, r"of 8 x 8 x 3, as .*, not of 8 x 9"),
        (
            {"train_labels": np.zeros(39, int)},
            r"must be integers, one for each of 40 images, not i",
        ),
        (
            {"train_labels": np.full(40, "a")},
            r"must be integers, .* <U1 .*: names go into class_names",
        ),
        ({"test_labels": np.zeros(12)}, r"test_labels(\.npy)? must be integers, .* not float64 of"),
        ({"test_labels": np.full(12, -1)}, r"must be classes in 0\.\.65535, not -1$"),
        ({"test_labels": np.zeros(12, int)}, r"every class from 0 to 3, and class 1 has no image$"),
        ({"class_names": np.array(["a"])}, r"class_names(\.npy)? must be text, one name for each"),
        ({"class_names": np.array(["a", "b", "b", "c"])}, r"must give every class a name of its"),
        ({"class_names": np.array(["a", "b", "", "c"])}, r"must give every class a name of its"),
        ({"class_names": np.array(["a", "b", "\x07", "c"])}, r"characters to print, not '\\x07'$"),
    ],
)
def test_a_fault_of_arrays_is_named(
    tmp_path: Path, layout: str, change: dict, message: str
) -> None:
    path = write_arrays(tmp_path, layout, **change)
    with pytest.raises(UserError, match=message) as told:
        load(path)
    assert str(tmp_path) in str(told.value)


def test_a_file_that_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("no archive")
    with pytest.raises(
        UserError, match=r"a\.npz must be an archive of NumPy, .* it begins with b'no arc'$"
    ):
        load(f"{tmp_path}/a.npz")
    np.save(tmp_path / "a.npy", np.zeros(3))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(UserError, match=r"a\.npz must be an archive of NumPy, .* not a single"):
        load(f"{tmp_path}/a.npz")
    np.savez(tmp_path / "a.npz", train_images=np.array([{}], object))
    with pytest.raises(UserError, match=r"a\.npz must be an archive of plain arrays: it holds Pyt"):
        load(f"{tmp_path}/a.npz")
    write_arrays(tmp_path, "archive")
    content = bytearray((tmp_path / "pets.npz").read_bytes())
    content[600] ^= 1
    (tmp_path / "pets.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"pets\.npz must be an archive of plain arrays: "):
        load(f"{tmp_path}/pets.npz")
