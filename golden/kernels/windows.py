# SPDX-License-Identifier: MIT
"""Windows of convolutions, cut from packed maps as rows of running parities.

The running parities of a part of a row are those of the whole row, each xor the one before the
part. So the parities of a map are found once. A window then takes one part of each of its rows: a
vector of eight words is read where it lies, flipped, and written.
"""

import numpy as np

from golden.kernels.compiled import compiled
from golden.kernels.fields import copy, within
from golden.kernels.vectors import WORDS, fill, load, store, xor

__all__ = ["SLACK", "cut_bits", "cut_words", "row_words", "write_rows"]

SLACK = WORDS - 1  # words past the end of an array that vectors may touch


@compiled()
def row_words(width, pad, taken):
    """Return the words of a row of parities: that before the row, and those of all its pixels.

    Parameters
    ----------
    width : int
        Pixels of a row of a map.
    pad : int
        Zeros on both sides of it.
    taken : int
        Words of a pixel.
    """
    return 1 + (width + 2 * pad) * taken


@compiled()
def write_rows(maps, first, last, pad, start, channels, taken, rows):
    """Write the running parities of every row of some maps, which `pad` zeros surround.

    Parameters
    ----------
    maps : ndarray of shape (images, height, width, words), uint64
    first, last : int
        The images ``first .. last - 1``.
    pad : int
        Rows and columns of zeros on every side of a map.
    start, channels : int
        First channel that is read, and their number. Whole words are read faster.
    taken : int
        ``ceil(channels / 64)``, words of a pixel.
    rows : ndarray, uint64
        Flat memory for ``height + 2*pad`` rows of `row_words` an image.
    """
    height, width, words = maps.shape[1:]
    flat, margin, pitch = maps.reshape(-1), pad * taken, row_words(width, pad, taken)
    whole = start & 63 == 0 and channels & 63 == 0
    at = 0
    for image in range(first, last):
        for y in range(-pad, height + pad):
            if not 0 <= y < height:
                rows[at : at + pitch] = 0
                at += pitch
                continue
            rows[at : at + 1 + margin] = 0
            at += 1 + margin
            parity = np.uint64(0)
            begin = (image * height + y) * width * words
            for _ in range(width):
                for word in range(taken):
                    if whole:
                        parity ^= flat[begin + (start >> 6) + word]
                    else:
                        bit, n = 64 * (begin + word) + start, min(64, channels - 64 * word)
                        parity ^= within(flat[bit >> 6], flat[bit + n - 1 >> 6], bit & 63, n)
                    rows[at + word] = parity
                at += taken
                begin += words
            rows[at : at + margin] = parity
            at += margin


@compiled()
def cut_words(rows, place, kernel, pitch, taken, out):
    """Write the running parities of windows whose pixels have `taken` whole words each.

    Parameters
    ----------
    rows : ndarray, uint64
        Flat, from `write_rows`, and `SLACK` words more.
    place : tuple of int
        The first window, counted from the first image of `rows`, the number of windows, and the
        rows and columns of windows in an image.
    kernel : tuple of int
        Height and width of the kernel.
    pitch : int
        Words of a row of parities.
    taken : int
    out : ndarray, uint64
        Flat memory for the windows, one after the other, and `SLACK` words more.
    """
    top, n, height, width = place
    length = kernel[1] * taken
    image, pixel = divmod(top, height * width)
    y, x = divmod(pixel, width)
    to = left = 0
    while left < n:
        row = (image * (height + kernel[0] - 1) + y) * pitch
        run = min(width - x, n - left)
        for at in range(row + x * taken, row + (x + run) * taken, taken):
            if kernel[0] == 3 and length <= WORDS:  # most windows, so without a loop
                flip = rows[at]
                store(out, to, xor(load(rows, at + 1), fill(flip)))
                flip ^= rows[at + length] ^ rows[at + pitch]
                store(out, to + length, xor(load(rows, at + pitch + 1), fill(flip)))
                flip ^= rows[at + pitch + length] ^ rows[at + 2 * pitch]
                store(out, to + 2 * length, xor(load(rows, at + 2 * pitch + 1), fill(flip)))
            else:
                _cut_one(rows, at, kernel[0], length, pitch, out, to)
            to += kernel[0] * length
        left += run
        x, y = 0, y + 1
        if y == height:
            image, y = image + 1, 0


@compiled()
def _cut_one(rows, at, height, length, pitch, out, to):
    """Write the parities of a window of `height` rows of `length` words."""
    flip = np.uint64(0)
    for _ in range(height):
        flip ^= rows[at]
        flips = fill(flip)
        for word in range(0, length, WORDS):
            store(out, to + word, xor(load(rows, at + 1 + word), flips))
        flip ^= rows[at + length]
        at += pitch
        to += length


@compiled()
def cut_bits(maps, place, kernel, pad, start, channels, windows):
    """Write windows whose pixels lie bit to bit. Bits outside the map are 0.

    Parameters
    ----------
    maps : ndarray of shape (images, height, width, words), uint64
    place : tuple of int
        The first window, counted from the first image, the number of windows, and the rows and
        columns of windows in an image.
    kernel : tuple of int
        Height and width of the kernel.
    pad : int
        Rows and columns of zeros on every side of a map.
    start, channels : int
        First channel that is read, and their number.
    windows : ndarray of shape (>= n, words), uint64
    """
    top, n, rows, columns = place
    height, width, words = maps.shape[1:]
    flat, out = maps.reshape(-1), windows.reshape(-1)
    out[:] = 0
    image, pixel = divmod(top, rows * columns)
    y, x = divmod(pixel, columns)
    for i in range(n):
        left, right = max(0, pad - x), min(kernel[1], width + pad - x)
        for k in range(max(0, pad - y), min(kernel[0], height + pad - y)):
            pixel = (image * height + y - pad + k) * width + x - pad
            to = 64 * windows.shape[1] * i + (k * kernel[1] + left) * channels
            begin = 64 * (pixel + left) * words + start
            copy(out, to, channels, flat, begin, 64 * words, right - left, channels)
        x += 1
        if x == columns:
            x, y = 0, y + 1
            if y == rows:
                image, y = image + 1, 0
