# SPDX-License-Identifier: MIT
"""Third implementation of a network, from the contract alone: lists of +1 and -1, no NumPy."""

import json
import struct

__all__ = ["Third"]


def bits_of(data):
    """Section 1: bit j of the packed vector, least significant first, little-endian."""
    return [data[j // 8] >> j % 8 & 1 for j in range(8 * len(data))]


def sign(bit):
    return 1 if bit else -1


class Third:
    """A network read from its file.

    Parameters
    ----------
    data : bytes
    """

    def __init__(self, data):
        assert data[:8] == b"ENGRAMNN"
        version, length = struct.unpack("<II", data[8:16])
        assert version == 1
        self.description = json.loads(data[16 : 16 + length])
        self.data, self.at = data, 16 + length

    def vector(self, n):
        """Take `n` bits as +1 and -1, and the words they fill."""
        size = (n + 63) // 64 * 8
        section = self.data[self.at : self.at + size]
        self.at += size
        return [sign(bit) for bit in bits_of(section)[:n]]

    def neurons(self, outputs, n, thresholds):
        """Take weights by output, and the rule of each output."""
        flat = self.vector(outputs * n)
        weights = [flat[o * n : (o + 1) * n] for o in range(outputs)]
        rules = [(0, 1)] * outputs
        if thresholds:
            theta = struct.unpack_from(f"<{outputs}i", self.data, self.at)
            self.at += (4 * outputs + 7) // 8 * 8
            rules = list(zip(theta, self.vector(outputs), strict=True))
        return weights, rules

    def run(self, image, cell=None, lanes=64):
        """Return the maps of all layers and, if there is a head, the logits of one image.

        Where cells of the memories of maps fail (section 19), `cell` returns what cell n of
        memory i reads as, or None, and rows have so many lanes; maps are as they are read.
        """
        self.at = 16 + struct.unpack("<I", self.data[12:16])[0]
        bits = self.description["input"]["bits"]
        maps, x = [], []
        for layer in self.description["layers"]:
            if layer["kind"] == "thermometer":
                x = thermometer(image, bits, layer["levels"])
            elif layer["kind"] == "pool":
                x = pool(x, layer["size"])
            elif layer["kind"] == "conv":
                n = layer["kernel"] ** 2 * len(x[0][0]) // layer["groups"]
                x = conv(x, layer, *self.neurons(layer["outputs"], n, layer["thresholds"]))
            else:
                flat = flatten(x)
                weights, rules = self.neurons(layer["outputs"], len(flat), layer["thresholds"])
                fired = (fire(dot(flat, w), rule) for w, rule in zip(weights, rules, strict=True))
                x = [[list(fired)]]
            x = as_read(x, len(maps), 0, self.groups_apart(len(maps)), cell, lanes)
            maps.append(x)
        head = self.description["head"]
        return maps, None if head is None else self.logits(x, head, cell, lanes)

    def groups_apart(self, number):
        """Section 19: groups of the convolution whose shuffle the map of a layer is without."""
        layers = self.description["layers"]
        while layers[number]["kind"] == "pool":
            number -= 1
        layer = layers[number]
        users = [user for user in layers[number + 1 :] if user["kind"] != "pool"]
        if layer["kind"] != "conv" or not layer["shuffle"] or not users:
            return 1
        return layer["groups"] if users[0]["kind"] == "dense" or users[0]["groups"] == 1 else 1

    def logits(self, last, head, cell, lanes):
        x, number = flatten(last), len(self.description["layers"])
        weights, _ = self.neurons(head["hidden"], len(x), False)
        hidden = [fire(dot(x, w), (0, 1)) for w in weights]
        if hidden:
            behind = -(-len(hidden) // lanes)
            hidden = flatten(as_read([[hidden]], number, 0, 1, cell, lanes))
            groups = self.groups_apart(number - 1)
            x = flatten(as_read(last, number, behind, groups, cell, lanes))
        z = hidden + x
        a, _ = self.neurons(head["classes"], len(z), False)
        b, _ = self.neurons(head["classes"], len(z), False)
        return [dot(z, u) + dot(z, v) for u, v in zip(a, b, strict=True)]


def as_read(x, number, row, groups, cell, lanes):
    """Section 19: a map that was written from a row on, through the cells of its memory."""
    if cell is None:
        return x
    channels = len(x[0][0])
    read = []
    for line in x:
        read.append([])
        for pixel in line:
            bits = []
            for channel, value in enumerate(pixel):
                i, gamma = divmod(channel, groups)
                place = gamma * (channels // groups) + i
                n = (row + place // lanes) * lanes + place % lanes
                stuck = cell(1024 + number % 2, n)
                bits.append(value if stuck is None else sign(stuck))
            read[-1].append(bits)
            row += -(-channels // lanes)
    return read


def dot(x, w):
    return sum(u * v for u, v in zip(x, w, strict=True))


def fire(value, rule):
    theta, polarity = rule
    return sign(value >= theta if polarity == 1 else value < theta)


def flatten(x):
    return [value for row in x for pixel in row for value in pixel]


def thermometer(image, bits, levels):
    marks = [-(-(2 * j + 1) * 2**bits // (2 * levels)) for j in range(levels)]
    return [[[sign(v >= m) for v in pixel for m in marks] for pixel in row] for row in image]


def pool(x, s):
    return [
        [
            [
                max(x[s * i + a][s * j + b][c] for a in range(s) for b in range(s))
                for c in range(len(x[0][0]))
            ]
            for j in range(len(x[0]) // s)
        ]
        for i in range(len(x) // s)
    ]


def conv(x, layer, weights, rules):
    k, g = layer["kernel"], layer["groups"]
    pad = (k - 1) // 2 if layer["padding"] == "same" else 0
    height, width, channels = len(x), len(x[0]), len(x[0][0])
    size = channels // g
    outside = [-1] * channels
    out = []
    for i in range(height + 2 * pad - k + 1):
        out.append([])
        for j in range(width + 2 * pad - k + 1):
            pixel = [0] * len(weights)
            for o, (w, rule) in enumerate(zip(weights, rules, strict=True)):
                gamma, place = divmod(o, len(weights) // g)
                seen = []
                for a in range(i - pad, i - pad + k):
                    for b in range(j - pad, j - pad + k):
                        inside = 0 <= a < height and 0 <= b < width
                        source = x[a][b] if inside else outside
                        seen += source[gamma * size : (gamma + 1) * size]
                pixel[place * g + gamma if layer["shuffle"] else o] = fire(dot(seen, w), rule)
            out[-1].append(pixel)
    return out
