# SPDX-License-Identifier: MIT
"""Parameters of the blocks that train in integers (contract, 12)."""

from dataclasses import dataclass, replace
from typing import Literal

from golden.params.checks import check_choice, check_integer
from golden.params.sampling import LfsrParams, Stream, stream_params

__all__ = ["AffineParams", "CwrParams", "TrainerParams"]

ROUNDINGS = ("nearest_even", "stochastic")
ROUNDING_BITS = 16  # random bits of a stochastic rounding
MAX_LANES = 64  # numbers that one word can round
PROBABILITY_BITS = 28  # fractional bits of a probability
LOGIT_EXPONENT = 4  # logits are codes of [-2^4, 2^4)
SHARE_BITS = 8  # fractional bits of the weight that the past has in CWR*
SEEN_BITS = 32  # bits of the count of a class in CWR*

Width = int | Literal["float"]


@dataclass(frozen=True, kw_only=True)
class AffineParams:
    """Parameters of a requantisation: sums become signed codes, ``round(sum * M / 2^s) + Z``.

    Parameters
    ----------
    width : int
        q, bits of a code, 1..32.
    shift : int
        s, -31..61. A negative shift is an exact product with ``2^-s``.
    multiplier : int
        M, ``1..2^31 - 1``. With 1, the ratio of the scales is a power of two.
    zero_point : int
        Z, code of the real 0.
    rounding : {"nearest_even", "stochastic"}
    lanes : int
        L, neighbours in a row that share a word of stochastic rounding, 1..64.
    """

    width: int
    shift: int = 0
    multiplier: int = 1
    zero_point: int = 0
    rounding: str = "nearest_even"
    lanes: int = 1

    def __post_init__(self) -> None:
        check_integer("Code width q", self.width, 1, 32)
        check_integer("Shift s", self.shift, -31, 61)
        check_integer("Multiplier M", self.multiplier, 1, 2**31 - 1)
        check_integer("Zero point Z", self.zero_point, self.lowest, self.highest)
        check_choice("Rounding", self.rounding, ROUNDINGS)
        check_integer("Lanes L", self.lanes, 1, MAX_LANES)

    @property
    def word_width(self) -> int:
        """W, bits of a word that rounds L numbers."""
        return min(64, self.lanes + ROUNDING_BITS - 1)

    @property
    def lowest(self) -> int:
        """Lowest code."""
        return -(2 ** (self.width - 1))

    @property
    def highest(self) -> int:
        """Highest code."""
        return 2 ** (self.width - 1) - 1


