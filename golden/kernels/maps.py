# SPDX-License-Identifier: MIT
"""Compiled layers on packed maps of shape (images, height, width, words), uint64.

The channels of each pixel are packed. The functions check nothing and have no state, so images can
be divided among threads at will.
"""

import numpy as np

from golden.kernels.compiled import compiled
from golden.kernels.fields import copy, shuffle
from golden.kernels.gemm import BLOCK, write_parities
from golden.kernels.rules import fire
from golden.kernels.tile import COLUMNS
from golden.kernels.windows import SLACK, cut_bits, cut_words, row_words, write_rows

__all__ = ["append", "conv", "flatten", "pool", "thermometer"]

_WINDOWS = 1024  # windows of the images whose rows of parities are kept at a time


@compiled()
def append(out, to, part, n):
    """Copy every packed vector of one array into a vector of another.

    Parameters
    ----------
    out : ndarray of shape (vectors, words), uint64
        Target. Its bits from `to` on must be 0.
    to : int
        Bit of a vector of `out` where the copy begins.
    part : ndarray of shape (vectors, ceil(n/64)), uint64
    n : int
        Bits of a vector of `part`.
    """
    flat_out, flat_part = out.reshape(-1), part.reshape(-1)
    step, pitch = 64 * out.shape[1], 64 * part.shape[1]
    copy(flat_out, to, step, flat_part, 0, pitch, len(part), n)


