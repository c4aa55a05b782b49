# SPDX-License-Identifier: MIT
"""Compiled layers on packed maps: (images, height, width, words) uint64, channels packed a pixel.

Fields of bits that need not begin on a word are moved a word at a time. No function checks anything
or holds any state, so images can be divided among threads at will.
"""

import numpy as np
from numba import njit

from golden.kernels.gemm import BLOCK, fire, write_parities

__all__ = ["append", "conv", "flatten", "pool", "thermometer"]


@njit(cache=True, nogil=True)
def _copy(target, to, source, start, n):
    """Copy `n` bits from bit `start` of a flat array to bit `to` of another, which is 0 there."""
    for done in range(0, n, 64):
        take = min(64, n - done)
        word, shift = (start + done) >> 6, (start + done) & 63
        field = source[word] >> np.uint64(shift)
        if shift + take > 64:
            field |= source[word + 1] << np.uint64(64 - shift)
        field &= ~np.uint64(0) >> np.uint64(64 - take)
        word, shift = (to + done) >> 6, (to + done) & 63
        target[word] |= field << np.uint64(shift)
        if shift + take > 64:
            target[word + 1] |= field >> np.uint64(64 - shift)


@njit(cache=True, nogil=True)
def append(out, to, part, n):
    """Copy the `n` bits of every packed vector of `part` to bit `to` of one of `out`, 0 there."""
    flat_out, flat_part = out.reshape(-1), part.reshape(-1)
    for i in range(len(part)):
        _copy(flat_out, 64 * out.shape[1] * i + to, flat_part, 64 * part.shape[1] * i, n)


@njit(cache=True, nogil=True)
def thermometer(images, ones, levels, out):
    """Write codes; `ones` holds, for every value of a pixel, how many bits of its code are 1."""
    colours, words = images.shape[3], out.shape[3]
    full = np.full(-(-levels // 64), ~np.uint64(0))
    pixels, values = out.reshape(-1), images.reshape(-1)
    pixels[:] = 0
    for i in range(len(values)):
        # Thresholds rise, so the ones of a code come first.
        pixel, colour = divmod(i, colours)
        _copy(pixels, 64 * words * pixel + colour * levels, full, 0, ones[values[i]])


@njit(cache=True, nogil=True)
def pool(maps, size, out):
    """Write the OR of every window."""
    n_images, height, width, words = out.shape
    out[:] = 0
    for image in range(n_images):
        for y in range(height * size):
            for x in range(width * size):
                for word in range(words):
                    out[image, y // size, x // size, word] |= maps[image, y, x, word]


@njit(cache=True, nogil=True)
def flatten(maps, channels, out):
    """Write maps as packed vectors, pixel by pixel."""
    n_images, height, width, words = maps.shape
    pixels, flat = maps.reshape(-1), out.reshape(-1)
    flat[:] = 0
    for i in range(n_images * height * width):
        image, pixel = divmod(i, height * width)
        _copy(flat, 64 * out.shape[1] * image + pixel * channels, pixels, 64 * words * i, channels)


@njit(cache=True, nogil=True)
def conv(maps, panels, limits, flips, kernel, pad, channels, outputs, pitch, shuffle, out):
    """Write the output of a convolution: windows become rows, and every group is one product.

    `kernel` is its (height, width); `channels` and `outputs` are those of a group, `pitch` the bits
    from one kernel position of a window to the next; `panels`, `limits` and `flips` have a first
    axis of groups. A dense layer is a convolution whose kernel is the whole map.
    """
    n_images, height, width, out_words = out.shape
    groups, n_panels, words = panels.shape[:3]
    windows = np.empty((BLOCK, words), np.uint64)
    parities = np.empty((BLOCK, words), np.uint64)
    fired = np.zeros((BLOCK, -(-n_panels // 4) * 4), np.uint16)
    packed = fired.reshape(-1).view(np.uint64)
    stride = len(packed) // BLOCK
    pixels = out.reshape(-1)
    pixels[:] = 0
    total = n_images * height * width
    for top in range(0, total, BLOCK):
        n = min(BLOCK, total - top)
        for group in range(groups):
            place = top, n, height, width
            _cut(maps, place, kernel, pad, group, groups, channels, pitch, windows)
            write_parities(windows[:n], parities)
            fire(parities, n, panels[group], limits[group], flips[group], fired)
            for i in range(n):
                pixel = 64 * out_words * (top + i)
                if shuffle:
                    # Output j of the group goes to channel j*groups + group.
                    for j in range(outputs):
                        to = pixel + j * groups + group
                        _copy(pixels, to, packed, 64 * stride * i + j, 1)
                else:
                    _copy(pixels, pixel + group * outputs, packed, 64 * stride * i, outputs)


@njit(cache=True, nogil=True)
def _cut(maps, place, kernel, pad, group, groups, channels, pitch, windows):
    """Write what some outputs of a group see; outside the map that is 0.

    `place` is their first and number, then the rows and columns that the outputs of an image have.
    """
    top, n, rows, columns = place
    height, width, words = maps.shape[1:]
    flat, out = maps.reshape(-1), windows.reshape(-1)
    # Neighbours of a map row are neighbours in the window too if it takes all words of a pixel.
    whole = groups == 1 and pitch == 64 * words
    out[:] = 0
    for i in range(n):
        row, x = divmod(top + i, columns)
        image, y = divmod(row, rows)
        y, x = y - pad, x - pad
        left, right = max(0, -x), min(kernel[1], width - x)
        for k in range(max(0, -y), min(kernel[0], height - y)):
            pixel = (image * height + y + k) * width + x + left
            to = 64 * windows.shape[1] * i + (k * kernel[1] + left) * pitch
            if whole:
                for word in range((right - left) * words):
                    out[(to >> 6) + word] = flat[pixel * words + word]
            else:
                for j in range(right - left):
                    begin = 64 * (pixel + j) * words + group * channels
                    _copy(out, to + j * pitch, flat, begin, channels)