@dataclass(frozen=True, kw_only=True)
class TrainerParams:
    """Parameters of the trained part of a network: a binary hidden layer and a linear classifier.

    The three widths are either integers or all ``"float"``, for the reference in floating point. A
    `binary_width` of 1 freezes the hidden layer and is allowed with both.

    Parameters
    ----------
    features : int
        D, bits of a latent.
    classes : int
        C, rows of the classifier.
    hidden : int
        H, neurons of the binary layer; 0 means none.
    forward_width : {8, 16, 32, "float"}
        q_f, bits of the classifier's weights and logits in the forward pass.
    backward_width : {8, 16, 32, "float"}
        q_b of non-binary layers: bits of the classifier's weights and of all gradients.
    binary_width : {1, 4, 8, 16, "float"}
        q_b of binary layers: bits of a latent weight. With 1, latent weights never change.
    rounding : {"nearest_even", "stochastic"}
        Rounding in the backward pass. The forward pass always rounds to nearest.
    rate : int
        k. A step of the classifier is ``2^-k`` times the sum of a batch's gradients.
    binary_rate : int
        The same for latent weights.
    weight_exponent : int
        r. The classifier's weights are in ``[-2^r, 2^r)``.
    window : int
        Hidden sums pass a gradient only if their magnitude is at most this.
    lanes : int
        L, weights that are rounded at once and share a word of stochastic rounding, 1..64.
    seed : int
        User seed S, 64 bits.
    """

    features: int
    classes: int
    hidden: int = 0
    forward_width: Width = 8
    backward_width: Width = 16
    binary_width: Width = 4
    rounding: str = "nearest_even"
    rate: int = 14
    binary_rate: int = 10
    weight_exponent: int = -3
    window: int = 22
    lanes: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        check_integer("Features D", self.features, 1, 2**16)
        check_integer("Classes C", self.classes, 1, 2**16)
        check_integer("Hidden neurons H", self.hidden, 0, 2**16)
        _check_width("Forward width q_f", self.forward_width, (8, 16, 32, "float"))
        _check_width("Backward width q_b", self.backward_width, (8, 16, 32, "float"))
        _check_width("Binary width q_b", self.binary_width, (1, 4, 8, 16, "float"))
        real = {w == "float" for w in (self.forward_width, self.backward_width)}
        if self.trains_hidden or self.binary_width == "float":
            real.add(self.binary_width == "float")
        if len(real) > 1:
            raise ValueError(
                f"Widths must be float together or not at all, not {self.forward_width} forward, "
                f"{self.backward_width} backward, {self.binary_width} of binary weights"
            )
        check_choice("Rounding", self.rounding, ROUNDINGS)
        check_integer("Rate k", self.rate, 0, 24)
        check_integer("Binary rate k", self.binary_rate, 0, 24)
        check_integer("Weight exponent r", self.weight_exponent, -8, 2)
        check_integer("Window", self.window, 0)
        check_integer("Lanes L", self.lanes, 1, MAX_LANES)
        stream_params(self.seed, Stream.ROUNDING, ROUNDING_BITS)

    @property
    def concat(self) -> int:
        """F = H + D, inputs of the classifier: the hidden bits, followed by the latent."""
        return self.hidden + self.features

    @property
    def without_hidden(self) -> "TrainerParams":
        """The same without a hidden layer, above the latent bits alone."""
        return replace(self, hidden=0)

    @property
    def beats(self) -> int:
        """Rows of a class in the memory of a chip, ceil(F / L)."""
        return -(-self.concat // self.lanes)

    @property
    def rows(self) -> int:
        """Rows of the memory of a chip."""
        return self.classes * self.beats

    @property
    def real(self) -> bool:
        """Whether this is the reference in floating point."""
        return self.backward_width == "float"

    @property
    def trains_hidden(self) -> bool:
        """Whether the hidden layer's weights may change."""
        return self.hidden > 0 and self.binary_width != 1

    @property
    def error_bits(self) -> int:
        """Fractional bits of an error, the gradient of a logit."""
        return min(int(self.backward_width) - 1, PROBABILITY_BITS)

    @property
    def lfsr(self) -> LfsrParams:
        """Source of the words of stochastic rounding."""
        return stream_params(self.seed, Stream.ROUNDING, self.update.word_width)

    @property
    def forward(self) -> AffineParams:
        """Rounding of the classifier's weights for the forward pass, to q_f bits."""
        shift = int(self.backward_width) - int(self.forward_width)
        return AffineParams(width=int(self.forward_width), shift=shift)

    @property
    def logits(self) -> AffineParams:
        """Rounding of the classifier's sums to logits of q_f bits."""
        shift = LOGIT_EXPONENT - self.weight_exponent
        return AffineParams(width=int(self.forward_width), shift=shift)

    @property
    def errors(self) -> AffineParams:
        """Rounding of errors, softmax minus one-hot, to q_b bits. Each uses a word of its own."""
        return replace(self._backward(PROBABILITY_BITS - self.error_bits), lanes=1)

    @property
    def back(self) -> AffineParams:
        """Rounding of the gradient of hidden bits, in the unit of the weights."""
        return self._backward(self.error_bits)

    @property
    def update(self) -> AffineParams:
        """Rounding of a step of the classifier's weights, in their unit."""
        lag = int(self.backward_width) - 1 - self.error_bits
        return self._backward(self.rate + self.weight_exponent - lag, width=32)

    @property
    def binary_update(self) -> AffineParams:
        """Rounding of a step of the latent weights, in their unit."""
        narrower = int(self.backward_width) - int(self.binary_width)
        return self._backward(self.binary_rate + narrower - self.weight_exponent, width=32)

    def _backward(self, shift: int, width: int | None = None) -> AffineParams:
        bits = int(self.backward_width) if width is None else width
        return AffineParams(width=bits, shift=shift, rounding=self.rounding, lanes=self.lanes)


@dataclass(frozen=True, kw_only=True)
class CwrParams:
    """Parameters of CWR*, which keeps consolidated weights of every class.

    Parameters
    ----------
    classes : int
        C, number of rows.
    inputs : int
        F, weights in a row.
    width : {8, 16, 32, "float"}
        Bits of a weight.
    average : {"scalar", "row"}
        Mean that is subtracted from the temporary weights: that of all rows of the experience, or
        that of each row.
    """

    classes: int
    inputs: int
    width: Width = "float"
    average: str = "scalar"

    def __post_init__(self) -> None:
        check_integer("Classes C", self.classes, 1)
        check_integer("Inputs F", self.inputs, 1)
        _check_width("Weight width", self.width, (8, 16, 32, "float"))
        check_choice("Average", self.average, ("scalar", "row"))


def _check_width(name: str, value: Width, choices: tuple[Width, ...]) -> None:
    if isinstance(value, bool) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, not {value!r}")
