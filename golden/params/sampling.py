# SPDX-License-Identifier: MIT
"""Parameters of the blocks that draw or store exemplars (contract, 4-7 and 10)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from golden.params.checks import check_choice, check_integer
from golden.polynomials import LATE_TAPS_64

__all__ = [
    "SPLITMIX",
    "BernoulliParams",
    "LatentBufferParams",
    "LfsrParams",
    "PrototypesParams",
    "SamplerParams",
    "SelectorParams",
    "Stream",
    "splitmix",
    "stream_params",
    "stream_seed",
]

_MASK_64 = 2**64 - 1
#: Constants of SplitMix64: what its state grows by, and the two by which it is multiplied.
SPLITMIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
CHIP_STREAMS = 23  # random streams that hardware can have: 0..22
MAX_CODE_WIDTH = 16  # largest q
MAX_CLASS_COMPONENTS = 255  # largest K, because the count has 8 bits in a header
MAX_SEEN = 65535  # the latent buffer's count of a class saturates here


class Stream(IntEnum):
    """Numbers of the random streams. The planes have ``0..15``, from `PLANE` on (contract, 4)."""

    PLANE = 0
    SERIAL = 16
    COMPONENT = 17
    CLASS = 18
    RESERVOIR = 19
    EXEMPLAR = 20
    ROUNDING = 21
    FACTOR = 22


@dataclass(frozen=True, kw_only=True)
class LfsrParams:
    """Parameters of a Fibonacci LFSR.

    Parameters
    ----------
    width : int
        Bits of state, n, 3..64.
    taps : tuple of int
        Exponents of the polynomial, 1-based, highest first, `width` included.
    seed : int
        Initial state, which is also loaded to recover from the zero state; ``1..2**width - 1``.
    step : int
        L, bits read and steps taken by one advance, ``1..width``.
    """

    width: int
    taps: tuple[int, ...]
    seed: int
    step: int = 1

    def __post_init__(self) -> None:
        check_integer("LFSR width", self.width, 3, 64)
        if not isinstance(self.taps, tuple) or not self.taps:
            raise TypeError(f"LFSR taps must be a tuple of integers, not {self.taps!r}")
        for tap in self.taps:
            check_integer("LFSR tap", tap, 1, self.width)
        if self.width not in self.taps or list(self.taps) != sorted(set(self.taps), reverse=True):
            raise ValueError(
                f"LFSR taps must fall from the width {self.width} without repeats, "
                f"not {self.taps!r}"
            )
        check_integer("LFSR seed", self.seed, 1, 2**self.width - 1)
        check_integer("LFSR step", self.step, 1, self.width)


def stream_seed(seed: int, stream: int) -> int:
    """Return the initial state of a stream for the user seed `seed` (SplitMix64; contract, 4)."""
    check_integer("Seed", seed, 0, _MASK_64)
    return splitmix(seed, stream) or 1


def splitmix(state: int, steps: Any) -> Any:
    """Return outputs of SplitMix64, whose state grows by a constant a step (contract, 4).

    Parameters
    ----------
    state : int
        ``0 .. 2**64 - 1``.
    steps : int, or ndarray of uint64
        Numbers of the outputs, counted from 0.

    Returns
    -------
    int, or ndarray of uint64
        As `steps`.
    """
    growth, first, second = SPLITMIX
    z = state + (steps + 1) * growth & _MASK_64
    z = (z ^ z >> 30) * first & _MASK_64
    z = (z ^ z >> 27) * second & _MASK_64
    return z ^ z >> 31


def stream_params(seed: int, stream: int, step: int) -> LfsrParams:
    """Return the LFSR of a random stream (contract, 4).

    Parameters
    ----------
    seed : int
        User seed, ``0 .. 2**64 - 1``.
    stream : int
        Number of the stream, such as one of `Stream`.
    step : int
        Bits of a word, 1..64.

    Raises
    ------
    TypeError, ValueError
        If the seed or the step is out of its range.
    """
    return LfsrParams(
        width=64, taps=LATE_TAPS_64[stream], seed=stream_seed(seed, stream), step=step
    )


@dataclass(frozen=True, kw_only=True)
class BernoulliParams:
    """Parameters of the comparator lanes.

    Parameters
    ----------
    code_width : int
        q, bits of a prototype code, 1..16.
    lanes : int
        L, features drawn in one beat, 1..64.
    """

    code_width: int
    lanes: int = 64

    def __post_init__(self) -> None:
        check_integer("Code width q", self.code_width, 1, MAX_CODE_WIDTH)
        check_integer("Sampler lanes L", self.lanes, 1, 64)


@dataclass(frozen=True, kw_only=True)
class PrototypesParams:
    """Parameters of the prototype memory and its class table.

    Parameters
    ----------
    features : int
        D, features of a prototype.
    code_width : int
        q, bits of a code, 1..16.
    lanes : int
        L, codes in a memory row, 1..64.
    components : int
        Capacity of the memory in prototypes, over all classes.
    classes : int
        Entries of the class table.
    class_components : int
        Largest K, components of one class, 1..255.
    """

    features: int
    code_width: int
    lanes: int = 64
    components: int = 100
    classes: int = 100
    class_components: int = 1

    def __post_init__(self) -> None:
        check_integer("Features D", self.features, 1)
        BernoulliParams(code_width=self.code_width, lanes=self.lanes)
        check_integer("Prototype capacity", self.components, 1)
        check_integer("Class capacity", self.classes, 1)
        check_integer("Components a class K", self.class_components, 1, MAX_CLASS_COMPONENTS)

    @property
    def beats(self) -> int:
        """B, memory rows of a component, and beats of an exemplar."""
        return -(-self.features // self.lanes)

    @property
    def rows(self) -> int:
        """Rows of the memory."""
        return self.components * self.beats

    @property
    def row_width(self) -> int:
        """Bits of a row."""
        return self.lanes * self.code_width


@dataclass(frozen=True, kw_only=True)
class SelectorParams:
    """Parameters of the selector of classes and components.

    Parameters
    ----------
    mode : {"round_robin", "uniform", "weighted"}
        Order in which past classes are requested.
    seed : int
        User seed S, 64 bits.
    """

    mode: str = "round_robin"
    seed: int = 1

    def __post_init__(self) -> None:
        check_choice("Selector mode", self.mode, ("round_robin", "uniform", "weighted"))
        check_integer("Seed", self.seed, 0, _MASK_64)


@dataclass(frozen=True, kw_only=True)
class SamplerParams:
    """Parameters of the sampler: its memory, micro-architecture and seed.

    Parameters
    ----------
    prototypes : PrototypesParams
        Parameters of its memory, including D, q and L.
    mode : {"parallel", "serial"}
        Compare all planes in one cycle with q LFSRs, or one plane a cycle with a single LFSR.
    draws_per_read : int
        M, exemplars drawn together from one read of a prototype.
    selection : {"round_robin", "uniform", "weighted"}
        Order in which past classes are requested.
    seed : int
        User seed S, 64 bits.
    """

    prototypes: PrototypesParams
    mode: str = "parallel"
    draws_per_read: int = 1
    selection: str = "round_robin"
    seed: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.prototypes, PrototypesParams):
            raise TypeError(f"Prototypes must be PrototypesParams, not {self.prototypes!r}")
        check_choice("Sampler mode", self.mode, ("parallel", "serial"))
        check_integer("Draws per read M", self.draws_per_read, 1)
        SelectorParams(mode=self.selection, seed=self.seed)

    @property
    def selector(self) -> SelectorParams:
        """Parameters of the selector, which shares the seed."""
        return SelectorParams(mode=self.selection, seed=self.seed)

    @property
    def streams(self) -> tuple[int, ...]:
        """Stream numbers of the comparator's LFSRs, most significant plane first."""
        if self.mode == "serial":
            return (Stream.SERIAL,)
        return tuple(range(Stream.PLANE, Stream.PLANE + self.prototypes.code_width))

    def lfsrs(self) -> tuple[LfsrParams, ...]:
        """Return the parameters of the comparator's LFSRs, in the order of `streams`."""
        return tuple(stream_params(self.seed, i, self.prototypes.lanes) for i in self.streams)


@dataclass(frozen=True, kw_only=True)
class LatentBufferParams:
    """Parameters of the latent buffer, which stores a fixed number of exemplars per class.

    Parameters
    ----------
    features : int
        D, features of an exemplar.
    lanes : int
        L, features in a memory row and in a beat, 1..64.
    classes : int
        Most classes that it holds.
    exemplars : int
        E, slots per class, 1..65534.
    seed : int
        User seed S, 64 bits.
    """

    features: int
    lanes: int = 64
    classes: int = 100
    exemplars: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        check_integer("Features D", self.features, 1)
        check_integer("Buffer lanes L", self.lanes, 1, 64)
        check_integer("Class capacity", self.classes, 1)
        check_integer("Exemplars a class E", self.exemplars, 1, MAX_SEEN - 1)
        check_integer("Seed", self.seed, 0, _MASK_64)

    @property
    def beats(self) -> int:
        """B, memory rows and beats of an exemplar."""
        return -(-self.features // self.lanes)

    @property
    def rows(self) -> int:
        """Rows of the memory."""
        return self.classes * self.exemplars * self.beats
