# SPDX-License-Identifier: MIT
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from sim.commands.images import load_images
from sim.data.datasets import load
from sim.data.datasets.tiny_imagenet import shrink
from sim.work.errors import UserError

WNIDS = ("n00000002", "n00000001")  # the order of the file is not that of the classes
VALIDATION = (("val_0.JPEG", 1), ("val_10.JPEG", 0), ("val_2.JPEG", 0))


def jpeg(shade: int, side: int = 32, mode: str = "RGB") -> bytes:
    """A picture of one grey, which compression does not change."""
    content = io.BytesIO()
    Image.new(mode, (side, side), (shade,) * 3 if mode == "RGB" else shade).save(content, "JPEG")
    return content.getvalue()


def write_archive(folder: Path, side: int = 32, mode: str = "RGB") -> Path:
    """Three training images a class, in the published layout; shades say which is which."""
    for c, wnid in enumerate(sorted(WNIDS)):
        images = folder / "train" / wnid / "images"
        images.mkdir(parents=True)
        for place, number in enumerate((0, 2, 10)):
            shade = 100 * c + 10 * place
            (images / f"{wnid}_{number}.JPEG").write_bytes(jpeg(shade, side, mode))
    (folder / "val" / "images").mkdir(parents=True)
    lines = []
    for place, (name, c) in enumerate(VALIDATION):
        (folder / "val" / "images" / name).write_bytes(jpeg(200 + place, side, mode))
        lines.append(f"{name}\t{sorted(WNIDS)[c]}\t0\t0\t1\t1\n")
    (folder / "val" / "val_annotations.txt").write_text("".join(lines))
    (folder / "wnids.txt").write_text("\n".join(WNIDS) + "\n")
    (folder / "words.txt").write_text(
        "n00000001\tcrane, bird\nn00000002\tcrane\nn00000003\tentity\n"
    )
    return folder


@pytest.mark.parametrize("place", ["", "tiny-imagenet-200"])
@pytest.mark.parametrize(("side", "mode"), [(32, "RGB"), (64, "RGB"), (64, "L")])
def test_an_archive_is_read_by_class_and_number(
    tmp_path: Path, place: str, side: int, mode: str
) -> None:
    write_archive(tmp_path / place, side, mode)
    images = load("tiny-imagenet", tmp_path)
    assert images.train_images.shape == (6, 32, 32, 3)
    assert images.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert images.train_images[:, 0, 0, 0].tolist() == [0, 10, 20, 100, 110, 120]
    # Image 2 of class 0 comes before its image 10.
    assert images.test_labels.tolist() == [0, 0, 1]
    assert images.test_images[:, 31, 31, 2].tolist() == [202, 201, 200]
    assert images.class_names == ("crane (n00000001)", "crane (n00000002)")
    assert images.pixel_bits == 8


def test_an_image_is_shrunk_to_the_means_of_its_blocks() -> None:
    pixels = np.zeros((4, 4, 1), np.uint8)
    pixels[:2, :2, 0] = [[1, 0], [0, 0]]  # 1/4 goes down
    pixels[:2, 2:, 0] = [[1, 1], [0, 0]]  # 1/2 goes up
    pixels[2:, :2, 0] = [[255, 255], [255, 255]]
    pixels[2:, 2:, 0] = [[7, 8], [9, 10]]  # 34/4
    assert shrink(pixels, 2)[..., 0].tolist() == [[0, 1], [255, 9]]
    same = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    np.testing.assert_array_equal(shrink(same, 32), same)


def test_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.commands.images._TOLD", 3)
    out = io.StringIO()
    load_images("tiny-imagenet", write_archive(tmp_path), Console(file=out))
    assert out.getvalue().splitlines() == ["reading images: 6/9", "reading images: 9/9"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:300])


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no archive": (lambda folder: (folder / "wnids.txt").unlink(), "wnids.txt is neither in"),
    "a class twice": (
        lambda folder: (folder / "wnids.txt").write_text("n00000001\nn00000001\n"),
        "must name classes, each once",
    ),
    "no images": (
        lambda folder: [
            path.unlink() for path in (folder / "train" / WNIDS[0] / "images").iterdir()
        ],
        "must hold the training images of class n00000002",
    ),
    "a strange class": (
        lambda folder: (folder / "val" / "val_annotations.txt").write_text("val_0.JPEG\tn9\n"),
        "val_annotations.txt, line 1: must be an image's name, a tab and a class",
    ),
    "no annotations": (
        lambda folder: (folder / "val" / "val_annotations.txt").write_text(""),
        "must name validation images",
    ),
    "no image of an annotation": (
        lambda folder: (folder / "val" / "images" / "val_2.JPEG").unlink(),
        "val_2.JPEG",
    ),
    "an image cut short": (
        lambda folder: _cut(folder / "val" / "images" / "val_2.JPEG"),
        "val_2.JPEG is damaged",
    ),
    "an image of another size": (
        lambda folder: (folder / "val" / "images" / "val_2.JPEG").write_bytes(jpeg(0, 48)),
        "must be of 32 x 32 pixels, 64 x 64 or another multiple, not 48 x 48",
    ),
    "a class without words": (
        lambda folder: (folder / "words.txt").write_text("n00000001\tcrane\n"),
        "must have a line for class n00000002",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_told(tmp_path: Path, fault: str) -> None:
    damage, message = FAULTS[fault]
    write_archive(tmp_path)
    damage(tmp_path)
    with pytest.raises(UserError) as told:
        load("tiny-imagenet", tmp_path)
    assert message in str(told.value)


def test_reading_is_the_same_twice(tmp_path: Path) -> None:
    write_archive(tmp_path)
    first, second = (load("tiny-imagenet", tmp_path) for _ in range(2))
    arrays: list[NDArray] = [first.train_images, first.test_images]
    assert all(array.flags.c_contiguous for array in arrays)
    assert first.digest() == second.digest()
