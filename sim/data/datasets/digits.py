# SPDX-License-Identifier: MIT
"""The handwritten digits that scikit-learn ships: 1797 images of 8 x 8 pixels, no download."""

import numpy as np

from sim.data.datasets.imageset import ImageSet
from sim.data.datasets.split import one_of

__all__ = ["load_digits"]

# One of every five samples of a class is a test sample.
_TEST_EVERY = 5


def load_digits() -> ImageSet:
    """Load the digits.

    The pixels 0..16 are counts of set dots in 4 x 4 cells. 16 saturates to 15, so 4 bits suffice.
    The source has no split: within each class, in the order of the source, sample ``i`` (from 0) is
    a test sample iff ``i mod 5 == 4``. Both parts keep the order of the source.

    Returns
    -------
    ImageSet
        1442 training and 355 test images of 8 x 8 x 1 pixels of 4 bits.

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI repository, 1998.
    """
    # It takes a second and more to import: commands that read no digits do not wait for it.
    from sklearn import datasets as sklearn_datasets

    pixels, target = sklearn_datasets.load_digits(return_X_y=True)
    images = np.minimum(pixels, 15).astype(np.uint8).reshape(-1, 8, 8, 1)
    labels = np.asarray(target, np.int64)
    test = one_of(labels, _TEST_EVERY)
    return ImageSet(
        name="digits",
        train_images=images[~test],
        train_labels=labels[~test],
        test_images=images[test],
        test_labels=labels[test],
        pixel_bits=4,
        class_names=tuple("0123456789"),
        provenance=(
            "scikit-learn's load_digits, pixel 16 saturated to 15; in each class, in the order of "
            "the source, sample i is a test sample iff i mod 5 = 4"
        ),
    )
