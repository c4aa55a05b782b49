# SPDX-License-Identifier: MIT
"""Compiled layers on packed maps of shape (images, height, width, words), uint64.

The channels of each pixel are packed. Fields of bits that begin anywhere are moved a word at a
time. The functions check nothing and have no state, so images can be divided among threads at will.
"""

import numpy as np

from golden.kernels.compiled import compiled
from golden.kernels.gemm import BLOCK, write_parities
from golden.kernels.rules import fire

__all__ = ["append", "conv", "flatten", "make_spread", "pool", "thermometer"]


@compiled()
def _put(target, to, field, n):
    """Write a field of ``n <= 64`` bits to bit `to` of a flat array, which must be 0 there."""
    word, shift = to >> 6, to & 63
    target[word] |= field << np.uint64(shift)
    if shift + n > 64:
        target[word + 1] |= field >> np.uint64(64 - shift)


@compiled()
def _copy(target, to, source, start, n):
    """Copy `n` bits from bit `start` of a flat array to bit `to` of another, which must be 0."""
    for done in range(0, n, 64):
        take = min(64, n - done)
        word, shift = (start + done) >> 6, (start + done) & 63
        field = source[word] >> np.uint64(shift)
        if shift + take > 64:
            field |= source[word + 1] << np.uint64(64 - shift)
        field &= ~np.uint64(0) >> np.uint64(64 - take)
        _put(target, to + done, field, take)


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
    for i in range(len(part)):
        _copy(flat_out, 64 * out.shape[1] * i + to, flat_part, 64 * part.shape[1] * i, n)


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
    pixels[:] = 0
    for pixel in range(len(values) // colours):
        for colour in range(colours):
            value = np.int64(values[pixel * colours + colour])
            to = 64 * words * pixel + colour * levels
            if levels <= 64:
                _put(pixels, to, flat[value], levels)
            else:
                _copy(pixels, to, flat, 64 * codes.shape[1] * value, levels)


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
    for image in range(n_images):
        for y in range(height):
            for x in range(width):
                for word in range(words):
                    window = np.uint64(0)
                    for row in range(y * size, (y + 1) * size):
                        for column in range(x * size, (x + 1) * size):
                            window |= maps[image, row, column, word]
                    out[image, y, x, word] = window


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
    for i in range(n_images * height * width):
        image, pixel = divmod(i, height * width)
        _copy(flat, 64 * out.shape[1] * image + pixel * channels, pixels, 64 * words * i, channels)


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
        Bits from one kernel position of a window to the next.
    spread : ndarray, uint64
        From `make_spread` for a layer with shuffle, else empty.
    out : ndarray of shape (images, rows, columns, words), uint64
        Maps to write.
    """
    n_images, height, width, out_words = out.shape
    groups, n_panels, words = panels.shape[:3]
    windows = np.empty((BLOCK, words), np.uint64)
    parities = np.empty((BLOCK, words), np.uint64)
    fired = np.zeros((BLOCK, -(-n_panels // 4) * 4), np.uint16)
    packed = fired.reshape(-1).view(np.uint64)
    stride = len(packed) // BLOCK
    bits = int(np.log2(max(1, len(spread))))
    pixels = out.reshape(-1)
    pixels[:] = 0
    # Whole words are moved if the channels of a group begin and end at words.
    aligned = pitch % 64 == 0 and (groups == 1 or channels % 64 == 0)
    total = n_images * height * width
    for top in range(0, total, BLOCK):
        n = min(BLOCK, total - top)
        for group in range(groups):
            place = top, n, height, width
            if aligned:
                _cut_words(maps, place, kernel, pad, group, pitch >> 6, parities)
            else:
                _cut(maps, place, kernel, pad, group, channels, pitch, windows)
                write_parities(windows[:n], parities)
            fire(parities, n, panels[group], limits[group], flips[group], fired)
            for i in range(n):
                pixel = 64 * out_words * (top + i)
                if len(spread):
                    fields = packed[stride * i : stride * (i + 1)]
                    _interleave(pixels, pixel + group, fields, outputs, groups, spread, bits)
                else:
                    _copy(pixels, pixel + group * outputs, packed, 64 * stride * i, outputs)


@compiled()
def make_spread(groups):
    """Return all fields of a few bits, with `groups - 1` zeros between neighbouring bits.

    A spread field fits one word, and a word is a whole number of fields.
    """
    bits = 8
    while bits > 1 and (bits - 1) * groups >= 64:
        bits //= 2
    table = np.zeros(1 << bits, np.uint64)
    for field in range(len(table)):
        for j in range(bits):
            table[field] |= np.uint64(field >> j & 1) << np.uint64(j * groups)
    return table


@compiled()
def _interleave(target, to, packed, n, groups, spread, bits):
    """Write the first `n` bits of `packed` to every `groups`-th bit of a flat array from `to`.

    So output j of a group goes to channel j*groups + group. Source bits past `n` must be 0.
    """
    mask = np.uint64(len(spread) - 1)
    for j in range(0, n, bits):
        field = packed[j >> 6] >> np.uint64(j & 63) & mask
        _put(target, to + j * groups, spread[field], (min(bits, n - j) - 1) * groups + 1)


@compiled()
def _next(image, y, x, rows, columns):
    """Return the place after (y, x) of an image. A count is faster than a division."""
    if x + 1 < columns:
        return image, y, x + 1
    if y + 1 < rows:
        return image, y + 1, 0
    return image + 1, 0, 0


@compiled()
def _cut_words(maps, place, kernel, pad, group, taken, parities):
    """Write the running parities of windows whose pixels have `taken` whole words each.

    The other parameters are as in `_cut`.
    """
    top, n, rows, columns = place
    height, width, words = maps.shape[1:]
    flat, out = maps.reshape(-1), parities.reshape(-1)
    image, pixel = divmod(top, rows * columns)
    y, x = divmod(pixel, columns)
    to = 0
    for _ in range(n):
        left, right = max(0, pad - x), min(kernel[1], width + pad - x)
        parity = np.uint64(0)
        for k in range(kernel[0]):
            row = y - pad + k
            begin = ((image * height + row) * width + x - pad) * words + group * taken
            within = 0 <= row < height
            for j in range(kernel[1]):
                if within and left <= j < right:
                    for word in range(taken):
                        parity ^= flat[begin + j * words + word]
                        out[to + word] = parity
                else:
                    for word in range(taken):
                        out[to + word] = parity
                to += taken
        image, y, x = _next(image, y, x, rows, columns)


@compiled()
def _cut(maps, place, kernel, pad, group, channels, pitch, windows):
    """Write the windows of some outputs of a group. Bits outside the map are 0.

    `place` holds the first output, the number of outputs, and the rows and columns of outputs in
    an image.
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
            to = 64 * windows.shape[1] * i + k * kernel[1] * pitch
            for j in range(left, right):
                begin = 64 * (pixel + j) * words + group * channels
                _copy(out, to + j * pitch, flat, begin, channels)
        image, y, x = _next(image, y, x, rows, columns)
