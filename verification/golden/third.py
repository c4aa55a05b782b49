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

    def run(self, image):
        """Return the maps of all layers and, if there is a head, the logits of one image."""
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
            maps.append(x)
        head = self.description["head"]
        return maps, None if head is None else self.logits(flatten(x), head)

    def logits(self, x, head):
        hidden, _ = self.neurons(head["hidden"], len(x), False)
        z = [fire(dot(x, w), (0, 1)) for w in hidden] + x
        a, _ = self.neurons(head["classes"], len(z), False)
        b, _ = self.neurons(head["classes"], len(z), False)
        return [dot(z, u) + dot(z, v) for u, v in zip(a, b, strict=True)]


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
