# SPDX-License-Identifier: MIT
"""Images of a user in folders: the data set that they show, and faults that are named."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sim.data.datasets import NAMES as KNOWN
from sim.data.datasets import ImageSet, check_name, check_resize, load
from sim.work.errors import UserError
from verification.sim.own_images import NAMES, pixels, save_image, write_classes, write_split

SORTED = sorted(NAMES)


def labelled(images: ImageSet, part: str) -> list[tuple[str, bytes]]:
    """Return each image of a part with the name of its class, in order."""
    arrays = zip(getattr(images, f"{part}_labels"), getattr(images, f"{part}_images"), strict=True)
    return [(images.class_names[label], image.tobytes()) for label, image in arrays]


def expected(chosen: Callable[[int], bool], count: int, **about: int) -> list[tuple[str, bytes]]:
    return [
        (name, image.tobytes())
        for name in SORTED
        for number, image in enumerate(pixels(NAMES.index(name), count, **about))
        if chosen(number)
    ]


@pytest.mark.parametrize("colours", [1, 3])
def test_every_sixth_image_of_a_class_is_for_the_test(tmp_path: Path, colours: int) -> None:
    write_classes(tmp_path / "pets", 13, colours=colours)
    images = load(f"{tmp_path}/pets")
    assert (images.name, images.class_names) == ("pets/", tuple(SORTED))
    assert (images.image_shape, images.pixel_bits) == ((8, 8, colours), 8)
    assert labelled(images, "test") == expected(lambda i: i in (5, 11), 13, colours=colours)
    assert labelled(images, "train") == expected(lambda i: i not in (5, 11), 13, colours=colours)
    assert images.train_labels.dtype == np.int64


def test_a_split_by_folders_is_kept_and_other_files_are_left(tmp_path: Path) -> None:
    write_split(tmp_path, 4, 2)
    (tmp_path / "README.txt").write_text("about")
    (tmp_path / "train" / "cat" / ".DS_Store").write_bytes(b"")
    (tmp_path / "train" / ".cache").mkdir()
    done: list[tuple[int, int]] = []
    images = load(f"{tmp_path}/", advance=lambda *how_far: done.append(how_far))
    assert labelled(images, "train") == expected(lambda i: i < 4, 6)
    assert labelled(images, "test") == expected(lambda i: i >= 4, 6)
    assert images.name == f"{tmp_path.name}/"
    assert done == [(24, 24)]


@pytest.mark.parametrize("last", [False, True])
def test_grey_images_among_coloured_ones_become_coloured(tmp_path: Path, last: bool) -> None:
    write_classes(tmp_path, 6)
    grey = pixels(9, 1, colours=1)[0]
    save_image(tmp_path / "ant" / "000.png", grey)
    if last:
        save_image(tmp_path / "dog" / "005.png", grey)
    images = load(f"{tmp_path}/")
    assert images.image_shape == (8, 8, 3)
    np.testing.assert_array_equal(images.train_images[0], np.repeat(grey, 3, axis=2))


@pytest.mark.parametrize("ending", ["jpg", "JPEG"])
def test_jpeg_images_are_read(tmp_path: Path, ending: str) -> None:
    for name in ("a", "b"):
        for number in range(6):
            flat = np.full((8, 8, 3), 20 * number, np.uint8)  # compression does not change it
            save_image(tmp_path / name / f"{number}.{ending}", flat)
    images = load(f"{tmp_path}/")
    assert images.train_images[:5, 0, 0, 0].tolist() == [0, 20, 40, 60, 80]
    assert images.test_images[:, 7, 7, 2].tolist() == [100, 100]


def test_images_are_resized_when_a_user_says_so(tmp_path: Path) -> None:
    write_classes(tmp_path, 6)
    save_image(tmp_path / "cow" / "000.png", pixels(2, 1, side=16)[0])
    with pytest.raises(UserError, match="give all images one size by --resize"):
        load(f"{tmp_path}/")
    images = load(f"{tmp_path}/", resize="4x6")
    assert images.image_shape == (4, 6, 3)
    assert images.provenance.endswith(", resized to 4 x 6")
    with Image.open(tmp_path / "ant" / "000.png") as image:
        small = np.asarray(image.resize((6, 4), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(images.train_images[0], small)
    # An image that has the size already stays as it is, to the last bit.
    (tmp_path / "cow" / "000.png").unlink()
    save_image(tmp_path / "cow" / "000.png", pixels(2, 1)[0])
    assert load(f"{tmp_path}/", resize="8x8").digest() == load(f"{tmp_path}/").digest()


def translucent(path: Path) -> None:
    Image.new("RGBA", (8, 8), (1, 2, 3, 200)).save(path)


def deep(path: Path) -> None:
    Image.new("I;16", (8, 8)).save(path)


def vast(folder: Path, side: int) -> None:
    """Write an image of so many pixels that Pillow warns of it, or refuses it."""
    Image.new("1", (side, side)).save(folder / A)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


A = "ant/003.png"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: translucent(f / A), r"003\.png must have no transparent pixels: lay it on a co"),
        (lambda f: deep(f / A), r"ant/003\.png must have colours of 8 bits, and its mode is I;16"),
        *(
            (partial(vast, side=side), r"ant/003\.png must have at most 89478485 pixels: make it")
            for side in (9_500, 13_400)
        ),
        (lambda f: cut(f / A), r"ant/003\.png is damaged: it is no whole PNG or JPEG image"),
        (lambda f: (f / A).write_text("hello"), r"ant/003\.png is damaged: it is no PNG or JPEG i"),
        (
            lambda f: save_image(f / A, pixels(0, 1, side=9)[0]),
            r"ant/003\.png must be of 8 x 8 pixels as .*ant/000\.png, not of 9 x 9: give all ima",
        ),
        (
            lambda f: (f / "ant/a.gif").touch(),
            r"ant/a\.gif must be an image, \.png, \.jpg, \.jpeg$",
        ),
        (lambda f: (f / "ant/b").mkdir(), r"ant/b must be an image, \.png, \.jpg, \.jpeg$"),
        (lambda f: (f / "bee").mkdir(), r"bee must have images, \.png, \.jpg, \.jpeg, and it has"),
        (lambda f: (f / A).unlink(), r"ant must have 6 images or more: in a folder without train"),
        (lambda f: (f / "train").mkdir(), r"must have a folder test beside its folder train$"),
        (lambda f: (f / "test").mkdir(), r"must have a folder train beside its folder test$"),
        (
            lambda f: ((f / A).unlink(), os.mkfifo(f / A)),
            r"ant/003\.png cannot be read: it is a pipe",
        ),
    ],
)
def test_a_fault_of_a_folder_is_named(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    spoil(write_classes(tmp_path, 6))
    with pytest.raises(UserError, match=message) as told:
        load(f"{tmp_path}/")
    assert str(tmp_path) in str(told.value)


def test_an_opaque_channel_of_transparency_is_no_matter(tmp_path: Path) -> None:
    write_classes(tmp_path, 6)
    before = load(f"{tmp_path}/").digest()
    with Image.open(tmp_path / A) as image:
        image.convert("RGBA").save(tmp_path / A)
    assert load(f"{tmp_path}/").digest() == before


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("train", r"test/bee: test must have the classes of train, and train has no such class"),
        ("test", r"test/bee: test must have the classes of train, and has no such folder"),
    ],
)
def test_training_and_test_have_the_same_classes(tmp_path: Path, part: str, message: str) -> None:
    write_split(tmp_path)
    for other in {"train", "test"} - {part}:
        save_image(tmp_path / other / "bee" / "0.png", pixels(0, 1)[0])
    with pytest.raises(UserError, match=message):
        load(f"{tmp_path}/")


def test_an_empty_or_absent_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must have a folder of images for each class, and it ha"):
        load(f"{tmp_path}/")
    with pytest.raises(UserError, match=r"Directory .*absent cannot be read: no such file or dir"):
        load(f"{tmp_path}/absent")


@pytest.mark.parametrize("resize", ["", "32", "32x", "0x4", "4x4097", "-1x4", "4 x 4", "4x4x3"])
def test_a_size_that_is_none_is_refused(resize: str) -> None:
    with pytest.raises(ValueError, match="^resize must be height x width in pixels, as in 32x32"):
        check_resize("./pets", resize)


def test_only_images_of_a_user_are_resized() -> None:
    assert check_resize("./pets", "4x5") == (4, 5)
    assert check_resize("mnist", None) is None
    with pytest.raises(UserError, match="^--resize must be left out for digits: it is for"):
        load("digits", resize="4x4")
    with pytest.raises(ValueError, match=r"must be one of cifar10, .* not 'pets'$"):
        check_name("pets", KNOWN)


KNOWN_ARCHIVES = {
    "cifar10": ["batches.meta", "data_batch_1", "test_batch"],
    "cifar100": ["meta", "train", "test"],
    "tiny-imagenet": ["wnids.txt", "train/n1/images/0.JPEG", "val/val_annotations.txt"],
    # Idx files of the folder itself are images of a user.
    "mnist or fashion-mnist": ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"],
}


@pytest.mark.parametrize(
    ("archive", "files", "above"),
    [
        (archive, files, above)
        for archive, files in KNOWN_ARCHIVES.items()
        for above in (True, *([] if archive.startswith("mnist") else [False]))
    ],
)
def test_an_archive_of_a_known_data_set_is_no_folder_of_images(
    tmp_path: Path, archive: str, files: list[str], above: bool
) -> None:
    for name in files:
        path = tmp_path / "got" / ("archive" if above else "") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with pytest.raises(UserError, match=rf"got must .* archive of {archive}: .* with --data-dir$"):
        load(f"{tmp_path}/got")


def test_files_beside_the_images_make_no_archive(tmp_path: Path) -> None:
    write_split(tmp_path / "pets")
    for name in ("wnids.txt", "meta", "batches.meta", "data_batch_1"):
        (tmp_path / "pets" / name).touch()
    assert load(f"{tmp_path}/pets").class_names == tuple(SORTED)
