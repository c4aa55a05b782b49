# SPDX-License-Identifier: MIT
"""Fields of bits that begin anywhere in packed arrays, moved a word at a time inside kernels.

Arrays are flat, of uint64, and nothing is checked. A call that passes an array counts a reference
to it, which takes longer than to move a field. So functions of arrays move many fields at once, and
those of one field take words.
"""

import numpy as np

from golden.kernels.compiled import compiled

__all__ = ["copy", "make_spread", "shuffle", "within"]


@compiled()
def within(first, last, shift, n):
    """Return a field of ``n <= 64`` bits.

    Parameters
    ----------
    first, last : uint64
        The words that hold its first and its last bit; they may be the same.
    shift : int
        Place of the first bit in its word.
    n : int
    """
    shift = np.uint64(shift)
    field = first >> shift | last << (np.uint64(63) - shift) << np.uint64(1)
    return field & ~np.uint64(0) >> np.uint64(64 - n)


@compiled()
def copy(target, to, step, source, start, pitch, count, n):
    """Copy fields of `n` bits from one array to another, which must be 0 there.

    Parameters
    ----------
    target : ndarray, uint64
    to, step : int
        Bit of the target where the first field begins, and bits from there to the next.
    source : ndarray, uint64
    start, pitch : int
        Likewise, of the source.
    count, n : int
        Number of fields, and their length.
    """
    for _ in range(count):
        for done in range(0, n, 64):
            part = min(64, n - done)
            bit = start + done
            word, shift = bit >> 6, bit & 63
            field = within(source[word], source[bit + part - 1 >> 6], shift, part)
            bit = to + done
            word, shift = bit >> 6, bit & 63
            target[word] |= field << np.uint64(shift)
            if shift + part > 64:
                target[word + 1] |= field >> np.uint64(64 - shift)
        to += step
        start += pitch


@compiled()
def _in_steps(groups):
    """Return whether fields are spread in steps."""
    return groups & (groups - 1) == 0 and groups < 64


@compiled()
def make_spread(groups):
    """Return what `shuffle` needs for a number of groups.

    For most powers of two these are the masks of steps, each of which halves the runs of bits.
    Otherwise they are all fields of a few bits, with `groups - 1` zeros between neighbouring bits:
    a spread field fits one word, and a word is a whole number of fields.
    """
    if _in_steps(groups):
        steps = 0
        while groups << steps < 64:
            steps += 1
        masks = np.zeros(steps, np.uint64)
        for step in range(steps):
            run = np.int64(1) << (steps - 1 - step)  # bits that stay neighbours
            for place in range(0, 64, run * groups):
                masks[step] |= ((np.uint64(1) << np.uint64(run)) - np.uint64(1)) << np.uint64(place)
        return masks
    bits = 8
    while bits > 1 and (bits - 1) * groups >= 64:
        bits //= 2
    table = np.zeros(1 << bits, np.uint64)
    for field in range(len(table)):
        for j in range(bits):
            table[field] |= np.uint64(field >> j & 1) << np.uint64(j * groups)
    return table


@compiled()
def shuffle(target, word, width, packed, stride, rows, n, groups, group, spread):
    """Write the outputs of a group to every `groups`-th bit, so that ``j`` goes to ``j*g + gamma``.

    Parameters
    ----------
    target : ndarray, uint64
        It must be 0 at these bits.
    word, width : int
        Word of the target that holds the first channel of the first pixel, and words of a pixel.
    packed : ndarray, uint64
        Outputs of the group. Bits past them must be 0.
    stride : int
        Words of a pixel of `packed`.
    rows, n : int
        Pixels, and outputs of the group.
    groups, group : int
        g and gamma.
    spread : ndarray, uint64
        From `make_spread`.
    """
    if _in_steps(groups):
        taken = 64 // groups  # bits of a word of the target
        few, words = ~np.uint64(0) >> np.uint64(64 - taken), -(-n // taken)
        fields = np.empty(rows * words, np.uint64)
        for row in range(rows):
            for i in range(words):
                start = i * taken
                field = packed[stride * row + (start >> 6)] >> np.uint64(start & 63)
                fields[row * words + i] = field & few
        run = taken
        for mask in spread:
            run >>= 1
            shift = np.uint64(run * (groups - 1))
            for i in range(len(fields)):
                fields[i] = (fields[i] | fields[i] << shift) & mask
        for row in range(rows):
            for i in range(words):
                target[word + width * row + i] |= fields[row * words + i] << np.uint64(group)
        return
    bits, last = int(np.log2(len(spread))), np.uint64(len(spread) - 1)
    for row in range(rows):
        begin = 64 * (word + width * row) + group
        for j in range(0, n, bits):
            field = spread[packed[stride * row + (j >> 6)] >> np.uint64(j & 63) & last]
            bit = begin + j * groups
            place, shift = bit >> 6, bit & 63
            target[place] |= field << np.uint64(shift)
            if shift + (min(bits, n - j) - 1) * groups + 1 > 64:
                target[place + 1] |= field >> np.uint64(64 - shift)
