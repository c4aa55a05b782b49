# SPDX-License-Identifier: MIT
"""A CIFAR-100 archive of a few hundred images that a small network can learn."""

import pickle
from pathlib import Path

import numpy as np

__all__ = ["write_small_cifar"]


def write_small_cifar(folder: Path, train: int = 300, test: int = 100) -> Path:
    """Write the archive into `folder` and return it; a class is a colour, its images noisy."""
    rng = np.random.default_rng(11)
    colours = rng.integers(0, 256, (100, 3))

    def part(count: int) -> dict[bytes, object]:
        labels = np.arange(count) % 100
        planes = np.repeat(colours[labels], 1024, axis=1)
        noisy = (planes + rng.normal(0, 20, planes.shape)).clip(0, 255).astype(np.uint8)
        return {b"data": noisy, b"fine_labels": labels.tolist()}

    names = [b"class_%d" % i for i in range(100)]
    inside = folder / "cifar-100-python"
    inside.mkdir(parents=True)
    meta = {b"fine_label_names": names, b"coarse_label_names": []}
    for name, entry in (("meta", meta), ("train", part(train)), ("test", part(test))):
        (inside / name).write_bytes(pickle.dumps(entry, protocol=2))
    return folder