@compiled()
def thermometer(images, codes, levels, out):
    """Write the thermometer codes of pictures (contract, 3).

    Parameters
    ----------
    images : ndarray of shape (images, height, width, colours), uint16
    codes : ndarray of shape (values, ceil(levels/64)), uint64
        Packed code of every value of a colour.
    levels : int
        T, bits of a code.
    out : ndarray of shape (images, height, width, words), uint64
        Maps to write.
    """
    colours, words = images.shape[3], out.shape[3]
    pixels, values, flat = out.reshape(-1), images.reshape(-1), codes.reshape(-1)
    if levels <= 64:
        _short_codes(values, flat, levels, colours, pixels)
        return
    pixels[:] = 0
    for pixel in range(len(values) // colours):
        for colour in range(colours):
            value = np.int64(values[pixel * colours + colour])
            to = 64 * words * pixel + colour * levels
            copy(pixels, to, 0, flat, 64 * codes.shape[1] * value, 0, 1, levels)


@compiled()
def _short_codes(values, codes, levels, colours, pixels):
    """Write codes of a word or less; the word of a pixel is kept until it is full."""
    at = 0
    for first in range(0, len(values), colours):
        word, used = np.uint64(0), 0
        for colour in range(colours):
            code = codes[values[first + colour]]
            word |= code << np.uint64(used)
            used += levels
            if used >= 64:
                pixels[at] = word
                at += 1
                used -= 64
                word = code >> np.uint64(levels - used) if used else np.uint64(0)
        if used:
            pixels[at] = word
            at += 1


@compiled()
def pool(maps, size, out):
    """Write the OR of every window (contract, 3).

    Parameters
    ----------
    maps : ndarray of shape (images, height, width, words), uint64
    size : int
        Side and stride of a window.
    out : ndarray of shape (images, height // size, width // size, words), uint64
        Maps to write.
    """
    n_images, height, width, words = out.shape
    flat, pixels, row = maps.reshape(-1), out.reshape(-1), maps.shape[2] * words
    to = 0
    for top in range(0, n_images * height * size * row, size * row):
        for left in range(top, top + width * size * words, size * words):
            for at in range(left, left + words):
                if size == 2:  # a loop of two turns takes longer than they do
                    window = flat[at] | flat[at + words] | flat[at + row] | flat[at + row + words]
                else:
                    window = np.uint64(0)
                    for line in range(at, at + size * row, row):
                        for place in range(line, line + size * words, words):
                            window |= flat[place]
                pixels[to] = window
                to += 1


@compiled()
def flatten(maps, channels, out):
    """Write maps as packed vectors, pixel by pixel.

    Parameters
    ----------
    maps : ndarray of shape (images, height, width, words), uint64
    channels : int
        Bits of a pixel.
    out : ndarray of shape (images, ceil(height*width*channels/64)), uint64
        Vectors to write.
    """
    n_images, height, width, words = maps.shape
    pixels, flat = maps.reshape(-1), out.reshape(-1)
    flat[:] = 0
    size, step = height * width, 64 * out.shape[1]
    for i in range(n_images):
        copy(flat, step * i, channels, pixels, 64 * words * size * i, 64 * words, size, channels)


@compiled()
def conv(maps, panels, limits, flips, kernel, pad, channels, outputs, pitch, spread, out):
    """Write the output of a convolution. Windows become rows, and every group is one product.

    A dense layer is a convolution with a kernel of the whole map.

    Parameters
    ----------
    maps : ndarray of shape (images, height, width, words), uint64
    panels, limits, flips
        As in `golden.kernels.rules.fire`, with an additional first axis of groups.
    kernel : tuple of int
        Height and width of the kernel.
    pad : int
        Rows and columns of zeros on every side of a map.
    channels, outputs : int
        Input and output channels of a group.
    pitch : int
        Bits from one kernel position of a window to the next: `channels`, or whole words.
    spread : ndarray, uint64
        From `golden.kernels.fields.make_spread` for a layer with shuffle, else empty.
    out : ndarray of shape (images, rows, columns, words), uint64
        Maps to write.
    """
    n_images, height, width, out_words = out.shape
    groups, n_panels, words = panels.shape[:3]
    taken, whole = pitch >> 6, pitch & 63 == 0
    row = row_words(maps.shape[2], pad, taken)
    size = height * width
    at_a_time = max(1, min(n_images, -(-_WINDOWS // size)))
    rows = np.empty(whole * at_a_time * (maps.shape[1] + 2 * pad) * row + SLACK, np.uint64)
    windows = np.empty((0 if whole else BLOCK, words), np.uint64)
    flat = np.empty(BLOCK * words + SLACK, np.uint64)
    parities = flat[: BLOCK * words].reshape(BLOCK, words)
    fired = np.zeros(BLOCK * 4 * -(-n_panels // 4), np.uint16)
    packed, stride = fired.view(np.uint64), -(-n_panels // 4)
    pixels = out.reshape(-1)
    pixels[:] = 0
    # The outputs of a group are written where they belong, if they begin and end at panels.
    in_place = len(spread) == 0 and (groups == 1 or outputs % COLUMNS == 0)
    for first in range(0, n_images, at_a_time):
        last = min(n_images, first + at_a_time)
        for group in range(groups):
            start = group * channels
            if whole:  # of one group, a pixel has zeros alone after its channels
                bits = pitch if groups == 1 else channels
                write_rows(maps, first, last, pad, start, bits, taken, rows)
            for top in range(first * size, last * size, BLOCK):
                n = min(BLOCK, last * size - top)
                if whole:
                    place = top - first * size, n, height, width
                    cut_words(rows, place, kernel, row, taken, flat)
                else:
                    cut_bits(maps, (top, n, height, width), kernel, pad, start, channels, windows)
                    write_parities(windows[:n], parities)
                rule = panels[group], limits[group], flips[group]
                if in_place:
                    place = 4 * out_words * top + group * outputs // COLUMNS
                    fire(parities, n, *rule, pixels.view(np.uint16), place, 4 * out_words)
                    continue
                fire(parities, n, *rule, fired, 0, 4 * stride)
                if len(spread):
                    word = out_words * top
                    shuffle(
                        pixels, word, out_words, packed, stride, n, outputs, groups, group, spread
                    )
                else:
                    to = 64 * out_words * top + group * outputs
                    copy(pixels, to, 64 * out_words, packed, 0, 64 * stride, n, outputs)
